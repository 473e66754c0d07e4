"""Modifiers that never stand together, or never on a kind of code: one row each, from do_not_use of modifiers.csv."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import msgspec

from edi.codes import ProcedureCode
from edi.model.draft import ClaimDraft
from edi.model.finding import Severity
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.modifiers.form import MOST
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import LINES

OnCode: TypeAlias = Callable[[str, "ProcedureCode | None"], bool]
"""Whether a code, with its row of procedures.csv if it has one, is of the kind meant."""

NEVER_TOGETHER: Final = (
    ("59", "XE"), ("59", "XP"), ("59", "XS"), ("59", "XU"),
    ("GA", "GZ"), ("GA", "GX"), ("GX", "GZ"), ("GY", "GZ"), ("GZ", "KX"),
    ("95", "GT"), ("95", "93"), ("95", "GQ"), ("96", "97"),
)  # fmt: skip
"""Pairs of which one line has one at most. GY with GZ is from memory; AT with GA is a rule of Medicare Part B's own."""


def _is_em(code: str, _known: ProcedureCode | None) -> bool:
    return code.startswith("99")


def _is_not_em(code: str, _known: ProcedureCode | None) -> bool:
    return not code.startswith("99")


def _is_therapy(code: str, known: ProcedureCode | None) -> bool:
    """A code of physical medicine, speech or the rest of procedures.csv; manipulation and strapping apart."""
    return known is not None and known.kind not in ("cmt", "omt", "strapping", "active_wound_care")


def _is_physical_medicine(code: str, _known: ProcedureCode | None) -> bool:
    return code.startswith("97") and len(code) == 5


def _is_timed(_code: str, known: ProcedureCode | None) -> bool:
    return known is not None and known.time_basis != "untimed"


def _is_unsided(code: str, known: ProcedureCode | None) -> bool:
    """A 97 code without sides: orthotics and prosthetics apart."""
    return _is_physical_medicine(code, known) and (known is None or known.kind != "orthotic_prosthetic")


class Misuse(msgspec.Struct, frozen=True, kw_only=True):
    """A modifier and the codes it must not stand on, with the reason in few words."""

    modifier: str
    on: OnCode
    why: str
    severity: Severity


def _row(modifier: str, on: OnCode, why: str, severity: Severity = WARNING) -> Misuse:
    return Misuse(modifier=modifier, on=on, why=why, severity=severity)


NEVER_ON: Final = (
    _row("25", _is_not_em, "it belongs on evaluation and management codes (99...) alone", ERROR),
    _row("57", _is_therapy, "it is about a decision for surgery", ERROR),
    _row("24", _is_therapy, "it is about a surgeon's follow-up period", ERROR),
    _row("91", _is_therapy, "it is about a repeated laboratory test", ERROR),
    _row("50", _is_timed, "time has no sides; bill the units of the minutes", ERROR),
    _row("59", _is_em, "evaluation and management codes take 25 instead"),
    _row("76", _is_timed, "more time of one code is more units, not a repeat"),
    _row("51", _is_physical_medicine, "codes of physical medicine do not take it (by a secondary source)"),
    _row("22", _is_timed, "more time is more units"),
    _row("52", _is_timed, "less than 8 minutes are not billed, more are full units"),
    _row("53", _is_therapy, "it is about a procedure that was broken off"),
    _row("LT", _is_unsided, "most codes of physical medicine have no sides"),
    _row("RT", _is_unsided, "most codes of physical medicine have no sides"),
    _row("FQ", _is_therapy, "it is about behavioral health; audio-only therapy takes 93"),
    _row("TH", _is_therapy, "it is about obstetrical care"),
)
_BY_MODIFIER: Final = {row.modifier: row for row in NEVER_ON}

FACILITY: Final = frozenset({"PN", "PO", "27"})
STATE: Final = frozenset({"UA", "UB", "UC", "UD", *(f"U{number}" for number in range(1, 10))})
MANY: Final = "99"


@rule("MOD007", severity=ERROR, carc="4", subject=LINES)
def modifiers_contradict(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line has two modifiers that never stand together.

    Why: They say opposite things of the line, or the same thing twice; it is returned.
    Fix: Keep the one that is true: an X modifier instead of 59, one statement of liability, one of telehealth.
    Source: modifiers.csv do_not_use of 59, XE, XP, XS, XU, GA, GX, GY, GZ, GT, 93, GQ, 96 and 97.
    """
    for line in draft.claim.lines:
        given = line.procedure.modifiers
        if len(given) < 2:
            continue
        for one, other in NEVER_TOGETHER:
            if one in given and other in given:
                yield Problem(
                    message=f"{line.procedure.code} has {one} and {other}",
                    location=at_line(draft, line, "modifiers", "SV101-3"),
                )


@rule("MOD008", severity=ERROR, carc="4", subject=LINES)
def modifier_on_wrong_code(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A modifier stands on a code that does not take it.

    Why: The line is returned or priced wrongly: 25 on a therapy evaluation, 50 or 76 on timed codes.
    Fix: Take it off; the message says what to do instead.
    Source: modifiers.csv do_not_use of 22, 24, 25, 50, 51, 52, 53, 57, 59, 76, 91, FQ, LT, RT and TH; a warning where
        payers differ.
    """
    for line in draft.claim.lines:
        code = line.procedure.code
        for modifier in line.procedure.modifiers:
            row = _BY_MODIFIER.get(modifier)
            if row is not None and row.on(code, context.tables.procedure(code)):
                yield Problem(
                    message=f"{code} has {modifier}: {row.why}",
                    location=at_line(draft, line, "modifiers", "SV101-3"),
                    severity=None if row.severity is ERROR else row.severity,
                )


@rule("MOD009", severity=ERROR, carc="4", subject=LINES)
def facility_modifier_on_professional_claim(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """PN, PO or 27 on a professional claim.

    Why: They describe a hospital's outpatient department and belong on its own claim form.
    Fix: Take them off.
    Source: modifiers.csv PN, PO, 27 (837P).
    """
    for line in draft.claim.lines:
        wrong = [one for one in line.procedure.modifiers if one in FACILITY]
        if wrong:
            yield Problem(
                message=f"{line.procedure.code} has {' '.join(wrong)}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("MOD010", severity=WARNING, carc="4", subject=LINES)
def state_modifier_outside_medicaid(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """U1 to U9 or UA to UD for a payer that is not Medicaid.

    Why: Each state gives them its own meaning; other payers do not know them.
    Fix: Take them off, or correct the payer.
    Source: modifiers.csv U1-U9, UA-UD.
    """
    if context.payer(draft).kind == "medicaid":
        return
    for line in draft.claim.lines:
        wrong = [one for one in line.procedure.modifiers if one in STATE]
        if wrong:
            yield Problem(
                message=f"{line.procedure.code} has {' '.join(wrong)}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("MOD011", severity=WARNING, carc="4", subject=LINES)
def modifier_99_without_need(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """99 on a line that has room for all its modifiers.

    Why: 99 says that there are more modifiers than fit; the payer looks for them and stops the line.
    Fix: Take it off.
    Source: modifiers.csv 99 (four or fewer).
    """
    for line in draft.claim.lines:
        others = [one for one in line.procedure.modifiers if one != MANY]
        if MANY in line.procedure.modifiers and len(others) <= MOST:
            yield Problem(
                message=f"{line.procedure.code} has 99 beside {len(others)} modifiers",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )
