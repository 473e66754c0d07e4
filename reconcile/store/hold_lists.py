"""Holds by the names that lists give them, and what of them stands unexplained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from edi.model.errors import InputError, UsageError
from edi.model.remittance import ClaimPayment
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.content import unpack_claim_payment
from reconcile.store.files import StoredSet, load_set
from reconcile.store.holds import DISMISSED, load_releases, payment_subject, set_subject, unexplained_money
from reconcile.store.listing import HeldListing
from reconcile.store.schema import (
    AliasRow,
    ClaimPaymentContentRow,
    ClaimPaymentRow,
    FileRow,
    FileTransactionRow,
    ReleaseRow,
    RemittanceRow,
)

_PAYMENT = table_of(ClaimPaymentRow)
_CONTENT = table_of(ClaimPaymentContentRow)
_REMITTANCE = table_of(RemittanceRow)
_SET = table_of(FileTransactionRow)
_RELEASE = table_of(ReleaseRow)
_ALIAS = table_of(AliasRow)
_FILE = table_of(FileRow)
_ID_DIGITS = 18
_PLACE_DIGITS = 9
RELEASED: Final = "released"
"""The kind in `held list` of what a release left unexplained."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A claim payment or a transaction set that is or was held.

    ``id`` is its name in lists, ``subject`` that in the event log, ``payment`` the id of a claim payment (None: a set,
    which is ``stored``). ``outcome``, ``reason``, ``detail`` and ``evidence`` as stored; ``unexplained`` is of a set.
    """

    id: str
    subject: str
    outcome: str
    payment: int | None = None
    stored: StoredSet | None = None
    reason: str = ""
    detail: str = ""
    evidence: str = ""
    unexplained: int = 0

    def value(self, connection: Connection) -> ClaimPayment:
        """The claim payment as it was read."""
        query = select(_CONTENT.c.content).where(_CONTENT.c.claim_payment_id == self.payment)
        return unpack_claim_payment(bytes(connection.execute(query).scalar_one()))


def hold_id(file_sha256: str, position: int) -> str:
    """The name of a transaction set in lists."""
    return f"transaction:{file_sha256[:12]}/{position}"


def find_hold(connection: Connection, name: str, *, listed: str = "held list") -> Hold:
    """Find a claim payment or transaction set by its id in `held list`, or by its subject in the event log.

    Args:
        connection: any transaction.
        name: ``claim_payment:12`` or ``12``; ``transaction:SHA256/POSITION``, the digest cut off anywhere.
        listed: the command that shows the ids, for the message.

    Raises:
        InputError: there is none.
        UsageError: it is written otherwise, or there are several.
    """
    kind, _, rest = name.rpartition("transaction:") if "transaction:" in name else ("", "", name)
    if rest != name and not kind:
        return _set(connection, name, rest)
    number = name.removeprefix("claim_payment:")
    if number.isascii() and number.isdigit() and len(number) <= _ID_DIGITS:
        query = select(_PAYMENT, _REMITTANCE.c.payment_key).join(
            _REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id
        )
        row = connection.execute(query.where(_PAYMENT.c.id == int(number))).first()
        if row is not None:
            return Hold(
                id=f"claim_payment:{row.id}",
                subject=payment_subject(row.payment_key, row.ordinal),
                outcome=row.outcome,
                payment=row.id,
                reason=row.reason,
                detail=row.detail,
                evidence=row.evidence,
            )
    what = "that is held" if listed == "held list" else "that waits for a claim"
    raise InputError(f"{name!r} names nothing {what}; claimloop {listed} shows the ids")


def _set(connection: Connection, name: str, rest: str) -> Hold:
    """A transaction set by (the beginning of) its file's digest and its place."""
    digest, _, position = rest.partition("/")
    known = set("0123456789abcdef")
    if not digest or set(digest) - known or not (position.isdecimal() and len(position) <= _PLACE_DIGITS):
        raise UsageError(f"{name!r} is no id of a transaction set; claimloop held list shows the ids")
    query = select(_SET.c.file_sha256).where(
        _SET.c.position == int(position), _SET.c.file_sha256.like(f"{digest}%")
    )
    found = list(connection.execute(query).scalars())
    if len(found) != 1:
        said = f"{name!r} names {len(found) or 'no'} transaction sets; claimloop held list shows the ids"
        raise UsageError(said) if found else InputError(said)
    stored = load_set(connection, found[0], int(position))
    if stored is None:
        raise InputError(f"{name!r} names nothing")
    cents = select(_REMITTANCE.c.unexplained).where(
        _REMITTANCE.c.file_sha256 == stored.file_sha256, _REMITTANCE.c.position == stored.position
    )
    return Hold(
        id=hold_id(stored.file_sha256, stored.position),
        subject=set_subject(stored.file_sha256, stored.position),
        outcome=stored.outcome,
        stored=stored,
        unexplained=connection.execute(cents).scalar() or 0,
    )


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a claim payment came from."""

    file: str
    trace_number: str
    payer_name: str


def origin_of_payment(connection: Connection, number: int) -> Origin:
    """Where the claim payment with an id came from."""
    query = (
        select(_FILE.c.name, _REMITTANCE.c.trace_number, _REMITTANCE.c.payer_name)
        .select_from(_PAYMENT)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .outerjoin(_FILE, _FILE.c.sha256 == _REMITTANCE.c.file_sha256)
    )
    row = connection.execute(query.where(_PAYMENT.c.id == number)).one()
    return Origin(file=row.name or "", trace_number=row.trace_number, payer_name=row.payer_name)


def released(connection: Connection) -> Iterator[HeldListing]:
    """Yield what releases left unexplained and nothing has cleared since, as `held list` shows it."""
    left = unexplained_money(connection)
    releases = load_releases(connection, (one.subject for one in left))
    names: dict[str, str] = {}
    for some in chunks(sorted({one.file_sha256 for one in left}), IN_LIST):
        query = select(_FILE.c.sha256, _FILE.c.name).where(_FILE.c.sha256.in_(some))
        names.update({row.sha256: row.name for row in connection.execute(query)})
    for one in left:
        number, release = one.claim_payment_id, releases.get(one.subject)
        yield HeldListing(
            id=f"claim_payment:{number}" if number else hold_id(one.file_sha256, one.position),
            kind=RELEASED,
            patient_control_number=one.patient_control_number,
            trace_number=one.trace_number,
            payer_name=one.payer_name,
            amount=one.cents,
            reason=RELEASED,
            detail=release.reason if release is not None else "",
            file=names.get(one.file_sha256) or "",
        )


def dismissed(connection: Connection) -> Iterator[HeldListing]:
    """Yield the transaction sets that a person dismissed, by their subjects, as `held list --all` shows them."""
    query = select(_RELEASE.c.subject, _RELEASE.c.reason).where(_RELEASE.c.kind == DISMISSED)
    for subject, reason in connection.execute(query.order_by(_RELEASE.c.subject)).all():
        digest, _, position = subject.removeprefix("transaction:").partition("/")
        stored = load_set(connection, digest, int(position))
        if stored is not None:
            name = connection.execute(select(_FILE.c.name).where(_FILE.c.sha256 == digest)).scalar()
            yield HeldListing(
                id=hold_id(digest, stored.position),
                kind=DISMISSED,
                patient_control_number="",
                trace_number=stored.trace_number,
                payer_name="",
                amount=stored.amount,
                reason=DISMISSED,
                detail=reason,
                file=name or "",
            )


def decisions_on(connection: Connection, payment_key: str) -> list[str]:
    """The claim payments of a payment, by their ids in lists, that a person released or linked."""
    query = (
        select(_PAYMENT.c.id, _PAYMENT.c.ordinal, _PAYMENT.c.evidence)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .where(_REMITTANCE.c.payment_key == payment_key)
        .order_by(_PAYMENT.c.id)
    )
    begins = payment_subject(payment_key, 0).removesuffix("1")
    decided = {
        subject
        for table in (_RELEASE, _ALIAS)
        for subject in connection.execute(select(table.c.subject)).scalars()
        if subject.startswith(begins)
    }
    return [
        f"claim_payment:{row.id}"
        for row in connection.execute(query)
        if row.evidence == "by_hand" or payment_subject(payment_key, row.ordinal) in decided
    ]
