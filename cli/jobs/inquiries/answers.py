"""One transaction set of answers into the store, once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from cli.jobs.manifest import DUPLICATE, POSTED
from edi.model.finding import Finding, Location, Severity
from edi.x12.envelope import TransactionSet
from reconcile.store import Connection, Store, StoredSet, load_set, save_set


class Counts(msgspec.Struct, frozen=True):
    """What one set brought: answers, those new to the store, those tied to something; ``known``: nothing was new."""

    count: int = 0
    new: int = 0
    tied: int = 0
    known: bool = False


C = TypeVar("C", bound=Counts)


def store_once(
    store: Store,
    place: tuple[str, int],
    transaction: TransactionSet,
    items: Iterable[Any],
    counts: type[C],
    save: Callable[[Connection, list[Any]], C],
) -> tuple[C, list[Finding]]:
    """Store the answers of one set with its outcome, in one transaction.

    Args:
        store: open for writing.
        place: digest of the kept file, and the set's 0-based place in it.
        transaction: the set.
        items: what its reader gives, answers and findings.
        counts: the type of what ``save`` gives.
        save: stores the answers and counts them.

    Returns:
        The counts (those of an earlier run where an interrupted one had got this far), and the findings.
    """
    read = list(items)
    findings = [one for one in read if isinstance(one, Finding)]
    answers = [one for one in read if not isinstance(one, Finding)]
    if not answers:
        return counts(), findings
    with store.write() as connection:
        earlier = load_set(connection, *place)
        if earlier is not None:
            return msgspec.json.decode(earlier.record, type=counts), findings
        brought = save(connection, answers)
        stored = StoredSet(
            file_sha256=place[0],
            position=place[1],
            kind=transaction.kind,
            st_control_number=transaction.control_number,
            outcome=DUPLICATE if brought.known else POSTED,
            content_digest=hashlib.sha256(msgspec.msgpack.encode(answers)).hexdigest(),
            record=msgspec.json.encode(brought).decode(),
        )
        save_set(connection, stored)
    return brought, findings


def warning(code: str, transaction: TransactionSet, message: str, fix: str) -> Finding:
    """A warning about the answers of a transaction set."""
    place = Location(file=transaction.file, transaction=transaction.control_number)
    return Finding(code=code, severity=Severity.WARNING, message=message, location=place, fix=fix)
