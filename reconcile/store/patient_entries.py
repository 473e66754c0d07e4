"""What patients paid, were given back or owed before: entries of their own, beside the books of the payers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from edi.model.control import normalise_control_number
from reconcile.store.bulk import IN_LIST, chunks, insert, next_id, table_of
from reconcile.store.schema import ClaimRow, FileRow, PatientEntryRow, ServiceLineRow

PAYMENT: Final = "payment"
OPENING: Final = "opening_balance"

_CLAIM = table_of(ClaimRow)
_LINE = table_of(ServiceLineRow)
_ENTRY = table_of(PatientEntryRow)
_FILE = table_of(FileRow)


class PatientEntry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One entry. ``cents`` are what was paid (below zero: given back) or, of an opening balance, owed.

    ``claim_id`` is the first submission of the claim it is for, ``line_id`` a line of that and ``line_number`` its
    place there; None and 0 where none is named.
    """

    practice_id: str
    kind: str
    entry_date: date
    cents: int
    patient_id: str = ""
    patient_control_number: str = ""
    claim_id: int | None = None
    line_id: int | None = None
    line_number: int = 0
    reference: str = ""
    note: str = ""
    file_sha256: str = ""
    source_row: int = 0


class ClaimNamed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A claim that a patient control number names: its first submission, whose patient, and where it comes from.

    ``lines`` are the lines of its first submission: id, line control number, code, day.
    """

    root: int
    patient_id: str
    source: str
    lines: tuple[tuple[int, str, str, date | None], ...]


def claims_named(
    connection: Connection, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], list[ClaimNamed]]:
    """Find the claims of practices by patient control number, however it is spelled.

    Args:
        connection: any transaction.
        wanted: practice id and patient control number.

    Returns:
        For each of them its claims, one for each chain of submissions.
    """
    asked = {(practice, number): (practice, normalise_control_number(number)) for practice, number in wanted}
    roots: dict[tuple[str, str], dict[int, None]] = {}
    for some in chunks(sorted({number for _, number in asked.values()}), IN_LIST):
        query = select(_CLAIM.c.practice_id, _CLAIM.c.pcn_normalised, _CLAIM.c.root)
        for practice, number, root in connection.execute(query.where(_CLAIM.c.pcn_normalised.in_(some))):
            roots.setdefault((practice, number), {})[root] = None
    named = _named(connection, {root for held in roots.values() for root in held})
    return {key: [named[root] for root in roots.get(known, ())] for key, known in asked.items()}


def _named(connection: Connection, roots: set[int]) -> dict[int, ClaimNamed]:
    """First submissions by id, with their lines."""
    found: dict[int, ClaimNamed] = {}
    for some in chunks(sorted(roots), IN_LIST):
        lines: dict[int, list[tuple[int, str, str, date | None]]] = {}
        for row in connection.execute(select(_LINE).where(_LINE.c.claim_id.in_(some)).order_by(_LINE.c.id)):
            lines.setdefault(row.claim_id, []).append(
                (row.id, row.control_number, row.procedure_code, row.date_from)
            )
        for row in connection.execute(select(_CLAIM).where(_CLAIM.c.id.in_(some))):
            found[row.id] = ClaimNamed(
                root=row.id,
                patient_id=row.patient_id,
                source=row.source,
                lines=tuple(lines.get(row.id, ())),
            )
    return found


class KnownEntry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An entry that the store has: the file it came in, by its sha256 and name, and its row there."""

    file_sha256: str
    file: str
    row: int


def save_patient_entries(connection: Connection, entries: Sequence[PatientEntry]) -> list[KnownEntry | None]:
    """Store entries; one that is known is left alone.

    An entry is known when the store has as many alike (practice, patient, claim, line, kind, date, cents, reference)
    as stand before it in ``entries``: two equal payments in one file are two, the same file again is none.

    Returns:
        For each entry the one that is known already; None where it was new.
    """
    seen: Counter[str] = Counter()
    digests = []
    for entry in entries:
        plain = _digest(entry, 0)
        digests.append(_digest(entry, seen[plain]))
        seen[plain] += 1
    known: dict[str, KnownEntry] = {}
    query = select(_ENTRY.c.digest, _ENTRY.c.file_sha256, _FILE.c.name, _ENTRY.c.source_row).outerjoin(
        _FILE, _FILE.c.sha256 == _ENTRY.c.file_sha256
    )
    for some in chunks(digests, IN_LIST):
        for digest, sha256, name, row in connection.execute(query.where(_ENTRY.c.digest.in_(some))):
            known[digest] = KnownEntry(file_sha256=sha256, file=name or "", row=row)
    number = next_id(connection, PatientEntryRow)
    rows: list[tuple[Any, ...]] = []
    for entry, digest in zip(entries, digests, strict=True):
        if digest not in known:
            rows.append(_row(number + len(rows), digest, entry))
    insert(connection, PatientEntryRow, rows)
    return [known.get(digest) for digest in digests]


class EntryStory(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An entry of a patient on a claim; ``amount`` cents: paid (below zero: given back), or owed before."""

    kind: str
    date: date
    amount: int
    reference: str

    @property
    def owed(self) -> int:
        """Cents by which it changes what the patient owes."""
        return -self.amount if self.kind == PAYMENT else self.amount


def entries_of_claim(connection: Connection, root: int) -> tuple[EntryStory, ...]:
    """The entries of patients on a claim, by day."""
    query = select(_ENTRY).where(_ENTRY.c.claim_id == root).order_by(_ENTRY.c.entry_date, _ENTRY.c.id)
    return tuple(
        EntryStory(kind=row.kind, date=row.entry_date, amount=row.cents, reference=row.reference)
        for row in connection.execute(query)
    )


def patient_credits(connection: Connection, roots: Iterable[int]) -> dict[int, int]:
    """Cents that patients paid beyond what they owe, of claims that were answered or brought forward.

    Args:
        connection: any transaction.
        roots: ids of first submissions. What was paid ahead of any answer is no credit yet.
    """
    found: dict[int, int] = {}
    for some in chunks(sorted(set(roots)), IN_LIST):
        owed: dict[int, int] = {}
        query = select(_CLAIM).where(_CLAIM.c.id.in_(some))
        for row in connection.execute(query):
            if row.source == OPENING or row.paid or row.contractual or row.patient or row.denied:
                owed[row.id] = row.patient
        for row in connection.execute(select(_ENTRY).where(_ENTRY.c.claim_id.in_(some))):
            if row.kind == OPENING:
                owed[row.claim_id] = owed.get(row.claim_id, 0) + row.cents
            elif row.claim_id in owed:
                owed[row.claim_id] -= row.cents
        found.update({root: -cents for root, cents in owed.items() if cents < 0})
    return found


def _digest(entry: PatientEntry, before: int) -> str:
    """What tells an entry apart, given how many alike stand before it; no id of this store is in it."""
    parts = (
        entry.practice_id,
        entry.patient_id,
        normalise_control_number(entry.patient_control_number),
        entry.line_number,
        entry.kind,
        entry.entry_date,
        entry.cents,
        entry.reference,
        before,
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _row(number: int, digest: str, entry: PatientEntry) -> tuple[Any, ...]:
    """The row of an entry, columns in schema order."""
    return (
        number, digest, entry.practice_id, entry.patient_id, entry.patient_control_number, entry.claim_id,
        entry.line_id, entry.kind, entry.entry_date, entry.cents, entry.reference, entry.note, entry.file_sha256,
        entry.source_row,
    )  # fmt: skip
