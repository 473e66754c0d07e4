"""The journal of one store into another that was rebuilt from the same vault and events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, bindparam, text

from reconcile.store.bulk import IN_LIST, chunks, day, table_of
from reconcile.store.schema import JournalEntryRow

_CARRIED: Final[tuple[str, ...]] = ("account", "group_code", "reason", "cents", "posting_date", "batch")


def carry_over(source: Connection, target: Connection) -> int:
    """Write the journal of one store into another that was rebuilt from the same vault and events.

    What was told to people stays as it was told, so the journal is not worked out anew: its entries go over by the
    names that they have in business.

    Args:
        source: any transaction of the store that is rebuilt.
        target: the write transaction of the new one, whose claims, payments and entries of patients are there.

    Returns:
        How many entries were written.
    """
    names = ", ".join(f"x.{name}" for name in _CARRIED)
    query = f"""SELECT x.id, x.practice_id, x.payment_key, x.ordinal, e.digest, c.patient_control_number, c.sequence,
        lc.practice_id AS line_practice, lc.patient_control_number AS line_claim, lc.sequence AS line_sequence,
        l.number, {names} FROM journal_entry x LEFT JOIN patient_entry e ON e.id = x.patient_entry_id
        LEFT JOIN claim c ON c.id = x.claim_id LEFT JOIN service_line l ON l.id = x.line_id
        LEFT JOIN claim lc ON lc.id = l.claim_id ORDER BY x.id"""  # noqa: S608 - constants of this module
    written = 0
    for block in chunks(source.execute(text(query)), IN_LIST):
        rows = _renumbered(target, block)
        if rows:
            target.execute(table_of(JournalEntryRow).insert(), rows)
        written += len(rows)
    return written


_CLAIMS: Final = """SELECT id, practice_id, patient_control_number, sequence FROM claim
    WHERE patient_control_number IN :names"""


def _renumbered(target: Connection, block: list[Any]) -> list[dict[str, Any]]:
    """Entries with the ids that their claims, lines and patients' entries have in another store."""
    claims = {
        (practice, number, sequence): claim_id
        for claim_id, practice, number, sequence in _by(
            target,
            _CLAIMS,
            {
                name
                for row in block
                for name in (row.patient_control_number, row.line_claim)
                if name is not None
            },
        )
    }
    lines = {
        (claim_id, number): line_id
        for line_id, claim_id, number in _by(
            target,
            "SELECT id, claim_id, number FROM service_line WHERE claim_id IN :names",
            set(claims.values()),
        )
    }
    entries = dict(
        _by(
            target,
            "SELECT digest, id FROM patient_entry WHERE digest IN :names",
            {row.digest for row in block if row.digest is not None},
        )
    )
    rows = []
    for row in block:
        own = claims.get((row.line_practice, row.line_claim, row.line_sequence))
        rows.append(
            {
                "id": row.id,
                "practice_id": row.practice_id,
                "payment_key": row.payment_key,
                "ordinal": row.ordinal,
                "patient_entry_id": entries.get(row.digest),
                "claim_id": claims.get((row.practice_id, row.patient_control_number, row.sequence)),
                "line_id": lines.get((own or 0, row.number)),
                **{name: getattr(row, name) for name in _CARRIED},
                "posting_date": day(row.posting_date),
            }
        )
    return rows


def _by(connection: Connection, query: str, names: set[Any]) -> Iterator[Any]:
    """The rows of a query for many names."""
    wanted = text(query).bindparams(bindparam("names", expanding=True))
    for some in chunks(sorted(names), IN_LIST):
        yield from connection.execute(wanted, {"names": some})
