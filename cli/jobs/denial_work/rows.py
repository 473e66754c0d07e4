"""Denials of the worklist as rows: the contract's JSON, the table's columns, the lines under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from cli.jobs.denial_work.desk import Case
from cli.jobs.lists import counted
from cli.render import Cell, Row, money
from reconcile.worklist import WAITING, Deed

COLUMNS: Final = (
    "denial_id", "patient_control_number", "procedure_code", "date_of_service", "payer_name", "reason", "remarks",
    "category", "extent", "amount", "expected", "status", "owner", "next_action", "guardrails", "due_date",
)  # fmt: skip
"""The columns of the table on a wide screen; JSON has every key of the contract."""
NARROW: Final = (
    "denial_id", "patient_control_number", "procedure_code", "reason", "category", "amount", "next_action", "due_date",
)  # fmt: skip
CSV: Final = (
    "denial_id", "practice_id", "patient_control_number", "line_control_number", "payer_claim_control_number",
    "procedure_code", "date_of_service", "payer_name", "group", "reason", "remarks", "category", "extent", "charge",
    "amount", "expected", "priority", "status", "owner", "next_action", "guardrails", "due_date", "days_left",
    "resubmit_by", "because",
)  # fmt: skip
_UNPROCESSABLE: Final = "unprocessable"


def denial_row(case: Case, today: date) -> dict[str, Cell]:
    """A denial as the contract's ``denials list --json`` has it."""
    denial, work = case.denial, case.work
    first = case.deadlines[0] if case.deadlines else None
    return {
        "denial_id": denial.work,
        "practice_id": denial.practice_id,
        "patient_control_number": denial.patient_control_number,
        "line_control_number": denial.line_control_number or None,
        "procedure_code": denial.procedure_code or None,
        "date_of_service": denial.date_of_service,
        "payer": denial.payer,
        "payer_name": denial.payer_name,
        "group": denial.group,
        "reason": denial.reason,
        "remarks": denial.remarks,
        "category": denial.category,
        "cause": denial.cause or None,
        "kind": denial.kind,
        "extent": denial.extent,
        "charge": money(denial.charge),
        "amount": money(denial.amount),
        "expected": money(case.expected),
        "status": work.state.value,
        "next_action": denial.next_action,
        "guardrails": denial.guardrails,
        "due_date": case.due,
        "days_left": (case.due - today).days if case.due is not None else None,
        "owner": work.owner or None,
        "preventable_by": denial.preventable_by,
        "because": because(case, today),
        "line_number": denial.line_number,
        "resubmit_by": first.on if first is not None and denial.kind == _UNPROCESSABLE else None,
        "deadline": first.on if first is not None else None,
        "deadline_for": first.what if first is not None else None,
        "priority": money(case.weight.cents),
        "primary": denial.primary,
        "since": work.since,
        "snoozed_until": work.snoozed_until,
        "appeal_level": work.appealed_level or None,
        "written_off": money(work.written_off) if work.written_off else None,
        "recovered": money(denial.recovered) if denial.recovered else None,
        "denied_times": case.item.denied,
        "reopened": work.reopened,
        "remitted_on": denial.remitted_on,
        "trace_number": denial.trace_number or None,
        "payer_claim_control_number": denial.payer_claim_control_number or None,
    }


def because(case: Case, today: date) -> tuple[str, ...]:
    """Why a denial is called what it is, what it may bring, and why it stands where it does in the order of work."""
    left = (case.deadlines[0].on - today).days if case.deadlines else None
    said = case.weight.said(case.denial.category, left)
    return (*case.denial.because, *_expected_steps(case), said)


def _expected_steps(case: Case) -> tuple[str, ...]:
    """How the expected cents came about."""
    if case.price is None or case.expected is None:
        return ()
    _, steps = case.price.after_assistant(0)
    share = (
        f"expected {money(case.expected)}: {money(case.denial.amount)} of {money(case.denial.charge)} denied"
    )
    return (*steps, share)


def table_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows for the table, where group and reason are one column (``CO-197``)."""
    return [{**row, "reason": f"{row['group']}-{row['reason']}"} for row in rows]


def csv_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows for CSV, where the reasons of ``because`` stand in one cell, between semicolons."""
    return [{**row, "because": "; ".join(_texts(row["because"]))} for row in rows]


def _texts(cell: Cell) -> Sequence[str]:
    return cell if isinstance(cell, tuple | list) else ()


def footer(
    cases: Sequence[Case], today: date, *, shown: int, asleep: int, rejected: int, everything: bool
) -> list[str]:
    """The lines under the table: how many, how much, what is late, what is counted apart, what is not shown.

    Args:
        cases: all that were chosen.
        today: what is late is late on it.
        shown: how many of them the table has.
        asleep: how many are put aside.
        rejected: claims that no payer took in.
        everything: settled ones were asked for too.
    """
    kinds = Counter([one.denial.kind for one in cases])
    apart = [f"{kinds[kind]} {word}" for kind, word in _APART if kinds[kind]]
    if rejected:
        apart.append(
            f"{counted(rejected, 'claim')} rejected before any payer (claims list --status rejected)"
        )
    lines = [f"counted apart from denials on the merits: {', '.join(apart)}"] if apart else []
    waiting = sum(case.work.state in WAITING for case in cases)
    aside = [f"{waiting} with the payer"] if waiting else []
    aside += [f"{asleep} put aside (--snoozed)"] if asleep else []
    if aside:
        lines.append(", ".join(aside))
    if shown < len(cases):
        lines.append(f"the {shown} most pressing are shown; --limit 0 shows all")
    late = sum(case.due is not None and case.due < today for case in cases)
    if late:
        lines.append(f"{late} past the day due")
    rated = [one.expected for one in cases if one.expected is not None]
    whole = f"{counted(len(cases), 'denial')}, {money(sum(one.denial.amount for one in cases))} denied"
    hidden = "" if everything else "; recovered and reversed ones are not shown (--all shows them)"
    worth = f"; {money(sum(rated))} expected of the {len(rated)} with a rate" if rated else ""
    return [*lines, whole + hidden + worth]


_APART: Final = (
    ("unprocessable", "unprocessable"),
    ("duplicate", "duplicate"),
    ("zero_allowed", "allowed at zero"),
)


def deed_row(deed: Deed) -> dict[str, Any]:
    """One entry of a denial's history."""
    found = {
        "on": deed.on,
        "what": deed.verb.value,
        "by": deed.actor or None,
        "owner": deed.owner or None,
        "level": deed.level or None,
        "amount": money(deed.cents) if deed.cents else None,
        "day": deed.day,
        "reference": deed.reference or None,
        "attested_by": deed.attested_by or None,
        "text": deed.text or None,
    }
    return {name: value for name, value in found.items() if value is not None}
