"""X12 amount text <-> integer cents. Money is never a float.

Source: 005010 data type R (decimal point explicit, leading minus only); amounts have at most two decimals.
"""

from __future__ import annotations

import re
from typing import Final

_AMOUNT: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")
_MAX_DIGITS: Final = 13
"""Digits before the point: the store sums cents in 64 bits, so an amount leaves room for thousands like it."""


def parse_cents(text: str) -> int:
    """Read an X12 amount (``85``, ``85.5``, ``-.53``) as integer cents.

    Args:
        text: the element as sent; surrounding blanks are ignored. Zeros beyond the second decimal are accepted.

    Returns:
        The amount in cents.

    Raises:
        ValueError: not an amount, a fraction of a cent, or more than 13 digits before the point. The text itself is
            not in the message.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError("not an X12 amount")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if not whole and not fraction:
        raise ValueError("not an X12 amount")
    if len(whole) > _MAX_DIGITS and len(whole.lstrip("0")) > _MAX_DIGITS:
        raise ValueError("amount has too many digits")
    if fraction[2:].strip("0"):
        raise ValueError("amount has a fraction of a cent")
    cents = int(whole or "0") * 100 + int((fraction + "00")[:2])
    return -cents if sign == "-" else cents


def format_amount(cents: int) -> str:
    """Write cents as X12 wants them: no trailing zeros, no bare point (``100``, ``100.5``, ``-.53`` as ``-0.53``)."""
    sign = "-" if cents < 0 else ""
    whole, fraction = divmod(abs(cents), 100)
    if not fraction:
        return f"{sign}{whole}"
    if fraction % 10:
        return f"{sign}{whole}.{fraction:02d}"
    return f"{sign}{whole}.{fraction // 10}"


def decimal_text(cents: int) -> str:
    """Write cents as people and JSON read them, always two decimals (``85.00``)."""
    sign = "-" if cents < 0 else ""
    whole, fraction = divmod(abs(cents), 100)
    return f"{sign}{whole}.{fraction:02d}"
