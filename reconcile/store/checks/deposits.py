# ruff: noqa: ARG001 (all checks have one signature)
"""What the bank said came in, against the bytes of its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store.bulk import day
from reconcile.store.checks.registry import broken, check, rows, rows_told, told_of_files
from reconcile.store.deposit_bytes import brings_money, cells_of, tells
from reconcile.store.second_path import Seek
from reconcile.store.vault import Vault

_Told = tuple[int, date | None, str]
"""A deposit: cents, day, bank reference."""


@check
def deposits(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every deposit's amount and day stand in its row of its file's bytes, and no row taken in is gone."""
    query = """SELECT x.id, x.deposited_on, x.amount, x.bank_reference, x.file_sha256, x.row, f.kind FROM deposit x
        JOIN file f ON f.sha256 = x.file_sha256 ORDER BY x.file_sha256, x.id"""
    stored: dict[str, dict[int, _Told]] = {}
    files = _Files(vault)
    for number, booked, amount, reference, digest, row, kind in list(rows(connection, query)):
        when = day(booked)
        stored.setdefault(digest, {})[row] = (amount, when, reference)
        if when is None or not tells(files.cells(digest, kind).get(row, ()), amount, when):
            message = (
                f"deposit {number} of {decimal_text(amount)}: not what file {digest[:12]} says in row {row}"
            )
            yield broken("deposits", message)
    yield from _gone(connection, files, stored)


class _Files:
    """The cells of kept files by row, the last one held."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._held: tuple[str, dict[int, list[str]]] = ("", {})

    def cells(self, sha256: str, kind: str) -> dict[int, list[str]]:
        """The cells of a file; none where the vault lacks it."""
        if self._held[0] != sha256:
            self._held = sha256, cells_of(self._vault.read(sha256), kind) if self._vault.has(sha256) else {}
        return self._held[1]


def _repeats(said: Sequence[str], held: Iterable[_Told]) -> bool:
    """Whether a row tells of a deposit that is held, under the same bank reference."""
    cells = {cell.strip() for cell in said}
    return any(
        reference in cells and when is not None and tells(said, amount, when)
        for amount, when, reference in held
        if reference
    )


def _gone(
    connection: Connection, files: _Files, stored: Mapping[str, Mapping[int, _Told]]
) -> Iterator[Finding]:
    """The rows of files that tell of money that came in, and that the store has not.

    What the import refused is no deposit, and a row that repeats another one is stored once.
    """
    query = """SELECT f.sha256, f.manifest, f.kind FROM file f
        WHERE f.kind IN ('deposits', 'BAI2') AND f.outcome IN ('posted', 'partial') ORDER BY f.sha256"""
    for digest, told, kind in told_of_files(connection, query):
        held, refused, cells = stored.get(digest, {}), rows_told(told), files.cells(digest, kind)
        known = {tuple(cells.get(row, ())) for row in held}
        taken = told.get("deposits", 0) + told.get("deposits_known", 0)
        gone = [
            row
            for row, said in cells.items()
            if row not in held.keys() | (refused or set())
            and tuple(said) not in known
            and brings_money(said)
            and not _repeats(said, held.values())
        ]
        if refused is not None:
            for row in gone:
                yield broken("deposits", f"file {digest[:12]}: the deposit of row {row} is gone")
        if len(held) < taken and (refused is None or not gone):
            message = f"file {digest[:12]}: {taken} rows were taken in, {len(held)} are left"
            yield broken("deposits", message)
