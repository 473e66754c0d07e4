"""Which of the claim payments that wait could find their claim after something became known.

Few wait, and of these few are concerned: they are told by their numbers, and only they are read and matched again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Connection

from reconcile.store.bulk import fetch
from reconcile.store.content import unpack_claim_payment
from reconcile.store.submissions import normalised

_OF_CHAINS: Final = (
    "SELECT x.id, x.pcn_normalised FROM claim c JOIN claim x ON x.root = c.root WHERE c.id {keys}"
)
_WAITING: Final = (
    "SELECT id, patient_control_number, candidates FROM claim_payment"
    " WHERE outcome <> 'posted' AND outcome = 'unmatched'"
)
_UNDER: Final = (
    "SELECT id FROM claim_payment WHERE outcome <> 'posted' AND outcome = 'unmatched'"
    " AND payer_claim_control_number {keys}"
)
_OF_PAYEES: Final = (
    "SELECT p.id FROM claim_payment p JOIN remittance r ON r.id = p.remittance_id WHERE p.outcome <> 'posted'"
    " AND p.outcome = 'unmatched' AND p.reason = 'unknown_payee' AND r.practice_id <> ''"
)
_REFERRING: Final = (
    "SELECT p.id, x.content FROM claim_payment p JOIN claim_payment_content x ON x.claim_payment_id = p.id"
    " WHERE p.outcome <> 'posted' AND p.outcome = 'unmatched' AND p.reason = 'no_claim'"
)
_BY_LINES: Final = (
    "SELECT id, payer_claim_control_number FROM claim_payment WHERE outcome <> 'posted' AND outcome = 'unmatched'"
    " AND evidence = 'line_control_number' AND payer_claim_control_number <> ''"
)
_KNOWN: Final = "SELECT DISTINCT number FROM payer_claim_control_number WHERE number {keys}"


def concerned_by_claims(connection: Connection, claims: Iterable[int]) -> list[int]:
    """The unmatched claim payments that may mean submissions: their CLP01 names one, or they looked at its chain.

    Args:
        connection: any transaction.
        claims: submissions that became known.
    """
    waiting = connection.exec_driver_sql(_WAITING).all()
    if not waiting:
        return []
    chains = dict(fetch(connection, _OF_CHAINS, sorted(set(claims))))
    names = set(chains.values()) - {""}
    return sorted(
        number
        for number, own, candidates in waiting
        if normalised(own) in names or any(int(one) in chains for one in candidates.split())
    )


def concerned_by_numbers(connection: Connection, numbers: Collection[str]) -> list[int]:
    """The unmatched claim payments under payers' claim numbers (CLP07) that became known."""
    return sorted(row[0] for row in fetch(connection, _UNDER, sorted(set(numbers) - {""})))


def concerned_by_payees(connection: Connection) -> list[int]:
    """The claim payments that wait for their payee although the practices of their payment are known by now."""
    return sorted(row[0] for row in connection.exec_driver_sql(_OF_PAYEES))


def concerned_by_references(connection: Connection) -> list[int]:
    """The unmatched claim payments with another number of the payer that is known by now.

    Those are the ones that name it in REF*F8 alone, and those whose line numbers alone were not enough.
    """
    told: dict[int, set[str]] = {}
    for number, content in connection.exec_driver_sql(_REFERRING):
        if b"F8" in content:
            references = unpack_claim_payment(content).references
            told[number] = {value for kind, value in references if kind == "F8"}
    for number, own in connection.exec_driver_sql(_BY_LINES):
        told[number] = {own}
    wanted = set[str]().union(*told.values()) - {""}
    known = {row[0] for row in fetch(connection, _KNOWN, sorted(wanted))}
    return sorted(number for number, held in told.items() if held & known)
