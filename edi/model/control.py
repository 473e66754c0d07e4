"""Control numbers as payers send them back: one canonical spelling for looking them up."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

PLACEHOLDERS: Final = (
    "NA", "NIL", "NONE", "NOTAPPLICABLE", "NOTASSIGNED", "NOTAVAILABLE", "NULL", "TBD", "UNK", "UNKNOWN",
)  # fmt: skip
"""Words that stand where a payer has no number of its own, as ``normalise_control_number`` spells them."""


def normalise_control_number(text: str) -> str:
    """Return the spelling under which control numbers are indexed and compared.

    Payers lower-case, pad with zeros or blanks and put in dashes; so: upper case, ASCII letters and digits only,
    leading zeros dropped. An all-zero or empty number gives "" or "0".
    """
    kept = text.upper()
    if not (kept.isascii() and kept.isalnum()):
        kept = "".join([c for c in kept if c.isascii() and c.isalnum()])
    stripped = kept.lstrip("0")
    return stripped or kept[:1]


def is_placeholder(text: str, words: Collection[str] = PLACEHOLDERS) -> bool:
    """Whether a payer's claim number (CLP07, REF*F8) says that there is none: blank, all zeros, or such a word.

    Args:
        text: as the payer sent it.
        words: in any spelling of ``normalise_control_number``; a payer may have its own.
    """
    number = normalise_control_number(text)
    return number in ("", "0") or number in words
