"""Text that is safe in an X12 element: transliterated to the extended character set, free of delimiters.

Source: 005010 appendix B (basic and extended character set; facts/claim_format_eligibility_rules.md). Letters with
accents lose them (NFKD), letters that Unicode does not take apart are spelled as passports spell them, typographic
marks become their ASCII twins, anything else is left out and can be asked for with `unspellable`.
"""

# ruff: noqa: RUF001 - the letters that look alike are what this table is about

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from edi.x12.delimiters import Delimiters

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
_MARKS: Final = "!\"&'()*+,-./:;?=%~@[]_{}\\|<>^`#$"
_OUTSIDE: Final = re.compile(f"[^A-Za-z0-9 {re.escape(_MARKS)}]")
_BLANKS: Final = re.compile(r"\s+")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")


def transliterate(text: str) -> str:
    """Return the text in ASCII: accents dropped, special letters spelled, what has no spelling left out."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_SPELLINGS))
    return apart.translate(_SPELLINGS).encode("ascii", "ignore").decode("ascii")


def transliterate_around(text: str, delimiters: Delimiters) -> str:
    """Return finished X12 text in ASCII: as `transliterate`, but what is spelled anew never becomes a delimiter.

    A fullwidth asterisk or tilde has an ASCII twin that would end an element or segment; it is left out. What is ASCII
    stays as it is, so counts made before hold after.
    """
    if text.isascii():
        return text
    marks = (delimiters.element, delimiters.component, delimiters.repetition, delimiters.segment)
    no_marks = {ord(mark): None for mark in marks if mark}
    return _NOT_ASCII.sub(lambda found: transliterate(found[0]).translate(no_marks), text)


def unspellable(text: str) -> bool:
    """Whether a letter or digit of the text has no spelling in ASCII, so that `transliterate` loses it."""
    return not text.isascii() and any(
        character.isalnum() and not transliterate(character) for character in text
    )


class Cleaner(dict[str, str]):
    """A memo from any text to the same text safe for an element: ``cleaner[text]``.

    Transliterated, without the four delimiters, without control characters and anything outside the extended set,
    blanks joined and trimmed. ``filler`` stands where a delimiter stood: a blank in names, nothing in identifiers.
    ``is_clean`` tells whether a text that is not empty stays as it is. ``lossy`` collects the texts that lost a letter;
    it is PHI and never leaves the writer.
    """

    def __init__(self, delimiters: Delimiters, *, upper_case: bool, filler: str = " ") -> None:
        super().__init__()
        self._upper_case = upper_case
        marks = (delimiters.element, delimiters.component, delimiters.repetition, delimiters.segment)
        self._delimiters = {ord(mark): filler for mark in marks if mark}
        letters = "A-Z" if upper_case else "A-Za-z"
        word = f"[{letters}0-9{re.escape(''.join([mark for mark in _MARKS if mark not in marks]))}]+"
        self.is_clean: Callable[[str], re.Match[str] | None] = re.compile(f"{word}(?: {word})*").fullmatch
        self.lossy: set[str] = set()

    def __missing__(self, text: str) -> str:
        if self.is_clean(text):
            self[text] = text
            return text
        if unspellable(text):
            self.lossy.add(text)
        clean = transliterate(text).translate(self._delimiters)
        clean = _OUTSIDE.sub("", _BLANKS.sub(" ", clean))
        clean = _BLANKS.sub(" ", clean).strip()
        if self._upper_case:
            clean = clean.upper()
        self[text] = clean
        return clean
