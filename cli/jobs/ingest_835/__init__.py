"""One 835 transaction set into the store, in one database transaction.

Claim payments go in by chunks as they are read; what the trailer says decides. Whole sets are quarantined, in a second
transaction, when they are truncated, their SE is wrong, or BPR02 is not the sum of CLP04 minus the sum of PLB. One
claim payment whose own equations fail goes to suspense alone.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from cli.jobs.ingest_835.run import Run, SetAsideError, Source
from cli.jobs.manifest import PaymentEntry
from cli.jobs.posting import Tools
from cli.jobs.reading.sets import Judged, judged
from edi.model.finding import Finding
from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from reconcile.store import Connection, Store, load_set, save_set

__all__ = ["Source", "ingest_judged", "ingest_remittance", "retake"]


def ingest_remittance(
    store: Store,
    source: Source,
    values: Iterable[RemittanceHeader | ClaimPayment | Finding | RemittanceTrailer],
    tools: Tools,
) -> PaymentEntry:
    """Store one 835.

    Args:
        store: open for writing.
        source: which transaction set.
        values: what ``t835.read`` yields.
        tools: tables and payers.

    Returns:
        Its part of the manifest; the one of the earlier run when an interrupted one had got this far.
    """
    return ingest_judged(store, source, judged(values), tools)


def ingest_judged(store: Store, source: Source, values: Iterable[Judged], tools: Tools) -> PaymentEntry:
    """Do as ``ingest_remittance`` with values whose claim payments are judged, here or by the process that read ahead.

    Raises:
        InputError, TemporaryError: reading the values did; nothing of the transaction set is stored.
    """
    try:
        with _without_collector(), store.write() as connection:
            known = load_set(connection, source.sha256, source.position)
            if known is not None:
                return msgspec.json.decode(known.record, type=PaymentEntry)
            run = Run(connection, source, tools)
            return run.take(values)
    except SetAsideError as aside:
        with store.write() as connection:
            # Nothing was written until now, so another run of this very file may have been first.
            noted = load_set(connection, source.sha256, source.position)
            if noted is None:
                noted = aside.noted
                save_set(connection, noted)
        return msgspec.json.decode(noted.record, type=PaymentEntry)


def retake(
    connection: Connection,
    source: Source,
    values: Iterable[RemittanceHeader | ClaimPayment | Finding | RemittanceTrailer],
    tools: Tools,
    *,
    released: bool,
) -> PaymentEntry:
    """Store one 835 anew, inside the transaction of a person's decision about it.

    Args:
        connection: the write transaction; what became of the set before is forgotten in it.
        source: which transaction set.
        values: what ``t835.read`` yields.
        tools: tables and payers.
        released: post it though its equations or its envelope are wrong, with the difference noted as unexplained; a
            truncated set is not posted even so.

    Returns:
        Its part of the manifest.
    """
    attempt = connection.begin_nested()
    try:
        entry = Run(connection, source, tools, released=released).take(judged(values))
    except SetAsideError as aside:
        attempt.rollback()
        save_set(connection, aside.noted)
        return msgspec.json.decode(aside.noted.record, type=PaymentEntry)
    attempt.commit()
    return entry


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the cyclic garbage collector from walking over thousands of rows again and again: a fifth of the time.

    Values and rows make no cycles; what little there is goes when the set is done.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
