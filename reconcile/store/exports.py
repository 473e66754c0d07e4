"""Postings for the practice's own system: batches of journal entries, each told once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from reconcile.store.bulk import day
from reconcile.store.events import Event, events_of_kind, record_event
from reconcile.store.hand_second_path import cents_of

EXPORT: Final = "export"
"""The kind of event that tells of a batch; its data are what ``record_batch`` puts there."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that was just made: its number, how many entries it has and what they come to, in cents."""

    number: int
    entries: int
    cents: int


class ExportedEntry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One entry with what a practice's system needs to book it. Cents; "" and None where it does not apply.

    ``source`` is ``835``, ``paper_eob``, ``virtual_card``, ``opening_balance`` or ``patient``. ``patient_balance`` is
    what the patient owes on the claim now. A provider adjustment (PLB) is of the practice and names no patient, claim
    or line; ``reason`` is its code and ``reference`` its number (PLB03-2).
    """

    entry: int
    posting_date: date
    practice_id: str
    patient_id: str
    patient_control_number: str
    line_number: int | None
    line_control_number: str
    date_of_service: date | None
    procedure_code: str
    modifiers: str
    account: str
    cents: int
    group: str
    reason: str
    payer: str
    payer_name: str
    source: str
    trace_number: str
    payment_date: date | None
    patient_balance: int | None
    reference: str


def make_batch(connection: Connection, practices: Sequence[str], since: date | None) -> Batch | None:
    """Put journal entries that no batch has into a new one.

    Args:
        connection: the write transaction; it has written the journals of the practices.
        practices: their ids.
        since: only entries posted on that day or later; the others wait for a batch without it.

    Returns:
        The batch; None when there is nothing to tell.
    """
    number = 1 + max((int(event.data["batch"]) for event in events_of_kind(connection, EXPORT)), default=0)
    mark = "UPDATE journal_entry SET batch = :batch WHERE batch IS NULL AND practice_id = :practice"
    if since is not None:
        mark += " AND posting_date >= :since"
    told = sum(
        connection.execute(
            text(mark),
            {"batch": number, "practice": practice, **({} if since is None else {"since": since})},
        ).rowcount
        for practice in practices
    )
    if not told:
        return None
    query = "SELECT CAST(SUM(cents) AS BIGINT) FROM journal_entry WHERE batch = :batch"
    cents = connection.execute(text(query), {"batch": number}).scalar_one()
    return Batch(number=number, entries=told, cents=int(cents))


def record_batch(
    connection: Connection,
    batch: Batch,
    practices: Sequence[str],
    *,
    since: date | None,
    file_sha256: str,
    form: str,
    at: datetime,
) -> None:
    """Note in the log that a batch was told, and the file in the vault that tells it."""
    record_event(
        connection,
        kind=EXPORT,
        subject=f"batch:{batch.number}",
        at=at,
        data={
            "batch": batch.number,
            "practices": list(practices),
            "since": None if since is None else since.isoformat(),
            "file": file_sha256,
            "form": form,
            "entries": batch.entries,
            "cents": batch.cents,
        },
    )


def batches(connection: Connection) -> list[Event]:
    """Every batch that was told, in order."""
    return list(events_of_kind(connection, EXPORT))


_ENTRIES: Final = """SELECT x.id, x.posting_date, x.practice_id, x.account, x.cents, x.group_code, x.reason,
    COALESCE(c.patient_id, e.patient_id) AS patient_id, c.patient AS owed, x.claim_id,
    COALESCE(c.patient_control_number, e.patient_control_number) AS patient_control_number,
    l.number, l.control_number, l.date_from, l.procedure_code, l.modifiers,
    r.payer_key, r.payer_id, r.payer_name, r.trace_number, r.payment_date, t.kind, e.id AS patient_entry_id,
    e.kind AS entry_kind, e.reference, e.entry_date, a.identifier,
    COALESCE((SELECT CAST(SUM(CASE WHEN o.kind = 'payment' THEN -o.cents ELSE o.cents END) AS BIGINT)
        FROM patient_entry o WHERE o.claim_id = x.claim_id), 0) AS own
    FROM journal_entry x LEFT JOIN claim c ON c.id = x.claim_id LEFT JOIN service_line l ON l.id = x.line_id
    LEFT JOIN remittance r ON r.payment_key = x.payment_key LEFT JOIN patient_entry e ON e.id = x.patient_entry_id
    LEFT JOIN file_transaction t ON t.file_sha256 = r.file_sha256 AND t.position = r.position
    LEFT JOIN provider_adjustment a ON a.remittance_id = r.id AND a.ordinal = x.ordinal
        AND x.account = 'provider_adjustment'
    WHERE x.batch = :batch ORDER BY x.id"""


def batch_entries(connection: Connection, batch: int) -> Iterator[ExportedEntry]:
    """Yield the entries of a batch in order, streamed."""
    found = connection.execute(text(_ENTRIES), {"batch": batch}, execution_options={"yield_per": 5_000})
    for place, row in enumerate(found, 1):
        yield _entry(place, row)


def _entry(place: int, row: Any) -> ExportedEntry:
    by_patient = row.patient_entry_id is not None
    return ExportedEntry(
        entry=place,
        posting_date=day(row.posting_date) or date.min,
        practice_id=row.practice_id,
        patient_id=row.patient_id or "",
        patient_control_number=row.patient_control_number or "",
        line_number=row.number,
        line_control_number=row.control_number or "",
        date_of_service=day(row.date_from),
        procedure_code=row.procedure_code or "",
        modifiers=row.modifiers or "",
        account=row.account,
        cents=row.cents,
        group=row.group_code or "",
        reason=row.reason or "",
        payer="" if by_patient else row.payer_key or row.payer_id or "",
        payer_name=row.payer_name or "",
        source=("opening_balance" if row.entry_kind == "opening_balance" else "patient")
        if by_patient
        else row.kind or "835",
        trace_number=(row.reference if by_patient else row.trace_number) or "",
        payment_date=day(row.entry_date if by_patient else row.payment_date),
        patient_balance=None if row.claim_id is None else row.owed + row.own,
        reference=row.identifier or "",
    )


def entries_in_text(data: bytes, form: str) -> tuple[int, int]:
    """How many entries a batch's file tells, and what they come to in cents: read again for ``verify``."""
    told = data.decode("utf-8")
    rows = (
        json.loads(told)["entries"] if form == "json" else list(csv.DictReader(io.StringIO(told, newline="")))
    )
    return len(rows), sum(cents_of(row["amount"]) for row in rows)
