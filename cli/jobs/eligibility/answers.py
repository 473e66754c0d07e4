"""271 into the store: once, each answer tied to its inquiry; and what the store knows, onto the records."""

from __future__ import annotations

from typing import Any

from cli.jobs.inquiries.answers import Counts, store_once, warning
from edi.intake.confirmations import with_confirmations
from edi.model.finding import Finding
from edi.model.records import Records
from edi.payers.profile import PayerProfile
from edi.transactions import t271
from edi.x12.envelope import TransactionSet
from reconcile.store import Connection, Store
from reconcile.store.eligibility import UNTIED, confirmations, save_answers

UNTIED_ANSWER = "ELI004"


def ingest_answers(
    store: Store, sha256: str, position: int, transaction: TransactionSet
) -> tuple[Counts, list[Finding]]:
    """Store the answers of one 271.

    Args:
        store: open for writing.
        sha256: digest of the kept file.
        position: 0-based place of the set in the file.
        transaction: the 271, not consumed yet.

    Returns:
        Counts (those of the earlier run when an interrupted one had got this far), and the findings of the reader and
        ELI004 for answers that are tied to no inquiry.
    """

    def save(connection: Connection, answers: list[Any]) -> Counts:
        saved = save_answers(connection, answers, file_sha256=sha256)
        new, tied = sum(one.new for one in saved), sum(one.tied != UNTIED for one in saved)
        return Counts(len(answers), new, tied, known=new == 0)

    items = t271.read(transaction)
    counts, findings = store_once(store, (sha256, position), transaction, items, Counts, save)
    loose = counts.count - counts.tied
    if loose:
        message = f"{loose} of {counts.count} answers are to no inquiry of this store"
        fix = (
            "Nothing, if another system asked: it counts where member id, birth date, name and payer fit a "
            "patient. If this one asked, compare it with the record (claimloop eligibility list --show-phi)."
        )
        findings.append(warning(UNTIED_ANSWER, transaction, message, fix))
    return counts, findings


def confirmed(
    records: Records, store: Store | None, payers: dict[str, PayerProfile]
) -> tuple[Records, tuple[Finding, ...]]:
    """The records with what payers answered; unchanged without a store."""
    if store is None:
        return records, ()
    with store.read() as connection:
        answered = [one.confirmation for one in confirmations(connection)]
    return with_confirmations(records, answered, payers)
