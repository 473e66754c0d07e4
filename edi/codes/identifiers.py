"""Identifiers that can be judged by their form alone. Source: claim_format_eligibility_rules.md, Identifiers."""

from __future__ import annotations

import re
from typing import Final

_NPI: Final = re.compile(r"[12][0-9]{9}")
_DIAGNOSIS: Final = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}")
_MBI_LETTER: Final = "[AC-HJKMNP-RT-Y]"
_MBI_EITHER: Final = "[0-9AC-HJKMNP-RT-Y]"
_MBI: Final = re.compile(
    f"[1-9]{_MBI_LETTER}{_MBI_EITHER}[0-9]{_MBI_LETTER}{_MBI_EITHER}[0-9]{_MBI_LETTER}{{2}}[0-9]{{2}}"
)
STATES: Final = frozenset(
    {
        "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
        "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH",
        "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY",
        "AS", "GU", "MP", "PR", "VI", "FM", "MH", "PW", "AA", "AE", "AP",
    }
)  # fmt: skip
"""What the post office takes as a state: states, the District of Columbia, territories and military mail."""
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_PREFIX: Final = 24
"""What the digits 80840, which stand before an NPI on a card, add to the sum."""


def npi_is_valid(text: str) -> bool:
    """Whether a text is an NPI: ten digits, the first 1 or 2, the last the Luhn check digit over 80840 + NPI."""
    if _NPI.fullmatch(text) is None:
        return False
    digits = [int(one) for one in text]
    total = _PREFIX + sum(digits[1::2]) + sum(_DOUBLED[one] for one in digits[0::2])
    return total % 10 == 0


def diagnosis_is_formed(code: str) -> bool:
    """Whether a text has the form of an ICD-10-CM code without its dot; not whether the code exists."""
    return _DIAGNOSIS.fullmatch(code) is not None


def mbi_is_formed(text: str) -> bool:
    """Whether a text has the form of a Medicare beneficiary identifier: 11 places, without S, L, O, I, B and Z."""
    return _MBI.fullmatch(text) is not None
