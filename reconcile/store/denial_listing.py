"""Denials as rows that people and reports read, each with the claim, line and payment it stands on. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from reconcile.store.bulk import IN_LIST, chunks, day, fetch
from reconcile.worklist import work_id


class DenialListing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A denial with the claim, line and payment it stands on.

    ``remitted_on`` is the payment's date. ``claim_root`` is the first submission of the claim, ``claim_payer`` the key
    of the payer it went to (who paid may not have been identified), ``claim_date_from`` its first day of service, and
    ``line_number`` the LX of the line (None: the whole claim is denied). ``work`` names the item of work that the
    denial belongs to (``reconcile.worklist``); denials of one service, payer, group and reason share it. ``primary``:
    no other denial of its claim payment and line is larger. ``answered`` is the submission that was denied,
    ``line_id`` the line that stands for the service, with its ``modifiers`` and ``units``. ``recovered`` cents came for
    the service after the denial, which may still stand for the rest.
    """

    denial_id: str
    practice_id: str
    patient_control_number: str
    line_control_number: str
    procedure_code: str
    date_of_service: date | None
    payer: str
    payer_name: str
    group: str
    reason: str
    remarks: tuple[str, ...]
    category: str
    cause: str
    kind: str
    extent: str
    charge: int
    amount: int
    status: str
    counted: bool
    next_action: str
    guardrails: tuple[str, ...]
    preventable_by: tuple[str, ...]
    because: tuple[str, ...]
    remitted_on: date | None
    trace_number: str
    claim_root: int = 0
    claim_payer: str = ""
    claim_date_from: date | None = None
    line_number: int | None = None
    work: str = ""
    primary: bool = True
    answered: int = 0
    line_id: int | None = None
    modifiers: tuple[str, ...] = ()
    units: str = ""
    payer_claim_control_number: str = ""
    recovered: int = 0


_COLUMNS: Final = """d.id, c.practice_id, c.patient_control_number, COALESCE(l.control_number, ''),
    COALESCE(l.procedure_code, ''), l.date_from, p.remittance_id, d.group_code, d.reason, d.remarks, d.category,
    d.cause, d.kind, d.extent, d.charge, d.amount, d.status, d.counted, d.next_action, d.guardrails, d.preventable_by,
    d.because, c.root, c.payer_key, c.date_from, l.number, d.claim_id, d.line_id, COALESCE(l.modifiers, ''),
    COALESCE(l.units, ''), p.payer_claim_control_number, c.sequence, d.recovered,
    COALESCE(l.claim_id, c.root), d.claim_payment_id"""
_FROM: Final = """FROM denial d
    JOIN claim c ON c.id = d.claim_id
    JOIN claim_payment p ON p.id = d.claim_payment_id
    LEFT JOIN service_line l ON l.id = d.line_id"""
# Remittances, and the few claims that billed a line first and are not the one denied, are looked up apart: there are
# few of them, and a join would read them for every denial.
_REMITTANCES: Final = """SELECT id, payer_key, payer_id, payer_name, COALESCE(payment_date, production_date),
    trace_number FROM remittance WHERE id {keys}"""
_FIRST: Final = "SELECT id, patient_control_number, sequence FROM claim WHERE id {keys}"


def denials(
    connection: Connection,
    *,
    open_only: bool = False,
    claim_ids: Collection[int] | None = None,
    roots: Collection[int] | None = None,
) -> Iterator[DenialListing]:
    """Yield denials, largest amount first; ``open_only`` leaves out the recovered, reversed and superseded.

    Args:
        connection: a read transaction.
        open_only: only what still stands.
        claim_ids: only those of these submissions; None for all.
        roots: only those of these chains; None for all.
    """
    rows: list[Any] = []
    stands = ["d.status = 'open'"] if open_only else []
    if claim_ids is None and roots is None:
        rows = _select(connection, stands)
    for column, wanted in (("d.claim_id", claim_ids), ("c.root", roots)):
        for some in chunks(sorted(wanted or ()), IN_LIST):
            rows += _select(connection, [*stands, f"{column} IN ({', '.join(map(str, some))})"])
    largest = _largest(rows)
    rows.sort(key=lambda row: (-row[_AMOUNT], row[0]))
    paid_by = {
        one[0]: one for one in fetch(connection, _REMITTANCES, sorted({row[_REMITTANCE] for row in rows}))
    }
    others = sorted({row[_BILLED_BY] for row in rows if row[_BILLED_BY] != row[_CLAIM]})
    first = {one[0]: (one[1], one[2]) for one in fetch(connection, _FIRST, others)}
    for row in rows:
        primary = largest[row[_PAYMENT], row[_LINE]] == row[0]
        yield _listing(row, paid_by[row[_REMITTANCE]], first, primary=primary)


_REMITTANCE: Final = 6
_AMOUNT: Final = 15
_CLAIM: Final = 26
_LINE: Final = 27
_BILLED_BY: Final = -2
_PAYMENT: Final = -1


def _select(connection: Connection, conditions: list[str]) -> list[Any]:
    """The rows as the driver gives them."""
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return [*connection.execute(text(f"SELECT {_COLUMNS} {_FROM}{where}")).cursor.fetchall()]


def _largest(rows: list[Any]) -> dict[tuple[int, int | None], str]:
    """By claim payment and line the id of its largest denial; of equals the first by group and reason."""
    found: dict[tuple[int, int | None], tuple[int, str, str, str]] = {}
    for row in rows:
        key, rank = (row[_PAYMENT], row[_LINE]), (-row[_AMOUNT], row[7], row[8], row[0])
        held = found.get(key)
        if held is None or rank < held:
            found[key] = rank
    return {key: rank[3] for key, rank in found.items()}


def _listing(row: Any, remittance: Any, first: dict[int, tuple[str, int]], *, primary: bool) -> DenialListing:
    """One row as a value, with its remittance; ``first``: number and sequence of claims that billed a line first."""
    payer = remittance[1] or remittance[2]
    name, sequence = first.get(row[_BILLED_BY], (row[2], row[31]))
    return DenialListing(
        denial_id=row[0],
        practice_id=row[1],
        patient_control_number=row[2],
        line_control_number=row[3],
        procedure_code=row[4],
        date_of_service=day(row[5]),
        payer=payer,
        payer_name=remittance[3],
        group=row[7],
        reason=row[8],
        remarks=_words(row[9]),
        category=row[10],
        cause=row[11],
        kind=row[12],
        extent=row[13],
        charge=row[14],
        amount=row[15],
        status=row[16],
        counted=bool(row[17]),
        next_action=row[18],
        guardrails=_words(row[19]),
        preventable_by=_words(row[20]),
        because=_reasons(row[21]),
        remitted_on=day(remittance[4]),
        trace_number=remittance[5],
        claim_root=row[22],
        claim_payer=row[23],
        claim_date_from=day(row[24]),
        line_number=row[25],
        work=work_id(row[1], name, sequence, row[25] or 0, payer, row[7] + row[8]),
        primary=primary,
        answered=row[_CLAIM],
        line_id=row[_LINE],
        modifiers=_words(row[28]),
        units=row[29],
        payer_claim_control_number=row[30],
        recovered=row[32],
    )


@lru_cache(maxsize=4096)
def _words(joined: str) -> tuple[str, ...]:
    """Read back a column of codes or keys, which are joined by blanks."""
    return tuple(joined.split())


@lru_cache(maxsize=4096)
def _reasons(joined: str) -> tuple[str, ...]:
    """Read back a column of sentences, which are joined by line ends."""
    return tuple(one for one in joined.split("\n") if one)
