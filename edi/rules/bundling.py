"""Bundling: NCCI pairs, codes that are never paid apart, and a payer's own pairs, over all of a patient's day.

Source: NCCI policy as in edi/codes/tables/ptp.csv (column 1 is paid, column 2 denied; indicator 0 never, 1 with a
modifier for a documented separate service) and MPFS status B.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, TypeAlias

import msgspec

from edi.codes import PtpEdit, Tables
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.model.finding import Severity
from edi.rules.billed import (
    BILLED_DAYS,
    DISTINCT,
    NO_BENEFIT,
    billed_on,
    bundled_by_status,
    is_bundled,
    once_a_claim,
)
from edi.rules.coding.together import same_evaluation
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import LINES

VISITS: Final = "99"
"""How codes of evaluation and management begin."""
COUNTS_ON: Final = {"24": VISITS, "25": VISITS, "27": VISITS, "57": VISITS, "91": "8"}
"""NCCI modifiers that count on codes with this beginning alone: evaluation and management, laboratory."""
EITHER_COLUMN_SINCE: Final = date(2019, 7, 1)
"""From this date of service Medicare takes the modifier on either line (from memory, unverified)."""


Denied: TypeAlias = "tuple[ServiceLine, date, Other, PtpEdit]"
"""A line, its day, the other line of the pair, and the pair."""


class Other(msgspec.Struct, frozen=True, gc=False):
    """The other line of a pair: on this claim, on another of the run, or billed before."""

    code: str
    modifiers: tuple[str, ...]
    earlier: bool


def bypasses(tables: Tables, code: str, modifiers: tuple[str, ...]) -> bool:
    """Whether one of the modifiers, on that code, tells NCCI that the service is a separate one."""
    for one in modifiers:
        known = tables.modifier(one)
        if known is not None and known.ncci_associated and code.startswith(COUNTS_ON.get(one, "")):
            return True
    return False


def _others(draft: ClaimDraft, context: RuleContext, line: ServiceLine, day: date) -> Iterator[Other]:
    """What else the patient had on the day, for the same payer: each code and its modifiers once."""
    billed = billed_on(draft, context, day)
    if len(billed) == 1:
        return
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for one in billed:
        said = (one.code, one.modifiers)
        if one.line is not line and said not in seen:
            seen.add(said)
            yield Other(*said, earlier=one.earlier)


def _denied_pairs(draft: ClaimDraft, context: RuleContext) -> tuple[Denied, ...]:
    """The pairs of the claim, worked out once in a run."""
    return once_a_claim(draft, context, "pairs", lambda: tuple(_pairs(draft, context)))


def _pairs(draft: ClaimDraft, context: RuleContext) -> Iterator[Denied]:
    """Each line of the claim that an NCCI pair denies beside another line of the day.

    Column 2 is the denied line. A line in column 1 is named only when column 2 was billed before: it can no longer be
    held, and will be taken back. A column 2 line with GY wants its denial; two evaluations have a rule of their own.
    """
    if context.payer(draft).edits.ncci == "none":
        return
    for line in draft.claim.lines:
        if line.date_from is None:
            continue
        for other in _others(draft, context, line, line.date_from):
            edit = context.tables.ptp(other.code, line.procedure.code, line.date_from)
            if edit is None and other.earlier:
                edit = context.tables.ptp(line.procedure.code, other.code, line.date_from)
            if edit is None or same_evaluation(context.tables, edit.code, edit.column_2):
                continue
            denied = line.procedure.modifiers if edit.column_2 == line.procedure.code else other.modifiers
            if NO_BENEFIT not in denied:
                yield line, line.date_from, other, edit


def _weight(draft: ClaimDraft, context: RuleContext, day: date) -> Severity | None:
    """None (the rule's own weight) when the loaded quarter was made for the day and Medicare; else a warning."""
    own = context.payer(draft).edits.ncci == "medicare" and context.tables.covers("ptp", day)
    return None if own else WARNING


def _told(context: RuleContext, line: ServiceLine, other: Other, edit: PtpEdit, day: date) -> str:
    release = context.tables.release_on("ptp", day).release
    before = " billed before" if other.earlier else ""
    return (
        f"NCCI {edit.code}/{edit.column_2} indicator {edit.indicator} ({release}): {edit.column_2} is the denied"
        f" column 2 beside {edit.code} on {day}; line {line.number} is {line.procedure.code},"
        f" the other {other.code}{before}"
    )


@rule("BND001", severity=ERROR, carc="236", subject=BILLED_DAYS)
def pair_never_together(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two codes of an NCCI pair with indicator 0 on one day: the second is denied and no modifier helps.

    Why: The pair is never paid together for one patient and day, such as massage 97124 beside manual therapy 97140.
    Fix: Bill only the column 1 code, or move the other service to another day if it was given then; drop modifier 59.
    Source: edi/codes/tables/ptp.csv. Outside the loaded quarter, and for Medicaid, a warning.
    """
    for line, day, other, edit in _denied_pairs(draft, context):
        if edit.indicator == "0":
            used = " ".join(one for one in line.procedure.modifiers if one in DISTINCT)
            yield Problem(
                message=_told(context, line, other, edit, day)
                + (f"; modifier {used} cannot bypass it" if used else ""),
                location=at_line(draft, line, "procedure_code", "SV101-2"),
                severity=_weight(draft, context, day),
            )


@rule("BND002", severity=ERROR, carc="236", subject=BILLED_DAYS)
def pair_without_modifier(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two codes of an NCCI pair with indicator 1 on one day, and no modifier says that they were separate.

    Why: Without 59 or XE, XP, XS, XU the column 2 line counts as part of column 1 and is denied.
    Fix: If a separate region, time or practitioner is documented, put the modifier on the column 2 line (25 always on
        the evaluation and management line); else leave the line out.
    Source: edi/codes/tables/ptp.csv. Outside the loaded quarter, and for Medicaid, a warning.
    """
    for line, day, other, edit in _denied_pairs(draft, context):
        if edit.indicator != "1":
            continue
        by_code = {line.procedure.code: line.procedure.modifiers, other.code: other.modifiers}
        if bypasses(context.tables, edit.column_2, by_code[edit.column_2]):
            continue
        visit = tuple(one for one in by_code[edit.code] if COUNTS_ON.get(one) == VISITS)
        if bypasses(context.tables, edit.code, visit):
            continue
        weight = _weight(draft, context, day)
        message = _told(context, line, other, edit, day)
        if bypasses(context.tables, edit.code, by_code[edit.code]):
            message += f"; the modifier stands on {edit.code}, it belongs on {edit.column_2}"
            weight = WARNING if day >= EITHER_COLUMN_SINCE else weight
        yield Problem(message=message, location=at_line(draft, line, "modifiers", "SV101-3"), severity=weight)


@rule("BND003", severity=WARNING, carc="97", subject=LINES)
def code_never_paid_apart(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer counts this code as part of every other service and never pays it.

    Why: Medicare bundles 97010 (status B); the line comes back with CO 97 and M15, and the patient may not be billed.
    Fix: Leave the line out, or expect no payment; no modifier helps.
    Source: MPFS status B in edi/codes/tables/procedures.csv; payers.toml edits.bundled.
    """
    payer = context.payer(draft)
    for line in draft.claim.lines:
        code = line.procedure.code
        if is_bundled(payer, context.tables, code):
            by_status = bundled_by_status(payer, context.tables, code)
            yield Problem(
                message=f"{code} is bundled and not paid by this payer"
                + (" (status B)" if by_status else ""),
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


@rule("BND004", severity=ERROR, carc="97", subject=BILLED_DAYS)
def payer_pair(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two codes that this payer never pays on one day.

    Why: The payer's own edits deny the second code whatever NCCI says.
    Fix: Bill only the first code of the pair.
    Source: payers.toml edits.pairs (first code paid, second denied).
    """
    pairs = {tuple(pair) for pair in context.payer(draft).edits.pairs}
    if not pairs:
        return
    for line in draft.claim.lines:
        if line.date_from is None:
            continue
        for other in _others(draft, context, line, line.date_from):
            if (other.code, line.procedure.code) in pairs:
                yield Problem(
                    message=(
                        f"this payer does not pay {line.procedure.code} beside {other.code} on {line.date_from}"
                    ),
                    location=at_line(draft, line, "procedure_code", "SV101-2"),
                )
