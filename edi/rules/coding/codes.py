"""Codes by date: the code has its form, exists, and was valid on the date of service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from edi.codes import Standing, Tables
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import LINES


def _standings(draft: ClaimDraft, tables: Tables) -> Iterator[tuple[ServiceLine, date, Standing]]:
    """Each dated line with what the tables say of its code."""
    for line in draft.claim.lines:
        if line.date_from is not None:
            yield line, line.date_from, tables.standing(line.procedure.code, line.date_from)


def _meant(context: RuleContext, code: str, day: date) -> str:
    """A question naming the codes that a slip may have meant, or ""."""
    similar = context.once(("meant", code, day), lambda: context.tables.similar_procedures(code, day))
    return f"did you mean {' or '.join(similar)}?" if similar else ""


def _said(message: str, question: str) -> str:
    return f"{message}; {question}" if question else message


@rule("COD001", severity=ERROR, carc="16", subject=LINES)
def procedure_code_malformed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The procedure code does not have the form of one.

    Why: A CPT or HCPCS code has five characters; anything else is rejected at the front door.
    Fix: Correct the code to the one documented.
    Source: claim_format_eligibility_rules.md, Identifiers; wrong_advice.csv (971110 for 97110).
    """
    for line, day, standing in _standings(draft, context.tables):
        if standing.state == "malformed":
            code = line.procedure.code
            yield Problem(
                message=_said(
                    f"{code!r} is not a procedure code (five characters)", _meant(context, code, day)
                ),
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


@rule("COD002", severity=ERROR, carc="181", subject=LINES)
def procedure_code_unknown(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The procedure code lies in a family whose codes are all known, and is not one of them.

    Why: Lying in the range of therapy codes does not make a number a code.
    Fix: Correct the code to the one documented.
    Source: edi/codes/tables/procedures.csv and families.csv.
    """
    for line, day, standing in _standings(draft, context.tables):
        if standing.state == "unknown":
            code = line.procedure.code
            yield Problem(
                message=_said(f"there is no procedure code {code} on {day}", _meant(context, code, day)),
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


@rule("COD003", severity=ERROR, carc="181", subject=LINES)
def procedure_code_not_valid_on_date(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The procedure code was deleted before, or begins after, the date of service.

    Why: Payers check the code against the date of service, not against today.
    Fix: Use the code that was valid on the date of service.
    Source: edi/codes/tables/procedures.csv; 97001 to 97006 ended 2016-12-31.
    """
    for line, day, standing in _standings(draft, context.tables):
        known = standing.procedure
        if known is None or standing.state not in ("ended", "not_begun"):
            continue
        ended = standing.state == "ended"
        when = f"ended on {known.valid_to}" if ended else f"begins on {known.valid_from}"
        instead = context.tables.successors(known.code, day) if ended else ()
        yield Problem(
            message=_said(
                f"{known.code} {when}, the service is of {day}",
                f"use {' or '.join(instead)}" if instead else "",
            ),
            location=at_line(draft, line, "procedure_code", "SV101-2"),
            fix=f"Use the one that was documented: {', '.join(instead)}." if instead else "",
        )


@rule("COD004", severity=WARNING, carc="181", subject=LINES)
def procedure_code_unchecked(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: the procedure code lies outside every family that the tables hold completely.

    Why: Nothing says that the code is wrong, and nothing that it is right; it may be denied as invalid.
    Fix: Check the code against this year's code book, or add it to the tables.
    Source: edi/codes/tables/families.csv.
    """
    for line, day, standing in _standings(draft, context.tables):
        if standing.state == "unchecked":
            yield Problem(
                message=f"UNCHECKED: no loaded table says whether {line.procedure.code} is valid on {day}",
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


@rule("COD005", severity=ERROR, carc="16", subject=LINES)
def procedure_code_not_taken_by_payer(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer uses another code for this service.

    Why: Medicare marks 97014 as not valid for its purposes (status I) and takes G0283; most other payers take 97014.
    Fix: Bill the code that the payer takes.
    Source: MPFS status I in edi/codes/tables/procedures.csv; payers.toml edits.accepts_97014.
    """
    if context.payer(draft).edits.accepts_97014:
        return
    for line in draft.claim.lines:
        if line.procedure.code == "97014" and line.date_from is not None:
            instead = " or ".join(context.tables.successors("97014", line.date_from))
            yield Problem(
                message=f"this payer does not take 97014 (Medicare status I); use {instead}",
                location=at_line(draft, line, "procedure_code", "SV101-2"),
                fix=f"Bill {instead} in place of 97014.",
            )


@rule("COD006", severity=ERROR, carc="16", subject=LINES)
def service_line_without_date(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A service line has no date of service.

    Why: DTP*472 is required, and no code can be judged without it.
    Fix: Give the line its date of service.
    Source: 005010X222A1 loop 2400 DTP*472; CARC 16 with RARC M52.
    """
    for line in draft.claim.lines:
        if line.date_from is None:
            yield Problem(
                message=f"line {line.number} ({line.procedure.code}) has no date of service",
                location=at_line(draft, line, "date_of_service", "DTP03"),
            )
