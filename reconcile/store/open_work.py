"""Everything in the store that waits for a person, by keys that outlive a recomputation.

Runs note the difference to the run before in the event log; the last run's work is the sum of these differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from reconcile.store.bulk import table_of
from reconcile.store.claim_status.known import status_work
from reconcile.store.denial_work import denial_work
from reconcile.store.events import events, record_event
from reconcile.store.files import SENDING, held_sets
from reconcile.store.lost_rejections import lost_rejections
from reconcile.store.outgoing import practices_in, refused_inquiries
from reconcile.store.overpaid import overpaid
from reconcile.store.rejections import rejected_rows
from reconcile.store.schema import (
    ClaimPaymentRow,
    ClaimRow,
    FileRow,
    RemittanceRow,
    WorkItemRow,
)
from reconcile.store.silence import Silence
from reconcile.worklist import TO_DO

_SUBJECT: Final = "run"
_KIND: Final = "run"

_CLAIM = table_of(ClaimRow)
_PAYMENT = table_of(ClaimPaymentRow)
_REMITTANCE = table_of(RemittanceRow)


class OpenWork(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits.

    ``kind``: denial, rejection, held, unmatched, work_item, overpaid, in_doubt, claim_status, lost_rejection,
    inquiries or silence.
    """

    key: str
    kind: str
    practice_id: str


def open_work(
    connection: Connection, silent: Iterable[Silence] = (), *, now: datetime
) -> dict[str, OpenWork]:
    """All that waits, by key. A key says what it is of: ``denial:…``, ``held:PAYMENT_KEY#ORDINAL``, ``claim:…``.

    Args:
        connection: any transaction.
        silent: what should have come and has not, by the profiles of partners and payers.
        now: UTC without zone; rejections of what is not here end some days after they came.
    """
    found = {one.key: one for one in _all(connection, now)}
    for one in silent:
        found[one.key] = OpenWork(key=one.key, kind="silence", practice_id=one.practice_id)
    return found


def _all(connection: Connection, now: datetime) -> Iterator[OpenWork]:
    yield from _denials(connection)
    yield from _rejections(connection)
    yield from _payments(connection)
    yield from _held_sets(connection)
    yield from _items(connection)
    yield from _overpaid(connection)
    yield from _in_doubt(connection)
    yield from _told(connection)
    yield from _lost(connection, now)
    yield from _inquiries(connection)


def _denials(connection: Connection) -> Iterator[OpenWork]:
    """Denials that a person has something to do about: not those that are decided, or are the payer's to answer."""
    for one in denial_work(connection):
        if one.work.state in TO_DO:
            yield OpenWork(key=f"denial:{one.denial.work}", kind="denial", practice_id=one.denial.practice_id)


def _rejections(connection: Connection) -> Iterator[OpenWork]:
    rows = rejected_rows().subquery()
    query = select(rows.c.practice_id, rows.c.patient_control_number, rows.c.acknowledged).order_by(rows.c.id)
    for practice, number, said in connection.execute(query):
        yield OpenWork(key=f"rejection:{practice}/{number}/{said}", kind="rejection", practice_id=practice)


def _payments(connection: Connection) -> Iterator[OpenWork]:
    query = (
        select(_REMITTANCE.c.practice_id, _REMITTANCE.c.payment_key, _PAYMENT.c.ordinal, _PAYMENT.c.outcome)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .where(_PAYMENT.c.outcome != "posted")
        .order_by(_PAYMENT.c.id)
    )
    for practices, payment, ordinal, outcome in connection.execute(query):
        kind = "held" if outcome == "suspense" else "unmatched"
        yield OpenWork(
            key=f"{kind}:{payment}#{ordinal}",
            kind=kind,
            practice_id=practices if "\n" not in practices else "",
        )


def _held_sets(connection: Connection) -> Iterator[OpenWork]:
    held = sorted((one.file_sha256, one.position) for _, one in held_sets(connection))
    for sha256, position in held:
        yield OpenWork(key=f"held:{sha256}/{position}", kind="held", practice_id="")


def _items(connection: Connection) -> Iterator[OpenWork]:
    table = table_of(WorkItemRow)
    query = (
        select(_CLAIM.c.practice_id, _CLAIM.c.patient_control_number, table.c.kind, table.c.ordinal)
        .join(_CLAIM, _CLAIM.c.id == table.c.claim_id)
        .where(table.c.status == "open")
        .order_by(table.c.id)
    )
    for practice, number, kind, ordinal in connection.execute(query):
        yield OpenWork(
            key=f"work_item:{practice}/{number}/{kind}/{ordinal}", kind="work_item", practice_id=practice
        )


def _overpaid(connection: Connection) -> Iterator[OpenWork]:
    for one in overpaid(connection):
        name = f"{one.practice_id}/{one.patient_control_number}"
        yield OpenWork(key=f"overpaid:{name}", kind="overpaid", practice_id=one.practice_id)


def _in_doubt(connection: Connection) -> Iterator[OpenWork]:
    table = table_of(FileRow)
    for sha256 in connection.execute(
        select(table.c.sha256).where(table.c.outcome == SENDING).order_by(table.c.sha256)
    ).scalars():
        yield OpenWork(key=f"file:{sha256}", kind="in_doubt", practice_id="")


def _told(connection: Connection) -> Iterator[OpenWork]:
    """What payers said of claims when they were asked, where somebody has to do something about it."""
    for one in status_work(connection):
        name = f"{one.practice_id}/{one.patient_control_number}/{one.state}"
        yield OpenWork(key=f"claim_status:{name}", kind="claim_status", practice_id=one.practice_id)


def _lost(connection: Connection, now: datetime) -> Iterator[OpenWork]:
    """Rejections of what is not here: nobody knows whose they are."""
    for one in lost_rejections(connection, now):
        yield OpenWork(key=one.key, kind="lost_rejection", practice_id="")


def _inquiries(connection: Connection) -> Iterator[OpenWork]:
    """Files of inquiries that are rejected, until they are asked again."""
    refused = refused_inquiries(connection)
    of = practices_in(connection, [one.sha256 for one in refused]) if refused else {}
    for one in refused:
        practices = of.get(one.sha256, ())
        practice = practices[0] if len(practices) == 1 else ""
        yield OpenWork(key=f"inquiries:{one.sha256}", kind="inquiries", practice_id=practice)


def work_of_last_run(connection: Connection) -> frozenset[str]:
    """The keys of what waited when the last run ended; none before the first."""
    keys: set[str] = set()
    for event in events(connection, _SUBJECT):
        keys.difference_update(event.data["gone"])
        keys.update(event.data["new"])
    return frozenset(keys)


def record_run(
    connection: Connection, *, at: datetime, before: frozenset[str], now: frozenset[str], exit_code: int
) -> None:
    """Append what a run changed of the work that waits.

    Args:
        connection: a write transaction.
        at: UTC without zone.
        before: what ``work_of_last_run`` gave.
        now: the keys of what waits.
        exit_code: what the run ends with.
    """
    data = {"new": sorted(now - before), "gone": sorted(before - now), "exit_code": exit_code}
    record_event(connection, kind=_KIND, subject=_SUBJECT, at=at, data=data)
