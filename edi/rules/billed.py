"""What is billed of a patient's day or month: by the claims of the run, and before them. No rules stand here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date
from typing import Final, TypeAlias

import msgspec

from edi.codes import Tables
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.payers import PayerProfile
from edi.rules.context import Made, RuleContext
from edi.rules.registry import Subject

DISTINCT: Final = frozenset({"59", "XE", "XP", "XS", "XU"})
"""Modifiers that say: a separate service."""

NO_BENEFIT: Final = "GY"
"""A denial is wanted: the line says itself that it is not a benefit."""

MonthKey: TypeAlias = tuple[str, str, str, int, int]
"""Practice, patient, payer, year, month."""


class Billed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One line billed of a day. ``units`` is 0 when they are no whole number. ``line`` is None when billed before."""

    code: str
    modifiers: tuple[str, ...]
    units: int
    draft: ClaimDraft | None = None
    line: ServiceLine | None = None

    @property
    def earlier(self) -> bool:
        """Whether an earlier run billed it."""
        return self.line is None


def whole_units(line: ServiceLine) -> int | None:
    """The line's units as a whole number above zero, else None."""
    return _whole(line.units) or None


def _whole(units: str) -> int:
    return int(units) if units.isascii() and units.isdigit() else 0


def billed_on(draft: ClaimDraft, context: RuleContext, day: date) -> Sequence[Billed]:
    """Every line of the claim's patient and payer on a day, the claim's own among them, then those billed before.

    Lines of the claim that this one replaces, and of claims that were rejected, are not among those billed before.
    """
    replaced = draft.claim.patient_control_number if draft.claim.frequency != "1" else ""
    key = ("billed", draft.practice_id, draft.patient.patient_id, draft.payer_key, day, replaced)
    return context.once(key, lambda: tuple(_billed_on(draft, context, day)))


def _billed_on(draft: ClaimDraft, context: RuleContext, day: date) -> Iterator[Billed]:
    for at in context.day(draft, day):
        yield Billed(
            code=at.line.procedure.code,
            modifiers=at.line.procedure.modifiers,
            units=_whole(at.line.units),
            draft=at.draft,
            line=at.line,
        )
    for line in context.history.lines_on(draft.practice_id, draft.patient.patient_id, day):
        own = line.payer == draft.payer_key and not replaces(draft, line.patient_control_number)
        if own and line.counts:
            yield Billed(code=line.procedure_code, modifiers=line.modifiers, units=_whole(line.units))


def _billed_days(draft: ClaimDraft, context: RuleContext) -> Iterator[Hashable]:
    for day in {line.date_from for line in draft.claim.lines if line.date_from is not None}:
        billed = billed_on(draft, context, day)
        yield (
            day,
            tuple([(one.code, one.modifiers, one.units, one.draft is draft, one.earlier) for one in billed]),
        )


BILLED_DAYS: Final = Subject("billed days", _billed_days)
"""Each day of the claim with the codes, modifiers and units billed on it, by the claim, the run and before."""


def bundled_by_status(payer: PayerProfile, tables: Tables, code: str) -> bool:
    """Whether Medicare's fee schedule counts the code as part of every other service (status B), and the payer too."""
    known = tables.procedure(code) if payer.follows_medicare else None
    return known is not None and known.mpfs_status == "B"


def is_bundled(payer: PayerProfile, tables: Tables, code: str) -> bool:
    """Whether the payer never pays the code by itself."""
    return code in payer.edits.bundled or bundled_by_status(payer, tables, code)


def replaces(draft: ClaimDraft, patient_control_number: str) -> bool:
    """Whether the claim stands for the earlier one of that control number."""
    return draft.claim.frequency != "1" and patient_control_number == draft.claim.patient_control_number


def codes_in_month(draft: ClaimDraft, context: RuleContext, day: date) -> frozenset[str]:
    """Procedure codes of the claim's patient and payer in the calendar month of a day: the run's and earlier ones."""
    months = context.once(("months",), lambda: _months(context))
    own = months.get(
        (draft.practice_id, draft.patient.patient_id, draft.payer_key, day.year, day.month), set()
    )
    first = day.replace(day=1)
    last = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    earlier = context.history.lines_between(draft.practice_id, draft.patient.patient_id, first, last)
    return frozenset(own) | {
        line.procedure_code
        for line in earlier
        if line.payer == draft.payer_key and line.counts and line.date_of_service < last
    }


def _months(context: RuleContext) -> dict[MonthKey, set[str]]:
    found: dict[MonthKey, set[str]] = {}
    for (practice, patient, payer, day), lines in context.days.items():
        codes = found.setdefault((practice, patient, payer, day.year, day.month), set())
        codes.update(at.line.procedure.code for at in lines)
    return found


def once_a_claim(draft: ClaimDraft, context: RuleContext, name: str, make: Callable[[], Made]) -> Made:
    """What ``make`` gives for the claim, worked out at the first call in a run; rules that share a finding share it."""
    return context.once((name, id(draft)), lambda: (draft, make()))[
        1
    ]  # the draft too, so that its id stays its own


def own_days(draft: ClaimDraft) -> list[date]:
    """The claim's dates of service, each once, in order."""
    return sorted({line.date_from for line in draft.claim.lines if line.date_from is not None})
