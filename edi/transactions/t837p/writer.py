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
from edi.model.remittance import Procedure, RawSegment
from edi.transactions.outgoing import group_header, interchange_header
from edi.transactions.t837p.fields import fields_with
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
from edi.transactions.t837p.rendering import Memo, PartyRenderer
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
        self._diagnoses: Memo[tuple[str, ...]] = Memo(self._render_diagnoses)
        self._procedure: Memo[Procedure] = Memo(self._render_procedure)
        self._pointers: Memo[tuple[int, ...]] = Memo(lambda pointers: self._c.join(map(str, pointers)))
        self._claim_tail: Memo[tuple[str | tuple[str, ...], ...]] = Memo(self._render_claim_tail)

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
            subscriber = self._subscriber(claim.subscriber, is_patient=is_patient) + self._payer[claim.payer]
            subscribers = tree.setdefault(self._billing[claim.billing, claim.pay_to], {})
            subscribers.setdefault(subscriber, {}).setdefault(patient, []).append(self._claim(claim))
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
            for chunk in _chunks(own, CLAIMS_PER_PATIENT):
                number += 1
                parts += (self._level(number, above, SUBSCRIBER_LEVEL, "0"), subscriber, *chunk)
            if len(patients) == 1:
                return number
        number += 1
        parts += (self._level(number, above, SUBSCRIBER_LEVEL, "1"), subscriber)
        above = str(number)
        for patient, texts in patients.items():
            if patient:
                for chunk in _chunks(texts, CLAIMS_PER_PATIENT):
                    number += 1
                    parts += (self._level(number, above, PATIENT_LEVEL, "0"), patient, *chunk)
        return number

    def _level(self, number: int, parent: str, level: str, child: str) -> str:
        e = self._e
        return f"HL{e}{number}{e}{parent}{e}{level}{e}{child}{self._t}"

    # -- 2300 and 2400 -----------------------------------------------------------------------------------------------

    def _claim(self, claim: Claim) -> str:
        """2300 with its lines."""
        e, t, code = self._e, self._t, self._code
        kept: dict[str, list[RawSegment]] = {}
        if claim.kept:
            kept = self._place(claim, claim.kept, CLAIM_PLACES)
        number = claim.patient_control_number
        if not (number.isalnum() and number.isascii()):
            number = code[number]
        tail = self._claim_tail[
            claim.place_of_service,
            claim.frequency,
            claim.provider_signature,
            claim.accepts_assignment,
            claim.benefits_assigned,
            claim.release_of_information,
            claim.patient_signature_source,
            claim.accident_causes,
            claim.accident_state,
        ]
        parts = [f"CLM{e}{number}{e}{self._amount[claim.charge]}{e}{e}{e}{tail}{t}"]
        if claim.dates:
            day = self._day
            parts += [f"DTP{e}{code[kind]}{e}D8{e}{day[when]}{t}" for kind, when in claim.dates]
        if kept:
            parts.append(self._raw(kept.get("dates", ())))
        if claim.patient_paid is not None:
            parts.append(f"AMT{e}F5{e}{self._amount[claim.patient_paid]}{t}")
        if claim.amounts or kept:
            parts.append(self._amounts(claim.amounts) + self._raw(kept.get("amounts", ())))
        if claim.referral_number:
            parts.append(f"REF{e}9F{e}{code[claim.referral_number]}{t}")
        if claim.authorization:
            parts.append(f"REF{e}G1{e}{code[claim.authorization]}{t}")
        if claim.original_reference:
            parts.append(f"REF{e}F8{e}{code[claim.original_reference]}{t}")
        if claim.references or kept:
            parts.append(self._references(claim.references) + self._raw(kept.get("references", ())))
        if claim.notes or kept:
            parts.append(self._notes(claim.notes) + self._raw(kept.get("notes", ())))
        parts.append(self._diagnoses[claim.diagnoses])
        if kept:
            parts.append(self._raw(kept.get("diagnoses", ())))
        if claim.referring is not None:
            parts.append(self._provider("DN", claim.referring))
        if claim.rendering is not None:
            parts.append(self._provider("82", claim.rendering))
        if claim.facility is not None:
            parts.append(self._provider("77", claim.facility))
        if claim.supervising is not None:
            parts.append(self._provider("DQ", claim.supervising))
        if kept:
            parts.append(self._raw(kept.get("parties", ())) + self._raw(kept.get("coverage", ())))
        for line in claim.lines:
            self._line(claim, line, parts)
        return "".join(parts)

    def _render_claim_tail(self, values: tuple[str | tuple[str, ...], ...]) -> str:
        """CLM05 to CLM11 of place of service, frequency, CLM06 to CLM10, accident causes and accident state."""
        place, frequency, *plain, causes, state = values
        code, c = self._code, self._c
        accident = (*causes[:3], *("", "", "")[len(causes) :], str(state))
        return self._e.join(
            (
                f"{code[str(place)]}{c}B{c}{code[str(frequency)]}",
                *[code[str(value)] for value in plain],
                c.join([code[component] for component in accident]).rstrip(c),
            )
        ).rstrip(self._e)

    def _render_diagnoses(self, diagnoses: tuple[str, ...]) -> str:
        """HI with the principal diagnosis first; "" without any."""
        if not diagnoses:
            return ""
        c, code = self._c, self._code
        others = [f"{OTHER_DIAGNOSIS}{c}{code[other]}" for other in diagnoses[1:]]
        return self._segment("HI", f"{PRINCIPAL_DIAGNOSIS}{c}{code[diagnoses[0]]}", *others)

    def _render_procedure(self, procedure: Procedure) -> str:
        """SV101."""
        code = self._code
        modifiers = [code[modifier] for modifier in (*procedure.modifiers, "", "", "", "")[:4]]
        description = self._text[procedure.description or ""]
        parts = (code[procedure.qualifier], code[procedure.code], *modifiers, description)
        return self._c.join(parts).rstrip(self._c)

    def _line(self, claim: Claim, line: ServiceLine, parts: list[str]) -> None:
        """Append 2400."""
        e, t, code = self._e, self._t, self._code
        service = (
            f"LX{e}{line.number}{t}SV1{e}{self._procedure[line.procedure]}{e}{self._amount[line.charge]}{e}"
            f"{code[line.unit_basis]}{e}{code[line.units]}{e}{code[line.place_of_service]}{e}{e}"
            f"{self._pointers[line.pointers]}"
        ).rstrip(e)
        kept: dict[str, list[RawSegment]] = {}
        between = ""
        if line.kept:
            kept = self._place(claim, line.kept, LINE_PLACES)
            between = self._raw(kept.get("service", ()))
        first, last = line.date_from, line.date_to
        if first is None:
            parts.append(f"{service}{t}{between}")
        elif last is None or last == first:
            parts.append(f"{service}{t}{between}DTP{e}472{e}D8{e}{self._day[first]}{t}")
        else:
            parts.append(f"{service}{t}{between}DTP{e}472{e}RD8{e}{self._day[first]}-{self._day[last]}{t}")
        for kind, when in line.other_dates:
            parts.append(f"DTP{e}{code[kind]}{e}D8{e}{self._day[when]}{t}")
        if kept:
            parts.append(self._raw(kept.get("dates", ())))
        if line.authorization:
            parts.append(f"REF{e}G1{e}{code[line.authorization]}{t}")
        number = line.line_control_number
        if number:
            if not (number.isalnum() and number.isascii()):
                number = code[number]
            parts.append(f"REF{e}6R{e}{number}{t}")
        if kept or line.references or line.amounts or line.notes:
            parts += (
                self._references(line.references),
                self._raw(kept.get("references", ())),
                self._amounts(line.amounts),
                self._raw(kept.get("amounts", ())),
                self._notes(line.notes),
                self._raw(kept.get("notes", ())),
                self._raw(kept.get("drug", ())),
            )
        if line.rendering is not None:
            parts.append(self._provider("82", line.rendering))
        if line.supervising is not None:
            parts.append(self._provider("DQ", line.supervising))
        if kept:
            parts.append(self._raw(kept.get("parties", ())) + self._raw(kept.get("adjudication", ())))

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
            for field in fields_with(claim, lossy):
                yield Finding(
                    code="SUB020",
                    severity=Severity.ERROR,
                    message=f"{field} has a letter that the X12 character set cannot spell; it was left out",
                    location=Location(claim=claim.patient_control_number, field=field),
                    fix="write it in Latin letters, as it stands on the member card",
                )
