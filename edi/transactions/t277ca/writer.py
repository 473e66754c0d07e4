"""Statuses of claims -> 277CA: a submission, its providers, claims, lines. Source: 005010X214 loops 2000A to 2220D."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from edi.model.acknowledgment import Acknowledgment
from edi.model.claim import Claim, ServiceLine
from edi.model.directory import TradingPartner
from edi.model.money import format_amount
from edi.transactions.outgoing import file_of_one, interchange_header
from edi.transactions.t277ca.categories import ACCEPT, REJECT, SET, VERSION
from edi.x12.charset import Cleaner


class ClaimStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written of one claim: its status, and the status of lines named by ``line_control_number``."""

    claim: Claim
    status: Acknowledgment
    lines: tuple[Acknowledgment, ...] = ()


def write(
    statuses: Sequence[ClaimStatus],
    *,
    payer_name: str,
    payer_id: str,
    submission_reference: str,
    partner: TradingPartner,
    control_number: int,
    created: datetime,
) -> bytes:
    """Return an interchange with one 277CA over all claims of one submission.

    Args:
        statuses: one for each claim, in the submission's order.
        payer_name: NM103 of 2100A.
        payer_id: NM109 of 2100A.
        submission_reference: BHT03 of the 837P answered.
        partner: envelope, seen from the writer; its receiver is the submitter of the claims (2100B).
        control_number: ISA13, GS06 and ST02 of this interchange.
        created: its time.
    """
    header = interchange_header(partner, control_number, created)
    writer = _Writer(Cleaner(header.delimiters, upper_case=True), partner.component_separator, created.date())
    writer.add("BHT", "0085", "08", str(control_number), f"{created:%Y%m%d}", f"{created:%H%M}", "TH")
    writer.source(payer_name, payer_id, str(control_number))
    writer.receiver(statuses, partner, submission_reference)
    providers: dict[str, list[ClaimStatus]] = {}
    for status in statuses:
        providers.setdefault(status.claim.billing.npi or status.claim.billing.tax_id, []).append(status)
    for members in providers.values():
        writer.provider(members)
    return file_of_one(
        SET, "HN", VERSION, writer.segments, partner=partner, control_number=control_number, created=created
    )


class _Writer:
    """Collects the segments of one 277CA; counts the levels."""

    def __init__(self, clean: Cleaner, component: str, today: date) -> None:
        self.segments: list[list[str]] = []
        self._clean = clean
        self._component = component
        self._today = f"{today:%Y%m%d}"
        self._levels = 0

    def add(self, *elements: str) -> None:
        """Append a segment."""
        self.segments.append(list(elements))

    def _level(self, parent: str, code: str, *, child: bool) -> str:
        self._levels += 1
        self.add("HL", str(self._levels), parent, code, *(["1" if child else "0"] if code != "PT" else []))
        return str(self._levels)

    def _status(
        self,
        category: str,
        status: str,
        entity: str,
        *,
        accepted: bool,
        cents: int | None,
        dated: bool = True,
    ) -> None:
        self.add(
            "STC",
            self._component.join((category, status, entity)).rstrip(self._component),
            self._today if dated else "",
            ACCEPT if accepted else REJECT,
            format_amount(cents) if cents is not None else "",
        )

    def source(self, name: str, identifier: str, trace: str) -> None:
        """2000A."""
        self._level("", "20", child=True)
        self.add("NM1", "PR", "2", self._clean[name], "", "", "", "", "PI", self._clean[identifier])
        self.add("TRN", "1", trace)
        self.add("DTP", "050", "D8", self._today)
        self.add("DTP", "009", "D8", self._today)

    def receiver(self, statuses: Sequence[ClaimStatus], partner: TradingPartner, reference: str) -> None:
        """2000B with totals over the submission."""
        self._level("1", "21", child=True)
        name = partner.receiver_name or partner.receiver_id
        self.add("NM1", "41", "2", self._clean[name], "", "", "", "", "46", self._clean[partner.receiver_id])
        self.add("TRN", "2", self._clean[reference])
        self._totals(statuses, "90", "AA", dated=True)

    def provider(self, members: Sequence[ClaimStatus]) -> None:
        """2000C with totals, and its claims."""
        billing = members[0].claim.billing
        parent = self._level("2", "19", child=True)
        qualifier, identifier = ("XX", billing.npi) if billing.npi else ("FI", billing.tax_id)
        self.add(
            "NM1",
            "85",
            "1" if billing.is_person else "2",
            self._clean[billing.last_name],
            self._clean[billing.first_name],
            "",
            "",
            "",
            qualifier,
            self._clean[identifier],
        )
        self.add("TRN", "1", "0")
        self._totals(members, "QA", "QC", dated=False)
        for member in members:
            self._claim(parent, member)

    def _totals(
        self, members: Sequence[ClaimStatus], accepted_code: str, rejected_code: str, *, dated: bool
    ) -> None:
        charges = {True: 0, False: 0}
        counts = {True: 0, False: 0}
        for member in members:
            charges[member.status.accepted] += member.claim.charge
            counts[member.status.accepted] += 1
        self._status("A1", "19", "PR", accepted=True, cents=charges[True] + charges[False], dated=dated)
        for accepted, code in ((True, accepted_code), (False, rejected_code)):
            if counts[accepted]:
                self.add("QTY", code, str(counts[accepted]))
        for accepted, code in ((True, "YU"), (False, "YY")):
            if counts[accepted]:
                self.add("AMT", code, format_amount(charges[accepted]))

    def _claim(self, parent: str, member: ClaimStatus) -> None:
        """2000D, 2200D and its lines."""
        claim, status = member.claim, member.status
        person = claim.patient_person
        self._level(parent, "PT", child=False)
        self.add(
            "NM1",
            "QC",
            "1",
            self._clean[person.last_name],
            self._clean[person.first_name],
            self._clean[person.middle_name],
            "",
            self._clean[person.suffix],
            *(("MI", self._clean[claim.subscriber.member_id]) if claim.subscriber.member_id else ()),
        )
        self.add("TRN", "2", self._clean[claim.patient_control_number])
        charge = status.charge if status.charge is not None else claim.charge
        self._status(
            status.code, status.status or "20", status.entity or "", accepted=status.accepted, cents=charge
        )
        if status.payer_claim_control_number:
            self.add("REF", "1K", self._clean[status.payer_claim_control_number])
        days = sorted(
            [day for line in claim.lines for day in (line.date_from, line.date_to) if day is not None]
        )
        if days:
            self._period(days[0], days[-1])
        lines = {line.line_control_number: line for line in claim.lines if line.line_control_number}
        for answer in member.lines:
            line = lines.get(answer.line_control_number or "")
            if line is not None:
                self._line(line, answer)

    def _line(self, line: ServiceLine, answer: Acknowledgment) -> None:
        """2220D."""
        procedure = line.procedure
        composite = self._component.join((procedure.qualifier, procedure.code, *procedure.modifiers))
        self.add("SVC", composite, format_amount(line.charge), "", "", "", "", line.units)
        self._status(
            answer.code, answer.status or "20", answer.entity or "", accepted=answer.accepted, cents=None
        )
        self.add("REF", "FJ", self._clean[line.line_control_number])

    def _period(self, first: date, last: date) -> None:
        if first == last:
            self.add("DTP", "472", "D8", f"{first:%Y%m%d}")
        else:
            self.add("DTP", "472", "RD8", f"{first:%Y%m%d}-{last:%Y%m%d}")
