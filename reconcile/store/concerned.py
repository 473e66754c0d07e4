"""Which of the claim payments that wait could find their claim after something became known.

Few wait, and of these few are concerned: they are told by their numbers, and only they are read and matched again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Connection, text

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
    " WHERE p.outcome <> 'posted' AND p.outcome = 'unmatched' AND p.reason IN ('no_claim', 'other_patient')"
    " AND p.id > :after AND {holds}"
)
_HOLDS: Final = {
    "sqlite": "instr(x.content, CAST('F8' AS BLOB)) > 0",
    "postgresql": "position(CAST('F8' AS BYTEA) IN x.content) > 0",
}
"""By database: the packed value has the two bytes somewhere. Few have them, and only these are unpacked."""
_BY_LINES: Final = (
    "SELECT id, payer_claim_control_number FROM claim_payment WHERE outcome <> 'posted' AND outcome = 'unmatched'"
    " AND evidence = 'line_control_number' AND payer_claim_control_number <> '' AND id > :after"
)
_OF_OTHERS: Final = (
    "SELECT id, payer_claim_control_number FROM claim_payment WHERE outcome <> 'posted' AND outcome = 'unmatched'"
    " AND candidates <> '' AND reason <> 'no_original' AND payer_claim_control_number <> ''"
)
"""Asked at each look: one that waited for a number looks at claims only once that is learnt."""
_NEWEST: Final = "SELECT MAX(id) FROM claim_payment"
_KNOWN: Final = "SELECT number, COUNT(*) FROM payer_claim_control_number WHERE number {keys} GROUP BY number"


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


class Referring:
    """The unmatched claim payments that have another number of the payer, kept from file to file of one command.

    Those are the ones that name it in REF*F8 alone, those whose line numbers alone were not enough, and those that
    fitted none of the claims they named (of another patient, say), since the number may name their own yet. Each is
    read once; then a look asks how many claims its numbers name, and only where that has grown is it to be tried again.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: so where the transaction of a look was rolled back."""
        self._after = 0
        self._payments: dict[str, set[int]] = {}
        self._known: dict[str, int] = {}

    def concerned(self, connection: Connection) -> list[int]:
        """The ones that a number names more claims for than at the last look; at the first, for which it names any."""
        self._read(connection)
        found: set[int] = set()
        for number, count in fetch(connection, _KNOWN, sorted(self._payments)):
            if count > self._known.get(number, 0):
                found.update(self._payments[number])
                self._known[number] = count
        return sorted(found)

    def _read(self, connection: Connection) -> None:
        """Note what has come since."""
        for number, own in connection.exec_driver_sql(_OF_OTHERS):
            self._payments.setdefault(own, set()).add(number)
        after = {"after": self._after}
        self._after = connection.exec_driver_sql(_NEWEST).scalar() or 0
        if self._after == after["after"]:
            return
        referring = _REFERRING.format(holds=_HOLDS[connection.dialect.name])
        for number, content in connection.execute(text(referring), after):
            for kind, value in unpack_claim_payment(bytes(content)).references:
                if kind == "F8" and value:
                    self._payments.setdefault(value, set()).add(number)
        for number, own in connection.execute(text(_BY_LINES), after):
            self._payments.setdefault(own, set()).add(number)
