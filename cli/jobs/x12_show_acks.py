"""How `x12 show` shows a TA1, 999, 997 or 277CA: members of the JSON object of contract.md, or lines for the terminal.

Nothing is masked: names and member ids of an answer are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cli.jobs.x12_show_values import day
from cli.render import money, to_json
from edi.model.acknowledgment import Acknowledgment
from edi.model.finding import Finding, Severity
from edi.model.money import decimal_text
from edi.transactions.acknowledgments import READERS
from edi.x12.envelope import TransactionSet

_COLUMNS: Final = "  {:<11} {:<8} {:<4} {:<6} {:<4} {:<20} {:>12} {:<10}  {}"


def json_members(transaction: TransactionSet, _show_phi: bool) -> Iterator[str | Finding]:
    """Yield ``acknowledgments``, one by one, and the findings; null when there is none because of an error."""
    separator = ',"acknowledgments":['
    failed = False
    count = 0
    for value in READERS[transaction.kind](transaction):
        if isinstance(value, Finding):
            failed = failed or value.severity is Severity.ERROR
            yield value
        else:
            yield separator + to_json(_acknowledgment(value))
            separator = ","
            count += 1
    if count:
        yield "]"
    else:
        yield f',"acknowledgments":{"null" if failed else "[]"}'


def _acknowledgment(value: Acknowledgment) -> dict[str, Any]:
    return {
        "kind": value.kind,
        "level": value.level.value,
        "accepted": value.accepted,
        "code": value.code,
        "status": value.status,
        "entity": value.entity,
        "interchange_control_number": value.interchange_control_number,
        "group_control_number": value.group_control_number,
        "transaction_control_number": value.transaction_control_number,
        "submission_reference": value.submission_reference,
        "patient_control_number": value.patient_control_number,
        "line_control_number": value.line_control_number,
        "payer_claim_control_number": value.payer_claim_control_number,
        "charge": money(value.charge),
        "date": value.date,
        "segment_in_error": value.segment_in_error,
        "element_in_error": value.element_in_error,
        "notes": value.notes,
    }


def text_lines(transaction: TransactionSet, _show_phi: bool) -> Iterator[str | Finding]:
    """Yield a line for each answer, what it answers and where the error is, then the count."""
    yield _COLUMNS.format(
        "level", "", "code", "status", "by", "answers", "charge", "date", "where and what else"
    )
    accepted = rejected = 0
    for value in READERS[transaction.kind](transaction):
        if isinstance(value, Finding):
            yield value
            continue
        accepted, rejected = accepted + value.accepted, rejected + (not value.accepted)
        yield _row(value)
    yield f"  {accepted} accepted, {rejected} rejected"


def _row(value: Acknowledgment) -> str:
    answered = (
        value.line_control_number
        or value.patient_control_number
        or value.transaction_control_number
        or value.group_control_number
        or value.interchange_control_number
        or value.submission_reference
    )
    where = value.element_in_error or value.segment_in_error
    more = [
        where or "",
        f"payer's {value.payer_claim_control_number}" if value.payer_claim_control_number else "",
    ]
    return _COLUMNS.format(
        value.level.value,
        "accepted" if value.accepted else "REJECTED",
        value.code,
        value.status or "",
        value.entity or "",
        answered or "-",
        decimal_text(value.charge) if value.charge is not None else "",
        day(value.date) if value.date is not None else "",
        ", ".join([part for part in (*more, *value.notes) if part]),
    ).rstrip()
