"""How `x12 show` shows an 837P: members of the JSON object of contract.md, or lines for the terminal.

Institutional and dental claims are left unread by `t837p.read`; then every member is null, and its Finding says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cli.jobs.x12_show_values import day, name_text, procedure_json, procedure_text
from cli.render import mask, money, to_json
from edi.model.claim import Attachment, Claim, LineAdjudication, OtherPayer, Provider, ServiceLine
from edi.model.finding import Finding
from edi.model.money import decimal_text
from edi.model.remittance import Adjustment, QualifiedAmount, QualifiedDate, RawSegment, Reference
from edi.model.submission import SubmissionHeader, SubmissionTrailer
from edi.transactions import t837p
from edi.x12.envelope import TransactionSet

_COLUMNS: Final = "  {:<20} {:>2} {:<18} {:<10} {:>2} {:>12}  {}"

_OPEN_REFERENCES: Final = frozenset(
    {"4N", "9A", "9B", "9C", "9D", "9F", "BT", "D9", "EW", "F4", "F5", "F8", "G1", "G3", "LX", "P4", "X4"}
)
"""REF01 of claims and lines (005010X222A1, 2300 and 2400) whose number is a claim's, an authorization's, a machine's or
a laboratory's. Any other, the medical record number (EA) above all, may tell who the patient is and is masked."""

SELF: Final = "18"
"""SBR02 of a patient who is the subscriber."""

_UNREAD: Final = ',"reference":null,"created":null,"submitter":null,"receiver":null,"claims":null'


# -- JSON ----------------------------------------------------------------------------------------------------------

_CODE_LENGTH = 3
"""The longest of the codes shown here: place, frequency, rank, relationship, insurance type, cause."""


def json_members(transaction: TransactionSet, show_phi: bool) -> Iterator[str | Finding]:
    """Yield the members from ``reference`` to ``claims``, claim by claim, and the findings.

    Names and member ids of patients are masked unless ``show_phi``, and so are references that may name a patient and
    a provider's social security number.
    """
    separator = ""
    was_read = False
    for value in t837p.read(transaction):
        if isinstance(value, Finding):
            yield value
        elif isinstance(value, SubmissionHeader):
            was_read = True
            yield "," + to_json(_header(value))[1:-1] + ',"claims":['
        elif isinstance(value, Claim):
            yield separator + to_json(_claim(value, show_phi))
            separator = ","
        else:
            yield "]"
    if not was_read:
        yield _UNREAD


def _header(header: SubmissionHeader) -> dict[str, Any]:
    return {
        "reference": header.reference or None,
        "created": header.created,
        "submitter": {"name": header.submitter_name or None, "id": header.submitter_id or None},
        "receiver": {"name": header.receiver_name or None, "id": header.receiver_number or None},
    }


def _claim(claim: Claim, show_phi: bool) -> dict[str, Any]:
    patient = claim.patient_person
    return {
        "patient_control_number": claim.patient_control_number,
        "charge": money(claim.charge),
        "place_of_service": _code(claim.place_of_service, show_phi),
        "frequency": _code(claim.frequency, show_phi),
        "diagnoses": claim.diagnoses,
        "billing": _provider(claim.billing, show_phi),
        "rendering": _provider(claim.rendering, show_phi),
        "referring": _provider(claim.referring, show_phi),
        "payer": {"name": claim.payer.name or None, "id": claim.payer.id or None},
        "filing_indicator": _code(claim.subscriber.filing_indicator, show_phi),
        "member_id": mask(claim.subscriber.member_id, show_phi) or None,
        "patient": {
            "last_name": mask(patient.last_name, show_phi) or None,
            "first_name": mask(patient.first_name, show_phi) or None,
        },
        "authorization": claim.authorization or None,
        "referral_number": claim.referral_number or None,
        "original_reference": claim.original_reference or None,
        "patient_paid": money(claim.patient_paid),
        "references": _references(claim.references, show_phi),
        "subscriber_rank": _code(claim.subscriber.rank, show_phi),
        "insurance_type": _code(claim.subscriber.insurance_type, show_phi),
        "relationship": _code(claim.patient.relationship if claim.patient is not None else SELF, show_phi),
        "facility": _provider(claim.facility, show_phi),
        "supervising": _provider(claim.supervising, show_phi),
        "accident_causes": [_code(cause, show_phi) for cause in claim.accident_causes],
        "dates": _dates(claim.dates),
        "amounts": _amounts(claim.amounts),
        "attachments": [_attachment(paper, show_phi) for paper in claim.attachments],
        "spinal_condition": _code(claim.spinal.nature, show_phi) if claim.spinal is not None else None,
        "delay_reason": _code(claim.delay_reason, show_phi),
        "other_payers": [_other_payer(one, show_phi) for one in claim.other_payers],
        "kept": _kept(claim.kept, show_phi),
        "lines": [_line(line, show_phi) for line in claim.lines],
    }


def _line(line: ServiceLine, show_phi: bool) -> dict[str, Any]:
    return {
        "number": line.number,
        "procedure": procedure_json(line.procedure),
        "charge": money(line.charge),
        "units": line.units or None,
        "unit_basis": _code(line.unit_basis, show_phi),
        "place_of_service": _code(line.place_of_service, show_phi),
        "pointers": line.pointers,
        "date_from": line.date_from,
        "date_to": line.date_to,
        "line_control_number": line.line_control_number or None,
        "authorization": line.authorization or None,
        "references": _references(line.references, show_phi),
        "rendering": _provider(line.rendering, show_phi),
        "ordering": _provider(line.ordering, show_phi),
        "dates": _dates(line.other_dates),
        "amounts": _amounts(line.amounts),
        "attachments": [_attachment(paper, show_phi) for paper in line.attachments],
        "adjudications": [_adjudication(one, show_phi) for one in line.adjudications],
        "kept": _kept(line.kept, show_phi),
    }


def _other_payer(one: OtherPayer, show_phi: bool) -> dict[str, Any]:
    return {
        "rank": _code(one.rank, show_phi),
        "relationship": _code(one.relationship, show_phi),
        "payer": {"name": one.payer.name or None, "id": one.payer.id or None},
        "filing_indicator": _code(one.filing_indicator, show_phi),
        "insurance_type": _code(one.insurance_type, show_phi),
        "member_id": mask(one.member_id, show_phi) or None,
        "paid": money(one.paid),
        "paid_on": one.paid_on,
        "remaining_patient_liability": money(one.remaining_patient_liability),
        "noncovered": money(one.noncovered),
        "adjustments": _adjustments(one.adjustments),
        "references": _references(one.payer.references, show_phi),
        "kept": _kept(one.kept, show_phi),
    }


def _adjudication(one: LineAdjudication, show_phi: bool) -> dict[str, Any]:
    return {
        "payer_id": one.payer_id or None,
        "paid": money(one.paid),
        "procedure": procedure_json(one.procedure),
        "units": one.units or None,
        "bundled_line": one.bundled_line,
        "paid_on": one.paid_on,
        "remaining_patient_liability": money(one.remaining_patient_liability),
        "adjustments": _adjustments(one.adjustments),
        "kept": _kept(one.kept, show_phi),
    }


def _adjustments(adjustments: tuple[Adjustment, ...]) -> list[dict[str, str | None]]:
    return [
        {"group": one.group, "reason": one.reason, "amount": money(one.cents), "quantity": one.quantity}
        for one in adjustments
    ]


def _attachment(paper: Attachment, show_phi: bool) -> dict[str, str | None]:
    return {
        "report": _code(paper.report, show_phi),
        "transmission": _code(paper.transmission, show_phi),
        "control_number": paper.control_number or None,
    }


def _dates(dates: tuple[QualifiedDate, ...]) -> list[dict[str, Any]]:
    return [{"qualifier": qualifier, "date": when} for qualifier, when in dates]


def _amounts(amounts: tuple[QualifiedAmount, ...]) -> list[dict[str, str | None]]:
    return [{"qualifier": qualifier, "amount": money(cents)} for qualifier, cents in amounts]


def _kept(segments: tuple[RawSegment, ...], show_phi: bool) -> list[str]:
    """The segments that the model has no field for: those ids that the guide knows, all of it with ``show_phi``."""
    if show_phi:
        return ["*".join(segment) for segment in segments]
    return [segment[0] if segment[0] in t837p.SEGMENT_IDS else "unknown" for segment in segments]


def _code(value: str, show_phi: bool) -> str | None:
    """A short code as it is; what is longer than one stands in the wrong place, and may be anybody's name."""
    return mask(value, show_phi or len(value) <= _CODE_LENGTH) or None


def _provider(provider: Provider | None, show_phi: bool) -> dict[str, Any] | None:
    if provider is None:
        return None
    is_public = provider.tax_id_qualifier == "EI"
    return {
        "name": " ".join([name for name in (provider.last_name, provider.first_name) if name]) or None,
        "npi": provider.npi or None,
        "tax_id": mask(provider.tax_id, show_phi or is_public) or None,
    }


def _references(references: tuple[Reference, ...], show_phi: bool) -> list[dict[str, str | None]]:
    return [
        {"qualifier": qualifier, "value": mask(value, show_phi or qualifier in _OPEN_REFERENCES) or None}
        for qualifier, value in references
    ]


# -- terminal ------------------------------------------------------------------------------------------------------


def text_lines(transaction: TransactionSet, show_phi: bool) -> Iterator[str | Finding]:
    """Yield who submitted, then a line for each claim with its service lines under it, then the totals."""
    for value in t837p.read(transaction):
        if isinstance(value, Finding):
            yield value
        elif isinstance(value, SubmissionHeader):
            yield from _header_lines(value)
        elif isinstance(value, Claim):
            yield from _claim_lines(value, show_phi)
        else:
            yield _trailer_line(value)


def _header_lines(header: SubmissionHeader) -> Iterator[str]:
    yield f"  submission {header.reference or '-'} of {day(header.created)}"
    yield (
        f"  from {header.submitter_name or '-'} ({header.submitter_id or '-'}) "
        f"to {header.receiver_name or '-'} ({header.receiver_number or '-'})"
    )
    yield _COLUMNS.format("claim", "fr", "patient", "member", "at", "charge", "payer")


def _claim_lines(claim: Claim, show_phi: bool) -> Iterator[str]:
    patient = claim.patient_person
    yield _COLUMNS.format(
        claim.patient_control_number,
        claim.frequency,
        name_text(patient.last_name, patient.first_name, show_phi),
        mask(claim.subscriber.member_id, show_phi),
        claim.place_of_service,
        decimal_text(claim.charge),
        f"{claim.payer.name or '-'} ({claim.payer.id or '-'})",
    )
    numbers = {
        "diagnoses": " ".join(claim.diagnoses),
        "authorization": claim.authorization,
        "referral": claim.referral_number,
        "replaces": claim.original_reference,
    }
    said = [f"{what} {number}" for what, number in numbers.items() if number]
    if said:
        yield "      " + ", ".join(said)
    for one in claim.other_payers:
        paid = f"paid {decimal_text(one.paid)}" if one.paid is not None else "not asked yet"
        yield f"      other payer {one.rank or '-'} {one.payer.name or '-'} ({one.payer.id or '-'}), {paid}"
    for line in claim.lines:
        yield _line_text(line)


def _line_text(line: ServiceLine) -> str:
    days = day(line.date_from)
    if line.date_to != line.date_from:
        days += f" to {day(line.date_to)}"
    what = f"      {line.number:>2} {days} {procedure_text(line.procedure):<17} x{line.units or '-':<4}"
    pointers = ",".join([str(pointer) for pointer in line.pointers])
    return f"{what:<56}{decimal_text(line.charge):>14}  {pointers:<8}{line.line_control_number}".rstrip()


def _trailer_line(trailer: SubmissionTrailer) -> str:
    return f"  {trailer.claims} claims, {trailer.lines} lines, charged {decimal_text(trailer.charge_total)}"
