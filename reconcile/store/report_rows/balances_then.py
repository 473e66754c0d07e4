"""What claims came to at the end of a day, where that is not what they come to now less what was posted since.

A payer's answer moves what an earlier one left to the patient or denied; when that is reversed later, or corrected in
its place, the move is another. So the books of the few claims whose answers came on both sides of the day, and that
several payers answered or one took an answer back from, are computed again from what had come by the day.
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
from reconcile.store.listing import CLAIM
from reconcile.store.recomputed import assumptions
from reconcile.store.submissions import by_roots
from reconcile.values import Adjudication, ClaimState, SubmittedClaim

SUMS: Final = ("paid", "contractual", "patient", "denied", "pended", "suspense", "open")
_BOTH_SIDES: Final = """SELECT c.root FROM claim c JOIN claim_payment p ON p.claim_id = c.id
    JOIN remittance r ON r.id = p.remittance_id
    WHERE p.outcome = 'posted' AND c.root IN (SELECT root FROM claim GROUP BY root HAVING SUM(adjudications) > 1)
    GROUP BY c.root
    HAVING SUM(CASE WHEN COALESCE(r.payment_date, r.production_date) > :day THEN 1 ELSE 0 END)
        BETWEEN 1 AND COUNT(*) - 1
    AND (COUNT(DISTINCT CASE WHEN r.payer_key = '' THEN r.payer_id ELSE r.payer_key END) > 1
        OR SUM(CASE WHEN p.status = :reversal THEN 1 ELSE 0 END) > 0)
    ORDER BY c.root"""


def sums_then(connection: Connection, day: date) -> FromClause | None:
    """The claims that must be computed again, with their sums at the end of a day; None where there are none.

    Args:
        connection: any transaction.
        day: the last day whose answers count; those without a day count always.

    Returns:
        Rows of ``root`` and ``SUMS``, in cents.
    """
    found = [(root, *sums) for root, sums in _computed(connection, day)]
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


def _computed(connection: Connection, day: date) -> Iterator[tuple[int, Sequence[int]]]:
    """Claims and their sums of then."""
    query = text(_BOTH_SIDES).bindparams(bindparam("day", type_=Date))
    roots = list(connection.execute(query, {"day": day, "reversal": REVERSAL}).scalars())
    tables = load_tables()
    for some in chunks(roots, IN_LIST):
        chains, posted = by_roots(connection, some).chains, posted_on(connection, some, frozenset())
        kept = _kept(connection, some)
        for root in some:
            sums = _then(chains[root], posted.get(root, ()), kept[root], day, tables)
            if sums is not None:
                yield root, sums


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
