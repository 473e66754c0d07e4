"""Payments that are posted already under another name: with another amount, or to another id of the same payee.

A payer's number of a payment (TRN02) is unique, yet some send one number for several payments to a payee, so the number
alone says nothing. Two payments of one payer, number and day that have a claim payment with money in common are one.
Non-payment advices, of which payers use the numbers again, are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

_PAIRS: Final = """FROM remittance one JOIN remittance other ON other.trace_number = one.trace_number
    AND other.payment_date = one.payment_date AND other.id <> one.id
    AND (other.payer_id = one.payer_id OR (one.payer_key <> '' AND other.payer_key = one.payer_key))
    WHERE one.trace_number <> '' AND one.amount <> 0 AND other.amount <> 0 AND one.method <> 'NON'
    AND other.method <> 'NON' AND EXISTS (SELECT 1 FROM claim_payment mine JOIN claim_payment its
        ON its.remittance_id = other.id AND its.patient_control_number = mine.patient_control_number
        AND its.status = mine.status AND its.charge = mine.charge AND its.paid = mine.paid
        WHERE mine.remittance_id = one.id AND mine.paid <> 0)"""
_BEFORE: Final = text(
    f"SELECT other.file_sha256, other.position, other.payment_key {_PAIRS} AND one.id = :id ORDER BY other.id LIMIT 1"
)
_TWICE: Final = text(
    f"SELECT one.payment_key, other.payment_key {_PAIRS} AND one.id < other.id ORDER BY one.id, other.id"
)
_ID: Final = text("SELECT id FROM remittance WHERE file_sha256 = :file AND position = :position")


class PostedBefore(NamedTuple):
    """The transaction set of a payment that is posted: its file's digest, its place there, and the payment's key."""

    file_sha256: str
    position: int
    payment_key: str


def posted_before(connection: Connection, remittance: int) -> PostedBefore | None:
    """Another posted payment that is the same one.

    Args:
        connection: a transaction that sees the claim payments of the remittance.
        remittance: its id; it may still be in reading.

    Returns:
        The first of them, or None.
    """
    row = connection.execute(_BEFORE, {"id": remittance}).first()
    return None if row is None else PostedBefore(*row)


def posted_before_set(connection: Connection, file_sha256: str, position: int) -> PostedBefore | None:
    """The same of the remittance of a transaction set; None also where that has none."""
    number = connection.execute(_ID, {"file": file_sha256, "position": position}).scalar()
    return None if number is None else posted_before(connection, int(number))


def posted_twice(connection: Connection) -> Iterator[tuple[str, str]]:
    """The keys of any two posted payments that are one."""
    for row in connection.execute(_TWICE):
        yield row[0], row[1]
