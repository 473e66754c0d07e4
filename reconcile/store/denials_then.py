"""How denials stood at the end of a day on claims that a payer answered again since.

What settled a denial, took that back or denied anew later does not count. A claim with one answer by the day needs no
books: what that answer denied stood. Of the few others the books are computed again from the answers that had come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import Connection, text

from edi.codes import load_tables
from reconcile.reconciliation import reconcile_claim
from reconcile.store.adjudications import posted_on
from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.posting_rows import denial_id
from reconcile.store.submissions import by_roots

_LATER: Final = "CASE WHEN COALESCE(r.payment_date, r.production_date) > :day THEN 1 ELSE 0 END"
"""Whether a remittance came after the day; one without a day always counts."""
_ANSWERED_AGAIN: Final = f"""SELECT c.root
    FROM (SELECT root FROM claim GROUP BY root HAVING SUM(adjudications) > 2) many
    JOIN claim c ON c.root = many.root JOIN claim_payment p ON p.claim_id = c.id AND p.outcome = 'posted'
    JOIN remittance r ON r.id = p.remittance_id
    WHERE EXISTS (SELECT d.id FROM claim s JOIN denial d ON d.claim_id = s.id WHERE s.root = c.root)
    GROUP BY c.root HAVING SUM({_LATER}) > 0 AND SUM(1 - {_LATER}) > 1 ORDER BY c.root"""  # noqa: S608 - constants
"""Chains with a denial, with more than one answer by the day, and with one after it."""


def statuses_then(connection: Connection, day: date) -> dict[str, str]:
    """By id the status of the denials of those claims, where it was another at the end of a day than it is now.

    Args:
        connection: any transaction.
        day: the last day whose answers count; those without a day count always.
    """
    tables = load_tables()
    found: dict[str, str] = {}
    roots = connection.execute(text(_ANSWERED_AGAIN), {"day": day}).scalars()
    for some in chunks(list(roots), IN_LIST):
        chains, posted = by_roots(connection, some).chains, posted_on(connection, some, frozenset())
        later, now = _answered_later(connection, some, day), _statuses_now(connection, some)
        for root in some:
            come = [one for one in posted.get(root, ()) if one.id not in later]
            seen: Counter[str] = Counter()
            for denial in reconcile_claim(chains[root], come, tables).denials:
                name = denial_id(denial)
                seen[name] += 1
                name = name if seen[name] == 1 else f"{name}-{seen[name]}"
                if now.get(name) != denial.status.value:
                    found[name] = denial.status.value
    return found


def _answered_later(connection: Connection, roots: Sequence[int], day: date) -> set[int]:
    """The claim payments on chains that came after a day, by id."""
    numbers = ", ".join(map(str, roots))
    query = text(
        "SELECT p.id FROM claim c JOIN claim_payment p ON p.claim_id = c.id JOIN remittance r"  # noqa: S608 (ids)
        f" ON r.id = p.remittance_id WHERE c.root IN ({numbers}) AND {_LATER} = 1"
    )
    return set(connection.execute(query, {"day": day}).scalars())


def _statuses_now(connection: Connection, roots: Sequence[int]) -> dict[str, str]:
    """How the denials of chains stand now, by id."""
    numbers = ", ".join(map(str, roots))
    query = text(
        "SELECT d.id, d.status FROM claim c JOIN denial d ON d.claim_id = c.id"  # noqa: S608 (ids)
        f" WHERE c.root IN ({numbers})"
    )
    return {row.id: row.status for row in connection.execute(query)}
