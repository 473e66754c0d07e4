"""Tables as text to rows, and which release of each answers for a date of service."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cached_property
from importlib import resources
from typing import Final, TypeVar

import msgspec

from edi.codes.editions import NOTHING_INSTALLED, Installed, by_release, complete, in_force
from edi.codes.values import Dated, Edition, Release

Row = TypeVar("Row", bound=Dated)

LISTS: Final = {"add_on_to": "|", "successors": "|", "rarcs": "+"}
"""Columns that hold several codes, and what stands between them."""


def package_text(name: str) -> str:
    """The CSV text of a table that is shipped."""
    return resources.files("edi.codes").joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")


class Releases:
    """The rows of every table, shipped and installed; arguments as of ``Tables``."""

    def __init__(
        self, read: Callable[[str], str] = package_text, installed: Installed = NOTHING_INSTALLED
    ) -> None:
        self._read = read
        self.installed = installed
        self._by_day: dict[tuple[str, date], Release] = {}

    def rows(self, name: str, kind: type[Row]) -> Iterator[Row]:
        """The rows of a table as values of ``kind``.

        Raises:
            msgspec.ValidationError: a row does not fit; the tables are shipped, so a fault of the installation.
        """
        return self._converted(self._read(name), kind)

    def _converted(self, text: str, kind: type[Row]) -> Iterator[Row]:
        for row in csv.DictReader(text.splitlines()):
            filled = {
                column: text.split(LISTS[column]) if column in LISTS else text
                for column, text in row.items()
                if text
            }
            yield msgspec.convert(filled, kind, strict=False)

    @cached_property
    def editions(self) -> Mapping[str, tuple[Release, ...]]:
        """All releases of each table (procedures, mpfs, ptp, mue, carc, rarc) that can be in force, oldest first.

        An installed release outranks the shipped one of the same name; one that lacks a part is left out.
        """
        found: dict[str, dict[str, Release]] = {}
        for row in self.rows("releases", Release):
            found.setdefault(row.code, {})[row.release] = row
        for table, releases in found.items():
            for release, parts in by_release(self.installed.editions, table).items():
                if complete(parts):
                    releases[release] = parts[0]
        return {
            table: tuple(sorted(rows.values(), key=lambda one: (one.valid_from or date.min, one.release)))
            for table, rows in found.items()
        }

    @cached_property
    def releases(self) -> Mapping[str, Release]:
        """The newest release of each table, by the table's name."""
        return {table: rows[-1] for table, rows in self.editions.items()}

    def release_on(self, table: str, day: date) -> Release:
        """The release of a table that answers for a date of service: one that covers it, else the nearest older."""
        found = self._by_day.get((table, day))
        if found is None:
            found = self._by_day[table, day] = in_force(self.editions[table], day)
        return found

    def covers(self, table: str, day: date) -> bool:
        """Whether a release of a table is there that was made for that date of service."""
        return self.release_on(table, day).holds_on(day)

    def _parts(self, release: Release) -> tuple[Edition, ...]:
        """The parts an installed release is kept in; none for a shipped one."""
        if not isinstance(release, Edition):
            return ()
        return by_release(self.installed.editions, release.code)[release.release]
