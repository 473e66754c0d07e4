"""Which session lines share a claim: the default key, claim_key, and the splits at 50 lines and 12 diagnoses.

The default key of design/input.md: practice, patient, coverage chain, case, date of service (or week, month),
rendering provider, discipline, facility and place of service, authorization, referring provider and accident facts
(the last two by the case). A line without authorization joins the lines that have one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Final, TypeAlias

from edi.intake.charge import values
from edi.intake.charge.values import Ready, problem
from edi.model.finding import Finding, Severity

MAX_DIAGNOSES: Final = 12
MAX_POINTERS: Final = 4
Group: TypeAlias = list[Ready]


def group_lines(lines: Sequence[Ready]) -> tuple[list[Group], list[tuple[Group, Finding]], list[Finding]]:
    """Put lines, sorted by patient and date, on claims.

    Returns:
        The groups in order of their first line; the groups that cannot be one claim with the reason; and what is to
        be said of splits.
    """
    keyed: dict[Hashable, Group] = {}
    for ready in lines:
        key: Hashable = ("key", ready.line.practice_id, ready.line.claim_key)
        keyed.setdefault(key if ready.line.claim_key else _default_key(ready), []).append(ready)
    groups: list[Group] = []
    refused: list[tuple[Group, Finding]] = []
    said: list[Finding] = []
    for key, group in keyed.items():
        if isinstance(key, tuple) and key[0] == "key":
            reason = _cannot_share(group)
            if reason:
                message = f"the lines of one claim_key cannot share a claim: {reason}"
                fix = "Give them different claim_keys."
                refused.append(
                    (group, problem(group[0].line, values.CLAIM_KEY, message, field="claim_key", fix=fix))
                )
            else:
                groups.append(group)
            continue
        for one in _by_authorization(group):
            parts, findings = _split(one)
            groups += parts
            said += findings
    return groups, refused, said


def counted_with(groups: Sequence[Group], ready: Ready) -> Group | None:
    """The group whose claim a line without units is counted with: the one it would be on, else one of its day."""
    key = _default_key(ready)
    same_claim = (group for group in groups if not group[0].line.claim_key and _default_key(group[0]) == key)
    same_day = (group for group in groups if any(same_units(ready, one) for one in group))
    return next(same_claim, None) or next(same_day, None)


def same_units(one: Ready, other: Ready) -> bool:
    """Whether the units of two lines of one patient are counted together: one day, payer and discipline."""
    return (
        one.line.date_of_service == other.line.date_of_service
        and one.payer.key == other.payer.key
        and one.discipline == other.discipline
    )


def pointed(ready: Ready) -> tuple[str, ...]:
    """The diagnoses a line may point to: its first four."""
    return ready.diagnoses[:MAX_POINTERS]


def _default_key(ready: Ready) -> Hashable:
    line, case = ready.line, ready.case
    chain = tuple((one.rank, one.payer, one.member_id) for one in ready.coverages)
    return (
        "default",
        line.practice_id,
        line.patient_id,
        chain,
        case.case_id if case is not None else "",
        _span(line.date_of_service, ready.payer.claim.span),
        ready.rendering.id if ready.rendering is not None else "",
        ready.supervising.id if ready.supervising is not None else "",
        ready.discipline,
        ready.facility.id if ready.facility is not None else "",
        ready.place_of_service,
    )


def _span(day: date, span: str) -> Hashable:
    if span == "week":
        return day.isocalendar()[:2]
    return (day.year, day.month) if span == "month" else day


def _cannot_share(group: Group) -> str:
    """Why the lines of a claim_key cannot be one claim, or "". Date, therapist and place can stand on the line."""
    first = group[0]
    for name in ("patient", "coverages", "case", "facility", "supervising"):
        if any(getattr(one, name) != getattr(first, name) for one in group):
            return f"they differ in {name}"
    if len(group) > first.payer.claim.max_lines:
        return f"they are more than {first.payer.claim.max_lines} lines"
    if len({code for one in group for code in pointed(one)}) > MAX_DIAGNOSES:
        return f"they point to more than {MAX_DIAGNOSES} diagnoses"
    return ""


def _by_authorization(group: Group) -> Iterator[Group]:
    """One group for each authorization; lines without one stand with the first."""
    numbers = list(dict.fromkeys(one.authorization for one in group if one.authorization))
    if len(numbers) < 2:
        yield group
        return
    for number in numbers:
        own = number if number != numbers[0] else ""
        yield [one for one in group if one.authorization == number or (not own and not one.authorization)]


def _split(group: Group) -> tuple[list[Group], list[Finding]]:
    """Split at the payer's line limit, whole days together where they fit, and at twelve diagnoses."""
    most = group[0].payer.claim.max_lines
    parts: list[Group] = []
    for _, lines_of_day in groupby(group, key=lambda one: one.line.date_of_service):
        day = list(lines_of_day)
        if parts and len(parts[-1]) + len(day) <= most:
            parts[-1] += day
            continue
        parts += [day[start : start + most] for start in range(0, len(day), most)]
    findings = []
    if len(parts) > 1:
        message = f"{len(group)} lines do not fit on one claim of {most}; they are on {len(parts)}"
        findings.append(
            _said(group, values.SPLIT_LINES, "line_id", message, "Nothing, or bill a shorter span.")
        )
    by_diagnosis = [smaller for part in parts for smaller in _split_diagnoses(part)]
    if len(by_diagnosis) > len(parts):
        message = (
            f"the lines point to more than {MAX_DIAGNOSES} diagnoses; they are on {len(by_diagnosis)} claims"
        )
        fix = "Nothing, or shorten the lists of diagnoses."
        findings.append(_said(group, values.SPLIT_DIAGNOSES, "diagnosis_codes", message, fix))
    return by_diagnosis, findings


def _split_diagnoses(group: Group) -> Iterator[Group]:
    part: Group = []
    codes: set[str] = set()
    for ready in group:
        wider = codes | set(pointed(ready))
        if len(wider) > MAX_DIAGNOSES:
            yield part
            part, wider = [], set(pointed(ready))
        part.append(ready)
        codes = wider
    yield part


def _said(group: Group, code: str, field: str, message: str, fix: str) -> Finding:
    return problem(group[0].line, code, message, field=field, fix=fix, severity=Severity.WARNING)
