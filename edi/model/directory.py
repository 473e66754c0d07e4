"""Who bills, where, and through whom: practices, facilities, treating providers, enrolments, trading partners.

One value per table of claimloop.toml; ``cli/settings.py`` reads them. Source: design/input.md.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Final

import msgspec

from edi.model.claim import Address


class Submitter(msgspec.Struct, frozen=True, kw_only=True):
    """[submitter]: loop 1000A."""

    organization_name: str
    etin: str
    contact_name: str = ""
    phone: str = ""
    email: str = ""


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """[[practice]]. ``address`` is the street address (no PO box, ZIP of nine digits); ``pay_to`` may be a PO box.

    ``former_npis`` and ``former_tax_ids`` still name this practice in an 835.
    """

    id: str
    name: str
    npi: str
    tax_id: str = ""
    tax_id_type: str = "EI"
    kind: str = "organization"
    first_name: str = ""
    taxonomy: str = ""
    address: Address = Address()
    pay_to: Address | None = None
    phone: str = ""
    accepts_assignment: bool = True
    provider_signature_on_file: bool = True
    time_zone: str = "America/New_York"
    default_facility: str = ""
    trading_partners: tuple[str, ...] = ()
    former_npis: tuple[str, ...] = ()
    former_tax_ids: tuple[str, ...] = ()
    columns: dict[str, str] = {}


class Facility(msgspec.Struct, frozen=True, kw_only=True):
    """[[facility]]: a place of treatment."""

    id: str
    practice: str
    name: str
    npi: str = ""
    address: Address = Address()
    place_of_service: str = "11"


class License(msgspec.Struct, frozen=True, kw_only=True):
    """[[provider.license]]."""

    state: str
    number: str
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the licence's dates include that day (both ends)."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


ASSISTANTS: Final = frozenset({"PTA", "OTA", "COTA", "SLPA", "LPTA"})
"""Credentials that treat under supervision."""


class Clinician(msgspec.Struct, frozen=True, kw_only=True):
    """[[provider]]: someone who treats. ``npi`` is "" for assistants and massage therapists without one."""

    id: str
    last_name: str
    first_name: str
    npi: str = ""
    credential: str = ""
    disciplines: tuple[str, ...] = ()
    taxonomy: str = ""
    licenses: tuple[License, ...] = ()
    supervisor: str = ""
    supervised_from: date | None = None
    supervised_to: date | None = None

    @property
    def is_assistant(self) -> bool:
        """Whether the credential is one that treats under supervision."""
        return self.credential.upper() in ASSISTANTS


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """[[enrolment]]: a provider's standing with a payer. ``role`` is rendering or billing."""

    practice: str
    payer: str
    provider: str = ""
    status: str = "in"
    valid_from: date | None = None
    valid_to: date | None = None
    provider_number: str = ""
    role: str = "rendering"

    def covers(self, day: date) -> bool:
        """Whether the enrolment's dates include that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class TradingPartner(msgspec.Struct, frozen=True, kw_only=True):
    """[[trading_partner]]: envelope fields, file layout and transport of one clearinghouse.

    ``usage`` is T for test claims or P for production; one store holds only one of them of a partner, unless
    ``test_and_production``.
    """

    id: str
    sender_qualifier: str = "ZZ"
    sender_id: str = ""
    receiver_qualifier: str = "ZZ"
    receiver_id: str = ""
    receiver_name: str = ""
    application_sender: str = ""
    application_receiver: str = ""
    usage: str = "T"
    test_and_production: bool = False
    element_separator: str = "*"
    repetition_separator: str = "^"
    component_separator: str = ":"
    segment_terminator: str = "~"
    line_ends: bool = True
    upper_case: bool = True
    file_name_template: str = "{partner}-{interchange}.837"
    max_claims_per_st: int = 500
    max_st_per_file: int = 1000
    max_claims_per_file: int | None = None
    one_practice_per_file: bool = False
    transport: dict[str, str | int | bool | list[str]] = {}
    expects: tuple[str, ...] = ("999", "277CA")
    expect_within_hours: dict[str, int] = {}
    prefixes_clm01: bool = False


class Numbering(msgspec.Struct, frozen=True, kw_only=True):
    """[numbering]: how CLM01 is made. ``clm01_max`` counts characters (at most 20)."""

    clm01_prefix: dict[str, str] = {}
    clm01_max: int = 17
    replacement_clm01: str = "same"


class Directory(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything claimloop.toml says about people and places, keyed by id."""

    submitter: Submitter
    practices: dict[str, Practice]
    facilities: dict[str, Facility] = {}
    clinicians: dict[str, Clinician] = {}
    enrolments: tuple[Enrolment, ...] = ()
    trading_partners: dict[str, TradingPartner] = {}
    numbering: Numbering = Numbering()

    @cached_property
    def _by_npi(self) -> dict[str, Clinician]:
        return {one.npi: one for one in self.clinicians.values() if one.npi}

    def clinician(self, key: str, npi: str) -> Clinician | None:
        """Who treats under that id of [[provider]], else under that NPI; None when neither is known."""
        return self.clinicians.get(key) or self._by_npi.get(npi)

    @cached_property
    def enrolments_by_role(self) -> dict[tuple[str, str, str], tuple[Enrolment, ...]]:
        """The enrolments by practice, payer and role, in their order; worked out at the first call."""
        found: dict[tuple[str, str, str], list[Enrolment]] = {}
        for row in self.enrolments:
            found.setdefault((row.practice, row.payer, row.role), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def provider_numbers(self) -> dict[tuple[str, str, str], tuple[Enrolment, ...]]:
        """Those of `enrolments_by_role` that have the payer's own number of the provider (REF*G2)."""
        numbered = {
            key: tuple(row for row in rows if row.provider_number)
            for key, rows in self.enrolments_by_role.items()
        }
        return {key: rows for key, rows in numbered.items() if rows}
