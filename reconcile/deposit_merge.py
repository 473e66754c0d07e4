"""Which rows of bank files tell of one deposit. All rows are looked at together, so their order cannot matter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

_AGREE: Final = ("practice_id", "account", "bank_reference", "trace_number")
"""What two rows of one deposit may not tell otherwise."""
_NUMBERS: Final = ("bank_reference", "trace_number")
_FILLED: Final = (*_AGREE, "payer_id", "payer_text")


class BankRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A credit as one row of one file tells it: ``amount`` cents, ``file_sha256`` and ``row`` where it stands."""

    id: int
    practice_id: str
    account: str
    deposited_on: date
    amount: int
    bank_reference: str
    trace_number: str
    payer_id: str
    payer_text: str
    file_sha256: str
    row: int


class MergedDeposit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A deposit: the rows that tell of it, by id, and all that they tell; ``told.id`` is the first row's."""

    told: BankRow
    rows: tuple[BankRow, ...]


def merge_rows(rows: Iterable[BankRow]) -> list[MergedDeposit]:
    """Put rows together that tell of one deposit; of one file, no two do.

    Day and amount agree, what both tell of account, practice, bank reference and trace number too, and one of the two
    numbers is told by both. Where neither tells a number, the text must agree. Rows that tell both numbers come first,
    so a row with the one and a row with the other meet in it.

    Returns:
        The deposits, by the id of their first row.
    """
    alike: dict[tuple[date, int], list[BankRow]] = {}
    for one in rows:
        alike.setdefault((one.deposited_on, one.amount), []).append(one)
    found: list[MergedDeposit] = []
    for some in alike.values():
        groups: list[list[BankRow]] = []
        for one in sorted(some, key=_most_told) if len(some) > 1 else some:
            group = next((group for group in groups if _same(one, group)), None)
            if group is None:
                groups.append([one])
            else:
                group.append(one)
        found += map(_merged, groups)
    return sorted(found, key=lambda one: one.told.id)


def _most_told(one: BankRow) -> tuple[object, ...]:
    """The order in which rows are put together; no id is in it."""
    told = tuple(getattr(one, name) for name in _FILLED)
    numbers = sum(1 for name in _NUMBERS if getattr(one, name))
    return -numbers, -sum(map(bool, told)), told, one.file_sha256, one.row


def _same(one: BankRow, group: list[BankRow]) -> bool:
    """Whether a row tells of the deposit of others; day and amount agree already."""
    if any(one.file_sha256 == other.file_sha256 for other in group):
        return False
    if any(
        _told(one, name) and {_told(other, name) for other in group} - {"", _told(one, name)}
        for name in _AGREE
    ):
        return False
    if any(
        _told(one, name) and _told(one, name) == _told(other, name) for other in group for name in _NUMBERS
    ):
        return True
    nameless = not any(_told(other, name) for other in (one, *group) for name in _NUMBERS)
    return nameless and _plain(one.payer_text) == _plain(group[0].payer_text)


def _told(one: BankRow, name: str) -> str:
    return str(getattr(one, name))


def _plain(words: str) -> str:
    return "".join(one for one in words.upper() if one.isalnum())


def _merged(rows: list[BankRow]) -> MergedDeposit:
    if len(rows) == 1:
        return MergedDeposit(told=rows[0], rows=tuple(rows))
    members = sorted(rows, key=lambda one: one.id)
    fullest = {
        name: max((_told(one, name) for one in rows), key=lambda text: (len(text), text)) for name in _FILLED
    }
    return MergedDeposit(told=msgspec.structs.replace(members[0], **fullest), rows=tuple(members))
