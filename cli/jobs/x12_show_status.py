"""How `x12 show` shows a 276 or the 277 that answers it: members of the JSON object of contract.md, or lines.

Names, member ids and references of a patient are masked unless asked for; so are free texts, which may name anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cli.jobs.claim_status.words import sentence
from cli.jobs.x12_show_values import name_text, procedure_json
from cli.render import mask, money, to_json
from edi.model.finding import Finding
from edi.model.status import ClaimStatus, StatusAnswer, StatusInquiry, StatusLine
from edi.transactions import t276, t277
from edi.x12.envelope import TransactionSet


def json_members(transaction: TransactionSet, show_phi: bool) -> Iterator[str | Finding]:
    """Yield ``inquiries`` of a 276 or ``answers`` of a 277, one by one, and the findings."""
    name = "inquiries" if transaction.kind == t276.KIND else "answers"
    separator = f',"{name}":['
    for value in _values(transaction):
        if isinstance(value, Finding):
            yield value
            continue
        yield separator + to_json(_shown(value, show_phi))
        separator = ","
    yield "]" if separator == "," else f"{separator}]"


def text_lines(transaction: TransactionSet, show_phi: bool) -> Iterator[str | Finding]:
    """Yield a line for each claim, one for each of its service lines, and the findings."""
    for value in _values(transaction):
        if isinstance(value, Finding):
            yield value
            continue
        claim = value.patient_control_number or "(not named)"
        head = f"  {value.trace_number}  claim {claim}  {_name(value, show_phi)}  {value.payer_name}"
        if isinstance(value, StatusAnswer):
            head += f"  {value.state}: {sentence(value.state, value.leading)} ({_codes(value.statuses)})"
        yield head
        for line in value.lines:
            told = f"  {_codes(line.statuses)}" if line.statuses else ""
            yield f"    {line.procedure.code} {money(line.charge or 0)} {line.line_control_number}{told}".rstrip()


def _values(transaction: TransactionSet) -> Iterator[StatusInquiry | StatusAnswer | Finding]:
    if transaction.kind == t276.KIND:
        yield from t276.read(transaction)
    else:
        yield from t277.read(transaction)


def _name(value: StatusInquiry | StatusAnswer, show_phi: bool) -> str:
    person = value.patient or value.subscriber
    return name_text(person.last_name, person.first_name, show_phi)


def _codes(statuses: Iterable[ClaimStatus]) -> str:
    return ", ".join(
        ":".join(part for part in (code.category, code.status, code.entity) if part)
        for one in statuses
        for code in one.codes
    )


def _shown(value: StatusInquiry | StatusAnswer, show_phi: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "trace_number": value.trace_number or None,
        "payer": {"name": value.payer_name or None, "id": value.payer_id or None},
        "provider_npi": (value.provider.npi or None) if value.provider is not None else None,
        "member_id": mask(value.member_id, show_phi) or None,
        "patient": _name(value, show_phi) or None,
        "is_dependent": value.patient is not None,
        "patient_control_number": value.patient_control_number or None,
        "payer_claim_control_number": value.payer_claim_control_number or None,
        "date_from": value.date_from,
        "date_to": value.date_to,
    }
    if isinstance(value, StatusInquiry):
        shown["charge"] = money(value.charge) if value.charge is not None else None
    else:
        shown |= {
            "level": value.level,
            "reference": value.reference or None,
            "answered_on": value.answered_on,
            "state": value.state,
            "statuses": [_status(one, show_phi) for one in value.statuses],
        }
    shown["lines"] = [_line(one, show_phi) for one in value.lines]
    return shown


def _status(one: ClaimStatus, show_phi: bool) -> dict[str, Any]:
    return {
        "codes": [
            {"category": code.category, "status": code.status or None, "entity": code.entity or None}
            for code in one.codes
        ],
        "effective_on": one.effective_on,
        "charge": money(one.charge) if one.charge is not None else None,
        "paid": money(one.paid) if one.paid is not None else None,
        "finalized_on": one.finalized_on,
        "remitted_on": one.remitted_on,
        "check_number": one.check_number or None,
        "message": mask(one.message, show_phi) or None,
    }


def _line(one: StatusLine, show_phi: bool) -> dict[str, Any]:
    return {
        "procedure": procedure_json(one.procedure),
        "charge": money(one.charge) if one.charge is not None else None,
        "paid": money(one.paid) if one.paid is not None else None,
        "units": one.units or None,
        "line_control_number": one.line_control_number or None,
        "date_from": one.date_from,
        "date_to": one.date_to,
        "statuses": [_status(status, show_phi) for status in one.statuses],
    }
