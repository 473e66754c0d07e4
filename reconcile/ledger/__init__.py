"""The books of one claim in cents: charge = paid + contractual + patient + denied + open, for every service.

What an adjudication posts on a service depends on what stands there:

* nothing yet (or all of it reversed): everything it says, up to the submitted charge. What a higher SVC02 adds is memo,
  taken from the write-offs first, then the patient's share, then the denials;
* another adjudication, of another payer or of the same: its payment, OA-23 as memo, its write-offs only up to what is
  not settled (charge - paid - contractual), then its patient share and its denial out of the rest. What that takes
  from an earlier patient share or denial moves out of there by a transfer. The part without room is memo;
* what was settled before a balance was brought forward, after all others: all of it where no answer of a payer
  stands; else memo, for that says it again;
* a reversal (CLP02 22): exactly the opposite of what the original posted, transfers included; nothing while the
  original is not in the books.

No adjustment brings a service below zero; only money can (a credit balance).
"""

from __future__ import annotations

from collections.abc import Sequence

from edi.codes.lookup import Tables
from reconcile.chain import Chain
from reconcile.ledger.books import Ledger
from reconcile.ledger.posting import Poster
from reconcile.ledger.sequence import in_sequence
from reconcile.ledger.single import post_only
from reconcile.values import Adjudication, SubmittedLine

__all__ = ["Ledger", "in_sequence", "post"]


def post(
    adjudications: Sequence[Adjudication],
    lines: Sequence[SubmittedLine],
    tables: Tables,
    *,
    chain: Chain | None = None,
) -> Ledger:
    """Post the adjudications of one claim, in the order of their ``order``.

    Args:
        adjudications: matched claim payments that balance (edi.model.balance), of all payers.
        lines: the submitted lines; with ``chain`` those of the first submission.
        tables: the code tables.
        chain: the submissions of the claim when there are several; without it every line is its own service.

    Returns:
        The books. For every service: the postings that are not MEMO or PENDED, plus open, sum to the charge.
    """
    if len(adjudications) == 1 and chain is None:
        quick = post_only(adjudications[0], lines, tables)
        if quick is not None:
            return quick
    books = Poster(lines, tables, chain)
    ordered = adjudications if len(adjudications) == 1 else sorted(adjudications, key=lambda one: one.order)
    settled_before = [one for one in ordered if one.brought_forward]
    if settled_before:
        ordered = [one for one in ordered if not one.brought_forward]
    for adjudication in ordered:
        books.post(adjudication)
    for adjudication in settled_before:
        books.bring_forward(adjudication)
    books.deny_uncorrected(ordered)
    return books.close(ordered)
