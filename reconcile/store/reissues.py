"""Payments that are posted already under another name: with another amount, or to another id of the same payee.

A payer's number of a payment (TRN02) is unique, yet some send one number for several payments, so both post, and what
is answered twice is told. A set that a person releases is another matter: where a payment of one payer, number and day
has the same claim payment with money in it, releasing it would post that a second time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

_SAME_NUMBER: Final = text(
    """SELECT one.id AS own, other.id, other.file_sha256, other.position FROM remittance one
    JOIN remittance other ON other.trace_number = one.trace_number AND other.payment_date = one.payment_date
    AND other.id <> one.id
    AND (other.payer_id = one.payer_id OR (one.payer_key <> '' AND other.payer_key = one.payer_key))
    WHERE one.file_sha256 = :file AND one.position = :position AND one.trace_number <> ''
    ORDER BY other.id"""
)
_SHARED: Final = text(
    """SELECT patient_control_number, payer_claim_control_number, status, charge, paid
    FROM claim_payment WHERE remittance_id = :own AND paid <> 0
    INTERSECT SELECT patient_control_number, payer_claim_control_number, status, charge, paid
    FROM claim_payment WHERE remittance_id = :other LIMIT 1"""
)
"""Sorted and merged by both databases; looked up row by row, a payment of 100,000 claims took an hour."""


class PostedBefore(NamedTuple):
    """The transaction set of a payment that is posted: its file's digest and its place there."""

    file_sha256: str
    position: int


def posted_before(connection: Connection, file_sha256: str, position: int) -> PostedBefore | None:
    """Another posted payment that has a claim payment of this one.

    Args:
        connection: a transaction in which the transaction set is posted.
        file_sha256: its file.
        position: its place there, from 0.

    Returns:
        The first of them, or None.
    """
    for row in connection.execute(_SAME_NUMBER, {"file": file_sha256, "position": position}).all():
        if connection.execute(_SHARED, {"own": row.own, "other": row.id}).first() is not None:
            return PostedBefore(row.file_sha256, row.position)
    return None
