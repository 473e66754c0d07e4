"""Therapy threshold: KX above the year's amount of Medicare therapy, and only where the therapist attests.

What counts is the allowed amount of all providers: therapy_dollars_used of the case as of its date, then what this
practice billed since. The allowed amount of a line is not known before it is paid; the expected fee stands for it, else
the charge, which is an upper bound: where only charges pass the threshold, KX is a warning. What Medicare does not pay
counts for nothing: lines with GY, and bundled codes. Physical and speech therapy share one amount, occupational therapy
has its own. The store alone never decides, for it does not know other providers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, TypeAlias

import msgspec

from edi.codes import KxThreshold
from edi.codes.sets import THERAPY_MODIFIERS
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.model.finding import Location
from edi.model.money import decimal_text
from edi.model.records import Case, Fee
from edi.model.remittance import Procedure
from edi.payers import PayerProfile
from edi.rules.billed import NO_BENEFIT, is_bundled, once_a_claim, replaces, whole_units
from edi.rules.context import Problem, RuleContext, at_line, sessions_of
from edi.rules.registry import ERROR, INFO, WARNING, Subject, rule, run_rule
from edi.rules.subjects import TREATMENTS, Parts, whole

POOL_OF: Final = {"PT": "pt_slp", "SLP": "pt_slp", "OT": "ot"}
POOL_OF_MODIFIER: Final = {THERAPY_MODIFIERS[discipline]: pool for discipline, pool in POOL_OF.items()}
NAMES: Final = {"pt_slp": "PT and SLP", "ot": "OT"}

RunKey: TypeAlias = tuple[str, str, str, str, int]
"""Practice, patient, payer, pool, year."""


class Amount(msgspec.Struct, frozen=True, gc=False):
    """What a line or several count for, in cents, and how much of it is charges for want of an expected fee."""

    cents: int
    charges: int = 0


class Used(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The year's amount up to a line. All in cents; ``total`` includes the line itself, ``charges`` is a part of it."""

    line: ServiceLine
    day: date
    pool: str
    year: KxThreshold
    opening: int
    as_of: date
    since: int
    total: int
    charges: int

    @property
    def threshold(self) -> int:
        """The year's amount of the pool."""
        return self.year.ot if self.pool == "ot" else self.year.pt_slp

    @property
    def by_charge(self) -> bool:
        """Whether only charges pass the threshold: the allowed amounts may not."""
        return self.total - self.charges <= self.threshold

    def said(self) -> str:
        """The sum a biller can check."""
        basis = "charges where no expected fee is known" if self.charges else "expected fees"
        return (
            f"{NAMES[self.pool]} {self.year.code}: {decimal_text(self.opening)} used as of {self.as_of}"
            f" + {decimal_text(self.since)} since + {decimal_text(self.total - self.opening - self.since)} this line"
            f" = {decimal_text(self.total)} ({basis}); the threshold is {decimal_text(self.threshold)}"
        )


def _amount(
    context: RuleContext, practice: str, payer: str, day: date, code: str, modifiers: Sequence[str],
    units: int, charge: int,
) -> Amount:  # fmt: skip
    """The expected fee of a line where fees.csv has one by unit, line or share of the charge; else the charge."""
    rows = context.once(("expected fees",), lambda: _expected(context.records.fees))
    fitting = [
        row
        for wanted in (code, "*")
        for row in rows.get((payer, wanted), ())
        if row.practice_id in ("", practice)
        and row.valid_from <= day
        and (row.valid_to is None or day <= row.valid_to)
        and (not row.modifier or row.modifier in modifiers)
        and not row.credential
        and not row.place_of_service
    ]
    if not fitting:
        return Amount(charge, charges=charge)
    best = max(fitting, key=lambda row: (bool(row.practice_id) + bool(row.modifier), row.code != "*"))
    cents = {
        "per_unit": best.amount * max(1, units),
        "per_line": best.amount,
        "percent_of_charge": charge * best.amount // 10_000,
    }[best.basis]
    return Amount(cents)


def _expected(fees: Sequence[Fee]) -> dict[tuple[str, str], list[Fee]]:
    found: dict[tuple[str, str], list[Fee]] = {}
    for fee in fees:
        if fee.kind == "expected" and fee.basis in ("per_unit", "per_line", "percent_of_charge"):
            found.setdefault((fee.payer, fee.code), []).append(fee)
    return found


def _counted(draft: ClaimDraft, context: RuleContext) -> str:
    """The pool that the claim's therapy counts in, "" when it counts in none."""
    return POOL_OF.get(draft.discipline, "") if context.payer(draft).modifiers.kx else ""


def _is_paid_therapy(context: RuleContext, payer: PayerProfile, procedure: Procedure) -> bool:
    """Whether a line is therapy that Medicare may pay: neither bundled nor billed for its denial (GY)."""
    known = context.tables.procedure(procedure.code)
    return (
        known is not None
        and known.therapy_list.startswith(("always", "sometimes"))
        and NO_BENEFIT not in procedure.modifiers
        and not is_bundled(payer, context.tables, procedure.code)
    )


def _run_lines(context: RuleContext) -> dict[int, tuple[Amount, Amount]]:
    """By identity of a line: what the lines before it in its pool and year add up to, and what it counts itself."""
    pools: dict[RunKey, list[tuple[date, ServiceLine, Amount]]] = {}
    for (practice, patient, payer, day), lines in context.days.items():
        for at in lines:
            pool = _counted(at.draft, context)
            if pool and _is_paid_therapy(context, context.payer(at.draft), at.line.procedure):
                pools.setdefault((practice, patient, payer, pool, day.year), []).append(
                    (day, at.line, _of_line(context, at.draft, at.line, day))
                )
    found: dict[int, tuple[Amount, Amount]] = {}
    for rows in pools.values():
        before = Amount(0)
        for _, line, own in sorted(rows, key=lambda row: row[0]):
            found[id(line)] = before, own
            before = Amount(before.cents + own.cents, before.charges + own.charges)
    return found


def _of_line(context: RuleContext, draft: ClaimDraft, line: ServiceLine, day: date) -> Amount:
    procedure = line.procedure
    return _amount(
        context, draft.practice_id, draft.payer_key, day, procedure.code, procedure.modifiers,
        whole_units(line) or 0, line.charge,
    )  # fmt: skip


def _since(draft: ClaimDraft, context: RuleContext, pool: str, opened: date, day: date) -> list[Amount]:
    """What was billed after the opening amount's date, up to the day."""
    found: list[Amount] = []
    payer = context.payer(draft)
    for line in context.history.lines_between(draft.practice_id, draft.patient.patient_id, opened, day):
        pools = {POOL_OF_MODIFIER[one] for one in line.modifiers if one in POOL_OF_MODIFIER}
        if replaces(draft, line.patient_control_number) or line.date_of_service <= opened:
            continue
        unpaid = NO_BENEFIT in line.modifiers or is_bundled(payer, context.tables, line.procedure_code)
        if line.payer == draft.payer_key and line.counts and pools == {pool} and not unpaid:
            units = int(line.units) if line.units.isdigit() else 0
            found.append(
                _amount(
                    context, line.practice_id, line.payer, line.date_of_service, line.procedure_code,
                    line.modifiers, units, line.charge,
                )
            )  # fmt: skip
    return found


def _opening(case: Case | None, day: date) -> tuple[int, date] | None:
    """The case's amount of the day's year, and its date; None when the case does not know it, or not of which day."""
    if case is None or case.therapy_dollars_used is None:
        return None
    as_of = case.therapy_dollars_as_of
    if as_of is None or as_of.year != day.year:
        return None
    return case.therapy_dollars_used, as_of


def used_by(draft: ClaimDraft, context: RuleContext) -> tuple[Used, ...]:
    """The claim's therapy lines whose year's amount is known, each with it; worked out once in a run."""
    if not _counted(draft, context):
        return ()
    return once_a_claim(draft, context, "kx", lambda: tuple(_used(draft, context)))


def _used(draft: ClaimDraft, context: RuleContext) -> Iterator[Used]:
    pool = _counted(draft, context)
    if not pool:
        return
    run = context.once(("kx lines",), lambda: _run_lines(context))
    for line in draft.claim.lines:
        day = line.date_from
        if day is None or not _is_paid_therapy(context, context.payer(draft), line.procedure):
            continue
        year, opening = context.tables.kx(day.year), _opening(draft.case, day)
        if year is None or opening is None:
            continue
        cents, as_of = opening
        billed = _since(draft, context, pool, as_of, day)
        before, own = run.get(id(line)) or (Amount(0), _of_line(context, draft, line, day))
        since = before.cents + sum(amount.cents for amount in billed)
        yield Used(
            line=line,
            day=day,
            pool=pool,
            year=year,
            opening=cents,
            as_of=as_of,
            since=since,
            total=cents + since + own.cents,
            charges=sum(amount.charges for amount in (before, *billed, own)),
        )


def _attested(draft: ClaimDraft, line: ServiceLine) -> bool:
    return any(one.kx_attested for one in sessions_of(draft, line))


def _pooled(draft: ClaimDraft, context: RuleContext) -> Parts:
    return whole(draft) if used_by(draft, context) else ()


POOLED: Final = Subject("therapy threshold", _pooled)
"""A claim with a line whose year's amount of therapy is known."""


@rule("KX001", severity=ERROR, carc="119", subject=POOLED)
def kx_missing_above_threshold(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The year's therapy passes the threshold, and the line has no KX: a warning where only charges pass it.

    Why: Above the threshold Medicare denies every line without KX as beyond the benefit.
    Fix: If the record supports it, the therapist attests (kx_attested Y) and KX goes on the line; else hold the claim.
    Source: kx.csv; modifiers.csv KX; cases.csv therapy_dollars_used; payers.toml modifiers.kx; fees.csv expected.
    """
    for used in used_by(draft, context):
        if used.total > used.threshold and "KX" not in used.line.procedure.modifiers:
            attested = _attested(draft, used.line)
            yield Problem(
                message=f"{used.line.procedure.code} on {used.day} lacks KX"
                f"{', though attested' if attested else ' and is not attested'}: {used.said()}",
                location=at_line(draft, used.line, "modifiers" if attested else "kx_attested", "SV101-3"),
                fix=_advice(used, attested=attested),
                severity=WARNING if used.by_charge else None,
            )


def _advice(used: Used, *, attested: bool) -> str:
    """What to do about a missing KX, "" where the rule's own advice fits."""
    if attested:
        return "Add KX to the line; the row attests it."
    if used.by_charge:
        return (
            "Give the expected fees in fees.csv; if they pass the threshold too and the record supports it, the"
            " therapist attests (kx_attested Y) and KX goes on the line."
        )
    return ""


@rule("KX002", severity=WARNING, subject=POOLED)
def kx_below_threshold(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """KX, or its attestation, while the year's therapy is below the threshold.

    Why: Routine use of KX invites a review, and hides when the threshold is really passed.
    Fix: Leave KX off until the threshold is passed; if another provider's therapy passed it, correct
        therapy_dollars_used.
    Source: modifiers.csv KX (routine use below the threshold); kx.csv.
    """
    for used in used_by(draft, context):
        marked = "KX" in used.line.procedure.modifiers
        if used.total <= used.threshold and (marked or _attested(draft, used.line)):
            yield Problem(
                message=f"{used.line.procedure.code} on {used.day}"
                f" {'has KX' if marked else 'is attested'}: {used.said()}",
                location=at_line(draft, used.line, "modifiers" if marked else "kx_attested", "SV101-3"),
            )


@rule("KX003", severity=ERROR, carc="50", subject=TREATMENTS)
def kx_without_attestation(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """KX on a line that the therapist did not attest.

    Why: KX is the therapist's statement that the record supports the care; nobody else can make it.
    Fix: The therapist attests (kx_attested Y), or KX comes off.
    Source: sessions.csv kx_attested; modifiers.csv KX.
    """
    if not context.payer(draft).modifiers.kx:
        return
    for line in draft.claim.lines:
        if "KX" in line.procedure.modifiers and sessions_of(draft, line) and not _attested(draft, line):
            yield Problem(
                message=f"{line.procedure.code} on {line.date_from} has KX, kx_attested is not Y",
                location=at_line(draft, line, "kx_attested", "SV101-3"),
            )


@run_rule("KX004", severity=WARNING)
def threshold_unchecked(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: nothing says how much of the year's therapy threshold a patient has used.

    Why: The threshold counts all providers; what this practice billed cannot tell whether KX is needed.
    Fix: Fill in therapy_dollars_used and therapy_dollars_as_of of the case, from a 271 or the Medicare contractor;
        without its date the amount says nothing.
    Source: cases.csv; kx.csv.
    """
    claims, patients, years = 0, set(), set()
    for draft in drafts:
        if not _counted(draft, context):
            continue
        days = [
            line.date_from
            for line in draft.claim.lines
            if line.date_from is not None and _is_paid_therapy(context, context.payer(draft), line.procedure)
        ]
        unknown = {
            day.year
            for day in days
            if context.tables.kx(day.year) is None or _opening(draft.case, day) is None
        }
        if unknown:
            claims += 1
            patients.add((draft.practice_id, draft.patient.patient_id))
            years |= unknown
    if claims:
        listed = ", ".join(str(year) for year in sorted(years))
        yield Problem(
            message=(
                f"UNCHECKED: the therapy dollars used in {listed} of {len(patients)} Medicare patients are not known;"
                f" whether KX is needed was not checked for {claims} claims"
            ),
            location=Location(field="therapy_dollars_used"),
        )


@rule("KX005", severity=INFO, subject=POOLED)
def targeted_review_amount_passed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The year's therapy passes the amount above which claims may be picked for medical review.

    Why: No denial by itself; records may be asked for before or after payment.
    Fix: Make sure the record is complete: plan of care, progress reports, minutes, the reason for more care.
    Source: kx.csv targeted_review.
    """
    for used in used_by(draft, context):
        if used.total > used.year.targeted_review:
            yield Problem(
                message=f"{used.said()}, targeted review begins at {decimal_text(used.year.targeted_review)}",
                location=at_line(draft, used.line, "therapy_dollars_used", "SV101-2"),
            )
            return
