"""What claims that were answered on both sides of a day came to at its end.

Of nearly all it is what they come to now less what was posted since. But a payer's answer moves what an earlier one
left to the patient or denied; when that is reversed later, or corrected in its place, the move is another. So the books
of the few claims that several payers answered, or one took an answer back from, are computed again from what had come
by the day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.sql.selectable import FromClause

from edi.codes import load_tables
from edi.codes.lookup import Tables
from edi.model.balance import REVERSAL
from reconcile.reconciliation import reconcile_claim
from reconcile.store.adjudications import posted_on
from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, POSTING, REMITTANCE
from reconcile.store.recomputed import assumptions
from reconcile.store.submissions import by_roots
from reconcile.values import Adjudication, ClaimState, SubmittedClaim

SUMS: Final = ("paid", "contractual", "patient", "denied", "pended", "suspense", "open")
_COUNTED: Final = ("paid", "contractual", "patient", "denied", "suspense")
"""The accounts that answer for a charge: open = charge - all of these."""
_LATER: Final = "CASE WHEN COALESCE(r.payment_date, r.production_date) > :day THEN 1 ELSE 0 END"
_BOTH_SIDES: Final = f"""SELECT c.root,
        COUNT(DISTINCT CASE WHEN r.payer_key = '' THEN r.payer_id ELSE r.payer_key END) > 1
        OR SUM(CASE WHEN p.status = :reversal THEN 1 ELSE 0 END) > 0 AS moved
    FROM claim c JOIN claim_payment p ON p.claim_id = c.id JOIN remittance r ON r.id = p.remittance_id
    WHERE p.outcome = 'posted' AND c.root IN (SELECT root FROM claim GROUP BY root HAVING SUM(adjudications) > 1)
    GROUP BY c.root HAVING SUM({_LATER}) BETWEEN 1 AND COUNT(*) - 1 ORDER BY c.root"""  # noqa: S608 - constants


def sums_then(connection: Connection, day: date) -> FromClause | None:
    """The claims with answers on both sides of a day, with their sums at its end; None where there are none.

    Args:
        connection: any transaction.
        day: the last day whose answers count; those without a day count always.

    Returns:
        Rows of ``root`` and ``SUMS``, in cents.
    """
    found = [(root, *sums) for root, sums in _both_sides(connection, day)]
    if not found:
        return None
    given = json.dumps(found)
    if connection.dialect.name == "sqlite":
        rows = func.json_each(literal(given)).table_valued("value").alias("given")
        cells: list[ColumnElement[Any]] = [
            func.json_extract(rows.c.value, f"$[{place}]") for place in range(len(SUMS) + 1)
        ]
    else:
        rows = func.json_array_elements(cast(literal(given), JSON)).table_valued("value").alias("given")
        cells = [cast(rows.c.value.op("->>")(literal(place)), BigInteger) for place in range(len(SUMS) + 1)]
    return (
        select(*(cell.label(name) for cell, name in zip(cells, ("root", *SUMS), strict=True)))
        .select_from(rows)
        .subquery("sums_then")
    )


def _both_sides(connection: Connection, day: date) -> Iterator[tuple[int, Sequence[int]]]:
    """Claims and their sums of then."""
    query = text(_BOTH_SIDES).bindparams(bindparam("day", type_=Date))
    moved = {root: bool(one) for root, one in connection.execute(query, {"day": day, "reversal": REVERSAL})}
    tables = load_tables()
    for some in chunks(list(moved), IN_LIST):
        kept, since = _kept(connection, some), _since(connection, some, day)
        again = [root for root in some if moved[root]]
        chains, posted = by_roots(connection, again).chains, posted_on(connection, again, frozenset())
        for root in some:
            sums = None
            if moved[root]:
                sums = _then(chains[root], posted.get(root, ()), kept[root], day, tables)
            yield root, sums or _less(kept[root], since.get(root))


def _since(connection: Connection, roots: Sequence[int], day: date) -> Mapping[int, tuple[int, ...]]:
    """What was posted on chains after a day, by the accounts of ``SUMS``."""
    account = POSTING.c.account
    query = (
        select(
            CLAIM.c.root,
            *(func.sum(case((account == name, POSTING.c.cents), else_=0)) for name in SUMS[:-1]),
        )
        .select_from(CLAIM)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.claim_id == CLAIM.c.id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .join(POSTING, POSTING.c.claim_payment_id == CLAIM_PAYMENT.c.id)
        .where(CLAIM.c.root.in_(roots), CLAIM_PAYMENT.c.outcome == "posted")
        .where(func.coalesce(REMITTANCE.c.payment_date, REMITTANCE.c.production_date) > day)
        .group_by(CLAIM.c.root)
    )
    return {root: tuple(map(int, sums)) for root, *sums in connection.execute(query)}


def _less(kept: Sequence[int], since: Sequence[int] | None) -> tuple[int, ...]:
    """The sums that are kept without what was posted since."""
    if since is None:
        return tuple(kept)
    back = sum(cents for name, cents in zip(SUMS, since, strict=False) if name in _COUNTED)
    *sums, still_open = kept
    return (*(now - later for now, later in zip(sums, since, strict=True)), still_open + back)


def _kept(connection: Connection, roots: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
    """The sums that the store keeps."""
    columns: list[ColumnElement[Any]] = [CLAIM.c[name] for name in SUMS[:-1]]
    query = select(CLAIM.c.id, *columns, CLAIM.c.open_balance).where(CLAIM.c.id.in_(roots))
    return {row[0]: tuple(row[1:]) for row in connection.execute(query)}


def _then(
    chain: Sequence[SubmittedClaim],
    posted: Sequence[Adjudication],
    kept: Sequence[int],
    day: date,
    tables: Tables,
) -> tuple[int, ...] | None:
    """The sums of one claim of then; None where its answers do not make the books of now, which `verify` tells.

    Which payers pay by capitation is no part of the store: it is what makes the books of now.
    """
    for answers in assumptions(posted):
        if _sums(reconcile_claim(chain, answers, tables)) == tuple(kept):
            come = [one for one in answers if one.payment_date is None or one.payment_date <= day]
            return _sums(reconcile_claim(chain, come, tables))
    return None


def _sums(state: ClaimState) -> tuple[int, ...]:
    return tuple(sum(getattr(one, name) for one in state.balances) for name in SUMS)
