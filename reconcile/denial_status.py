"""Whether a denial still stands: what came after it on its service. Money is integer cents.

It stands while the service holds cents as denied that no later denial accounts for, whatever was paid beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edi.model.balance import REVERSAL
from reconcile.ledger import Ledger
from reconcile.values import Account, Adjudication, DenialStatus, Posting


def denial_status(
    adjudication: Adjudication,
    service: int | None,
    postings: Sequence[Posting],
    by_id: Mapping[int, Adjudication],
    ledger: Ledger,
    on_service: Sequence[Posting],
) -> tuple[DenialStatus, int]:
    """Whether the denial still stands, and the cents that came after it on the service.

    Args:
        adjudication: what denied.
        service: what was denied; None for a claim without lines.
        postings: those of the denial.
        by_id: every adjudication of the claim.
        ledger: the books of the claim.
        on_service: all postings of the books on the service, in their order.
    """
    reversed_by = ledger.reversed_by.get(adjudication.id)
    gone = service is not None and (adjudication.id, service) not in ledger.live
    if postings[0].account is Account.MEMO:
        return DenialStatus.OPEN, 0  # a duplicate: nothing to recover, the second submission is to be closed
    recovered = 0
    held = sum([one.cents for one in on_service if one.account is Account.DENIED])
    denied_again = False
    for one in on_service:
        other = by_id[one.adjudication]
        if other.id == adjudication.id or one.transfer:
            continue
        if service is not None and (other.id, service) not in ledger.live:
            continue
        if other.order < adjudication.order:
            continue
        if one.account in (Account.PAID, Account.PATIENT):
            recovered += one.cents
        elif one.account is Account.DENIED and one.cents > 0:
            held -= one.cents
            denied_again |= other.payer == adjudication.payer
    if reversed_by is not None and gone and adjudication.claim.status != REVERSAL:
        return (DenialStatus.RECOVERED if recovered > 0 else DenialStatus.REVERSED), max(recovered, 0)
    if held > 0:
        return DenialStatus.OPEN, max(recovered, 0)
    if recovered > 0:
        return DenialStatus.RECOVERED, recovered
    return (DenialStatus.SUPERSEDED if denied_again else DenialStatus.OPEN), 0
