"""What a person decided about held or unmatched money, as it stands now; it comes from the event log."""

from __future__ import annotations

from sqlalchemy import Text
from sqlmodel import Field

from reconcile.store.types import Table, reference, text, whole


class ReleaseRow(Table, table=True):
    """A hold that a person released or dismissed, while that stands. Named by its subject in the event log.

    ``subject`` is ``claim_payment:PAYMENT_KEY#ORDINAL`` (ordinal from 1) or ``transaction:SHA256/POSITION``; ``kind``
    suspense, quarantined, conflict or else dismissed; ``cents`` what the release left unexplained; ``reason`` why, in
    the person's words; ``replaced`` for a conflict the subject of the transaction set that it took the place of.
    """

    __tablename__ = "hold_release"
    subject: str = text(primary_key=True)
    kind: str = text()
    cents: int = whole()
    reason: str = text()
    replaced: str = text()


class AliasRow(Table, table=True):
    """A number that a payer uses for a claim, learned from a payment that was linked by hand.

    Named by payer and number (CLP01, normalised; the payer's own number, CLP07, is learned from every posted claim
    payment). ``claim_id`` is the first submission of the claim, ``subject`` the claim payment that was linked, as the
    event log names it.
    """

    __tablename__ = "claim_alias"
    payer: str = Field(sa_type=Text, primary_key=True)
    number: str = text(primary_key=True)
    claim_id: int = reference("claim.id", index=True)
    subject: str = text(index=True)
