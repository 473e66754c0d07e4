"""Claims -> 837P bytes: pure, the same values give the same bytes. Source: 005010X222A1, loop named at each function.

Claims are grouped by billing provider (2000A), subscriber with payer (2000B) and patient (2000C); two values are the
same party when they are written the same. Text is built once per distinct value and joined, never element by element.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from edi.model.claim import (
    Claim,
    ServiceLine,
)
from edi.model.directory import Submitter, TradingPartner
from edi.model.finding import Finding, Location, Severity
from edi.model.money import format_amount
from edi.model.remittance import Procedure, RawSegment
from edi.transactions.outgoing import group_header, interchange_header
from edi.transactions.t837p.layout import (
    BILLING_LEVEL,
    CLAIM_PLACES,
    CLAIMS_PER_PATIENT,
    LINE_PLACES,
    OTHER_DIAGNOSIS,
    PATIENT_LEVEL,
    PRINCIPAL_DIAGNOSIS,
    SUBSCRIBER_LEVEL,
    VERSION,
    place_kept,
)
from edi.transactions.t837p.rendering import PartyRenderer
from edi.x12.envelope_writer import InterchangeHeader, interchange, transaction_text

_Item = TypeVar("_Item")


class WrittenSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """One 837P interchange: its bytes, and what could not be written as the claims say it.

    ``findings``: SUB020, a letter without a spelling in the X12 character set was left out; SUB021, a kept segment has
    no place in an outgoing claim.
    """

    data: bytes
    findings: tuple[Finding, ...]
    claims: int
    lines: int


def plan_files(claims: Sequence[Claim], partner: TradingPartner) -> list[list[list[Claim]]]:
    """Divide claims into files of transaction sets, in the order given.

    Args:
        claims: what is to go to the trading partner.
        partner: ``max_claims_per_st``, ``max_st_per_file`` and ``one_practice_per_file`` decide.

    Returns:
        Files, each a list of transaction sets, each a list of claims. No claims, no file.
    """
    practices: dict[str, list[Claim]] = {}
    for claim in claims:
        key = (claim.practice_id or claim.billing.npi) if partner.one_practice_per_file else ""
        practices.setdefault(key, []).append(claim)
    files: list[list[list[Claim]]] = []
    for members in practices.values():
        sets = list(_chunks(members, partner.max_claims_per_st))
        files.extend(_chunks(sets, partner.max_st_per_file))
    return files


def write(
    transactions: Sequence[tuple[str, Sequence[Claim]]],
    *,
    submitter: Submitter,
    partner: TradingPartner,
    interchange_control_number: int,
    group_control_number: int,
    created: datetime,
) -> WrittenSubmission:
    """Write one interchange of one group.

    Args:
        transactions: each ST02 (allocated, four to nine characters) with its claims, whose CLM01 and REF*6R are
            allocated too.
        submitter: loop 1000A.
        partner: envelope fields, delimiters, case, line ends.
        interchange_control_number: ISA13.
        group_control_number: GS06.
        created: time of ISA09, GS04 and BHT04, in the submitter's time zone.

    Raises:
        UsageError: the trading partner's delimiters or identifiers do not fit an ISA.
    """
    header = interchange_header(partner, interchange_control_number, created)
    group = group_header(partner, "HC", VERSION, group_control_number)
    writer = _Writer(header, upper_case=partner.upper_case)
    texts = []
    for number, claims in transactions:
        reference = f"{interchange_control_number:09d}{number}"
        body = writer.header(submitter, partner, reference) + writer.claims(claims)
        texts.append(transaction_text("837", number, VERSION, body, header))
    data = interchange(header, [(group, texts)])
    every = [claim for _, claims in transactions for claim in claims]
    return WrittenSubmission(
        data=data,
        findings=tuple(writer.findings(every)),
        claims=len(every),
        lines=sum([len(claim.lines) for claim in every]),
    )


def _chunks(items: Sequence[_Item], size: int) -> Iterator[list[_Item]]:
    step = max(1, size)
    for start in range(0, len(items), step):
        yield list(items[start : start + step])


class _Writer(PartyRenderer):
    """Renders claims for one interchange, and remembers what it had to leave out."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        super().__init__(header, upper_case=upper_case)
        self._created = header.created
        self._homeless: list[tuple[Claim, str]] = []

    # -- the transaction set -----------------------------------------------------------------------------------------

    def header(self, submitter: Submitter, partner: TradingPartner, reference: str) -> str:
        """Return BHT, 1000A and 1000B as text. ``reference`` is BHT03."""
        text, code = self._text, self._code
        contact = (submitter.contact_name, submitter.phone, submitter.email)
        return (
            self._segment(
                "BHT", "0019", "00", reference, f"{self._created:%Y%m%d}", f"{self._created:%H%M}", "CH"
            )
            + self._segment(
                "NM1",
                "41",
                "2",
                text[submitter.organization_name],
                "",
                "",
                "",
                "",
                "46",
                code[submitter.etin],
            )
            + self._contact(contact)
            + self._segment(
                "NM1",
                "40",
                "2",
                text[partner.receiver_name or partner.receiver_id],
                "",
                "",
                "",
                "",
                "46",
                code[partner.receiver_id],
            )
        )

    def claims(self, claims: Sequence[Claim]) -> str:
        """Return 2000A and everything under it as text, with HL numbers from 1."""
        tree: dict[str, dict[str, dict[str, list[str]]]] = {}
        for claim in claims:
            patient = self._patient(claim.patient)
            is_patient = claim.patient is None and claim.subscriber.is_patient
            subscriber = self._subscriber(claim.subscriber, is_patient=is_patient) + self._payer(claim.payer)
            subscribers = tree.setdefault(self._billing(claim), {})
            subscribers.setdefault(subscriber, {}).setdefault(patient, []).append(self._claim(claim))
        parts: list[str] = []
        number = 0
        for billing, subscribers in tree.items():
            number += 1
            parent = number
            parts += (self._level(number, "", BILLING_LEVEL, child=True), billing)
            for subscriber, patients in subscribers.items():
                number = self._under_subscriber(parts, number, parent, subscriber, patients)
        return "".join(parts)

    def _under_subscriber(
        self, parts: list[str], number: int, parent: int, subscriber: str, patients: dict[str, list[str]]
    ) -> int:
        """Append 2000B with its claims or patients to ``parts``; return the last HL number used."""
        for own in _chunks(patients.get("", ()), CLAIMS_PER_PATIENT):
            number += 1
            parts += (self._level(number, str(parent), SUBSCRIBER_LEVEL, child=False), subscriber, *own)
        dependents = [(patient, texts) for patient, texts in patients.items() if patient]
        if dependents:
            number += 1
            above = str(number)
            parts += (self._level(number, str(parent), SUBSCRIBER_LEVEL, child=True), subscriber)
            for patient, texts in dependents:
                for chunk in _chunks(texts, CLAIMS_PER_PATIENT):
                    number += 1
                    parts += (self._level(number, above, PATIENT_LEVEL, child=False), patient, *chunk)
        return number

    def _level(self, number: int, parent: str, level: str, *, child: bool) -> str:
        e = self._e
        return f"HL{e}{number}{e}{parent}{e}{level}{e}{'1' if child else '0'}{self._t}"

    # -- 2300 and 2400 -----------------------------------------------------------------------------------------------

    def _claim(self, claim: Claim) -> str:
        """2300 with its lines."""
        e, c, t, code, day = self._e, self._c, self._t, self._code, self._day
        kept: dict[str, list[RawSegment]] = {}
        if claim.kept:
            kept = self._place(claim, claim.kept, CLAIM_PLACES)
        accident = c.join(
            [code[cause] for cause in (*claim.accident_causes, "", "", "")[:3]] + [code[claim.accident_state]]
        ).rstrip(c)
        parts = [
            f"CLM{e}{code[claim.patient_control_number]}{e}{format_amount(claim.charge)}{e}{e}{e}"
            f"{code[claim.place_of_service]}{c}B{c}{code[claim.frequency]}{e}{claim.provider_signature}{e}"
            f"{claim.accepts_assignment}{e}{claim.benefits_assigned}{e}{claim.release_of_information}{e}"
            f"{claim.patient_signature_source}{e}{accident}".rstrip(e)
            + t
        ]
        parts += [f"DTP{e}{code[kind]}{e}D8{e}{day(when)}{t}" for kind, when in claim.dates]
        if kept:
            parts.append(self._raw(kept.get("dates", ())))
        if claim.patient_paid is not None:
            parts.append(f"AMT{e}F5{e}{format_amount(claim.patient_paid)}{t}")
        if claim.amounts or kept:
            parts.append(self._amounts(claim.amounts) + self._raw(kept.get("amounts", ())))
        for kind, value in (
            ("9F", claim.referral_number),
            ("G1", claim.authorization),
            ("F8", claim.original_reference),
        ):
            if value:
                parts.append(f"REF{e}{kind}{e}{code[value]}{t}")
        if claim.references or kept:
            parts.append(self._references(claim.references) + self._raw(kept.get("references", ())))
        if claim.notes or kept:
            parts.append(self._notes(claim.notes) + self._raw(kept.get("notes", ())))
        if claim.diagnoses:
            parts.append(self._diagnoses(claim.diagnoses))
        if kept:
            parts.append(self._raw(kept.get("diagnoses", ())))
        for role, provider in (
            ("DN", claim.referring),
            ("82", claim.rendering),
            ("77", claim.facility),
            ("DQ", claim.supervising),
        ):
            if provider is not None:
                parts.append(self._parties.get((role, id(provider))) or self._provider(role, provider))
        if kept:
            parts.append(self._raw(kept.get("parties", ())) + self._raw(kept.get("coverage", ())))
        parts += [self._line(claim, line) for line in claim.lines]
        return "".join(parts)

    def _diagnoses(self, diagnoses: tuple[str, ...]) -> str:
        """HI with the principal diagnosis first."""
        e, c, code = self._e, self._c, self._code
        others = "".join([f"{e}{OTHER_DIAGNOSIS}{c}{code[other]}" for other in diagnoses[1:]])
        return f"HI{e}{PRINCIPAL_DIAGNOSIS}{c}{code[diagnoses[0]]}{others}{self._t}"

    def _procedure(self, procedure: Procedure) -> str:
        """SV101."""
        known = self._procedures.get(procedure)
        if known is None:
            code = self._code
            modifiers = [code[modifier] for modifier in (*procedure.modifiers, "", "", "", "")[:4]]
            known = self._c.join(
                (
                    code[procedure.qualifier],
                    code[procedure.code],
                    *modifiers,
                    self._text[procedure.description or ""],
                )
            ).rstrip(self._c)
            self._procedures[procedure] = known
        return known

    def _line(self, claim: Claim, line: ServiceLine) -> str:
        """2400."""
        e, t, code = self._e, self._t, self._code
        pointers = self._c.join([str(pointer) for pointer in line.pointers])
        text = (
            f"LX{e}{line.number}{t}"
            f"SV1{e}{self._procedure(line.procedure)}{e}{format_amount(line.charge)}{e}{line.unit_basis}{e}"
            f"{code[line.units]}{e}{code[line.place_of_service]}{e}{e}{pointers}".rstrip(e)
            + t
        )
        kept: dict[str, list[RawSegment]] = {}
        if line.kept:
            kept = self._place(claim, line.kept, LINE_PLACES)
            text += self._raw(kept.get("service", ()))
        first, last = line.date_from, line.date_to
        if first is not None:
            if last is None or last == first:
                text += f"DTP{e}472{e}D8{e}{self._day(first)}{t}"
            else:
                text += f"DTP{e}472{e}RD8{e}{self._day(first)}-{self._day(last)}{t}"
        for kind, when in line.other_dates:
            text += f"DTP{e}{code[kind]}{e}D8{e}{self._day(when)}{t}"
        if kept:
            text += self._raw(kept.get("dates", ()))
        if line.authorization:
            text += f"REF{e}G1{e}{code[line.authorization]}{t}"
        if line.line_control_number:
            text += f"REF{e}6R{e}{code[line.line_control_number]}{t}"
        if kept or line.references or line.amounts or line.notes:
            text += self._references(line.references) + self._raw(kept.get("references", ()))
            text += self._amounts(line.amounts) + self._raw(kept.get("amounts", ()))
            text += (
                self._notes(line.notes) + self._raw(kept.get("notes", ())) + self._raw(kept.get("drug", ()))
            )
        if line.rendering is not None:
            text += self._provider("82", line.rendering)
        if line.supervising is not None:
            text += self._provider("DQ", line.supervising)
        if kept:
            text += self._raw(kept.get("parties", ())) + self._raw(kept.get("adjudication", ()))
        return text

    def _place(
        self, claim: Claim, segments: tuple[RawSegment, ...], places: dict[str, str]
    ) -> dict[str, list[RawSegment]]:
        placed, homeless = place_kept(segments, places)
        self._homeless += [(claim, segment[0]) for segment in homeless]
        return placed

    # -- what could not be written ---------------------------------------------------------------------------------

    def findings(self, claims: Sequence[Claim]) -> Iterator[Finding]:
        """Yield SUB020 and SUB021 for these claims; call it after they were written."""
        for claim, segment in self._homeless:
            yield Finding(
                code="SUB021",
                severity=Severity.WARNING,
                message=f"a kept {segment} segment has no place in an outgoing claim and was left out",
                location=Location(claim=claim.patient_control_number, element=segment),
            )
        lossy = self._text.lossy | self._code.lossy
        if not lossy:
            return
        for claim in claims:
            for field in _fields_with(claim, lossy):
                yield Finding(
                    code="SUB020",
                    severity=Severity.ERROR,
                    message=f"{field} has a letter that the X12 character set cannot spell; it was left out",
                    location=Location(claim=claim.patient_control_number, field=field),
                    fix="write it in Latin letters, as it stands on the member card",
                )


def _fields_with(value: msgspec.Struct, texts: set[str], path: str = "") -> Iterator[str]:
    """Yield the dotted names of the fields of a value, at any depth, whose text is one of ``texts``."""
    for name in value.__struct_fields__:
        yield from _inside(getattr(value, name), texts, f"{path}{name}")


def _inside(value: object, texts: set[str], path: str) -> Iterator[str]:
    if isinstance(value, str):
        if value in texts:
            yield path
    elif isinstance(value, msgspec.Struct):
        yield from _fields_with(value, texts, f"{path}.")
    elif isinstance(value, tuple):
        for number, member in enumerate(value, 1):
            yield from _inside(member, texts, f"{path}[{number}]")
