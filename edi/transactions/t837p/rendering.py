"""Parties and small segments of an 837P as text; every distinct value is rendered once. Source: 005010X222A1."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from edi.model.claim import Address, Claim, ClaimPayer, Contact, Patient, Person, Provider, Subscriber
from edi.model.money import format_amount
from edi.model.remittance import Procedure, QualifiedAmount, RawSegment, Reference
from edi.x12.charset import Cleaner
from edi.x12.envelope_writer import InterchangeHeader

_HOME_COUNTRY: Final = ("", "US")


class PartyRenderer:
    """Renders what stands above and beside claims, for one interchange."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        self._e = header.delimiters.element
        self._c = header.delimiters.component
        self._t = header.terminator
        self._text = Cleaner(header.delimiters, upper_case=upper_case)
        self._code = Cleaner(header.delimiters, upper_case=False, filler="")
        # Keyed by identity: the caller holds the claims while we write, so an id names one value.
        self._parties: dict[tuple[str, int], str] = {}
        self._equal_parties: dict[tuple[str, Provider], str] = {}
        self._billings: dict[tuple[int, int], str] = {}
        self._payers: dict[ClaimPayer, str] = {}
        self._procedures: dict[Procedure, str] = {}
        self._days: dict[date, str] = {}

    # -- segments --------------------------------------------------------------------------------------------------

    def _segment(self, *elements: str) -> str:
        return self._e.join(elements).rstrip(self._e) + self._t

    def _day(self, day: date) -> str:
        text = self._days.get(day)
        if text is None:
            text = self._days[day] = f"{day:%Y%m%d}"
        return text

    def _references(self, references: Iterable[Reference]) -> str:
        e, t, code = self._e, self._t, self._code
        return "".join([f"REF{e}{code[kind]}{e}{code[value]}{t}" for kind, value in references])

    def _amounts(self, amounts: Iterable[QualifiedAmount]) -> str:
        return "".join(
            [self._segment("AMT", self._code[kind], format_amount(cents)) for kind, cents in amounts]
        )

    def _notes(self, notes: Iterable[Reference]) -> str:
        return "".join([self._segment("NTE", self._code[kind], self._text[note]) for kind, note in notes])

    def _raw(self, segments: Iterable[RawSegment]) -> str:
        """Kept segments as sent; the reader joins their composites with a colon."""
        safe = {ord(mark): None for mark in (self._e, self._c, self._t[0])} | {ord(":"): self._c}
        return "".join([self._segment(*[part.translate(safe) for part in segment]) for segment in segments])

    def _address(self, address: Address | None) -> str:
        """N3 and N4."""
        if address is None:
            return ""
        text = self._text
        country = "" if address.country in _HOME_COUNTRY else self._code[address.country]
        return self._segment("N3", text[address.line_1], text[address.line_2]) + self._segment(
            "N4", text[address.city], self._code[address.state], self._code[address.zip], country
        )

    def _contact(self, contact: Contact | None) -> str:
        """PER*IC with phone and e-mail; nothing when both are unknown, because the guide wants at least one."""
        if contact is None or not (contact[1] or contact[2]):
            return ""
        name, phone, email = contact
        numbers = []
        if phone:
            numbers += ["TE", self._code[phone]]
        if email:
            numbers += ["EM", self._text[email]]
        return self._segment("PER", "IC", self._text[name], *numbers)

    # -- parties ---------------------------------------------------------------------------------------------------

    def _provider(self, role: str, provider: Provider) -> str:
        """NM1 and what follows it in 2010AA, 2310A-D and 2420."""
        key = (role, id(provider))
        known = self._parties.get(key)
        if known is None:
            known = self._equal_parties.get((role, provider))
            if known is None:
                known = self._equal_parties[role, provider] = self._render_provider(role, provider)
            self._parties[key] = known
        return known

    def _render_provider(self, role: str, provider: Provider) -> str:
        text, code = self._text, self._code
        identifier = ("XX", code[provider.npi]) if provider.npi else ()
        parts = [
            self._segment(
                "NM1",
                role,
                "1" if provider.is_person else "2",
                text[provider.last_name],
                text[provider.first_name],
                text[provider.middle_name],
                "",
                text[provider.suffix],
                *identifier,
            )
        ]
        if role == "82" and provider.taxonomy:
            parts.append(self._segment("PRV", "PE", "PXC", code[provider.taxonomy]))
        parts.append(self._address(provider.address))
        if provider.tax_id:
            parts.append(self._segment("REF", provider.tax_id_qualifier, code[provider.tax_id]))
        parts.append(self._references(provider.references))
        parts.append(self._contact(provider.contact))
        return "".join(parts)

    def _person(self, role: str, person: Person, *identifier: str) -> str:
        """NM1, N3, N4 and DMG of a person: 2010BA, 2010CA."""
        text = self._text
        parts = [
            self._segment(
                "NM1",
                role,
                "1",
                text[person.last_name],
                text[person.first_name],
                text[person.middle_name],
                "",
                text[person.suffix],
                *identifier,
            ),
            self._address(person.address),
        ]
        if person.birth_date is not None:
            parts.append(self._segment("DMG", "D8", self._day(person.birth_date), self._code[person.sex]))
        return "".join(parts)

    def _billing(self, claim: Claim) -> str:
        """2000A after its HL: PRV, 2010AA, 2010AB."""
        key = (id(claim.billing), id(claim.pay_to))
        known = self._billings.get(key)
        if known is None:
            billing = claim.billing
            taxonomy = (
                self._segment("PRV", "BI", "PXC", self._code[billing.taxonomy]) if billing.taxonomy else ""
            )
            pay_to = ""
            if claim.pay_to is not None:
                pay_to = self._segment("NM1", "87", "1" if billing.is_person else "2") + self._address(
                    claim.pay_to
                )
            known = self._billings[key] = taxonomy + self._provider("85", billing) + pay_to
        return known

    def _subscriber(self, subscriber: Subscriber, *, is_patient: bool) -> str:
        """2000B after its HL: SBR and 2010BA."""
        text, code = self._text, self._code
        identifier = (code[subscriber.member_id_qualifier], code[subscriber.member_id])
        if not subscriber.member_id:
            identifier = ("", "")
        sbr = self._segment(
            "SBR",
            code[subscriber.rank],
            "18" if is_patient else "",
            code[subscriber.group_number],
            text[subscriber.group_name],
            code[subscriber.insurance_type],
            "",
            "",
            "",
            code[subscriber.filing_indicator],
        )
        if subscriber.organization:
            name = self._segment(
                "NM1", "IL", "2", text[subscriber.organization], "", "", "", "", *identifier
            ) + self._address(subscriber.person.address)
        else:
            name = self._person("IL", subscriber.person, *identifier)
        return sbr + name + self._references(subscriber.references)

    def _payer(self, payer: ClaimPayer) -> str:
        """2010BB."""
        known = self._payers.get(payer)
        if known is None:
            code = self._code
            known = self._payers[payer] = (
                self._segment(
                    "NM1",
                    "PR",
                    "2",
                    self._text[payer.name],
                    "",
                    "",
                    "",
                    "",
                    code[payer.id_qualifier],
                    code[payer.id],
                )
                + self._address(payer.address)
                + self._references(payer.references)
            )
        return known

    def _patient(self, patient: Patient | None) -> str:
        """2000C after its HL: PAT and 2010CA; "" when the patient is the subscriber."""
        if patient is None:
            return ""
        return (
            self._segment("PAT", self._code[patient.relationship])
            + self._person("QC", patient.person)
            + self._references(patient.references)
        )
