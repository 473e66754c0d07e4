"""How names and numbers are spelled for X12, and how two spellings are compared.

Source: 005010 appendix B (basic and extended character set; facts/claim_format_eligibility_rules.md). Letters with
accents lose them (NFKD), letters that Unicode does not take apart are spelled as passports spell them, typographic
marks become their ASCII twins, anything else is left out.
"""

# ruff: noqa: RUF001 - the letters that look alike are what this table is about

from __future__ import annotations

import unicodedata
from typing import Final

_SPELLINGS: Final = {
    ord(letter): spelling
    for letters, spelling in (
        ("ß", "ss"), ("ẞ", "SS"), ("Æ", "AE"), ("æ", "ae"), ("Œ", "OE"), ("œ", "oe"), ("Ø", "O"), ("ø", "o"),
        ("ÐĐ", "D"), ("ðđ", "d"), ("Ł", "L"), ("ł", "l"), ("Þ", "TH"), ("þ", "th"), ("Ħ", "H"), ("ħ", "h"),
        ("Ŧ", "T"), ("ŧ", "t"), ("Ŋ", "N"), ("ŋ", "n"), ("ı", "i"), ("ĸ", "k"), ("Ə", "E"), ("ə", "e"),
        ("‘’‚‛′ʻʼ´‹›", "'"), ("“”„‟″«»", '"'), ("‐‑‒–—―−", "-"), ("×", "x"), ("•·", "-"), ("¿", "?"), ("¡", "!"),
        ("⁄∕", "/"), ("€", "EUR"), ("£", "GBP"),
    )
    for letter in letters
}  # fmt: skip


def transliterate(text: str) -> str:
    """Return the text in ASCII: accents dropped, special letters spelled, what has no spelling left out."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_SPELLINGS))
    return apart.translate(_SPELLINGS).encode("ascii", "ignore").decode("ascii")


def spelled(text: str) -> str:
    """Return a name or number as it is compared: ASCII letters and digits, upper case."""
    return "".join([character for character in transliterate(text).upper() if character.isalnum()])


def alike(one: str, other: str) -> bool | None:
    """Whether two texts are spelled alike; None where one of them says nothing."""
    first, second = spelled(one), spelled(other)
    return first == second if first and second else None
