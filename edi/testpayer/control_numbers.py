"""How payers mangle CLM01, and which of it can still be read."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from edi.model.control import normalise_control_number

READABLE = ("lower", "zeros", "dash", "blank")
"""Manglings that leave the normalised number as it was."""


def mangle(number: str, rng: Random, others: Collection[str], *, may_truncate: bool) -> tuple[str, bool]:
    """Return a mangled control number and whether it still reads as the same one.

    Args:
        number: CLM01 as submitted.
        rng: chance.
        others: normalised numbers of all claims; a truncation never hits one of them.
        may_truncate: False keeps to the readable ways.
    """
    ways = [way for way in READABLE if way != "lower" or number.lower() != number]
    if may_truncate and len(number) > 6:
        ways.append("truncated")
    way = rng.choice(ways)
    middle = len(number) // 2
    if way == "truncated":
        for short in (number[:-1], number[:-2], number[:-3]):
            if normalise_control_number(short) not in others:
                return short, False
        way = "zeros"
    if way == "lower":
        return number.lower(), True
    if way == "zeros":
        return f"000{number}", True
    return f"{number[:middle]}{'-' if way == 'dash' else ' '}{number[middle:]}", True
