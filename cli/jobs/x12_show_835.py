"""How `x12 show` shows an 835: members of the JSON object of contract.md, or lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cli.jobs.x12_show_values import day, name_text, procedure_json, procedure_text
from cli.render import mask, money, to_json
from edi.model.balance import claim_imbalances, transaction_imbalance
from edi.model.finding import Finding
from edi.model.money import decimal_text
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    ProviderAdjustment,
    RemittanceHeader,
    RemittanceTrailer,
    ServicePayment,
)
from edi.transactions import t835
from edi.transactions.t835 import Remittance
from edi.x12.envelope import TransactionSet

_COLUMNS: Final = "  {:<20} {:>2} {:<18} {:<10} {:>12} {:>12} {:>12}"


def judged(transaction: TransactionSet) -> Iterator[Remittance]:
    """Read an 835 and put the balance findings right after the claim, or before the trailer, that they are about."""
    header: RemittanceHeader | None = None
    for value in t835.read(transaction):
        if isinstance(value, RemittanceHeader):
            header = value
        elif isinstance(value, RemittanceTrailer) and header is not None:
            imbalance = transaction_imbalance(
                header.payment.amount, value.paid_total, value.provider_adjustments
            )
            if imbalance is not None:
                yield imbalance.finding(file=transaction.file, transaction=transaction.control_number)
        yield value
        if isinstance(value, ClaimPayment):
            for broken in claim_imbalances(value):
                yield broken.finding(file=transaction.file, transaction=transaction.control_number)


# -- JSON ----------------------------------------------------------------------------------------------------------


def json_members(transaction: TransactionSet, show_phi: bool) -> Iterator[str | Finding]:
    """Yield the members from ``payment`` to ``provider_adjustments``, claim by claim, and the findings.

    The member id is masked unless ``show_phi``; names are not part of the object.
    """
    separator = ""
    for value in judged(transaction):
        if isinstance(value, Finding):
            yield value
        elif isinstance(value, RemittanceHeader):
            yield "," + to_json(_header(value))[1:-1] + ',"claims":['
        elif isinstance(value, ClaimPayment):
            yield separator + to_json(_claim(value, show_phi))
            separator = ","
        else:
            adjustments = [_provider_adjustment(adjustment) for adjustment in value.provider_adjustments]
            yield f'],"provider_adjustments":{to_json(adjustments)}'


def _header(header: RemittanceHeader) -> dict[str, Any]:
    payment, payer, payee = header.payment, header.payer, header.payee
    return {
        "payment": {
            "amount": money(payment.amount),
            "method": payment.method,
            "date": payment.date,
            "trace_number": payment.trace_number,
            "payer_id": payment.payer_id,
            "credit_debit": payment.credit_debit,
        },
        "payer": {"name": payer.name, "id": payer.id},
        "payee": {"name": payee.name, "npi": payee.npi, "tax_id": payee.tax_id},
    }


def _claim(claim: ClaimPayment, show_phi: bool) -> dict[str, Any]:
    return {
        "patient_control_number": claim.patient_control_number,
        "status": claim.status,
        "charge": money(claim.charge),
        "paid": money(claim.paid),
        "patient_responsibility": money(claim.patient_responsibility),
        "filing_indicator": claim.filing_indicator,
        "payer_claim_control_number": claim.payer_claim_control_number,
        "facility_code": claim.facility_code,
        "frequency": claim.frequency,
        "member_id": mask(claim.member_id, show_phi) or None,
        "adjustments": [_adjustment(adjustment) for adjustment in claim.adjustments],
        "remarks": claim.remarks,
        "lines": [_line(line) for line in claim.lines],
    }


def _line(line: ServicePayment) -> dict[str, Any]:
    submitted = line.submitted_procedure
    return {
        "procedure": procedure_json(line.procedure),
        "submitted_procedure": procedure_json(submitted) if submitted is not None else None,
        "charge": money(line.charge),
        "paid": money(line.paid),
        "units": line.units,
        "submitted_units": line.submitted_units,
        "date_from": line.date_from,
        "date_to": line.date_to,
        "line_control_number": line.line_control_number,
        "allowed": money(line.allowed),
        "adjustments": [_adjustment(adjustment) for adjustment in line.adjustments],
        "remarks": line.remarks,
    }


def _adjustment(adjustment: Adjustment) -> dict[str, Any]:
    return {
        "group": adjustment.group,
        "reason": adjustment.reason,
        "amount": money(adjustment.cents),
        "quantity": adjustment.quantity,
    }


def _provider_adjustment(adjustment: ProviderAdjustment) -> dict[str, Any]:
    return {
        "provider": adjustment.provider,
        "fiscal_date": adjustment.fiscal_date,
        "reason": adjustment.reason,
        "identifier": adjustment.identifier,
        "amount": money(adjustment.cents),
    }


# -- terminal ------------------------------------------------------------------------------------------------------


def text_lines(transaction: TransactionSet, show_phi: bool) -> Iterator[str | Finding]:
    """Yield the payment, then a line for each claim with its service lines under it, then the totals."""
    for value in judged(transaction):
        if isinstance(value, Finding):
            yield value
        elif isinstance(value, RemittanceHeader):
            yield from _header_lines(value)
        elif isinstance(value, ClaimPayment):
            yield from _claim_lines(value, show_phi)
        else:
            yield from _trailer_lines(value)


def _header_lines(header: RemittanceHeader) -> Iterator[str]:
    payment, payee = header.payment, header.payee
    way = payment.method or "payment"
    yield f"  {way} {decimal_text(payment.amount)} on {day(payment.date)}, trace {payment.trace_number or '-'}"
    yield f"  from {header.payer.name or '-'} to {payee.name or '-'} ({payee.npi or payee.tax_id or payee.id or '-'})"
    yield _COLUMNS.format("claim", "st", "patient", "member", "charge", "paid", "patient owes").rstrip()


def _claim_lines(claim: ClaimPayment, show_phi: bool) -> Iterator[str]:
    patient = claim.party("QC")
    yield _COLUMNS.format(
        claim.patient_control_number,
        claim.status,
        name_text(patient.last_name, patient.first_name, show_phi) if patient is not None else "",
        mask(claim.member_id, show_phi),
        decimal_text(claim.charge),
        decimal_text(claim.paid),
        decimal_text(claim.patient_responsibility) if claim.patient_responsibility is not None else "-",
    )
    if claim.adjustments or claim.remarks:
        yield "      claim  " + _reasons(claim.adjustments, claim.remarks)
    for line in claim.lines:
        amounts = f"{decimal_text(line.charge):>12} {decimal_text(line.paid):>12}"
        what = f"      {day(line.date_from)} {procedure_text(line.procedure):<20} x{line.units or '1':<4}"
        yield f"{what:<55}{amounts}  {_reasons(line.adjustments, line.remarks)}".rstrip()


def _reasons(adjustments: tuple[Adjustment, ...], remarks: tuple[str, ...]) -> str:
    said = [f"{one.group}-{one.reason} {decimal_text(one.cents)}" for one in adjustments]
    return ", ".join([*said, *remarks])


def _trailer_lines(trailer: RemittanceTrailer) -> Iterator[str]:
    for adjustment in trailer.provider_adjustments:
        about = f" {adjustment.identifier}" if adjustment.identifier else ""
        yield f"  provider adjustment {adjustment.reason}{about} {decimal_text(adjustment.cents)}"
    yield (
        f"  {trailer.claims} claims, {trailer.lines} lines, charged {decimal_text(trailer.charge_total)}, "
        f"paid {decimal_text(trailer.paid_total)}"
    )
