"""Header, claim payments and trailer -> the segments of one transaction set, in the order of 005010X221A1.

What a value lacks is left out; nothing is computed but SE01. A value that came from `read` comes back equal. A value
made by hand should hold what `read` would give: REF*6R, AMT*B6 and DTM 472, 150, 151 of a line are fields, not
references, amounts or dates; ``member_id`` is filled into an NM1*QC that has no id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Final

from edi.model.money import format_amount, parse_cents
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Payee,
    Payment,
    Procedure,
    ProviderAdjustment,
    ProviderSummary,
    RawSegment,
    Reference,
    RemittanceHeader,
    RemittanceParty,
    RemittancePayer,
    RemittanceTrailer,
    ServicePayment,
)

_PER_SEGMENT: Final = 6
"""Adjustments in one CAS, and in one PLB."""


def write(
    header: RemittanceHeader,
    claims: Iterable[ClaimPayment],
    trailer: RemittanceTrailer,
    *,
    component: str = ":",
) -> Iterator[list[str]]:
    """Write one 835.

    Args:
        header: ST02, BPR, TRN and the parties.
        claims: the claim payments in order; consumed as a stream.
        trailer: its provider adjustments and summaries are written, its counts are not looked at.
        component: the component separator, for SVC01, SVC06 and the PLB references.

    Yields:
        ST to SE, each ``[id, element 1, …]`` without empty elements at its end. SE01 is counted.
    """
    count = 1
    for segment in _segments(header, claims, trailer, component):
        yield _trimmed(segment)
        count += 1
    yield ["SE", str(count), header.st_control_number]


def _segments(
    header: RemittanceHeader, claims: Iterable[ClaimPayment], trailer: RemittanceTrailer, component: str
) -> Iterator[list[str]]:
    yield ["ST", "835", header.st_control_number]
    yield from _heading(header)
    summaries = list(trailer.summaries)
    number = None
    yield from _summaries(summaries, None)
    for claim in claims:
        if claim.header_number is not None and claim.header_number != number:
            number = claim.header_number
            yield ["LX", number]
            yield from _summaries(summaries, number)
        yield from _claim(claim, component)
    while summaries:
        number = summaries[0].header_number
        yield ["LX", number or ""]
        yield from _summaries(summaries, number)
    yield from _provider_adjustments(trailer.provider_adjustments, component)


# -- heading -------------------------------------------------------------------------------------------------------


def _heading(header: RemittanceHeader) -> Iterator[list[str]]:
    payment = header.payment
    yield _bpr(payment)
    if payment.trn or payment.trace_number is not None:
        trn = _row(payment.trn, 4) if payment.trn else ["TRN", "1", "", "", ""]
        trn[2], trn[3] = payment.trace_number or "", payment.payer_id or ""
        yield trn
    if header.currency:
        yield list(header.currency)
    yield from _references(header.references)
    if header.production_date is not None:
        yield ["DTM", "405", _day(header.production_date)]
    repeated = any(segment[:2] in (("N1", "PR"), ("N1", "PE")) for segment in header.kept)
    if not repeated:
        yield from _raw(header.kept)
    yield from _payer(header.payer)
    yield from _payee(header.payee)
    if repeated:
        yield from _raw(header.kept)


def _bpr(payment: Payment) -> list[str]:
    """The BPR as it was read, with the fields of the payment on top."""
    bpr = _row(payment.bpr, 16) if payment.bpr else ["BPR"] + [""] * 16
    if not payment.bpr or not _says(bpr[2], payment.amount):
        bpr[2] = format_amount(payment.amount)
    bpr[1], bpr[3], bpr[4] = payment.handling or "", payment.credit_debit or "", payment.method or ""
    if payment.date is not None:
        bpr[16] = _day(payment.date)
    return bpr


def _says(text: str, cents: int) -> bool:
    """Whether an amount as sent is that many cents; what is no amount was read as 0."""
    try:
        return parse_cents(text) == cents
    except ValueError:
        return cents == 0


def _payer(payer: RemittancePayer) -> Iterator[list[str]]:
    from_reference = payer.id_qualifier == "2U" and ("2U", payer.id) in payer.references
    identifier = None if from_reference else payer.id
    yield ["N1", "PR", payer.name or "", (payer.id_qualifier or "") if identifier else "", identifier or ""]
    yield from _raw(payer.address)
    yield from _references(payer.references)
    yield from _raw(payer.contacts)


def _payee(payee: Payee) -> Iterator[list[str]]:
    references = payee.references
    listed = ("TJ", payee.tax_id) in references
    qualifier, identifier = "", ""
    if payee.npi is not None:
        qualifier, identifier = "XX", payee.npi
    elif payee.id is not None:
        qualifier, identifier = payee.id_qualifier or "", payee.id
    elif payee.tax_id is not None and not listed:
        qualifier, identifier = "FI", payee.tax_id
    yield ["N1", "PE", payee.name or "", qualifier, identifier]
    yield from _raw(payee.address)
    if payee.tax_id is not None and not listed and qualifier != "FI":
        references = (*references, ("TJ", payee.tax_id))
    yield from _references(references)
    if payee.delivery:
        yield list(payee.delivery)


# -- claims --------------------------------------------------------------------------------------------------------


def _claim(claim: ClaimPayment, component: str) -> Iterator[list[str]]:
    patient = claim.patient_responsibility
    yield [
        "CLP",
        claim.patient_control_number,
        claim.status,
        format_amount(claim.charge),
        format_amount(claim.paid),
        "" if patient is None else format_amount(patient),
        claim.filing_indicator or "",
        claim.payer_claim_control_number or "",
        claim.facility_code or "",
        claim.frequency or "",
        "",
        *claim.drg,
    ]
    yield from _adjustments(claim.adjustments)
    has_id = any(party.id is not None for party in claim.parties if party.role in ("QC", "IL"))
    for party in claim.parties:
        yield _party(party, None if has_id else claim.member_id)
    if claim.inpatient:
        yield list(claim.inpatient)
    if claim.outpatient:
        yield list(claim.outpatient)
    elif claim.remarks and not claim.inpatient:
        yield ["MOA", "", "", *claim.remarks[:5]]
    yield from _references(claim.references)
    for qualifier, day in claim.dates:
        yield ["DTM", qualifier, _day(day)]
    yield from _raw(claim.contacts)
    for qualifier, cents in claim.amounts:
        yield ["AMT", qualifier, format_amount(cents)]
    for qualifier, quantity in claim.quantities:
        yield ["QTY", qualifier, quantity]
    yield from _raw(claim.kept)
    for line in claim.lines:
        yield from _line(line, component)


def _party(party: RemittanceParty, member_id: str | None) -> list[str]:
    qualifier, identifier = party.id_qualifier, party.id
    if party.role == "QC" and identifier is None and member_id is not None:
        qualifier, identifier = "MI", member_id
    return [
        "NM1",
        party.role,
        party.kind,
        party.last_name or "",
        party.first_name or "",
        party.middle_name or "",
        "",
        party.suffix or "",
        qualifier or "",
        identifier or "",
    ]


def _line(line: ServicePayment, component: str) -> Iterator[list[str]]:
    submitted = line.submitted_procedure
    yield [
        "SVC",
        _procedure(line.procedure, component),
        format_amount(line.charge),
        format_amount(line.paid),
        line.revenue_code or "",
        line.units or "",
        _procedure(submitted, component) if submitted is not None else "",
        line.submitted_units or "",
    ]
    yield from _service_dates(line.date_from, line.date_to)
    yield from _adjustments(line.adjustments)
    if line.line_control_number is not None:
        yield ["REF", "6R", line.line_control_number]
    yield from _references(line.references)
    if line.allowed is not None:
        yield ["AMT", "B6", format_amount(line.allowed)]
    for qualifier, cents in line.amounts:
        yield ["AMT", qualifier, format_amount(cents)]
    for qualifier, quantity in line.quantities:
        yield ["QTY", qualifier, quantity]
    for code in line.remarks:
        yield ["LQ", "HE", code]
    for qualifier, code in line.other_remarks:
        yield ["LQ", qualifier, code]
    yield from _raw(line.kept)


def _procedure(procedure: Procedure, component: str) -> str:
    modifiers = list(procedure.modifiers)
    if procedure.description is not None:
        modifiers += [""] * (4 - len(modifiers))
        modifiers.append(procedure.description)
    if not procedure.qualifier and not modifiers:
        return procedure.code
    return component.join([procedure.qualifier, procedure.code, *modifiers])


def _service_dates(first: date | None, last: date | None) -> Iterator[list[str]]:
    """DTM*472 for one day, else 150 and 151."""
    if first is not None and first == last:
        yield ["DTM", "472", _day(first)]
        return
    if first is not None:
        yield ["DTM", "150", _day(first)]
    if last is not None:
        yield ["DTM", "151", _day(last)]


def _adjustments(adjustments: tuple[Adjustment, ...]) -> Iterator[list[str]]:
    """CAS segments: what follows each other under one group, up to six in each."""
    for group, members in groupby(adjustments, key=lambda adjustment: adjustment.group):
        rest = list(members)
        while rest:
            segment = ["CAS", group]
            for adjustment in rest[:_PER_SEGMENT]:
                segment += [adjustment.reason, format_amount(adjustment.cents), adjustment.quantity or ""]
            yield segment
            rest = rest[_PER_SEGMENT:]


# -- summary -------------------------------------------------------------------------------------------------------


def _summaries(waiting: list[ProviderSummary], number: str | None) -> Iterator[list[str]]:
    """TS3 and TS2 that stand under an LX number; they are taken out of those waiting."""
    for summary in [summary for summary in waiting if summary.header_number == number]:
        waiting.remove(summary)
        yield from _raw((summary.ts3, summary.ts2))


def _provider_adjustments(adjustments: tuple[ProviderAdjustment, ...], component: str) -> Iterator[list[str]]:
    """PLB segments: one for each provider, date and segment ordinal, up to six reasons in each."""
    for (_, provider, day), members in groupby(
        adjustments, key=lambda adjustment: (adjustment.segment, adjustment.provider, adjustment.fiscal_date)
    ):
        rest = list(members)
        while rest:
            segment = ["PLB", provider, _day(day) if day is not None else ""]
            for adjustment in rest[:_PER_SEGMENT]:
                reason = (
                    [adjustment.reason, adjustment.identifier]
                    if adjustment.identifier
                    else [adjustment.reason]
                )
                segment += [component.join(reason), format_amount(adjustment.cents)]
            yield segment
            rest = rest[_PER_SEGMENT:]


# -- pieces --------------------------------------------------------------------------------------------------------


def _references(references: tuple[Reference, ...]) -> Iterator[list[str]]:
    for qualifier, value in references:
        yield ["REF", qualifier, value]


def _raw(segments: Iterable[RawSegment]) -> Iterator[list[str]]:
    for segment in segments:
        if segment:
            yield list(segment)


def _row(segment: RawSegment, elements: int) -> list[str]:
    """A segment as a list with at least that many elements."""
    return [*segment, *[""] * (elements + 1 - len(segment))]


def _trimmed(segment: list[str]) -> list[str]:
    while len(segment) > 1 and not segment[-1]:
        segment.pop()
    return segment


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")
