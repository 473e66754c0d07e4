# ruff: noqa: ARG001 (all checks have one signature)
"""Money without an 835, patients' entries, and the journal of what was closed and exported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.by_hand import OPENING_BALANCE
from edi.model.finding import Finding
from edi.model.money import decimal_text
from edi.model.remittance import ClaimPayment
from reconcile.store.bulk import day
from reconcile.store.checks.registry import broken, check, rows, rows_told, told_of_files
from reconcile.store.content import unpack_claim_payment
from reconcile.store.events import events_of_kind
from reconcile.store.exports import EXPORT, entries_in_text
from reconcile.store.hand_second_path import adjusted_cents, cents_of, of_patient, rows_by_number
from reconcile.store.journal import CLOSE
from reconcile.store.second_path import Seek
from reconcile.store.vault import Vault

_HAND: Final = """SELECT r.id, r.payment_key, r.file_sha256, r.amount, r.adjustment_total, f.name, t.kind
    FROM remittance r JOIN file_transaction t ON t.file_sha256 = r.file_sha256 AND t.position = r.position
    JOIN file f ON f.sha256 = r.file_sha256 WHERE t.kind <> '835' ORDER BY r.file_sha256, r.position"""
_GONE: Final = """SELECT t.file_sha256, t.position FROM file_transaction t
    JOIN file f ON f.sha256 = t.file_sha256 AND f.kind = 'payments'
    LEFT JOIN remittance r ON r.file_sha256 = t.file_sha256 AND r.position = t.position
    WHERE t.outcome = 'posted' AND r.id IS NULL ORDER BY t.file_sha256, t.position"""
_CONTENTS: Final = """SELECT p.remittance_id, x.content FROM claim_payment p
    JOIN claim_payment_content x ON x.claim_payment_id = p.id
    JOIN remittance r ON r.id = p.remittance_id
    JOIN file_transaction t ON t.file_sha256 = r.file_sha256 AND t.position = r.position WHERE t.kind <> '835'"""


KNOWN: Final = ("PAY025",)
"""The codes under which `payments add` says that a row is known already."""


class _Files:
    """The rows of kept files, the last one held."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._held: tuple[str, dict[int, dict[str, str]]] = ("", {})

    def rows(self, sha256: str, name: str) -> dict[int, dict[str, str]]:
        """The rows of a file by number; none where the vault lacks it."""
        if self._held[0] != sha256:
            there = self._vault.has(sha256)
            data = b"".join(self._vault.read(sha256)) if there else b""
            self._held = (sha256, rows_by_number(data, name))
        return self._held[1]


@check
def by_hand_sums(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every payment written by hand has the payments, adjustments and sum of its file's rows, and none is gone."""
    contents: dict[int, list[ClaimPayment]] = {}
    for remittance, content in rows(connection, _CONTENTS):
        contents.setdefault(remittance, []).append(unpack_claim_payment(bytes(content)))
    files = _Files(vault)
    for number, _, sha256, amount, taken, name, kind in list(rows(connection, _HAND)):
        held = files.rows(sha256, name)
        wrong = [
            claim.patient_control_number
            for claim in contents.get(number, [])
            for row, paid, adjusted in _told(claim)
            if _of_row(held.get(row, {}), kind) != (paid, adjusted)
        ]
        for claim_number in dict.fromkeys(wrong):
            yield broken("by_hand_sums", "the claim payment is not what its rows say", claim=claim_number)
        total = sum(claim.paid for claim in contents.get(number, [])) - taken
        if total != amount:
            message = f"a payment of {decimal_text(amount)} has rows of {decimal_text(total)}"
            yield broken("by_hand_sums", f"file {sha256[:12]}: {message}")
    for sha256, position in list(rows(connection, _GONE)):
        yield broken("by_hand_sums", f"file {sha256[:12]}: its posted payment {position} is gone")


def _told(claim: ClaimPayment) -> Iterator[tuple[int, int, int]]:
    """The rows of a claim payment: number, cents paid, cents adjusted."""
    if not claim.lines:
        yield claim.segment, claim.paid, sum(one.cents for one in claim.adjustments)
    for line in claim.lines:
        yield line.segment, line.paid, sum(one.cents for one in line.adjustments)


def _of_row(cells: dict[str, str], kind: str) -> tuple[int, int]:
    """Cents paid and adjusted as a row says; of an opening balance its charge: what was settled of it, and the rest."""
    amount = cents_of(cells.get("amount", ""))
    if kind == OPENING_BALANCE:
        return 0, cents_of(cells.get("charge", ""))
    return amount, adjusted_cents(cells.get("adjustments", ""))


@check
def patient_entries(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every entry of a patient is what its row says, on a claim and line of its practice, and none is gone."""
    query = """SELECT x.id, x.cents, x.kind, x.practice_id, x.patient_control_number, x.file_sha256,
        x.source_row, f.name, c.practice_id AS claim_practice, x.claim_id, l.claim_id AS line_claim, x.line_id
        FROM patient_entry x
        LEFT JOIN file f ON f.sha256 = x.file_sha256 LEFT JOIN claim c ON c.id = x.claim_id
        LEFT JOIN service_line l ON l.id = x.line_id ORDER BY x.file_sha256, x.id"""
    files = _Files(vault)
    for one in list(rows(connection, query)):
        cells = files.rows(one.file_sha256, one.name or "").get(one.source_row, {})
        if cents_of(cells.get("amount", "")) != one.cents:
            message = f"entry {one.id}: {decimal_text(one.cents)} is not what row {one.source_row} says"
            yield broken("patient_entries", message, claim=one.patient_control_number)
        elsewhere = one.claim_id is not None and one.claim_practice != one.practice_id
        if elsewhere or (one.line_id is not None and one.line_claim != one.claim_id):
            message = f"entry {one.id} is on a claim or line of something else"
            yield broken("patient_entries", message, claim=one.patient_control_number)
    yield from _entries_gone(connection, files)


def _entries_gone(connection: Connection, files: _Files) -> Iterator[Finding]:
    """The rows of files by which a patient paid or owed, and that the store has not.

    What the import refused is no entry, and of what it knew already it said so.
    """
    stored: dict[str, set[int]] = {}
    for digest, row in rows(connection, "SELECT file_sha256, source_row FROM patient_entry"):
        stored.setdefault(digest, set()).add(row)
    query = "SELECT sha256, manifest, name FROM file WHERE kind = 'payments' ORDER BY sha256"
    for digest, told, name in told_of_files(connection, query):
        held, named, taken = stored.get(digest, set()), rows_told(told, KNOWN), told.get("patient_entries", 0)
        gone = [
            row
            for row, cells in files.rows(digest, name).items()
            if of_patient(cells) and row not in held | (named or set())
        ]
        if named is not None:
            for row in gone:
                yield broken("patient_entries", f"file {digest[:12]}: the entry of row {row} is gone")
        if len(held) < taken and (named is None or not gone):
            message = f"file {digest[:12]}: {taken} entries were taken in, {len(held)} are left"
            yield broken("patient_entries", message)


@check
def closed_months(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every closed month holds the entries and cents it was closed with."""
    told = list(events_of_kind(connection, CLOSE))
    query = """SELECT practice_id, posting_date, COUNT(*) AS entries, CAST(SUM(cents) AS BIGINT) AS cents
        FROM journal_entry GROUP BY practice_id, posting_date"""
    days: list[tuple[str, date, int, int]] = [
        (practice, day(posted) or date.min, count, cents)
        for practice, posted, count, cents in rows(connection, query)
    ]
    for event in told:
        practice, through = event.subject.removeprefix("practice:"), date.fromisoformat(event.data["through"])
        closed = [one for one in days if one[0] == practice and one[1] <= through]
        found = (sum(one[2] for one in closed), sum(one[3] for one in closed))
        if found != (event.data["entries"], event.data["cents"]):
            message = (
                f"{practice} was closed through {through} with {event.data['entries']} entries of "
                f"{decimal_text(event.data['cents'])}, now {found[0]} of {decimal_text(found[1])}"
            )
            yield broken("closed_months", message)


@check
def exported_once(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every batch of exported postings is its entries, as the file in the vault has them."""
    query = """SELECT batch, COUNT(*) AS entries, CAST(SUM(cents) AS BIGINT) AS cents FROM journal_entry
        WHERE batch IS NOT NULL GROUP BY batch"""
    held: dict[int, tuple[int, int]] = {
        batch: (count, cents) for batch, count, cents in rows(connection, query)
    }
    for event in list(events_of_kind(connection, EXPORT)):
        batch, data = int(event.data["batch"]), event.data
        kept = vault.has(data["file"])
        told = entries_in_text(b"".join(vault.read(data["file"])), data["form"]) if kept else (0, 0)
        if not held.pop(batch, (0, 0)) == (data["entries"], data["cents"]) == told:
            yield broken("exported_once", f"batch {batch} is not what was exported")
    for batch in held:
        yield broken("exported_once", f"batch {batch} was never exported")


@check
def journal_entries(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every journal entry is of a claim payment, a provider adjustment or a patient's entry, each of these once.

    What a payment that was released as a whole leaves unexplained is of no claim.
    """
    query = """SELECT x.id, x.practice_id, c.practice_id AS claim_practice, c.patient_control_number,
        x.cents, e.cents AS entered FROM journal_entry x LEFT JOIN claim c ON c.id = x.claim_id
        LEFT JOIN patient_entry e ON e.id = x.patient_entry_id
        WHERE (x.payment_key = '') = (x.patient_entry_id IS NULL) OR x.practice_id <> c.practice_id
        OR x.cents <> e.cents
        OR (x.payment_key <> '' AND x.account = 'provider_adjustment' AND x.claim_id IS NOT NULL)
        OR (x.payment_key <> '' AND x.account NOT IN ('provider_adjustment', 'suspense') AND x.claim_id IS NULL)"""
    for one in rows(connection, query):
        yield broken("journal_entries", f"entry {one.id} is of no posting", claim=one.patient_control_number)
    twice: Counter[Any] = Counter()
    for (entry,) in rows(
        connection, "SELECT patient_entry_id FROM journal_entry WHERE patient_entry_id IS NOT NULL"
    ):
        twice[entry] += 1
    for entry, times in twice.items():
        if times > 1:
            yield broken(
                "journal_entries", f"the patient's entry {entry} stands {times} times in the journal"
            )
