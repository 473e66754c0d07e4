"""277CA -> acknowledgments, one pass. Source: 005010X214; names and member ids of the answer are not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.finding import Finding, Location, Severity
from edi.model.money import parse_cents
from edi.transactions.elements import at, never_silent, parse_date
from edi.transactions.t277ca.categories import ACCEPT, ACCEPTING, KIND, REJECT, REJECTING
from edi.x12.envelope import TransactionSet

_GUIDE: Final = re.compile(r"00[0-9]{4}X[0-9]{3}[A-Z0-9]{0,2}")
_LEVELS: Final = {
    "21": AcknowledgmentLevel.TRANSACTION, "19": AcknowledgmentLevel.PROVIDER, "PT": AcknowledgmentLevel.CLAIM
}  # fmt: skip


@never_silent
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
            message=f"this 277 ({_guide(ts)}) is neither an acknowledgment nor an answer to a 276; it was left unread",
            location=Location(file=ts.file, transaction=ts.control_number, element="GS08"),
        )
        return
    reader = _Reader(ts)
    for number, segment in enumerate(ts.segments, 1):
        yield from reader.take(number, segment)
    yield from reader.flush()


def _guide(ts: TransactionSet) -> str:
    """The guide that a transaction set names, where it names one."""
    return ts.version if _GUIDE.fullmatch(ts.version) else "of an unknown guide"


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
