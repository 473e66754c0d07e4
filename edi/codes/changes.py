"""What a release changes against the one before it: counts over all of it, and each change of a therapy code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

import msgspec

from edi.codes.editions import Pairs
from edi.codes.lookup import Tables
from edi.codes.values import Carc, Edition, Rarc, Release

ADDED: Final = "added"
ENDED: Final = "ended"
CHANGED: Final = "changed"


class Change(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One row that is new, gone or different.

    Attributes:
        change: added, ended or changed.
        code: the code, or column 1 of a pair.
        column_2: of a pair, else None.
        before, after: what the row said and says (a pair's indicator, units and MAI, the dates of a CARC or RARC).
    """

    change: str
    code: str
    column_2: str | None = None
    before: str | None = None
    after: str | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a release changes.

    Attributes:
        table: ptp, mue, carc or rarc.
        release: the new one. against: the one that answered before it for its first day; None when there was none.
        within: where the older one knows a few codes only: how many it knows; the comparison keeps to these. Else None.
        added, ended, changed, same: counts of rows.
        details: each change of a code of therapy (every change of a CARC or RARC), sorted.
        by_code: for each code in ``details``, how many changes it has.
    """

    table: str
    release: str
    against: str | None
    within: int | None = None
    added: int = 0
    ended: int = 0
    changed: int = 0
    same: int = 0
    details: tuple[Change, ...] = ()
    by_code: Mapping[str, Mapping[str, int]] = {}

    @property
    def looks_cut_off(self) -> bool:
        """Whether more than half of the older release is gone: no quarter does that, a broken download does."""
        return self.ended > self.changed + self.same


def changes(table: str, release: str, before: Tables, after: Tables) -> Changes:
    """Compare a release with the one that answered for its first day before it was loaded.

    Args:
        table: ptp, mue, carc or rarc.
        release: its name, one of those that ``after`` has.
        before: the tables without it, or with another state of it.
        after: the tables with it.
    """
    new = next(one for one in after.editions[table] if one.release == release)
    begins = new.valid_from or date.min
    old = before.release_on(table, begins) if table in ("ptp", "mue") else before.releases[table]
    if old.valid_from is not None and old.valid_from > begins:
        return Changes(table=table, release=release, against=None)
    shipped = not isinstance(old, Edition)
    within = _codes_of(table, old, before) if shipped and table in ("ptp", "mue") else None
    if table == "ptp":
        found = _of_pairs(before.pairs(old), old, after.pairs(new), begins, within)
    else:
        found = _of_rows(_rows(table, old, before), _rows(table, new, after), within)
    return _told(table, new, old, within, found, after)


def _told(
    table: str,
    new: Release,
    old: Release,
    within: frozenset[str] | None,
    found: Iterator[Change | None],
    tables: Tables,
) -> Changes:
    """Count all changes and keep those that a therapy practice looks at."""
    counts = {ADDED: 0, ENDED: 0, CHANGED: 0}
    same = 0
    details: list[Change] = []
    by_code: dict[str, dict[str, int]] = {}
    for one in found:
        if one is None:
            same += 1
            continue
        counts[one.change] += 1
        codes = [one.code] if one.column_2 is None else [one.code, one.column_2]
        if table in ("carc", "rarc") or all(code in tables.procedures for code in codes):
            details.append(one)
            for code in codes:
                counted = by_code.setdefault(code, {ADDED: 0, ENDED: 0, CHANGED: 0})
                counted[one.change] += 1
    return Changes(
        table=table,
        release=new.release,
        against=old.release,
        within=len(within) if within is not None else None,
        added=counts[ADDED],
        ended=counts[ENDED],
        changed=counts[CHANGED],
        same=same,
        details=tuple(sorted(details, key=lambda one: (one.code, one.column_2 or "", one.change))),
        by_code=dict(sorted(by_code.items())),
    )


def _codes_of(table: str, release: Release, tables: Tables) -> frozenset[str]:
    """The codes that a shipped release knows: it holds those of therapy only."""
    if table == "mue":
        return frozenset(tables.limits(release))
    pairs = tables.pairs(release)
    day = release.valid_from or date.max
    return frozenset(code for block in pairs.blocks() for pair in pairs.standing(block, day) for code in pair)


def _of_pairs(
    old: Pairs, was: Release, new: Pairs, begins: date, within: frozenset[str] | None
) -> Iterator[Change | None]:
    """Compare block by block: a whole release is some two million rows."""
    last = min(was.valid_to, begins) if was.valid_to is not None else begins
    for block in sorted({*old.blocks(), *new.blocks()}):
        before, after = old.standing(block, last), new.standing(block, begins)
        for pair in before.keys() | after.keys():
            if within is not None and not within.issuperset(pair):
                continue
            yield _change(before.get(pair), after.get(pair), pair[0], pair[1])


def _of_rows(
    before: Mapping[str, str], after: Mapping[str, str], within: frozenset[str] | None
) -> Iterator[Change | None]:
    for code in before.keys() | after.keys():
        if within is None or code in within:
            yield _change(before.get(code), after.get(code), code, None)


def _change(before: str | None, after: str | None, code: str, column_2: str | None) -> Change | None:
    """The change of a row, None when it says the same."""
    if before == after:
        return None
    kind = ADDED if before is None else ENDED if after is None or _newly_over(before, after) else CHANGED
    return Change(change=kind, code=code, column_2=column_2, before=before, after=after)


def _newly_over(before: str, after: str) -> bool:
    """Whether a CARC or RARC got its last day."""
    return "until " in after and "until " not in before


def _rows(table: str, release: Release, tables: Tables) -> dict[str, str]:
    """What a release says of each code, in words."""
    if table == "mue":
        return {code: f"{row.units} a day, MAI {row.mai}" for code, row in tables.limits(release).items()}
    listed: Mapping[str, Carc] | Mapping[str, Rarc] = tables.carcs if table == "carc" else tables.rarcs
    return {code: _dates(row) for code, row in listed.items()}


def _dates(row: Carc | Rarc) -> str:
    parts = [("from", row.valid_from), ("until", row.valid_to), ("modified", row.last_modified)]
    return " ".join(f"{word} {day}" for word, day in parts if day is not None)
