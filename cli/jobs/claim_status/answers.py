"""277 into the store: once, each answer tied to its claim."""

from __future__ import annotations

from typing import Any

from cli.jobs.inquiries.answers import Counts, store_once, warning
from edi.model.finding import Finding
from edi.model.status import CLAIM
from edi.transactions import t277
from edi.x12.envelope import TransactionSet
from reconcile.store import Connection, Store
from reconcile.store.claim_status.known import NEEDS_WORK
from reconcile.store.claim_status.tying import UNTIED, save_answers

UNTIED_ANSWER = "CST002"
WHOLE_SET = "CST003"


class StatusCounts(Counts, frozen=True):
    """The counts of one 277: also the answers that make work, and those to all of an inquiry at once (``whole``)."""

    work: int = 0
    whole: int = 0


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

    def save(connection: Connection, answers: list[Any]) -> StatusCounts:
        saved = save_answers(connection, answers, file_sha256=sha256, position=position)
        return StatusCounts(
            count=len(answers),
            new=sum(one.new for one in saved),
            tied=sum(one.tied != UNTIED for one in saved),
            work=sum(one.new and one.tied != UNTIED and one.state in NEEDS_WORK for one in saved),
            whole=sum(one.level != CLAIM for one in answers),
            known=not any(one.new for one in saved),
        )

    items = t277.read(transaction)
    counts, findings = store_once(store, (sha256, position), transaction, items, StatusCounts, save)
    loose = counts.count - counts.tied
    if loose:
        message = f"{loose} of {counts.count} answers are tied to no claim of this store"
        fix = "Nothing, if another system asked; else compare payer, number and days (claims status list --loose)."
        findings.append(warning(UNTIED_ANSWER, transaction, message, fix))
    if counts.whole:
        message = "the payer answered an inquiry as a whole, and none of its claims"
        fix = "Read the answer (claims status list --loose), mend what it names, and ask again with --again."
        findings.append(warning(WHOLE_SET, transaction, message, fix))
    return counts, findings
