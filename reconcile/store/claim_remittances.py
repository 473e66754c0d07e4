"""The claim payments that answer one claim, whole, with the payment around each."""

from __future__ import annotations

from datetime import date

import msgspec
from sqlalchemy import Connection, and_, or_, select

from edi.model.control import normalise_control_number
from edi.model.remittance import ClaimPayment
from reconcile.store.bulk import table_of
from reconcile.store.content import unpack_claim_payment
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, REMITTANCE
from reconcile.store.schema import ClaimPaymentContentRow, FileTransactionRow

_CONTENT = table_of(ClaimPaymentContentRow)
_SET = table_of(FileTransactionRow)


class ClaimRemittance(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A claim payment with its payment. ``source`` is ``835`` or the kind of what was written down by hand.

    ``outcome`` is ``posted``, ``suspense`` or ``unmatched``; ``reason`` and ``detail`` say why it is not posted.
    """

    claim: ClaimPayment
    source: str
    outcome: str
    reason: str
    detail: str
    payer_name: str
    payer_id: str
    payee_npi: str
    amount: int
    method: str
    payment_date: date | None
    trace_number: str


def claim_remittances(connection: Connection, name: str) -> list[ClaimRemittance]:
    """Find what payers said of a claim, all submissions of it together, by payment date.

    Args:
        connection: any transaction.
        name: patient control number in any spelling, or claim id. What waits under that number is among them.
    """
    number = normalise_control_number(name)
    wanted = CLAIM.c.pcn_normalised == number
    if name.isdigit():
        wanted = or_(wanted, CLAIM.c.id == int(name))
    roots = select(CLAIM.c.root).where(wanted)
    chain = select(CLAIM.c.id).where(CLAIM.c.root.in_(roots))
    spellings = {name, *connection.execute(select(CLAIM.c.patient_control_number).where(wanted)).scalars()}
    waits = and_(
        CLAIM_PAYMENT.c.outcome != "posted", CLAIM_PAYMENT.c.patient_control_number.in_(sorted(spellings))
    )
    query = (
        select(CLAIM_PAYMENT, REMITTANCE, _CONTENT.c.content, _SET.c.kind.label("source"))
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .join(_CONTENT, _CONTENT.c.claim_payment_id == CLAIM_PAYMENT.c.id)
        .outerjoin(
            _SET,
            and_(_SET.c.file_sha256 == REMITTANCE.c.file_sha256, _SET.c.position == REMITTANCE.c.position),
        )
        .where(or_(CLAIM_PAYMENT.c.claim_id.in_(chain), waits))
        .order_by(REMITTANCE.c.payment_date, REMITTANCE.c.payment_key, CLAIM_PAYMENT.c.ordinal)
    )
    return [
        ClaimRemittance(
            claim=unpack_claim_payment(row.content),
            source=row.source or "835",
            outcome=row.outcome,
            reason=row.reason,
            detail=row.detail,
            payer_name=row.payer_name,
            payer_id=row.payer_id,
            payee_npi=row.payee_npi,
            amount=row.amount,
            method=row.method,
            payment_date=row.payment_date or row.production_date,
            trace_number=row.trace_number,
        )
        for row in connection.execute(query)
    ]
