"""277CA, claim acknowledgment (005010X214): which claims went into adjudication. Claim by claim, before any money.

Source: 005010X214, loops 2000A (20) source, 2000B (21) receiver, 2000C (19) provider, 2000D (PT) patient, 2200, 2220D;
category codes in facts/code_sets.csv (277CA). Names and member ids of the answer are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.claim import Claim, ServiceLine
from edi.model.directory import TradingPartner
from edi.model.finding import Finding, Location, Severity
from edi.model.money import format_amount, parse_cents
from edi.transactions.elements import at, parse_date
from edi.transactions.outgoing import file_of_one, interchange_header
from edi.x12.charset import Cleaner
from edi.x12.envelope import TransactionSet

KIND: Final = "277CA"
SET: Final = "277"
VERSION: Final = "005010X214"
ACCEPTING: Final = frozenset({"A0", "A1", "A2", "A5"})
"""STC01-1: forwarded, received, accepted into adjudication, split."""
REJECTING: Final = frozenset({"A3", "A4", "A6", "A7", "A8"})
"""STC01-1: unprocessable, not found, missing, invalid or contradictory information."""
ACCEPT: Final = "WQ"
REJECT: Final = "U"
_LEVELS: Final = {
    "21": AcknowledgmentLevel.TRANSACTION, "19": AcknowledgmentLevel.PROVIDER, "PT": AcknowledgmentLevel.CLAIM
}  # fmt: skip


class ClaimStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written of one claim: its status, and the status of lines named by ``line_control_number``."""

    claim: Claim
    status: Acknowledgment
    lines: tuple[Acknowledgment, ...] = ()


def read(ts: TransactionSet) -> Iterator[Acknowledgment | Finding]:
    """Read one 277CA.

    Yields:
        An acknowledgment for each level that has a status: the submission, providers, claims and lines, in the file's
        order. Finding ACK003 for another 277 (left unread), ACK001 for an unknown category, ACK004 for a claim level
        without a status, SUB005 for an unreadable amount.
    """
    if ts.version and "X214" not in ts.version and len(ts.version) > len("005010"):
        yield Finding(
            code="ACK003",
            severity=Severity.ERROR,
            message="this 277 is no claim acknowledgment (005010X214); it was left unread",
            location=Location(file=ts.file, transaction=ts.control_number, element="GS08"),
        )
        return
    reader = _Reader(ts)
    for number, segment in enumerate(ts.segments, 1):
        yield from reader.take(number, segment)
    yield from reader.flush()


class _Status:
    """One level, claim or line while its segments come in."""

    __slots__ = ("claim", "claim_number", "level", "line", "notes", "segment", "statuses")

    def __init__(self, segment: int, level: AcknowledgmentLevel) -> None:
        self.segment = segment
        self.level = level
        self.statuses: list[list[str]] = []
        self.claim: str | None = None
        self.claim_number: str | None = None
        self.line: str | None = None
        self.notes: list[str] = []


class _Reader:
    """State of one 277CA: the level we are at, and the status that is open on it."""

    def __init__(self, ts: TransactionSet) -> None:
        self._component = ts.delimiters.component
        self._number = ts.control_number
        self._file = ts.file
        self._level: AcknowledgmentLevel | None = None
        self._open: _Status | None = None
        self._reference: str | None = None
        self._claim: _Status | None = None
        self._provider: tuple[str | None, str | None] = (None, None)

    def take(self, number: int, segment: list[str]) -> Iterator[Acknowledgment | Finding]:
        """Take the next segment; yield what it completes."""
        name = segment[0]
        status = self._open
        if name in ("HL", "SE"):
            yield from self.flush()
            self._level, self._claim = _LEVELS.get(at(segment, 3)) if name == "HL" else None, None
            if self._level is not AcknowledgmentLevel.CLAIM:
                self._provider = (None, None)
        elif name == "NM1" and self._level is AcknowledgmentLevel.PROVIDER:
            qualifier, identifier = at(segment, 8), at(segment, 9) or None
            self._provider = (
                identifier if qualifier == "XX" else None,
                identifier if qualifier in ("FI", "24", "EI") else None,
            )
        elif name == "TRN" and self._level is not None:
            yield from self.flush()
            if self._level is AcknowledgmentLevel.LINE:
                self._level = AcknowledgmentLevel.CLAIM
            self._begin(number, segment, self._level)
        elif name == "SVC" and self._claim is not None:
            yield from self.flush()
            self._level = AcknowledgmentLevel.LINE
            self._open = _Status(number, self._level)
            self._open.claim = self._claim.claim
        elif status is not None:
            self._detail(name, segment, status)

    def _begin(self, number: int, segment: list[str], level: AcknowledgmentLevel) -> None:
        self._open = status = _Status(number, level)
        if level is AcknowledgmentLevel.CLAIM:
            status.claim = at(segment, 2) or None
            self._claim = status
        elif level is AcknowledgmentLevel.TRANSACTION:
            self._reference = at(segment, 2) or None

    def _detail(self, name: str, segment: list[str], status: _Status) -> None:
        kind, value = at(segment, 1), at(segment, 2)
        if name == "STC":
            status.statuses.append(segment)
        elif name == "REF" and kind == "1K":
            status.claim_number = value
        elif name == "REF" and kind == "FJ":
            status.line = value
        elif name == "REF" and kind in ("D9", "BLT") and value:
            status.notes.append(f"REF {kind} {value}")
        elif name in ("QTY", "AMT"):
            status.notes.append(f"{name} {kind} {value}")

    def flush(self) -> Iterator[Acknowledgment | Finding]:
        """Yield the open status, if any."""
        status, self._open = self._open, None
        if status is None:
            return
        if not status.statuses:
            if status.level in (AcknowledgmentLevel.CLAIM, AcknowledgmentLevel.LINE):
                yield self._finding(status, "ACK004", Severity.WARNING, "no status (STC) is given", "STC")
            return
        verdicts = [self._accepts(stc) for stc in status.statuses]
        for verdict in verdicts:
            if verdict is None:
                message = "STC01-1 is no known category; it is taken as a rejection"
                yield self._finding(status, "ACK001", Severity.WARNING, message, "STC01")
        accepted = all(verdicts)
        leading = status.statuses[0 if accepted else [bool(verdict) for verdict in verdicts].index(False)]
        amount: int | None = None
        if at(leading, 4):
            try:
                amount = parse_cents(at(leading, 4))
            except ValueError as reason:
                message = f"STC04 cannot be read: {reason}"
                yield self._finding(status, "SUB005", Severity.WARNING, message, "STC04")
        yield self._acknowledgment(status, leading, amount, accepted=accepted)

    def _acknowledgment(
        self, status: _Status, leading: list[str], amount: int | None, *, accepted: bool
    ) -> Acknowledgment:
        category, code, entity, *_ = [*at(leading, 1).split(self._component), "", "", ""]
        own = id(leading)
        more = [
            composite
            for stc in status.statuses
            for place in (1, 10, 11)
            for composite in [at(stc, place)]
            if composite and not (id(stc) == own and place == 1)
        ]
        return Acknowledgment(
            kind=KIND,
            level=status.level,
            accepted=accepted,
            code=category,
            status=code or None,
            entity=entity or None,
            patient_control_number=status.claim,
            line_control_number=status.line,
            payer_claim_control_number=status.claim_number,
            charge=amount,
            date=parse_date(at(leading, 2)),
            submission_reference=self._reference,
            provider_npi=self._provider[0],
            provider_tax_id=self._provider[1],
            notes=(*[f"STC {text.replace(self._component, ':')}" for text in more], *status.notes),
        )

    def _accepts(self, stc: list[str]) -> bool | None:
        """What one STC says: by its action code, else by its category; None when neither is known."""
        action, category = at(stc, 3), at(stc, 1).split(self._component)[0]
        if action in (ACCEPT, REJECT):
            return action == ACCEPT
        if category in ACCEPTING or category in REJECTING:
            return category in ACCEPTING
        return None

    def _finding(self, status: _Status, code: str, severity: Severity, message: str, element: str) -> Finding:
        return Finding(
            code=code,
            severity=severity,
            message=message,
            location=Location(
                file=self._file,
                segment=status.segment,
                element=element,
                transaction=self._number,
                claim=status.claim,
                line=status.line,
            ),
        )


# -- writing -----------------------------------------------------------------------------------------------------------


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
