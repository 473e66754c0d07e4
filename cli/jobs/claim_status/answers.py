"""277 into the store: once, each answer tied to its claim."""

from __future__ import annotations

import hashlib

import msgspec

from cli.jobs.manifest import DUPLICATE, POSTED
from edi.model.finding import Finding, Location, Severity
from edi.model.status import CLAIM, StatusAnswer
from edi.transactions import t277
from edi.x12.envelope import TransactionSet
from reconcile.store import Store, StoredSet, load_set, save_set
from reconcile.store.claim_status.known import NEEDS_WORK
from reconcile.store.claim_status.tying import UNTIED, save_answers

UNTIED_ANSWER = "CST002"
WHOLE_SET = "CST003"


class StatusCounts(msgspec.Struct, frozen=True):
    """What one 277 brought: answers, those new to the store, those tied to a claim or set, those that make work.

    ``whole``: answers to all of an inquiry at once. ``known``: nothing was new.
    """

    count: int = 0
    new: int = 0
    tied: int = 0
    work: int = 0
    whole: int = 0
    known: bool = False


def ingest_status(
    store: Store, sha256: str, position: int, transaction: TransactionSet
) -> tuple[StatusCounts, list[Finding]]:
    """Store the answers of one 277.

    Args:
        store: open for writing.
        sha256: digest of the kept file.
        position: 0-based place of the set in the file.
        transaction: the 277, not consumed yet.

    Returns:
        Counts (those of the earlier run when an interrupted one had got this far), and the findings of the reader,
        CST002 for answers that are tied to no claim, CST003 for those to all of an inquiry at once.
    """
    answers: list[StatusAnswer] = []
    findings: list[Finding] = []
    for item in t277.read(transaction):
        (findings if isinstance(item, Finding) else answers).append(item)  # type: ignore[arg-type]
    if not answers:
        return StatusCounts(), findings
    with store.write() as connection:
        earlier = load_set(connection, sha256, position)
        if earlier is not None:
            counts = msgspec.json.decode(earlier.record, type=StatusCounts)
        else:
            saved = save_answers(connection, answers, file_sha256=sha256, position=position)
            counts = StatusCounts(
                count=len(answers),
                new=sum(one.new for one in saved),
                tied=sum(one.tied != UNTIED for one in saved),
                work=sum(one.new and one.tied != UNTIED and one.state in NEEDS_WORK for one in saved),
                whole=sum(one.level != CLAIM for one in answers),
                known=not any(one.new for one in saved),
            )
            stored = StoredSet(
                file_sha256=sha256,
                position=position,
                kind=t277.KIND,
                st_control_number=transaction.control_number,
                outcome=DUPLICATE if counts.known else POSTED,
                content_digest=hashlib.sha256(msgspec.msgpack.encode(answers)).hexdigest(),
                record=msgspec.json.encode(counts).decode(),
            )
            save_set(connection, stored)
    return counts, [*findings, *_said(counts, transaction)]


def _said(counts: StatusCounts, transaction: TransactionSet) -> list[Finding]:
    """What a person should know of answers that are no claim's."""
    place = Location(file=transaction.file, transaction=transaction.control_number)
    findings: list[Finding] = []
    loose = counts.count - counts.tied
    if loose:
        message = f"{loose} of {counts.count} answers are tied to no claim of this store"
        fix = "Nothing, if another system asked; else compare payer, number and days (claims status list --loose)."
        findings.append(_finding(UNTIED_ANSWER, message, place, fix))
    if counts.whole:
        message = "the payer answered an inquiry as a whole, and none of its claims"
        fix = "Read the answer (claims status list --loose), mend what it names, and ask again with --again."
        findings.append(_finding(WHOLE_SET, message, place, fix))
    return findings


def _finding(code: str, message: str, place: Location, fix: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, message=message, location=place, fix=fix)
