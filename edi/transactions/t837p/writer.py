"""Claims -> 837P bytes: pure, the same values give the same bytes. Source: 005010X222A1, loop named at each function.

Claims are grouped by billing provider (2000A), subscriber with payer (2000B) and patient (2000C); two values are the
same party when they are written the same. Text is built once per distinct value and joined, never element by element.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from edi.model.claim import Claim
from edi.model.directory import Submitter, TradingPartner
from edi.model.finding import Finding, Location, Severity
from edi.transactions.outgoing import group_header, interchange_header
from edi.transactions.t837p.claims import ClaimRenderer
from edi.transactions.t837p.fields import fields_with
from edi.transactions.t837p.planning import chunks
from edi.transactions.t837p.segments import (
    BILLING_LEVEL,
    CLAIMS_PER_PATIENT,
    PATIENT_LEVEL,
    SUBSCRIBER_LEVEL,
    VERSION,
)
from edi.x12.envelope_writer import InterchangeHeader, interchange, transaction_text


class WrittenSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """One 837P interchange: its bytes, and what could not be written as the claims say it.

    ``findings``: SUB020, a letter without a spelling in the X12 character set was left out; SUB021, a kept segment has
    no place in an outgoing claim; SUB022, a date of an equipment certificate stood without the certificate.
    """

    data: bytes
    findings: tuple[Finding, ...]
    claims: int
    lines: int


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


class _Writer(ClaimRenderer):
    """The hierarchy of one interchange, and what it had to leave out."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        super().__init__(header, upper_case=upper_case)
        self._created = header.created

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
            own = claim.patient is None
            patient = "" if own else self._patient(claim.patient)
            is_patient = own and claim.subscriber.is_patient
            subscriber = self._subscriber(claim.subscriber, is_patient=is_patient) + self._payer[claim.payer]
            billing = self._billing[claim.billing, claim.pay_to, claim.pay_to_plan]
            subscribers = tree.setdefault(billing, {})
            patients = subscribers.get(subscriber)
            if patients is None:
                subscribers[subscriber] = {patient: [self._claim(claim)]}
            else:
                patients.setdefault(patient, []).append(self._claim(claim))
        parts: list[str] = []
        number = 0
        for billing, subscribers in tree.items():
            number += 1
            parent = number
            parts += (self._level(number, "", BILLING_LEVEL, "1"), billing)
            for subscriber, patients in subscribers.items():
                number = self._under_subscriber(parts, number, parent, subscriber, patients)
        return "".join(parts)

    def _under_subscriber(
        self, parts: list[str], number: int, parent: int, subscriber: str, patients: dict[str, list[str]]
    ) -> int:
        """Append 2000B with its claims or patients to ``parts``; return the last HL number used."""
        above = str(parent)
        own = patients.get("")
        if own is not None and len(patients) == 1 and len(own) <= CLAIMS_PER_PATIENT:
            number += 1
            parts += (self._level(number, above, SUBSCRIBER_LEVEL, "0"), subscriber, *own)
            return number
        if own is not None:
            for chunk in chunks(own, CLAIMS_PER_PATIENT):
                number += 1
                parts += (self._level(number, above, SUBSCRIBER_LEVEL, "0"), subscriber, *chunk)
            if len(patients) == 1:
                return number
        number += 1
        parts += (self._level(number, above, SUBSCRIBER_LEVEL, "1"), subscriber)
        above = str(number)
        for patient, texts in patients.items():
            if patient:
                for chunk in chunks(texts, CLAIMS_PER_PATIENT):
                    number += 1
                    parts += (self._level(number, above, PATIENT_LEVEL, "0"), patient, *chunk)
        return number

    def _level(self, number: int, parent: str, level: str, child: str) -> str:
        e = self._e
        return f"HL{e}{number}{e}{parent}{e}{level}{e}{child}{self._t}"

    # -- what could not be written ---------------------------------------------------------------------------------

    def findings(self, claims: Sequence[Claim]) -> Iterator[Finding]:
        """Yield SUB020 to SUB022 for these claims; call it after they were written."""
        yield from self.left_out()
        lossy = self._text.lossy | self._code.lossy
        if not lossy:
            return
        for claim in claims:
            for field in fields_with(claim, lossy):
                yield Finding(
                    code="SUB020",
                    severity=Severity.ERROR,
                    message=f"{field} has a letter that the X12 character set cannot spell; it was left out",
                    location=Location(claim=claim.patient_control_number, field=field),
                    fix="write it in Latin letters, as it stands on the member card",
                )
