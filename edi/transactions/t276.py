"""276, claim status inquiry (005010X212): what has become of a claim that we sent? Both directions.

One transaction set asks one payer: payer (20), receiver of the answer (21), provider (19), a subscriber each (22), a
dependent below him where the patient is one (23), and a TRN for each claim. pyx12 has no 5010 map for it, so it has no
second opinion; what we write is checked by ``problems``, and in the tests by a grammar and by reading it back.
Source: 005010X212.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, Unpack

import msgspec

from edi.model.finding import Finding, Location, Severity
from edi.model.party import Person
from edi.model.remittance import RawSegment
from edi.model.status import StatusInquiry
from edi.transactions.elements import at, never_silent
from edi.transactions.levels import (
    DEPENDENT,
    PROVIDER,
    RECEIVER,
    SEXES,
    SOURCE,
    SUBSCRIBER,
    Interchange,
    file_of,
    grouped,
    payer_of,
    sets_of,
)
from edi.transactions.status_levels import VERSION, LevelReader, OpenClaim
from edi.transactions.status_writing import StatusWriter
from edi.x12.envelope import TransactionSet

KIND: Final = "276"
MOST_CLAIMS: Final = 99
"""Claims in one transaction set: chosen as for the 270, no rule of the guide."""
_REFERENCES: Final = ("BLT", "LU", "6P", "XZ", "D9")
"""REF01 beside 1K and EJ, in the guide's order but for EJ."""


def problems(inquiry: StatusInquiry) -> Iterator[Finding]:
    """Why a claim cannot be asked about: CST001 for each field that is missing, named as in claims and settings."""
    person = inquiry.patient_person
    needed: dict[str, object] = {
        "payer.claim_id": inquiry.payer_id,
        "submitter.etin": inquiry.receiver_id,
        "billing.npi": inquiry.provider.npi or inquiry.provider.references,
        "member_id": inquiry.member_id,
        "last_name": person.last_name,
        "date_of_service": inquiry.date_from,
        "patient_control_number": inquiry.patient_control_number,
    }
    for field, value in needed.items():
        if not value:
            yield Finding(
                code="CST001",
                severity=Severity.WARNING,
                message=f"the payer cannot be asked about a claim: {field} is missing",
                location=Location(field=field, claim=inquiry.patient_control_number or None),
                fix="Ask the payer by telephone or on its portal.",
            )


# -- writing -----------------------------------------------------------------------------------------------------------


def plan_sets(inquiries: Iterable[StatusInquiry]) -> list[list[StatusInquiry]]:
    """Divide the inquiries of one file into transaction sets: one payer each, ``MOST_CLAIMS`` at most."""
    return sets_of(inquiries, payer_of, MOST_CLAIMS)


def write(
    transactions: Sequence[tuple[str, Sequence[StatusInquiry]]], **interchange: Unpack[Interchange]
) -> bytes:
    """Write one interchange of one group; as ``levels.file_of``.

    Args:
        transactions: each ST02 (allocated) with its inquiries, all to one payer and of which ``problems`` says nothing.
        interchange: what stands around them.
    """
    return file_of((KIND, "HR", VERSION), StatusWriter, _fill, transactions, **interchange)


def _fill(
    writer: StatusWriter, reference: str, created: datetime, inquiries: Sequence[StatusInquiry]
) -> None:
    """What stands between ST and SE."""
    writer.add("BHT", "0010", "13", reference, f"{created:%Y%m%d}", f"{created:%H%M}")
    for (name, qualifier, identifier), asked in grouped(inquiries, payer_of):
        source = writer.level(SOURCE, "", child=True)
        writer.organization("PR", name, qualifier, identifier)
        for (receiver, receiver_id), for_it in grouped(
            asked, lambda one: (one.receiver_name, one.receiver_id)
        ):
            top = writer.level(RECEIVER, source, child=True)
            writer.organization("41", receiver, "46", receiver_id)
            for provider, claims in grouped(for_it, lambda one: one.provider):
                parent = writer.level(PROVIDER, top, child=True)
                writer.provider(provider)
                for claim in claims:
                    _patient(writer, parent, claim)


def _patient(writer: StatusWriter, parent: str, inquiry: StatusInquiry) -> None:
    """2000D, and 2000E when the patient is a dependent; the claim stands with the patient."""
    patient = inquiry.patient
    own = writer.level(SUBSCRIBER, parent, child=patient is not None)
    if patient is None:
        _demographics(writer, inquiry.subscriber)
    writer.person("IL", inquiry.subscriber, inquiry.member_id)
    if patient is not None:
        writer.level(DEPENDENT, own, child=None)
        _demographics(writer, patient)
        writer.person("QC", patient, "")
    writer.add("TRN", "1", writer.code[inquiry.trace_number])
    held = dict(inquiry.references)
    writer.references(
        ("1K", inquiry.payer_claim_control_number),
        *((kind, held.get(kind, "")) for kind in _REFERENCES[:3]),
        ("EJ", inquiry.patient_control_number),
        *((kind, held.get(kind, "")) for kind in _REFERENCES[3:]),
    )
    writer.charge(inquiry.charge)
    writer.period(inquiry.date_from, inquiry.date_to)
    for line in inquiry.lines:
        writer.line(msgspec.structs.replace(line, paid=None, statuses=()))


def _demographics(writer: StatusWriter, person: Person) -> None:
    if person.birth_date is not None:
        sex = person.sex if person.sex in SEXES else ""
        writer.add("DMG", "D8", f"{person.birth_date:%Y%m%d}", sex)


# -- reading -----------------------------------------------------------------------------------------------------------


@never_silent
def read(ts: TransactionSet) -> Iterator[StatusInquiry | Finding]:
    """Read one 276: each claim asked about, in the file's order.

    Yields:
        Inquiries; their own keys (practice, payer) are "". Finding SUB005 for what cannot be read, CST005 for a segment
        outside every level.
    """
    reader = LevelReader(ts, answered=False)
    for item in reader.read(ts):
        yield item if isinstance(item, Finding) else _inquiry(reader, item)


def _inquiry(reader: LevelReader, claim: OpenClaim) -> StatusInquiry:
    source, receiver, provider, subscriber = (
        reader.level(code) for code in (SOURCE, RECEIVER, PROVIDER, SUBSCRIBER)
    )
    first, last = claim.period or (None, None)
    others = claim.others("1K", "EJ")
    return StatusInquiry(
        trace_number=claim.trace_number,
        payer_name=source.name,
        payer_id=source.id,
        payer_id_qualifier=at(source.nm1, 8) or "PI",
        receiver_name=receiver.name,
        receiver_id=receiver.id,
        provider=provider.provider(),
        subscriber=subscriber.person(),
        member_id=subscriber.id,
        patient=claim.level.person() if claim.level.code == DEPENDENT else None,
        payer_claim_control_number=claim.reference("1K"),
        patient_control_number=claim.reference("EJ"),
        references=tuple(one for one in others if one[0] in _REFERENCES),
        charge=claim.charge,
        date_from=first,
        date_to=last,
        lines=tuple(claim.lines),
        kept=tuple(_kept(reader, claim)),
    )


def _kept(reader: LevelReader, claim: OpenClaim) -> Iterator[RawSegment]:
    """What the inquiry has no field for: other references, statuses, and the segments kept."""
    yield from (("REF", *one) for one in claim.others("1K", "EJ") if one[0] not in _REFERENCES)
    for level in dict.fromkeys((*reader.levels.values(), claim.level)):
        yield from level.kept
    yield from claim.kept
