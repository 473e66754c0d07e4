"""How `x12 show` shows a 270 or 271: members of the JSON object of contract.md, or lines for the terminal.

Names, member ids and references of a patient are masked unless asked for; so are free texts, which may name anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cli.jobs.eligibility.words import sentence
from cli.jobs.x12_show_values import day, name_text, procedure_json
from cli.render import mask, money, to_json
from edi.model.confirmation import confirmation_of
from edi.model.eligibility import Benefit, DatePeriod, EligibilityAnswer, EligibilityInquiry, RelatedEntity
from edi.model.finding import Finding
from edi.model.party import Person
from edi.model.remittance import Reference
from edi.transactions import t270, t271
from edi.x12.envelope import TransactionSet


def json_members(transaction: TransactionSet, show_phi: bool) -> Iterator[str | Finding]:
    """Yield ``inquiries`` of a 270 or ``answers`` of a 271, one by one, and the findings."""
    name = "inquiries" if transaction.kind == t270.KIND else "answers"
    separator = f',"{name}":['
    for value in _values(transaction):
        if isinstance(value, Finding):
            yield value
            continue
        shown = (
            _inquiry(value, show_phi) if isinstance(value, EligibilityInquiry) else _answer(value, show_phi)
        )
        yield separator + to_json(shown)
        separator = ","
    yield "]" if separator == "," else f"{separator}]"


def _values(
    transaction: TransactionSet,
) -> Iterator[EligibilityInquiry | EligibilityAnswer | Finding]:
    if transaction.kind == t270.KIND:
        yield from t270.read(transaction)
    else:
        yield from t271.read(transaction)


def _inquiry(value: EligibilityInquiry, show_phi: bool) -> dict[str, Any]:
    return {
        "trace_number": value.trace_number or None,
        "payer": {"name": value.payer_name or None, "id": value.payer_id or None},
        "provider_npi": value.provider.npi or None,
        "member_id": mask(value.member_id, show_phi) or None,
        "patient": _person(value.patient_person, show_phi),
        "is_dependent": value.patient is not None,
        "date_from": value.date_from,
        "date_to": value.date_to,
        "service_types": value.service_types,
    }


def _answer(value: EligibilityAnswer, show_phi: bool) -> dict[str, Any]:
    meaning = confirmation_of(value)
    return {
        "reference": value.reference or None,
        "answered_on": value.answered_on,
        "trace_numbers": [number for _, number, _ in value.traces],
        "payer": {"name": value.payer_name or None, "id": value.payer_id or None},
        "provider_npi": value.provider.npi or None if value.provider is not None else None,
        "member_id": mask(value.member_id, show_phi) or None,
        "patient": _person(value.patient_person, show_phi),
        "is_dependent": value.patient is not None,
        "status": meaning.status,
        "coverage_from": meaning.coverage_from,
        "coverage_to": meaning.coverage_to,
        "references": _references(value.references, show_phi),
        "dates": _dates(value.dates),
        "rejections": [
            {"level": one.level, "code": one.code, "follow_up": one.follow_up or None}
            for one in value.rejections
        ],
        "benefits": [_benefit(one, show_phi) for one in value.benefits],
    }


def _person(value: Person, show_phi: bool) -> dict[str, Any]:
    return {
        "last_name": mask(value.last_name, show_phi) or None,
        "first_name": mask(value.first_name, show_phi) or None,
        "birth_date": value.birth_date if show_phi else None,
    }


def _references(references: Iterable[Reference], show_phi: bool) -> list[dict[str, Any]]:
    return [{"qualifier": kind, "value": mask(value, show_phi) or None} for kind, value in references]


def _dates(dates: Iterable[DatePeriod]) -> list[dict[str, Any]]:
    return [{"qualifier": one.qualifier, "from": one.first, "to": one.last} for one in dates]


def _benefit(one: Benefit, show_phi: bool) -> dict[str, Any]:
    return {
        "code": one.code,
        "coverage_level": one.coverage_level or None,
        "service_types": one.service_types,
        "insurance_type": one.insurance_type or None,
        "plan_name": one.plan_name or None,
        "period": one.period or None,
        "amount": money(one.amount),
        "percent": one.percent or None,
        "quantity_qualifier": one.quantity_qualifier or None,
        "quantity": one.quantity or None,
        "authorization": one.authorization or None,
        "in_network": one.in_network or None,
        "procedure": procedure_json(one.procedure) if one.procedure is not None else None,
        "dates": _dates(one.dates),
        "references": _references(one.references, show_phi),
        "messages": [mask(text, show_phi) for text in one.messages],
        "entities": [_entity(each, show_phi) for each in one.entities],
    }


def _entity(one: RelatedEntity, show_phi: bool) -> dict[str, Any]:
    is_open = show_phi or not one.is_person
    return {
        "role": one.role,
        "name": mask(one.last_name, is_open) or None,
        "id": mask(one.id, is_open) or None,
    }


def text_lines(transaction: TransactionSet, show_phi: bool) -> Iterator[str | Finding]:
    """Yield a line for each inquiry or answer, below an answer one for each of its benefits."""
    for value in _values(transaction):
        if isinstance(value, Finding):
            yield value
        elif isinstance(value, EligibilityInquiry):
            yield (
                f"  {value.trace_number:<12} {_who(value.patient_person, value.member_id, show_phi)}  asks "
                + (f"{value.payer_id} about {' '.join(value.service_types)} on {day(value.date_from)}")
            )
        else:
            trace = next(iter(value.asked_traces), "")
            meaning = sentence(confirmation_of(value))
            yield f"  {trace:<12} {_who(value.patient_person, value.member_id, show_phi)}  {meaning}"
            yield from (f"    {_line(one)}" for one in value.benefits)


def _who(value: Person, member_id: str, show_phi: bool) -> str:
    return f"{name_text(value.last_name, value.first_name, show_phi)} {mask(member_id, show_phi)}".strip()


def _line(one: Benefit) -> str:
    """A benefit in one line: its codes in the order of the EB."""
    parts = [
        one.code, one.coverage_level, "^".join(one.service_types), one.insurance_type, one.plan_name, one.period,
        money(one.amount), one.percent, f"{one.quantity} {one.quantity_qualifier}".strip(), one.in_network,
        *(f"{each.qualifier} {each.first}{f' to {each.last}' if each.last else ''}" for each in one.dates),
        *(f"{each.role} {each.last_name if not each.is_person else ''}".strip() for each in one.entities),
    ]  # fmt: skip
    return "EB " + "  ".join(part for part in parts if part)
