"""`export postings`: what the practice's own system books, each posting once; a batch is printed again as it was."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import date, datetime
from typing import Final

import msgspec

from cli.render import SCHEMA_VERSION, Row, csv_cells, money, to_json
from cli.trail import trail
from edi.model.directory import Practice
from edi.model.errors import InputError, UsageError
from reconcile.store import Connection, Store, register_file, register_practices
from reconcile.store.exports import (
    Batch,
    ExportedEntry,
    batch_entries,
    batches,
    make_batch,
    record_batch,
)
from reconcile.store.journal import Dating, write_journal
from reconcile.store.rehearsal import rehearsal

COLUMNS: Final = (
    "batch", "entry", "posting_date", "practice_id", "patient_id", "patient_control_number", "line_number",
    "line_control_number", "date_of_service", "procedure_code", "modifiers", "account", "amount", "group", "reason",
    "payer", "payer_name", "source", "trace_number", "payment_date", "patient_balance", "reference",
)  # fmt: skip
FORMS: Final = ("csv", "json")
_KIND: Final = "postings"

Sink = Callable[[Iterable[bytes]], None]
"""Takes the bytes of a batch to where they were asked for."""


class ExportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `export postings` is asked for.

    Args:
        practices: whose postings, by id.
        known: claimloop.toml's practices.
        dating: by which day payments post.
        now: UTC without zone.
        since: only what posted on that day or later.
        form: csv or json.
        dry_run: tell what would go, and note nothing.
    """

    practices: tuple[str, ...]
    known: tuple[Practice, ...]
    dating: Dating
    now: datetime
    since: date | None = None
    form: str = "csv"
    dry_run: bool = False


def export_postings(request: ExportRequest, store: Store, sink: Sink) -> Batch | None:
    """Tell what was not told yet, as a new batch.

    The batch's bytes are in the vault before it is noted, and go to ``sink`` when it is: a run that ends in between
    has made the batch, which ``print_again`` gives.

    Returns:
        The batch; None when there was nothing new, and ``sink`` got a file without entries.

    Raises:
        InputError: ``sink`` could not take the batch, which is made.
        AccessError, TemporaryError, StoreError: the store or the vault failed.
    """
    with rehearsal(store) if request.dry_run else nullcontext(store) as opened:
        vault = opened.vault
        with opened.write() as connection:
            register_practices(connection, request.known)
            for practice in request.practices:
                write_journal(connection, practice, request.dating)
            batch = make_batch(connection, request.practices, request.since)
            if batch is not None:
                kept = vault.keep(_blocks(connection, batch.number, request.form))
                register_file(
                    connection,
                    kept.sha256,
                    size=kept.size,
                    direction="out",
                    kind=_KIND,
                    name=f"postings-{batch.number}.{request.form}",
                    outcome="written",
                    at=request.now,
                )
                record_batch(
                    connection,
                    batch,
                    request.practices,
                    since=request.since,
                    file_sha256=kept.sha256,
                    form=request.form,
                    at=request.now,
                )
        if batch is None:
            sink(_lay_out([], None, request.form))
            return None
        try:
            sink(vault.read(kept.sha256))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise InputError(
                f"batch {batch.number} is made, and could not be written ({os.strerror(error.errno or 0)}): "
                f"export postings --again {batch.number} writes it"
            ) from None
    return batch


def print_again(store: Store, number: int, form: str | None, sink: Sink) -> None:
    """Give a batch again, byte by byte as it was.

    Raises:
        UsageError: there is no such batch, or it was told in another form.
        StoreError: the vault lacks it.
    """
    with store.read() as connection:
        told = {int(event.data["batch"]): event.data for event in batches(connection)}
    if number not in told:
        raise UsageError(f"--again {number}: there is no such batch; the last one is {max(told, default=0)}")
    data = told[number]
    if form not in (None, data["form"]):
        raise UsageError(f"--again {number}: the batch was told as {data['form']}; leave --format out")
    sink(store.vault.read(data["file"]))


def _blocks(connection: Connection, batch: int, form: str) -> Iterator[bytes]:
    """The bytes of a batch."""
    return _lay_out((_row(batch, one) for one in batch_entries(connection, batch)), batch, form)


def _row(batch: int, one: ExportedEntry) -> Row:
    """An entry as its columns."""
    fields = msgspec.structs.asdict(one)
    made = {
        **{name: None if fields.get(name) == "" else fields.get(name) for name in COLUMNS},
        "batch": batch,
        "amount": money(one.cents),
        "patient_balance": money(one.patient_balance),
    }
    trail().row(made)
    return made


def _lay_out(rows: Iterable[Row], batch: int | None, form: str) -> Iterator[bytes]:
    """Rows as CSV, or as one JSON document, a row at a time."""
    if form == "json":
        yield f'{{"schema_version":{SCHEMA_VERSION},"batch":{to_json(batch)},"entries":['.encode()
        for place, row in enumerate(rows):
            yield ((",\n" if place else "\n") + to_json(row)).encode()
        yield b"\n]}\n"
        return
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(csv_cells(row, COLUMNS))
        yield stream.getvalue().encode()
        stream.seek(0)
        stream.truncate()
    yield stream.getvalue().encode()
