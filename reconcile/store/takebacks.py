"""The chains of provider adjustments, computed from the stored payments whenever somebody asks.

Nothing of a chain is stored: its entries are the rows of ``provider_adjustment``, and what they come to follows from
all of them. So no ingest has to find and patch the chains of other payments, a rebuild has nothing to rebuild, and a
chain as of an earlier day is the same question with fewer payments.
"""

# ruff: noqa: S608 (every piece of SQL is a constant of this module)
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from edi.codes.lookup import Tables
from edi.model.balance import REVERSAL
from reconcile.store.adjudications import payment_place
from reconcile.store.bulk import day, fetch
from reconcile.store.submissions import normalised
from reconcile.takebacks import FORWARDING, Chain, Entry, Named, Reversal, find_chains, numbers_of

_ENTRIES: Final = """SELECT x.remittance_id, x.ordinal, x.reason, x.identifier, x.cents, r.payer_key, r.payer_id,
    r.payer_name, r.payer_ids, r.practice_id, r.payee_npi, r.payee_tax_id, r.trace_number, r.payment_date,
    r.production_date, r.payment_key, r.amount, r.method FROM provider_adjustment x
    JOIN remittance r ON r.id = x.remittance_id"""
_REVERSALS: Final = f"""SELECT p.remittance_id, r.trace_number, c.root, p.patient_control_number,
    p.payer_claim_control_number, p.paid, COALESCE(r.payment_date, r.production_date)
    FROM claim_payment p JOIN remittance r ON r.id = p.remittance_id
    LEFT JOIN claim c ON c.id = p.claim_id WHERE p.status = '{REVERSAL}' AND p.remittance_id {{keys}}"""
_REVERSALS_OF: Final = f"""SELECT p.remittance_id, r.trace_number, c.root, p.patient_control_number,
    p.payer_claim_control_number, p.paid, COALESCE(r.payment_date, r.production_date)
    FROM claim c JOIN claim_payment p ON p.claim_id = c.id JOIN remittance r ON r.id = p.remittance_id
    WHERE p.status = '{REVERSAL}' AND c.root {{keys}}"""
_PAID_ON: Final = 6
_BY_PAYER_NUMBER: Final = """SELECT x.number, c.root FROM payer_claim_control_number x JOIN claim c ON c.id = x.claim_id
    WHERE x.number {keys}"""
_BY_NUMBER: Final = "SELECT c.pcn_normalised, c.root FROM claim c WHERE c.pcn_normalised {keys}"
_SUBMITTED: Final = "SELECT c.root, c.practice_id, c.payer_key, c.payer_id FROM claim c WHERE c.root {keys}"
_ANSWERED: Final = """SELECT c.root, r.payer_key, r.payer_id FROM claim c JOIN claim_payment p ON p.claim_id = c.id
    JOIN remittance r ON r.id = p.remittance_id WHERE c.root {keys}"""


class _Owner(msgspec.Struct):
    """Whose a claim is: its practice, and everyone it was sent to or answered by."""

    practice: str
    payers: set[str]


def load_chains(connection: Connection, tables: Tables, *, as_of: date | None = None) -> tuple[Chain, ...]:
    """Every chain of provider adjustments.

    Args:
        connection: any transaction.
        tables: the code tables, for the reasons that are known.
        as_of: only payments and reversals up to that day (those without a date count always).

    Returns:
        As ``reconcile.takebacks.find_chains``.
    """
    return _chains(connection, tables.code_set("PLB"), connection.exec_driver_sql(_ENTRIES), as_of)


def given_back(connection: Connection) -> dict[int, int]:
    """By claim (id of its first submission), the cents that payers took or were refunded beyond what they deferred."""
    found: dict[int, int] = {}
    for chain in _chains(connection, (), connection.exec_driver_sql(_ENTRIES), None):
        if chain.claim is not None:
            cents = max(chain.taken - chain.deferred, chain.refunded, 0)
            found[chain.claim] = found.get(chain.claim, 0) + cents
    return found


def claim_chains(connection: Connection, tables: Tables, root: int) -> tuple[Chain, ...]:
    """The chains tied to one claim: those that name it, and balances carried by payments that reversed it.

    Args:
        connection: any transaction.
        tables: the code tables.
        root: id of the claim's first submission.
    """
    numbers = {
        str(number).upper().replace("-", "").replace(" ", "")
        for query in (_NUMBERS, _PAYER_NUMBERS)
        for (number,) in fetch(connection, query, [root])
        if number
    }
    conditions = [
        f"UPPER(REPLACE(REPLACE(x.identifier, '-', ''), ' ', '')) LIKE :n{place}"
        for place in range(len(numbers))
    ]
    if next(iter(fetch(connection, _REVERSALS_OF, [root])), None) is not None:
        conditions.append(f"x.reason = '{FORWARDING}'")
    given = {f"n{place}": f"%{number}%" for place, number in enumerate(sorted(numbers))}
    known = tables.code_set("PLB")
    rows = connection.execute(text(f"{_ENTRIES} WHERE {' OR '.join(conditions or ['1 = 0'])}"), given)
    return tuple(chain for chain in _chains(connection, known, rows, None) if chain.claim == root)


_NUMBERS: Final = "SELECT DISTINCT c.pcn_normalised FROM claim c WHERE c.root {keys}"
_PAYER_NUMBERS: Final = """SELECT DISTINCT x.number FROM claim c JOIN payer_claim_control_number x ON x.claim_id = c.id
    WHERE c.root {keys}"""


def _chains(
    connection: Connection, known: Collection[str], rows: Iterable[Any], as_of: date | None
) -> tuple[Chain, ...]:
    """The chains of joined rows of provider adjustments and their payments."""
    entries: list[Entry] = []
    ids: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        one, payer_ids = _entry(*row)
        if as_of is None or one.day is None or one.day <= as_of:
            entries.append(one)
            called = ids.setdefault((one.payer, one.payee), {one.payer})
            if payer_ids not in called:
                called.update(payer_ids.split("\n"), (payer_ids,))
    claims = _claims(connection, entries, ids)
    reversals = {
        (row[0], row[3], row[4], row[5]): _reversal(row)
        for query, keys in (
            (_REVERSALS, {one.remittance for one in entries if one.cents < 0}),
            (_REVERSALS_OF, set(claims.values())),
        )
        for row in fetch(connection, query, sorted(keys))
        if as_of is None or (day(row[_PAID_ON]) or as_of) <= as_of
    }
    return find_chains(entries, known=known, claims=claims, reversals=reversals.values())


def _entry(
    remittance: int, ordinal: int, reason: str, identifier: str, cents: int, payer_key: str, payer_id: str,
    payer_name: str, payer_ids: str, practices: str, npi: str, tax_id: str, trace: str, paid: Any, produced: Any,
    payment_key: str, amount: int, method: str,
) -> tuple[Entry, str]:  # fmt: skip
    """A joined row as a value, and the numbers by which the payment calls its payer."""
    first, second = day(paid), day(produced)
    on = first or second
    entry = Entry(
        remittance=remittance,
        ordinal=ordinal,
        payer=payer_key or payer_id,
        payer_name=payer_key or payer_name or payer_id,
        payee=practices or npi or tax_id,
        trace_number=trace,
        place=payment_place(on, second, trace, payment_key),
        day=on,
        bank=amount,
        method=method,
        reason=reason,
        reference=identifier,
        cents=cents,
    )
    return entry, payer_ids


def _reversal(row: tuple[Any, ...]) -> Reversal:
    return Reversal(
        remittance=row[0],
        trace_number=row[1],
        claim=row[2],
        patient_control_number=row[3],
        payer_claim_control_number=row[4],
        paid=row[5],
    )


def _claims(
    connection: Connection, entries: Iterable[Entry], ids: Mapping[tuple[str, str], Collection[str]]
) -> dict[Named, int]:
    """The one claim of the right practice and payer that each reference names; references that name two are left."""
    wanted = {
        (one.payer, one.payee, one.reference): numbers_of(one.reference)
        for one in entries
        if one.reference and one.reason != FORWARDING
    }
    every = {number for numbers in wanted.values() for number in numbers}
    roots: dict[str, set[int]] = {}
    for number, root in fetch(connection, _BY_PAYER_NUMBER, sorted(every)):
        roots.setdefault(number, set()).add(root)
    spelled: dict[str, set[str]] = {}
    for number in every:
        spelled.setdefault(normalised(number), set()).add(number)
    for plain, root in fetch(connection, _BY_NUMBER, sorted(set(spelled) - {""})):
        for number in spelled[plain]:
            roots.setdefault(number, set()).add(root)
    owners = _owners(connection, {root for found in roots.values() for root in found})
    claims: dict[Named, int] = {}
    for name, numbers in wanted.items():
        payer, payee, _ = name
        practices, payers = payee.split("\n"), ids[payer, payee]
        for number in numbers:
            fitting = [
                root
                for root in roots.get(number, ())
                if owners[root].practice in practices and not owners[root].payers.isdisjoint(payers)
            ]
            if fitting:
                if len(fitting) == 1:
                    claims[name] = fitting[0]
                break
    return claims


def _owners(connection: Connection, roots: Collection[int]) -> dict[int, _Owner]:
    """Practice and payers of claims."""
    owners: dict[int, _Owner] = {}
    for root, practice, key, number in fetch(connection, _SUBMITTED, sorted(roots)):
        owners.setdefault(root, _Owner(practice, set())).payers.update(_filled(key, number))
    for root, key, number in fetch(connection, _ANSWERED, sorted(roots)):
        owners[root].payers.update(_filled(key, number))
    return owners


def _filled(*values: str) -> Iterator[str]:
    return (value for value in values if value)
