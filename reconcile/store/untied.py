"""Acknowledgments that found no claim, and may be about claims that came in after them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from edi.model.acknowledgment import AcknowledgmentLevel
from edi.model.control import normalise_control_number
from reconcile.store.answered import CLAIMS_ANSWER
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.claims import IMPORTED
from reconcile.store.schema import AcknowledgmentRow, ClaimRow

_CLAIM = table_of(ClaimRow)
_SAID = table_of(AcknowledgmentRow).c
_WHOLE = (AcknowledgmentLevel.TRANSACTION.value, AcknowledgmentLevel.PROVIDER.value)


def imported_files(connection: Connection) -> tuple[str, ...]:
    """The digests of all files that claims were imported from."""
    query = select(_CLAIM.c.file_sha256).where(_CLAIM.c.source == IMPORTED, _CLAIM.c.file_sha256 != "")
    return tuple(sorted(connection.execute(query.distinct()).scalars()))


def untied_sets(connection: Connection, files: Collection[str]) -> dict[str, set[str]]:
    """The sets of acknowledgments in which one that found no claim may be about claims of these files.

    Args:
        connection: any transaction.
        files: digests of the files of claims.

    Returns:
        The digests of the sets by that of the file they came in. Control numbers decide; of a 277CA that rejects more
        than one claim the store has none, so that each of these is among them.
    """
    columns = (_SAID.kind, _SAID.level, _SAID.accepted, _SAID.interchange_control_number)
    numbers = (_SAID.group_control_number, _SAID.patient_control_number)
    query = select(_SAID.file_sha256, _SAID.set_digest, *columns, *numbers).where(_SAID.claims == 0)
    rows = connection.execute(query).all()
    interchanges, groups, claims = _numbers(connection, files) if rows else (set(), set(), set())
    found: dict[str, set[str]] = {}
    for row in rows:
        if row.patient_control_number:
            fits = normalise_control_number(row.patient_control_number) in claims
        elif row.kind == CLAIMS_ANSWER:
            fits = not row.accepted and row.level in _WHOLE
        elif row.group_control_number:
            fits = row.group_control_number in groups
        else:
            fits = row.interchange_control_number in interchanges
        if fits:
            found.setdefault(row.file_sha256, set()).add(row.set_digest)
    return found


def _numbers(connection: Connection, files: Collection[str]) -> tuple[set[str], set[str], set[str]]:
    """ISA13, GS06 and patient control numbers of the claims of files."""
    columns = (_CLAIM.c.interchange_control_number, _CLAIM.c.group_control_number, _CLAIM.c.pcn_normalised)
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    for some in chunks(sorted(files), IN_LIST):
        for row in connection.execute(select(*columns).where(_CLAIM.c.file_sha256.in_(some))):
            for numbers, number in zip(found, row, strict=True):
                numbers.add(number)
    return found
