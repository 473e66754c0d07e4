"""271 into the store: once, each answer tied to its inquiry; and what the store knows, onto the records."""

from __future__ import annotations

import hashlib

import msgspec

from cli.jobs.manifest import DUPLICATE, POSTED
from edi.intake.confirmations import with_confirmations
from edi.model.eligibility import EligibilityAnswer
from edi.model.finding import Finding, Location, Severity
from edi.model.records import Records
from edi.payers.profile import PayerProfile
from edi.transactions import t271
from edi.x12.envelope import TransactionSet
from reconcile.store import Store, StoredSet, load_set, save_set
from reconcile.store.eligibility import UNTIED, confirmations, save_answers

UNTIED_ANSWER = "ELI004"


class AnswerCounts(msgspec.Struct, frozen=True):
    """What one 271 brought: answers, those new to the store, those tied to an inquiry; ``known``: nothing was new."""

    count: int = 0
    new: int = 0
    tied: int = 0
    known: bool = False


def ingest_answers(
    store: Store, sha256: str, position: int, transaction: TransactionSet
) -> tuple[AnswerCounts, list[Finding]]:
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
    answers: list[EligibilityAnswer] = []
    findings: list[Finding] = []
    for item in t271.read(transaction):
        (findings if isinstance(item, Finding) else answers).append(item)  # type: ignore[arg-type]
    if not answers:
        return AnswerCounts(), findings
    with store.write() as connection:
        earlier = load_set(connection, sha256, position)
        if earlier is not None:
            counts = msgspec.json.decode(earlier.record, type=AnswerCounts)
        else:
            saved = save_answers(connection, answers, file_sha256=sha256)
            new = sum(one.new for one in saved)
            tied = sum(one.tied != UNTIED for one in saved)
            counts = AnswerCounts(len(answers), new, tied, known=new == 0)
            stored = StoredSet(
                file_sha256=sha256,
                position=position,
                kind=t271.KIND,
                st_control_number=transaction.control_number,
                outcome=DUPLICATE if counts.known else POSTED,
                content_digest=hashlib.sha256(msgspec.msgpack.encode(answers)).hexdigest(),
                record=msgspec.json.encode(counts).decode(),
            )
            save_set(connection, stored)
    loose = counts.count - counts.tied
    if loose:
        findings.append(
            Finding(
                code=UNTIED_ANSWER,
                severity=Severity.WARNING,
                message=f"{loose} of {counts.count} answers are to no inquiry of this store",
                location=Location(file=transaction.file, transaction=transaction.control_number),
                fix="Nothing, if another system asked: it counts where member id, birth date, name and payer fit a "
                "patient. If this one asked, compare it with the record (claimloop eligibility list --show-phi).",
            )
        )
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
