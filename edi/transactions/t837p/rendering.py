"""Parties and small segments of an 837P as text; every distinct value is rendered once. Source: 005010X222A1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final, TypeVar

from edi.model.claim import Address, ClaimPayer, Contact, Patient, Person, Provider, Subscriber
from edi.model.money import format_amount
from edi.model.remittance import QualifiedAmount, QualifiedDate, RawSegment, Reference
from edi.transactions.t837p.placing import Placer, apart
from edi.transactions.t837p.segments import (
    BILLING,
    CLAIM,
    LINE,
    PATIENT,
    PAY_TO,
    PAY_TO_PLAN,
    PAYER,
    PROVIDER,
    SUBSCRIBER,
    Section,
)
from edi.x12.charset import Cleaner
from edi.x12.envelope_writer import InterchangeHeader

_HOME_COUNTRY: Final = ("", "US")
_NAMES: Final = frozenset({"NM1"})
_PAY_TO: Final = "87"
_Key = TypeVar("_Key")


class Memo(dict[_Key, str]):
    """Text of a value, made at first sight: ``memo[value]``."""

    def __init__(self, render: Callable[[_Key], str]) -> None:
        super().__init__()
        self._render = render

    def __missing__(self, key: _Key) -> str:
        text = self[key] = self._render(key)
        return text


def _eight_digits(day: date) -> str:
    """CCYYMMDD."""
    return day.isoformat().replace("-", "")


class PartyRenderer:
    """Renders what stands above and beside claims, for one interchange."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        self._e = header.delimiters.element
        self._c = header.delimiters.component
        self._r = header.delimiters.repetition
        self._t = header.terminator
        self._text = Cleaner(header.delimiters, upper_case=upper_case)
        self._code = Cleaner(header.delimiters, upper_case=False, filler="")
        self._is_clean = self._text.is_clean
        self._kept: Memo[str] = Memo(self._render_kept)
        self._day: Memo[date] = Memo(_eight_digits)
        self._amount: Memo[int] = Memo(format_amount)
        self._payer: Memo[ClaimPayer] = Memo(self._render_payer)
        self._billing: Memo[tuple[Provider, Address | None, ClaimPayer | None]] = Memo(self._render_billing)
        self._claim_dates: Memo[tuple[QualifiedDate, ...]] = Memo(lambda days: self._dates(days, CLAIM))
        self._line_dates: Memo[tuple[QualifiedDate, ...]] = Memo(lambda days: self._dates(days, LINE))
        self._coverage: Memo[tuple[str, ...]] = Memo(self._render_coverage)
        # Keyed by identity first: the caller holds the claims while we write, so an id names one value.
        self._parties: dict[tuple[str, int], str] = {}
        self._equal_parties: Memo[tuple[str, Provider]] = Memo(self._render_provider)
        self._placer = Placer(self._e, self._c, self._t, self._raw_segment)
        self._homeless: list[tuple[str | None, str]] = []

    # -- segments --------------------------------------------------------------------------------------------------

    def _segment(self, *elements: str) -> str:
        return self._e.join(elements).rstrip(self._e) + self._t

    def _references(self, references: Iterable[Reference]) -> str:
        e, t, code = self._e, self._t, self._code
        return "".join([f"REF{e}{code[kind]}{e}{code[value]}{t}" for kind, value in references])

    def _amounts(self, amounts: Iterable[QualifiedAmount]) -> str:
        return "".join(
            [self._segment("AMT", self._code[kind], self._amount[cents]) for kind, cents in amounts]
        )

    def _notes(self, notes: Iterable[Reference]) -> str:
        return "".join([self._segment("NTE", self._code[kind], self._text[note]) for kind, note in notes])

    def _dates(self, days: tuple[QualifiedDate, ...], section: Section) -> str:
        """DTP of whole days, in the guide's order."""
        e, t, code, day = self._e, self._t, self._code, self._day
        ordered = sorted(days, key=lambda one: section.place("DTP", one[0]) or 0) if len(days) > 1 else days
        return "".join([f"DTP{e}{code[kind]}{e}D8{e}{day[when]}{t}" for kind, when in ordered])

    def _raw(self, segments: Iterable[RawSegment]) -> str:
        """Kept segments as text."""
        return "".join([f"{self._raw_segment(segment)}{self._t}" for segment in segments])

    def _raw_segment(self, segment: RawSegment) -> str:
        """A kept segment, every part of it clean; the reader joins composites with a colon."""
        return self._e.join([self._kept[part] for part in segment]).rstrip(self._e)

    def _placed(
        self, section: Section, text: str, kept: Sequence[RawSegment] = (), claim: str | None = None
    ) -> str:
        """The segments of a section in the guide's order, kept ones among them; what has no place is remembered."""
        placed, lost = self._placer.merge(section, text, kept)
        self._homeless += [(claim, segment) for segment in lost]
        return placed

    def _without_strangers(self, kept: Sequence[RawSegment], role: str) -> list[RawSegment]:
        """What is kept of a level above the claims, without parties that have no loop there; those are remembered."""
        own, strangers = apart(kept, _NAMES, role)
        self._homeless += [(None, loop[0][0]) for loop in strangers]
        return own

    def _render_kept(self, element: str) -> str:
        """An element of a kept segment; its repetitions and components stay apart."""
        repetitions = element.split(self._r) if self._r else [element]
        return self._r.join(
            [self._c.join([self._code[part] for part in one.split(":")]) for one in repetitions]
        )

    def _address(self, address: Address | None) -> str:
        """N3 and N4."""
        if address is None:
            return ""
        e, t, text, code = self._e, self._t, self._text, self._code
        street, zip_code = address.line_1, address.zip
        if not self._is_clean(street):
            street = text[street]
        if not (zip_code.isalnum() and zip_code.isascii()):
            zip_code = code[zip_code]
        if address.line_2:
            street = f"{street}{e}{text[address.line_2]}"
        if address.country not in _HOME_COUNTRY:
            zip_code = f"{zip_code}{e}{code[address.country]}"
        place = f"N4{e}{text[address.city]}{e}{code[address.state]}{e}{zip_code}".rstrip(e)
        if place == "N4":
            return f"N3{e}{street}{t}" if street else ""
        return f"N3{e}{street}{t}{place}{t}" if street else f"{place}{t}"

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
            known = self._parties[key] = self._equal_parties[role, provider]
        return known

    def _render_provider(self, party: tuple[str, Provider]) -> str:
        role, provider = party
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
        if provider.kept and role != "85":
            return self._placed(PROVIDER, "".join(parts), provider.kept)
        return "".join(parts)

    def _person(self, role: str, person: Person, identifier: str = "", *, demographics: bool = True) -> str:
        """NM1, N3, N4 and DMG of a person: 2010BA, 2010CA, 2330A (without DMG). ``identifier`` is NM108*NM109."""
        e, t, text = self._e, self._t, self._text
        last = person.last_name
        if not (last.isalnum() and last.isascii() and last.isupper()) and not self._is_clean(last):
            last = text[last]
        name = (
            f"NM1{e}{role}{e}1{e}{last}{e}{text[person.first_name]}{e}"
            f"{text[person.middle_name]}{e}{e}{text[person.suffix]}{e}{identifier}"
        ).rstrip(e)
        birth = person.birth_date
        if birth is None or not demographics:
            return f"{name}{t}{self._address(person.address)}"
        sex = self._code[person.sex]
        born = f"DMG{e}D8{e}{self._day[birth]}{e}{sex}" if sex else f"DMG{e}D8{e}{self._day[birth]}"
        return f"{name}{t}{self._address(person.address)}{born}{t}"

    def _render_billing(self, parties: tuple[Provider, Address | None, ClaimPayer | None]) -> str:
        """2000A after its HL: PRV, 2010AA, 2010AB, 2010AC."""
        billing, pay_to, plan = parties
        taxonomy = self._segment("PRV", "BI", "PXC", self._code[billing.taxonomy]) if billing.taxonomy else ""
        text = taxonomy + self._provider("85", billing)
        own, pay_tos = self._billing_kept(billing) if billing.kept else ([], [])
        if own:
            text = self._placed(BILLING, text, own)
        if pay_to is not None:
            name = ("NM1", _PAY_TO, "1" if billing.is_person else "2")
            first, *rest = pay_tos[0] if pay_tos else [name]
            text += self._placed(PAY_TO, self._raw([first]) + self._address(pay_to), rest)
        if plan is not None:
            text += self._placed(PAY_TO_PLAN, self._payer_name("PE", plan), plan.kept)
        return text

    def _billing_kept(self, billing: Provider) -> tuple[list[RawSegment], list[list[RawSegment]]]:
        """What is kept of the billing provider, and the loop of his pay-to address."""
        own, others = apart(billing.kept, _NAMES, "85")
        pay_tos = [loop for loop in others if loop[0][1:2] == (_PAY_TO,)]
        self._homeless += [(None, loop[0][0]) for loop in others if loop not in pay_tos]
        return own, pay_tos

    def _subscriber(self, subscriber: Subscriber, *, is_patient: bool) -> str:
        """2000B after its HL: SBR and 2010BA."""
        e = self._e
        identifier = ""
        member = subscriber.member_id
        if member:
            if not (member.isalnum() and member.isascii()):
                member = self._code[member]
            identifier = f"{self._code[subscriber.member_id_qualifier]}{e}{member}"
        sbr = self._coverage[
            subscriber.rank,
            "18" if is_patient else "",
            subscriber.group_number,
            subscriber.group_name,
            subscriber.insurance_type,
            subscriber.filing_indicator,
        ]
        if subscriber.organization:
            name = self._segment(
                "NM1", "IL", "2", self._text[subscriber.organization], "", "", "", "", identifier
            ) + self._address(subscriber.person.address)
        else:
            name = self._person("IL", subscriber.person, identifier)
        if subscriber.references:
            name += self._references(subscriber.references)
        if subscriber.person.death_date is not None and is_patient:
            sbr += self._segment("PAT", "", "", "", "", "D8", self._day[subscriber.person.death_date])
        if subscriber.kept:
            return self._placed(SUBSCRIBER, sbr + name, self._without_strangers(subscriber.kept, "IL"))
        return sbr + name

    def _render_coverage(self, coverage: tuple[str, ...]) -> str:
        """SBR of rank, relationship, group number, group name, insurance type and filing indicator."""
        rank, relationship, number, name, kind, filing = coverage
        code = self._code
        return self._segment(
            "SBR",
            code[rank],
            relationship,
            code[number],
            self._text[name],
            code[kind],
            "",
            "",
            "",
            code[filing],
        )

    def _render_payer(self, payer: ClaimPayer) -> str:
        """2010BB."""
        if not (payer.name or payer.id):
            return ""
        text = self._payer_name("PR", payer)
        return self._placed(PAYER, text, payer.kept) if payer.kept else text

    def _payer_name(self, role: str, payer: ClaimPayer) -> str:
        """NM1, N3, N4 and the REFs of a plan."""
        code = self._code
        identifier = (code[payer.id_qualifier], code[payer.id])
        return (
            self._segment("NM1", role, "2", self._text[payer.name], "", "", "", "", *identifier)
            + self._address(payer.address)
            + self._references(payer.references)
        )

    def _patient(self, patient: Patient | None) -> str:
        """2000C after its HL: PAT and 2010CA; "" when the patient is the subscriber."""
        if patient is None:
            return ""
        died = patient.person.death_date
        death = ("", "", "", "D8", self._day[died]) if died is not None else ()
        text = (
            self._segment("PAT", self._code[patient.relationship], *death)
            + self._person("QC", patient.person)
            + self._references(patient.references)
        )
        if patient.kept:
            return self._placed(PATIENT, text, self._without_strangers(patient.kept, "QC"))
        return text
