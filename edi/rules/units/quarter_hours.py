"""Units of 15-minute and untimed codes against the documented minutes."""

from __future__ import annotations

from collections.abc import Iterator

from edi.model.draft import ClaimDraft
from edi.model.units import Verdict
from edi.rules.billed import whole_units
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.mue import holds
from edi.rules.registry import ERROR, INFO, WARNING, rule
from edi.rules.subjects import LINES
from edi.rules.units.day import (
    ODD_TIMES,
    ONCE_A_DAY,
    arithmetic,
    judgements,
    last_code,
    over_codes,
    own_lines,
    spelled,
    under_codes,
)


@rule("UNT001", severity=ERROR, carc="16", subject=LINES)
def units_not_whole(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line's units are not a whole number above zero.

    Why: Therapy is billed in whole units; zero or a fraction is rejected.
    Fix: Leave units blank so that they follow from the minutes, or correct them.
    Source: 005010X222A1 SV104; CARC 16 with RARC M53.
    """
    for line in draft.claim.lines:
        if whole_units(line) is None:
            yield Problem(
                message=f"line {line.number} ({line.procedure.code}) has {line.units or 'no'} units",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT002", severity=WARNING, subject=ODD_TIMES)
def units_below_minutes(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Fewer timed units billed than the documented minutes allow.

    Why: No payer objects; the practice is not paid for what it did.
    Fix: Bill the units the minutes allow, or leave units blank.
    Source: units_rules.md 2.6.
    """
    if context.payer(draft).units.one_unit_per_code:
        return
    for judgement in judgements(draft, context, Verdict.UNDERBILLED):
        if not judgement.readable:
            continue  # units_not_whole tells it
        under = judgement.comparison.under if judgement.comparison is not None else 0
        codes = under_codes(judgement) if judgement.allocation is not None else last_code(judgement)
        for line in own_lines(draft, judgement, codes):
            yield Problem(
                message=f"{line.procedure.code} on {judgement.day}: {arithmetic(judgement)}; {under} short",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT003", severity=ERROR, carc="151", subject=ODD_TIMES)
def units_exceed_minutes(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More timed units billed than the documented minutes allow.

    Why: The record does not support the units: a denial now, or a repayment after an audit.
    Fix: Bill what the minutes allow; never add minutes to fit the units.
    Source: units_rules.md 2 (CMS, total of the day) and 3 (midpoint, code by code); CMS Pub. 100-04 ch. 5 s20.2.
    """
    for judgement in judgements(draft, context, Verdict.OVERBILLED):
        over = judgement.comparison.over if judgement.comparison is not None else 0
        codes = over_codes(judgement) if judgement.allocation is not None else last_code(judgement)
        for line in own_lines(draft, judgement, codes):
            yield Problem(
                message=f"{line.procedure.code} on {judgement.day}: {arithmetic(judgement)}; overbilled by {over}",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT004", severity=ERROR, carc="151", subject=ODD_TIMES)
def units_on_wrong_code(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The total of timed units is allowed, but they lie on the wrong codes.

    Why: Under the total-time rule a unit goes to the code with the most minutes left; another spread is not supported.
    Fix: Bill the spread named in the message; codes with equal remainders may be chosen freely.
    Source: units_rules.md 2.3 to 2.6.
    """
    for judgement in judgements(draft, context, Verdict.WRONG_SPREAD):
        if not judgement.readable:
            continue  # units_not_whole tells it
        for line in own_lines(draft, judgement, over_codes(judgement)):
            yield Problem(
                message=f"{line.procedure.code} on {judgement.day}: {arithmetic(judgement)}",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT005", severity=ERROR, carc="151", subject=LINES)
def untimed_code_more_than_once(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A code that does not count minutes is billed with several units.

    Why: Evaluations, group therapy and supervised modalities are one unit, however long they took.
    Fix: Bill one unit.
    Source: units_rules.md 2.1. Where mue.csv has a limit above one, or one that holds the claim, its rules tell it.
    """
    for line in draft.claim.lines:
        known, units = context.tables.procedure(line.procedure.code), whole_units(line)
        if known is None or units is None or units == 1 or known.time_basis not in ONCE_A_DAY:
            continue
        limit = context.tables.mue(known.code, line.date_from)
        if limit is not None and limit.units > 1:
            continue
        if limit is None or line.date_from is None or not holds(draft, context, limit, line.date_from):
            yield Problem(
                message=f"{known.code} is {known.time_basis}: 1 a day, not {units}",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT007", severity=INFO, subject=ODD_TIMES)
def units_tied(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """TIE: codes have equal minutes left, and the practice may choose which of them gets the unit.

    Why: Both choices are right; the claim should be the same whenever it is made.
    Fix: Nothing; give units on the rows to choose otherwise.
    Source: units_rules.md 2.5.
    """
    for judgement in judgements(draft, context, Verdict.MATCHES, Verdict.TIE_ALTERNATIVE):
        allocation = judgement.allocation
        if allocation is None or not allocation.tied:
            continue
        first = {allocation.codes[allocation.tied[0]]}
        spreads = " or ".join(spelled(spread) for spread in allocation.alternatives())
        for line in own_lines(draft, judgement, first):
            yield Problem(
                message=f"TIE on {judgement.day}: equally valid are {spreads}",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT008", severity=WARNING, carc="119")
def payer_unit_limit_passed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More units than the payer's contract pays in a day.

    Why: Units above the contract's limit are denied as benefit maximum.
    Fix: Plan within the limit; bill what was given only if the contract wants it reported.
    Source: payers.toml units.max_timed_units_per_day and units.one_unit_per_code.
    """
    limits = context.payer(draft).units
    if limits.one_unit_per_code:
        for line in draft.claim.lines:
            if (whole_units(line) or 0) > 1:
                yield Problem(
                    message=f"the payer takes one unit a code and day, not {line.units} of {line.procedure.code}",
                    location=at_line(draft, line, "units", "SV104"),
                )
    if limits.max_timed_units_per_day is None:
        return
    for judgement in judgements(draft, context, *Verdict):
        total = sum(item.billed for item in judgement.items)
        if total > limits.max_timed_units_per_day:
            for line in own_lines(draft, judgement, last_code(judgement)):
                yield Problem(
                    message=(
                        f"{total} timed units on {judgement.day}, the payer takes {limits.max_timed_units_per_day}"
                    ),
                    location=at_line(draft, line, "units", "SV104"),
                )
