"""Which wrong values a finding may repeat: those of the form of what belongs there, so that no name slips out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from edi.codes.identifiers import mbi_is_formed

_LONGEST: Final = 20
_MEMBER_ID: Final = 8
_PROCEDURE: Final = re.compile(r"[A-Z]?[0-9]{3,5}[A-Z]?|9[0-9]{5}", re.IGNORECASE)
_DIAGNOSIS: Final = re.compile(r"[A-Z][0-9][0-9A-Z.]{0,7}|[0-9]{3}\.?[0-9]{0,2}", re.IGNORECASE)
_NPI: Final = re.compile(r"[0-9]{10}")
_TAXONOMY: Final = re.compile(r"[0-9]{2,3}[0-9A-Z]{6,8}")
_DATE: Final = re.compile(r"(?:18|19|20)[0-9]{6}|[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}")
"""A date, which may be one of birth."""
_SSN: Final = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")


def is_harmless(raw: str, *, is_date: bool = False) -> bool:
    """Whether a wrong value may be shown: short and with a digit, so that no name slipped into the wrong column.

    One or two letters are no name. What may be a member id (letters and digits, eight or more) is not shown, nor are
    Medicare and social security numbers, nor dates but where a date belongs (``is_date``).
    """
    if is_date and _DATE.fullmatch(raw) is not None:
        return True
    plain = "".join(one for one in raw if one.isalnum())
    mixed = len(plain) >= _MEMBER_ID and not plain.isdigit()
    return not mixed and (len(raw) <= 2 or _has_safe_digits(raw))


def _has_safe_digits(raw: str) -> bool:
    """Whether a text is short, has a digit, and is no Medicare number, social security number or date."""
    if len(raw) > _LONGEST or not any(one.isdigit() for one in raw):
        return False
    mbi = mbi_is_formed(raw.replace("-", "").replace(" ", "").upper())
    return not mbi and _SSN.fullmatch(raw) is None and _DATE.fullmatch(raw) is None


@lru_cache(maxsize=4096)
def procedure_may_be_shown(code: str) -> bool:
    """Whether a procedure code, right or wrong, looks like one: digits with a letter before or behind."""
    return not code or _PROCEDURE.fullmatch(code) is not None


@lru_cache(maxsize=4096)
def modifier_may_be_shown(modifier: str) -> bool:
    """Whether a modifier, right or wrong, looks like one: two signs, or up to four with a digit."""
    return len(modifier) <= 2 or (len(modifier) <= 4 and any(one.isdigit() for one in modifier))


@lru_cache(maxsize=4096)
def diagnosis_may_be_shown(code: str) -> bool:
    """Whether a diagnosis, right or wrong, looks like one of ICD-10-CM or ICD-9."""
    return not code or _DIAGNOSIS.fullmatch(code) is not None


def place_may_be_shown(code: str) -> bool:
    """Whether a place of service, right or wrong, looks like one."""
    return len(code) <= 2


@lru_cache(maxsize=4096)
def npi_may_be_shown(npi: str) -> bool:
    """Whether an NPI, right or wrong, has the ten digits of one."""
    return not npi or _NPI.fullmatch(npi) is not None


@lru_cache(maxsize=4096)
def taxonomy_may_be_shown(taxonomy: str) -> bool:
    """Whether a taxonomy, right or wrong, looks like one."""
    return not taxonomy or _TAXONOMY.fullmatch(taxonomy) is not None


@lru_cache(maxsize=4096)
def reference_may_be_shown(number: str) -> bool:
    """Whether an authorization or referral number, which has no form, is no name, Medicare number or date."""
    return not number or _has_safe_digits(number)
