"""Parties, lines and claims while their segments are still coming in: mutable here, values once built."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from edi.model.claim import (
    Address,
    Attachment,
    Claim,
    ClaimPayer,
    Contact,
    LineAdjudication,
    OtherPayer,
    Patient,
    Person,
    Provider,
    ServiceLine,
    Subscriber,
)
from edi.model.remittance import QualifiedAmount, QualifiedDate, RawSegment, Reference
from edi.transactions.elements import at, parse_date

_TAX_IDS = {"24": "EI", "34": "SY"}
"""NM108 of 4010 for an employer or social security number, as REF01 has them."""


class PartyDraft:
    """An NM1 and what follows it. ``paid_on`` is DTP*573 of 2330B; ``kept`` what the model has no field for."""

    __slots__ = (
        "address", "contact", "dmg", "kept", "nm1", "paid_on", "references", "tax_id", "tax_qualifier", "taxonomy"
    )  # fmt: skip

    def __init__(self, nm1: list[str]) -> None:
        self.nm1 = nm1
        self.address: dict[str, str] | None = None
        self.dmg: list[str] = []
        self.references: list[Reference] = []
        self.contact: Contact | None = None
        self.taxonomy = ""
        self.tax_id = ""
        self.tax_qualifier = "EI"
        self.paid_on: date | None = None
        self.kept: list[RawSegment] = []

    def place(self) -> Address | None:
        """Return N3 and N4 as an Address, None when there were none."""
        return Address(**self.address) if self.address is not None else None

    def provider(self) -> Provider:
        """Return the party as a Provider; a tax number in NM109 (4010) is the tax id, another number a reference."""
        kind, identifier = at(self.nm1, 8), at(self.nm1, 9)
        references = self.references
        tax_id, qualifier, npi = self.tax_id, self.tax_qualifier, ""
        if kind == "XX":
            npi = identifier
        elif kind in _TAX_IDS and not tax_id:
            tax_id, qualifier = identifier, _TAX_IDS[kind]
        elif identifier:
            references = [(kind, identifier), *references]
        return Provider(
            is_person=at(self.nm1, 2) == "1",
            last_name=at(self.nm1, 3),
            first_name=at(self.nm1, 4),
            middle_name=at(self.nm1, 5),
            suffix=at(self.nm1, 7),
            npi=npi,
            taxonomy=self.taxonomy,
            tax_id=tax_id,
            tax_id_qualifier=qualifier,
            address=self.place(),
            references=tuple(references),
            contact=self.contact,
            kept=tuple(self.kept),
        )

    def person(self, death_date: date | None = None) -> Person:
        """Return the party as a Person with what DMG says; an organisation leaves the name empty."""
        return Person(
            last_name=at(self.nm1, 3) if at(self.nm1, 2) != "2" else "",
            first_name=at(self.nm1, 4),
            middle_name=at(self.nm1, 5),
            suffix=at(self.nm1, 7),
            birth_date=parse_date(at(self.dmg, 2)),
            sex=at(self.dmg, 3),
            address=self.place(),
            death_date=death_date,
        )

    def payer(self) -> ClaimPayer:
        """Return the party as a payer: 2010AC, 2010BB, 2330B."""
        return ClaimPayer(
            name=at(self.nm1, 3),
            id=at(self.nm1, 9),
            id_qualifier=at(self.nm1, 8) or "PI",
            address=self.place(),
            references=tuple(self.references),
            kept=tuple(self.kept),
        )


class LoopDraft:
    """What a claim (2300) and a line (2400) have in common; ``fields`` go to the constructor of the value."""

    __slots__ = (
        "amounts",
        "attachments",
        "dates",
        "fields",
        "kept",
        "notes",
        "parties",
        "references",
        "segment",
    )

    def __init__(self, segment: int, fields: dict[str, Any]) -> None:
        self.segment = segment
        self.fields = fields
        self.dates: list[QualifiedDate] = []
        self.references: list[Reference] = []
        self.amounts: list[QualifiedAmount] = []
        self.notes: list[Reference] = []
        self.attachments: list[Attachment] = []
        self.kept: list[RawSegment] = []
        self.parties: dict[str, PartyDraft] = {}

    def common(self) -> dict[str, Any]:
        """Return what both values take by the same names."""
        return {
            **self.fields,
            **{role: party.provider() for role, party in self.parties.items()},
            "references": tuple(self.references),
            "amounts": tuple(self.amounts),
            "notes": tuple(self.notes),
            "attachments": tuple(self.attachments),
        }


class LineDraft(LoopDraft):
    """A service line; ``has_service`` once its SV1 was seen."""

    __slots__ = ("adjudications", "has_service")

    def __init__(self, segment: int, fields: dict[str, Any]) -> None:
        super().__init__(segment, fields)
        self.has_service = False
        self.adjudications: list[LineAdjudication] = []

    def build(self) -> ServiceLine:
        """Return the line as a value."""
        return ServiceLine(
            **self.common(),
            other_dates=tuple(self.dates),
            adjudications=tuple(self.adjudications),
            kept=tuple(self.kept),
        )


class ClaimDraft(LoopDraft):
    """A claim with its other payers and lines so far."""

    __slots__ = ("lines", "number", "other_payers")

    def __init__(self, segment: int, number: str, fields: dict[str, Any]) -> None:
        super().__init__(segment, fields)
        self.number = number
        self.lines: list[ServiceLine] = []
        self.other_payers: list[OtherPayer] = []


class Hierarchy:
    """The parties above the claims: 2000A, 2000B and 2000C as they stand now. Values are built once per party."""

    def __init__(self) -> None:
        self.levels: dict[str, PartyDraft] = {}
        self.sbr: list[str] = []
        self.pats: dict[str, list[str]] = {}
        self.taxonomy = ""
        self.kept: dict[str, list[RawSegment]] = {"billing": [], "subscriber": [], "patient": []}
        self._billing: Provider | None = None

    def enter_billing(self) -> None:
        """Forget everything: a new 2000A begins."""
        self.levels.clear()
        self.taxonomy = ""
        self.kept["billing"] = []
        self._billing = None
        self.enter_subscriber()

    def enter_subscriber(self) -> None:
        """Forget subscriber, payer and patient: a new 2000B begins."""
        for role in ("IL", "PR"):
            self.levels.pop(role, None)
        self.pats.clear()
        self.sbr = []
        self.kept["subscriber"] = []
        self.enter_patient()

    def enter_patient(self) -> None:
        """Forget the patient: a new 2000C begins."""
        self.levels.pop("QC", None)
        self.pats.pop("patient", None)
        self.kept["patient"] = []

    def build(self, draft: ClaimDraft) -> Claim:
        """Return the claim with the parties it stands under."""
        if self._billing is None:
            billing = self.levels.get("85", PartyDraft(["NM1", "85", "2"]))
            billing.taxonomy = billing.taxonomy or self.taxonomy
            self._billing = msgspec.structs.replace(billing.provider(), kept=self._billing_kept(billing))
        pay_to, plan = self.levels.get("87"), self.levels.get("PE")
        payer = self.levels.get("PR", PartyDraft(["NM1", "PR", "2"]))
        return Claim(
            **draft.common(),
            patient_control_number=draft.number,
            dates=tuple(draft.dates),
            billing=self._billing,
            pay_to=(pay_to.place() or Address()) if pay_to is not None else None,
            pay_to_plan=plan.payer() if plan is not None else None,
            subscriber=self._subscriber(),
            patient=self._patient(),
            payer=payer.payer(),
            other_payers=tuple(draft.other_payers),
            kept=tuple(draft.kept),
            lines=tuple(draft.lines),
        )

    def _billing_kept(self, billing: PartyDraft) -> tuple[RawSegment, ...]:
        """What is kept of 2010AA and 2000A; behind it, from its NM1 on, what is kept of 2010AB."""
        pay_to = self.levels.get("87")
        under = pay_to.kept if pay_to is not None else []
        if pay_to is not None and under and under[0][0] != "NM1":
            under = [tuple(pay_to.nm1), *under]
        return (*billing.kept, *self.kept["billing"], *under)

    def _death(self, level: str) -> date | None:
        pat = self.pats.get(level, [])
        return parse_date(at(pat, 6)) if at(pat, 5) == "D8" else None

    def _subscriber(self) -> Subscriber:
        party = self.levels.get("IL", PartyDraft(["NM1", "IL", "1"]))
        organization = at(party.nm1, 2) == "2"
        relationship = at(self.sbr, 2)
        return Subscriber(
            rank=at(self.sbr, 1) or "P",
            is_patient=relationship == "18" if self.sbr else "QC" not in self.levels,
            person=party.person(self._death("subscriber")),
            organization=at(party.nm1, 3) if organization else "",
            member_id=at(party.nm1, 9),
            member_id_qualifier=at(party.nm1, 8) or "MI",
            group_number=at(self.sbr, 3),
            group_name=at(self.sbr, 4),
            insurance_type=at(self.sbr, 5),
            filing_indicator=at(self.sbr, 9),
            references=tuple(party.references),
            kept=(*party.kept, *self.kept["subscriber"]),
        )

    def _patient(self) -> Patient | None:
        party = self.levels.get("QC")
        if party is None:
            return None
        return Patient(
            relationship=at(self.pats.get("patient", []), 1),
            person=party.person(self._death("patient")),
            member_id=at(party.nm1, 9),
            references=tuple(party.references),
            kept=(*party.kept, *self.kept["patient"]),
        )
