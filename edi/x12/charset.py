"""Text that is safe in an X12 element: transliterated to the extended character set, free of delimiters.

Source: 005010 appendix B (basic and extended character set; facts/claim_format_eligibility_rules.md). How a letter is
spelled stands in `edi.model.spelling`; what has no spelling is left out and can be asked for with `unspellable`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from edi.model.spelling import transliterate
from edi.x12.delimiters import Delimiters

_MARKS: Final = "!\"&'()*+,-./:;?=%~@[]_{}\\|<>^`#$"
_OUTSIDE: Final = re.compile(f"[^A-Za-z0-9 {re.escape(_MARKS)}]")
_BLANKS: Final = re.compile(r"\s+")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")


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
