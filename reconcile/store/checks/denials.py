# ruff: noqa: ARG001 (all checks have one signature)
"""Checks of the denials that are worked, and of what people decided about them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, select

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.denial_listing import DenialListing, denials
from reconcile.store.denial_work import deeds_by_item
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, POSTING
from reconcile.store.second_path import Seek
from reconcile.store.vault import Vault
from reconcile.worklist import Verb

_MOST_PARTS: Final = 18
"""Adjustments of one line that are looked at: six in each of three CAS."""


@check
def write_offs(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every write-off is of the cents that were denied when it was made, and of an amount that an answer has.

    A later file may change what is denied, which is no fault of the books: the write-off is held to that, and its item
    opens again for what is more (``reconcile.worklist``). So its cents need only be what stands denied, or the sum of
    some of the adjustments that one of the answers made there.
    """
    done = {
        name: [deed for deed in deeds if deed.verb is Verb.WRITE_OFF]
        for name, deeds in sorted(deeds_by_item(connection).items())
    }
    claimed: dict[str, set[int]] = {}
    for name, deeds in done.items():
        for deed in deeds:
            if deed.denied and deed.cents != deed.denied:
                told = f"{decimal_text(deed.cents)} written off where {decimal_text(deed.denied)} was denied"
                yield broken("write_offs", f"denial {name}: {told}")
            else:
                claimed.setdefault(name, set()).add(deed.cents)
    if claimed:
        yield from _of_no_answer(connection, claimed)


def _of_no_answer(connection: Connection, claimed: Mapping[str, Collection[int]]) -> Iterator[Finding]:
    """The write-offs of amounts that no answer has, of items that have a denial still.

    Args:
        connection: a read transaction.
        claimed: the cents of write-offs by item.
    """
    items: dict[str, list[DenialListing]] = {}
    for one in denials(connection):
        if one.work in claimed:
            items.setdefault(one.work, []).append(one)
    roots = {one.claim_root for found in items.values() for one in found}
    adjusted = _adjusted(connection, roots)
    for name, found in sorted(items.items()):
        stands = {one.amount for one in found}
        told = [cents for one in found for cents in adjusted.get((one.claim_root, one.line_id), ())]
        for cents in sorted(set(claimed[name]) - stands):
            if not any(_is_sum(cents, some) for some in told):
                message = f"{decimal_text(cents)} written off, which no answer of the payer says"
                yield broken("write_offs", f"denial {name}: {message}")


def _adjusted(
    connection: Connection, roots: Collection[int]
) -> dict[tuple[int, int | None], list[tuple[int, ...]]]:
    """The cents of adjustments by chain and line, one tuple an answer."""
    query = select(CLAIM.c.root, POSTING.c.line_id, POSTING.c.claim_payment_id, POSTING.c.cents)
    query = query.select_from(POSTING).join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.id == POSTING.c.claim_payment_id)
    query = query.join(CLAIM, CLAIM.c.id == CLAIM_PAYMENT.c.claim_id)
    found: dict[tuple[int, int | None, int], list[int]] = {}
    for some in chunks(sorted(roots), IN_LIST):
        wanted = query.where(CLAIM.c.root.in_(some), POSTING.c.account != "paid", POSTING.c.cents != 0)
        for root, line, answer, cents in connection.execute(wanted):
            found.setdefault((root, line, answer), []).append(int(cents))
    by_line: dict[tuple[int, int | None], list[tuple[int, ...]]] = {}
    for (root, line, _), amounts in found.items():
        by_line.setdefault((root, line), []).append(tuple(amounts))
    return by_line


def _is_sum(cents: int, parts: Sequence[int]) -> bool:
    """Whether some of the parts come to an amount."""
    sums = {0}
    for part in parts[:_MOST_PARTS]:
        sums |= {one + part for one in sums}
    return cents in sums


@check
def denied_is_worked(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every claim's denied cents stand in denials that are open, service by service (worked, upheld, written off too).

    A denial may be of more than still stands: a later payer paid a part, or denied the same.
    """
    query = """SELECT o.patient_control_number, o.denied, COALESCE(s.worked, 0) AS worked FROM claim o LEFT JOIN (
            SELECT h.root, CAST(SUM(CASE WHEN COALESCE(d.amount, 0) < h.cents THEN COALESCE(d.amount, 0)
                ELSE h.cents END) AS BIGINT) AS worked FROM (
                SELECT c.root AS root, COALESCE(x.line_id, 0) AS line, CAST(SUM(x.cents) AS BIGINT) AS cents
                FROM posting x JOIN claim_payment p ON p.id = x.claim_payment_id JOIN claim c ON c.id = p.claim_id
                WHERE x.account = 'denied' GROUP BY c.root, COALESCE(x.line_id, 0)
            ) h LEFT JOIN (
                SELECT c.root AS root, COALESCE(y.line_id, 0) AS line, CAST(SUM(y.amount) AS BIGINT) AS amount
                FROM denial y JOIN claim c ON c.id = y.claim_id
                WHERE y.status = 'open' GROUP BY c.root, COALESCE(y.line_id, 0)
            ) d ON d.root = h.root AND d.line = h.line GROUP BY h.root
        ) s ON s.root = o.id WHERE o.denied > COALESCE(s.worked, 0)"""
    for number, held, worked in rows(connection, query):
        told = f"{decimal_text(held)} is denied, but open denials stand for {decimal_text(worked)}"
        yield broken("denied_is_worked", told, claim=number)
