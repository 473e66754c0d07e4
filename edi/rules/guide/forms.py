"""What several modules of the guide ask: forms of ZIPs, phones, tax ids and names; a payer's decisions. No rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edi.model.claim import Address, ServiceLine
from edi.model.coordination import LineAdjudication, OtherPayer
from edi.model.draft import ClaimDraft

_PHONE: Final = re.compile(r"[2-9][0-9]{9}")
_SSN: Final = re.compile(r"(?!000|666|9)[0-9]{3}(?!00)[0-9]{2}(?!0000)[0-9]{4}")
_ZIP: Final = re.compile(r"[0-9]{5}(?:[0-9]{4})?")
_BOX: Final = re.compile(r"\bP\.?\s*O\.?\s*BOX\b|\bLOCK\s?BOX\b", re.IGNORECASE)
_DIGIT: Final = re.compile(r"[0-9]")
_FILLERS: Final = frozenset(
    {
        "APPLIED",
        "N/A",
        "NA",
        "NONE",
        "NULL",
        "PENDING",
        "REQUESTED",
        "SAME",
        "TBA",
        "TBD",
        "UNK",
        "UNKN",
        "UNKNOWN",
    }
)
_TITLES: Final = frozenset({"MR", "MRS", "MS", "MISS", "DR", "JR", "SR", "II", "III", "IV", "ESQ"})
_COMPANIES: Final = frozenset(
    {"LLC", "LLP", "INC", "CORP", "PLLC", "PC", "CLINIC", "HOSPITAL", "ASSOCIATES", "THERAPY", "REHAB"}
)


def is_filler(text: str) -> bool:
    """Whether a text stands where nothing was known: ``UNKNOWN``, ``N/A``, ``PENDING``, or one character repeated."""
    cleaned = text.strip().upper()
    return cleaned in _FILLERS or (len(cleaned) > 1 and len(set(cleaned)) == 1)


def phone_is_formed(text: str) -> bool:
    """Whether a text is a phone number of ten digits that can exist: not 0 or 1 first, not one digit repeated."""
    return _PHONE.fullmatch(text) is not None and len(set(text)) > 1


def ssn_is_formed(text: str) -> bool:
    """Whether a text may be a social security number: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    return _SSN.fullmatch(text) is not None and len(set(text)) > 1


def at_home(address: Address) -> bool:
    """Whether the address is in the United States."""
    return address.country in ("", "US")


def zip_problem(address: Address, *, nine: bool) -> str:
    """What is wrong with the ZIP of a US address, or "". ``nine``: the loop wants ZIP+4. A blank one is not judged."""
    if not address.zip or not at_home(address):
        return ""
    if not _ZIP.fullmatch(address.zip):
        return "is not five or nine digits"
    if address.zip[:5] in ("00000", "99999"):
        return "is none: 00000 and 99999 are no post office"
    if nine and len(address.zip) != 9:
        return "has not nine digits"
    return ""


def missing_parts(address: Address) -> list[str]:
    """Which parts of an address are blank: ``line_1``, ``city``, and in the United States ``state`` and ``zip``."""
    parts = {"line_1": address.line_1, "city": address.city}
    if at_home(address):
        parts |= {"state": address.state, "zip": address.zip}
    return [name for name, value in parts.items() if not value]


def is_box(address: Address) -> bool:
    """Whether the address is a post office box or a lock box."""
    return _BOX.search(address.line_1) is not None or _BOX.search(address.line_2) is not None


def has_digit(text: str) -> bool:
    """Whether a name holds a digit."""
    return _DIGIT.search(text) is not None


def title_in(text: str) -> bool:
    """Whether a name of several words begins or ends in a title or a suffix, which have elements of their own."""
    words = text.replace(".", "").replace(",", " ").upper().split()
    return len(words) > 1 and (words[0] in _TITLES or words[-1] in _TITLES)


def sounds_like_company(text: str) -> bool:
    """Whether a name ends as an organisation's does."""
    words = text.replace(".", "").replace(",", " ").upper().split()
    return len(words) > 1 and words[-1] in _COMPANIES


def decisions_of(draft: ClaimDraft, payer: OtherPayer) -> Iterator[tuple[ServiceLine, LineAdjudication]]:
    """What another payer decided on the lines of the claim, each with its line."""
    for line in draft.claim.lines:
        for one in line.adjudications:
            if one.payer_id == payer.payer.id:
                yield line, one
