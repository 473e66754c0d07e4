"""Numbers that name things for ever: allocated in the transaction that stores what they name, never given twice.

Kinds: ``isa13``, ``gs06``, ``st02`` per trading partner; ``clm01``, ``ref6r``, ``trn270`` and ``trn276`` for the
whole store.
SQLite holds the write lock from ``BEGIN IMMEDIATE``, PostgreSQL locks the counter's row; a rollback gives the numbers
back, and then nothing was named by them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from edi.model.errors import StoreError
from reconcile.store.events import record_event

ISA13: Final = "isa13"
GS06: Final = "gs06"
ST02: Final = "st02"
CLM01: Final = "clm01"
REF6R: Final = "ref6r"
TRN270: Final = "trn270"
TRN276: Final = "trn276"
_TRACE_LETTER: Final = {TRN270: "E", TRN276: "S"}

_HIGHEST: Final = {ISA13: 999_999_999, GS06: 999_999_999, ST02: 999_999_999}
_ENVELOPE_GAP: Final = 100_000
_GAP: Final = 10_000_000
"""More than an office gives between two backups, and little of the nine digits or of 36**7."""
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LINE_WIDTH: Final = 9
CLAIM_WIDTH: Final = 7
_SCATTER: Final = 0x9E3779B1
"""Odd, so multiplying by it modulo a power of two maps numbers one to one."""


def allocate(connection: Connection, partner: str, kind: str, count: int, *, at: datetime) -> range:
    """Take the next ``count`` numbers of a kind and log it.

    Args:
        connection: the write transaction that stores what the numbers name.
        partner: id of the trading partner; "" for numbers of the whole store.
        kind: ``isa13``, ``gs06``, ``st02``, ``clm01``, ``ref6r``, ``trn270`` or ``trn276``.
        count: how many; 0 gives an empty range and touches nothing.
        at: the time for the event log.

    Raises:
        StoreError: an envelope counter has passed nine digits.
    """
    if count < 1:
        return range(0)
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(
        f"INSERT INTO control_number (partner, kind, next_number) VALUES ({mark}, {mark}, 1)"  # noqa: S608
        " ON CONFLICT DO NOTHING",
        (partner, kind),
    )
    after = connection.exec_driver_sql(
        f"UPDATE control_number SET next_number = next_number + gap + {mark}, gap = 0"  # noqa: S608
        f" WHERE partner = {mark} AND kind = {mark} RETURNING next_number",
        (count, partner, kind),
    ).scalar_one()
    numbers = range(int(after) - count, int(after))
    if numbers[-1] > _HIGHEST.get(kind, numbers[-1]):
        raise StoreError(f"the {kind} counter of trading partner {partner!r} has passed nine digits")
    record_event(
        connection,
        kind="allocation",
        subject=f"control_number:{partner}/{kind}",
        data={"first": numbers[0], "count": count},
        at=at,
    )
    return numbers


def leave_a_gap(connection: Connection) -> None:
    """Leave numbers out when they are next given: a restored store does not know which ones were given since."""
    envelope = ", ".join(f"'{kind}'" for kind in _HIGHEST)
    connection.exec_driver_sql(
        f"UPDATE control_number SET gap = CASE WHEN kind IN ({envelope}) "  # noqa: S608 - constants
        f"THEN {_ENVELOPE_GAP} ELSE {_GAP} END"
    )


def interchange_control_number(number: int) -> str:
    """ISA13: nine digits."""
    return f"{number:09d}"


def group_control_number(number: int) -> str:
    """GS06: the number without leading zeros."""
    return str(number)


def transaction_control_number(number: int) -> str:
    """ST02: at least four digits."""
    return f"{number:04d}"


def patient_control_number(number: int, prefix: str = "", longest: int = 17) -> str:
    """CLM01: the practice's prefix, then a letter-led code of fixed width from A-Z 0-9.

    Neighbouring claims get far-apart codes, so a mistyped digit seldom names another claim; the mapping is one to
    one. Never all digits, so a payer's zero padding cannot make two of them equal.

    Raises:
        StoreError: prefix and code do not fit into ``longest`` characters.
    """
    code = "C" + _base36(number * _SCATTER % (1 << 36) if number < (1 << 36) else number, CLAIM_WIDTH)
    if len(prefix) + len(code) > min(longest, 20):
        raise StoreError(
            f"patient control numbers with prefix {prefix!r} do not fit into {longest} characters"
        )
    return prefix + code


def line_control_number(number: int) -> str:
    """REF*6R: ``L`` and nine characters, never a small number that a payer could take for an LX."""
    return "L" + _base36(number, LINE_WIDTH)


def trace_number(kind: str, number: int) -> str:
    """TRN02 of an inquiry: a letter and nine characters, so that no payer takes it for a number of his own."""
    return _TRACE_LETTER[kind] + _base36(number, LINE_WIDTH)


def is_line_control_number(text: str) -> bool:
    """Whether a REF*6R may be one that ``line_control_number`` made."""
    return len(text) == LINE_WIDTH + 1 and text[0] == "L" and all(one in _DIGITS for one in text[1:])


def _base36(number: int, width: int) -> str:
    """A number in base 36, filled with zeros."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits.rjust(width, "0")
