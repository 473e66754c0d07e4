# ruff: noqa: ARG001 (all checks have one signature)
"""What the bank said came in, against the bytes of its files."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store.bulk import day
from reconcile.store.checks.registry import broken, check, rows, told_of_files
from reconcile.store.deposit_bytes import cells_of, tells
from reconcile.store.vault import Vault


@check
def deposits(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every deposit's amount and day stand in its row of its file's bytes, and no row taken in is gone."""
    query = """SELECT x.id, x.deposited_on, x.amount, x.file_sha256, x.row, f.kind FROM deposit x
        JOIN file f ON f.sha256 = x.file_sha256 ORDER BY x.file_sha256, x.id"""
    current, cells = "", {}
    for number, booked, amount, digest, row, kind in list(rows(connection, query)):
        if digest != current:
            current = digest
            cells = cells_of(vault.read(digest), kind) if vault.path(digest).is_file() else {}
        when = day(booked)
        if when is None or not tells(cells.get(row, ()), amount, when):
            message = (
                f"deposit {number} of {decimal_text(amount)}: not what file {digest[:12]} says in row {row}"
            )
            yield broken("deposits", message)
    query = """SELECT f.sha256, f.manifest, COUNT(x.id) FROM file f LEFT JOIN deposit x ON x.file_sha256 = f.sha256
        WHERE f.kind IN ('deposits', 'BAI2') GROUP BY f.sha256, f.manifest ORDER BY f.sha256"""
    for digest, told, count in told_of_files(connection, query):
        taken = told.get("deposits", 0) + told.get("deposits_known", 0)
        if count < taken:
            yield broken("deposits", f"file {digest[:12]}: {taken} rows were taken in, {count} are left")
