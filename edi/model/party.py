"""Who stands on a claim: addresses, providers, persons, payers. Shared by the loops of an 837P.

Source: 005010X222A1 loops 2010 to 2330.
"""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

import msgspec

from edi.model.remittance import RawSegment, Reference

Contact: TypeAlias = tuple[str, str, str]
"""A PER: name, phone (ten digits) and e-mail, "" where unknown."""


class Address(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """N3 and N4. ``zip`` is digits only (5 or 9) in the US; ``country`` is empty for the US."""

    line_1: str = ""
    line_2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


class Provider(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A provider on a claim, person or organisation (2010AA, 2310A-D, 2420).

    ``last_name`` is the organisation's name when ``is_person`` is False. ``tax_id`` is EIN or SSN digits under
    ``tax_id_qualifier`` (EI or SY). ``references`` are secondary ids (0B, 1G, G2 …). ``kept``: segments of the loop
    that the model has no field for, as sent.
    """

    is_person: bool
    last_name: str
    first_name: str = ""
    middle_name: str = ""
    suffix: str = ""
    npi: str = ""
    taxonomy: str = ""
    tax_id: str = ""
    tax_id_qualifier: str = "EI"
    address: Address | None = None
    references: tuple[Reference, ...] = ()
    contact: Contact | None = None
    kept: tuple[RawSegment, ...] = ()


class Person(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Name and demographics of a subscriber or patient. ``sex`` is F, M or U; "" and None where the file lacks it.

    ``death_date`` is PAT06, when the person treated has died.
    """

    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    suffix: str = ""
    birth_date: date | None = None
    sex: str = ""
    address: Address | None = None
    death_date: date | None = None


class ClaimPayer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loops 2010BB and 2330B. ``key`` is the payers.toml key, "" when not known; ``id`` is NM109.

    ``references`` are the payer's secondary ids, and in 2010BB those of the billing provider too (2U, G2 …). ``kept``:
    segments of the loop that the model has no field for, as sent.
    """

    name: str
    id: str
    key: str = ""
    id_qualifier: str = "PI"
    address: Address | None = None
    references: tuple[Reference, ...] = ()
    kept: tuple[RawSegment, ...] = ()
