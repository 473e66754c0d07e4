"""How denials stood at the end of a day on claims of which a payer took an answer back since.

A denial that money settled stands again once the payment is taken back; before that it was settled. So the books of the
few claims with a later reversal are computed again from the answers that had come by the day.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Final

from sqlalchemy import Connection, text

from edi.codes import load_tables
from edi.model.balance import REVERSAL
from reconcile.reconciliation import reconcile_claim
from reconcile.store.adjudications import posted_on
from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.posting_rows import denial_id
from reconcile.store.submissions import by_roots

_REVERSED: Final = """SELECT DISTINCT c.root FROM remittance r JOIN claim_payment p ON p.remittance_id = r.id
    JOIN claim c ON c.id = p.claim_id WHERE p.status = :reversal AND p.outcome = 'posted'
    AND COALESCE(r.payment_date, r.production_date) > :day ORDER BY c.root"""


def statuses_then(connection: Connection, day: date) -> dict[str, str]:
    """By id the status of the denials of those claims, as they stood at the end of a day.

    Args:
        connection: any transaction.
        day: the last day whose answers count; those without a day count always.
    """
    tables = load_tables()
    found: dict[str, str] = {}
    roots = connection.execute(text(_REVERSED), {"reversal": REVERSAL, "day": day}).scalars()
    for some in chunks(list(roots), IN_LIST):
        chains, posted = by_roots(connection, some).chains, posted_on(connection, some, frozenset())
        for root in some:
            come = [
                one for one in posted.get(root, ()) if one.payment_date is None or one.payment_date <= day
            ]
            seen: Counter[str] = Counter()
            for denial in reconcile_claim(chains[root], come, tables).denials:
                name = denial_id(denial)
                seen[name] += 1
                found[name if seen[name] == 1 else f"{name}-{seen[name]}"] = denial.status.value
    return found
