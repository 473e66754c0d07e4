"""`tables list`: each table, its releases, the dates they were made for, and whether they are old."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import msgspec

from cli.jobs.tables.update import missing_parts
from edi.codes import Tables
from edi.codes.diagnoses import PACKAGE
from edi.codes.editions import by_release
from edi.codes.lookup import FILES
from edi.codes.values import Dated, Edition, Release

SHIPPED: Final = "shipped"
_OLD_LIST: Final = 180
"""Days after which a list of CARCs or RARCs is old: X12 publishes three times a year."""


class TableRow(msgspec.Struct, frozen=True, kw_only=True):
    """A release of a table.

    Attributes:
        table: its name (``ptp``). name: in words.
        release: "" for tables without releases.
        valid_from, valid_to: dates of service it was made for; None is open or not known.
        rows: how many.
        source: ``shipped``, or the files or package it came from.
        in_force: whether it answers for today.
        note: why it is not in force, or that it is old; "" when all is well.
    """

    table: str
    name: str
    release: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    rows: int
    source: str
    in_force: bool
    note: str = ""


def list_tables(tables: Tables, today: date) -> list[TableRow]:
    """Every table and release of an installation, in the order of their names, older releases first."""
    rows = [*_released(tables, today), *_incomplete(tables), _diagnoses(tables, today)]
    plain = [name for name in FILES if name not in tables.editions and name != "releases"]
    rows += [_plain(name, tables, today) for name in plain]
    return sorted(rows, key=lambda row: (row.table, row.valid_from or date.min, row.release))


def _released(tables: Tables, today: date) -> Iterator[TableRow]:
    for table, releases in tables.editions.items():
        by_quarter = table in ("ptp", "mue")
        answering = tables.release_on(table, today) if by_quarter else tables.releases[table]
        for one in releases:
            parts = by_release(tables.installed.editions, table).get(one.release, ())
            in_force = one is answering
            yield TableRow(
                table=table,
                name=one.name,
                release=one.release,
                valid_from=one.valid_from,
                valid_to=one.valid_to,
                rows=sum(part.rows for part in parts) or _shipped_rows(table, tables),
                source=_files(parts) or SHIPPED,
                in_force=in_force,
                note=_age(table, one, today) if in_force else "",
            )


def _files(parts: Sequence[Edition]) -> str:
    """The files that the parts of a release came from: the first, and how many more."""
    names = list(dict.fromkeys(part.file for part in parts))
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else "".join(names)


def _incomplete(tables: Tables) -> Iterator[TableRow]:
    """Releases that lack a part: they are kept, and wait for it."""
    for table in tables.editions:
        for release, parts in by_release(tables.installed.editions, table).items():
            missing = missing_parts(parts)
            if missing:
                yield TableRow(
                    table=table,
                    name=parts[0].name,
                    release=release,
                    valid_from=parts[0].valid_from,
                    valid_to=parts[0].valid_to,
                    rows=sum(part.rows for part in parts),
                    source=_files(parts),
                    in_force=False,
                    note=f"waits for {', '.join(missing)}",
                )


def _diagnoses(tables: Tables, today: date) -> TableRow:
    """The ICD-10-CM release of the installed package."""
    release = tables.diagnoses.release
    over = not release.holds_on(today)
    return TableRow(
        table=release.code,
        name=release.name,
        release=release.release,
        valid_from=release.valid_from,
        valid_to=release.valid_to,
        rows=tables.diagnoses.count,
        source=release.source,
        in_force=True,
        note=f"not made for today: update {PACKAGE} when it holds the next release" if over else "",
    )


def _plain(name: str, tables: Tables, today: date) -> TableRow:
    """A shipped table without releases."""
    rows = list(tables.rows(name, Dated))
    over = name == "families" and all(row.valid_to is not None and row.valid_to < today for row in rows)
    return TableRow(
        table=name,
        name=name.replace("_", " "),
        rows=len(rows),
        source=SHIPPED,
        in_force=True,
        note="made for earlier dates" if over else "",
    )


def _shipped_rows(table: str, tables: Tables) -> int:
    """How many rows a shipped table has; the fee schedule's status stands in the procedures."""
    return sum(1 for _ in tables.rows("procedures" if table == "mpfs" else table, Dated))


def _age(table: str, release: Release, today: date) -> str:
    """That a release in force is old, and what to do."""
    if table in ("carc", "rarc"):
        days = (today - date.fromisoformat(release.release)).days
        return f"{days} days old: load X12's newest list" if days > _OLD_LIST else ""
    if release.holds_on(today):
        return ""
    if table in ("ptp", "mue"):
        return f"does not cover today: load {today.year}Q{(today.month + 2) // 3} from CMS"
    return "made for earlier dates"
