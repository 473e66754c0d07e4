"""Rows that a person wrote down of payers' answers, put together as 835s would tell them.

Every amount, adjustment and remark stands where an 835 has it, so that the same equations, matcher and books judge it.
``segment`` of a value is the number of its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edi.model.by_hand import BROUGHT_FORWARD, FROM_PAYERS, OPENING_BALANCE, VIRTUAL_CARD, HandRow
from edi.model.directory import Practice
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Payee,
    Payment,
    Procedure,
    ProviderAdjustment,
    RemittanceHeader,
    RemittancePayer,
    RemittanceTrailer,
    ServicePayment,
)
from edi.payers.profile import PayerProfile

NO_REFERENCE = "PAY010"
SUMS_DISAGREE = "PAY011"
CLAIM_AND_LINES = "PAY012"
REPEATED_LINE = "PAY028"


class HandRemittance(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as an 835 would tell it.

    Attributes:
        position: number of its first row, which tells it from the other payments of the file.
        kind: ``paper_eob``, ``virtual_card``, or ``opening_balance`` for what was settled before.
        payer: key of payers.toml.
        rows: its rows.
        written: the spellings of practice, payer, reference and date in them.
        problems: errors that keep all of it out.
    """

    position: int
    kind: str
    payer: str
    header: RemittanceHeader
    claims: tuple[ClaimPayment, ...]
    trailer: RemittanceTrailer
    rows: tuple[int, ...]
    written: frozenset[tuple[str, ...]]
    problems: tuple[Finding, ...] = ()


def remittances(
    rows: Iterable[HandRow],
    *,
    file: str | None,
    practices: Mapping[str, Practice],
    payers: Mapping[str, PayerProfile],
) -> list[HandRemittance]:
    """Put the rows of payers' answers together by payment: kind, practice, payer, reference and date.

    Args:
        rows: of the whole file; what patients paid or owe is passed over.
        file: its name, for findings.
        practices: by id.
        payers: profiles by key.
    """
    grouped: dict[tuple[object, ...], list[HandRow]] = {}
    for row in rows:
        told = row if row.kind in FROM_PAYERS else _settled_before(row)
        if told is not None:
            grouped.setdefault(told.payment, []).append(told)
    return [
        _remittance(some, file, practices[some[0].practice_id], payers[some[0].payer])
        for some in grouped.values()
    ]


def _settled_before(row: HandRow) -> HandRow | None:
    """What was settled of a line before its balance was brought forward, as a write-off without money; else None.

    The balance itself stands in OA-23, which is memo, so that the answer accounts for the whole charge.
    """
    if row.kind != OPENING_BALANCE or not row.payer or row.charge in (None, row.amount):
        return None
    settled = Adjustment("CO", "45", _charge(row) - row.amount)
    owed = Adjustment("OA", "23", row.amount)
    return msgspec.structs.replace(row, amount=0, adjustments=(settled, owed))


def _remittance(
    rows: Sequence[HandRow], file: str | None, practice: Practice, payer: PayerProfile
) -> HandRemittance:
    """One payment."""
    first = rows[0]
    told = {row.payment_amount for row in rows if row.payment_amount is not None}
    claims, problems = _claims([row for row in rows if not row.provider_adjustment], file)
    amount = sum(row.amount for row in rows)
    if told - {amount}:
        fix = "Write the amount of the whole payment in its rows, and a row for each line and provider adjustment."
        message = f"is told as {' and '.join(map(decimal_text, sorted(told)))}, its rows come to {decimal_text(amount)}"
        problems.append(_problem(SUMS_DISAGREE, "payment_amount", rows, message, fix, file))
    if not first.reference and any(row.amount for row in rows):
        fix = "Write the check number, or the last four digits of the card."
        problems.append(_problem(NO_REFERENCE, "reference", rows, "has no reference", fix, file))
    return HandRemittance(
        position=first.row,
        kind=first.kind,
        payer=first.payer,
        header=_header(first, amount, practice, payer),
        claims=tuple(claims),
        trailer=_trailer(rows, claims, practice),
        rows=tuple(row.row for row in rows),
        written=frozenset(row.written for row in rows),
        problems=tuple(problems),
    )


def _header(first: HandRow, amount: int, practice: Practice, payer: PayerProfile) -> RemittanceHeader:
    """BPR, TRN and both parties. A card is no check; a payment of nothing is an advice."""
    method = "VCC" if first.kind == VIRTUAL_CARD else "CHK"
    return RemittanceHeader(
        st_control_number=f"{first.row:04d}",
        payment=Payment(
            amount=amount,
            method=method if amount else "NON",
            date=first.date,
            trace_number=first.reference or None,
            payer_id=payer.remit.trn03[0] if payer.remit.trn03 else None,
            credit_debit="C" if amount >= 0 else "D",
        ),
        payer=RemittancePayer(name=payer.name, id=payer.remit.n104[0] if payer.remit.n104 else None),
        payee=Payee(name=practice.name, npi=practice.npi, tax_id=practice.tax_id or None),
        production_date=first.date,
    )


def _trailer(
    rows: Sequence[HandRow], claims: Sequence[ClaimPayment], practice: Practice
) -> RemittanceTrailer:
    """PLB and the counts. What adds to the payment in a row lowers it in a PLB below zero."""
    return RemittanceTrailer(
        provider_adjustments=tuple(
            ProviderAdjustment(
                segment=row.row,
                provider=practice.npi,
                fiscal_date=row.date.replace(month=12, day=31),
                reason=row.provider_adjustment,
                identifier=row.note or None,
                cents=-row.amount,
            )
            for row in rows
            if row.provider_adjustment
        ),
        claims=len(claims),
        lines=sum(len(claim.lines) for claim in claims),
        charge_total=sum(claim.charge for claim in claims),
        paid_total=sum(claim.paid for claim in claims),
    )


def _claims(rows: Sequence[HandRow], file: str | None) -> tuple[list[ClaimPayment], list[Finding]]:
    """CLP loops in order: rows with one claim number, status and payer's number are lines of one."""
    grouped: dict[tuple[str, ...], list[HandRow]] = {}
    for row in rows:
        grouped.setdefault((row.claim, row.status, row.payer_claim_number), []).append(row)
    problems = []
    for some in grouped.values():
        if len(some) > 1 and any(not row.procedure_code for row in some):
            fix = (
                "Give every row of the claim its procedure_code and date_of_service, or write one row for it."
            )
            message = "has a row for a whole claim beside rows of its lines"
            problems.append(_problem(CLAIM_AND_LINES, "procedure_code", some, message, fix, file))
        problems += _repeated(some, rows, file)
    return [_claim(ordinal, some) for ordinal, some in enumerate(grouped.values())], problems


def _repeated(rows: Sequence[HandRow], payment: Sequence[HandRow], file: str | None) -> list[Finding]:
    """Rows of a claim that say the same of a line that neither names: the second would post on another line."""
    fix = "Take one of them out; of two lines of the claim that are alike, name each in column line (1 for the first)."
    seen: dict[HandRow, int] = {}
    found = []
    for row in rows:
        first = seen.setdefault(msgspec.structs.replace(row, row=0, note=""), row.row)
        if first != row.row and row.procedure_code and not row.line and row.kind in FROM_PAYERS:
            message = f"says in row {row.row} what row {first} says"
            found.append(_problem(REPEATED_LINE, "procedure_code", payment, message, fix, file))
    return found


def _claim(ordinal: int, rows: Sequence[HandRow]) -> ClaimPayment:
    """One CLP loop."""
    first = rows[0]
    lines = tuple(_line(row) for row in rows if row.procedure_code)
    whole = [row for row in rows if not row.procedure_code]
    every = [one for row in rows for one in row.adjustments]
    return ClaimPayment(
        segment=first.row,
        ordinal=ordinal,
        patient_control_number=first.claim,
        status=first.status,
        charge=sum(_charge(row) for row in rows),
        paid=sum(row.amount for row in rows),
        patient_responsibility=sum(one.cents for one in every if one.group == "PR"),
        payer_claim_control_number=first.payer_claim_number or None,
        adjustments=tuple(one for row in whole for one in row.adjustments),
        remarks=tuple(code for row in whole for code in row.remarks),
        kept=(
            *((BROUGHT_FORWARD,) if first.kind == OPENING_BALANCE else ()),
            *(("NTE", "ADD", row.note) for row in rows if row.note),
        ),
        lines=lines,
    )


def _line(row: HandRow) -> ServicePayment:
    """One SVC loop."""
    return ServicePayment(
        segment=row.row,
        procedure=Procedure("HC", row.procedure_code, row.modifiers),
        charge=_charge(row),
        paid=row.amount,
        units=None if row.units is None else str(row.units),
        date_from=row.date_of_service,
        date_to=row.date_of_service,
        line_control_number=row.line or None,
        allowed=row.allowed,
        adjustments=row.adjustments,
        remarks=row.remarks,
    )


def _charge(row: HandRow) -> int:
    """The charge as the row says it; else what was paid and adjusted."""
    if row.charge is not None:
        return row.charge
    return row.amount + sum(one.cents for one in row.adjustments)


def _problem(
    code: str, name: str, rows: Sequence[HandRow], message: str, fix: str, file: str | None
) -> Finding:
    """An error of a whole payment, at its first row."""
    return Finding(
        code=code,
        severity=Severity.ERROR,
        message=f"{name}: the payment of rows {rows[0].row} to {rows[-1].row} {message}; none of it is taken in",
        location=Location(file=file, row=rows[0].row, field=name),
        fix=fix,
    )
