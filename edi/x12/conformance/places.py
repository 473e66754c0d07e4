"""Where in a file we are (transaction set, level, claim, line), and the errors found there, in order.

An error of a subscriber or patient concerns every claim below it, so it waits until the last of them is known. Errors
behind it wait too: the order is pyx12's.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from edi.x12.conformance.errors import ConformanceError


class _Record:
    """An error whose claims are not all known yet."""

    __slots__ = ("claims", "fields", "waits")

    def __init__(self, claims: list[str], fields: dict[str, Any], *, waits: bool) -> None:
        self.claims = claims
        self.fields = fields
        self.waits = waits


class Places:
    """The place of the segment being judged. Attributes: ``claim`` (CLM01 or ""), ``line`` (LX01 inside a claim)."""

    def __init__(self) -> None:
        self.claim = ""
        self.line: str | None = None
        self.transaction_kind = ""
        self.transaction: str | None = None
        self._level = ""
        self._open: dict[str, list[_Record]] = {"22": [], "23": []}
        self._records: deque[_Record] = deque()

    def follow(self, name: str, segment: Any) -> None:
        """Take notice of any segment of pyx12 before it is judged."""
        if name == "CLM":
            self.enter_claim(segment.get_value("CLM01") or "")
        elif name == "LX":
            self.enter_line(segment.get_value("LX01"))
        elif name == "HL":
            self.enter_level(segment.get_value("HL03") or "")
        elif name == "ST":
            self.enter_set(segment.get_value("ST01") or "", segment.get_value("ST02"))
        elif name in ("SE", "GS", "ISA"):
            self.leave_set()

    def enter_claim(self, number: str) -> None:
        """A CLM: errors of its subscriber and patient concern it."""
        self.claim, self.line = number, None
        for records in self._open.values():
            for record in records:
                record.claims.append(number)

    def enter_line(self, number: str | None) -> None:
        """An LX; outside a claim it means nothing here."""
        if self.claim:
            self.line = number

    def enter_level(self, code: str) -> None:
        """An HL with this HL03: levels as deep or deeper end."""
        self.claim, self.line, self._level = "", None, code
        for level in ("22", "23"):
            if level >= code:
                self._close(level)

    def enter_set(self, kind: str, number: str | None) -> None:
        """An ST."""
        self.leave_set()
        self.transaction_kind, self.transaction = kind, number

    def leave_set(self) -> None:
        """An SE, GS or ISA: no claim and no level any more."""
        self.claim, self.line, self._level = "", None, ""
        self._close("22")
        self._close("23")

    def add(self, claim: str, fields: dict[str, Any]) -> None:
        """Note an error of the claim, or, when that is "", of the subscriber or patient whose level this is."""
        waits = not claim and self._level in self._open
        record = _Record([claim] if claim else [], fields, waits=waits)
        self._records.append(record)
        if waits:
            self._open[self._level].append(record)

    def settled(self) -> list[ConformanceError]:
        """Take the errors that are complete."""
        records, found = self._records, []
        while records and not records[0].waits:
            record = records.popleft()
            found.append(ConformanceError(**record.fields, claims=tuple(record.claims)))
        return found

    def _close(self, level: str) -> None:
        if self._open[level]:
            for record in self._open[level]:
                record.waits = False
            self._open[level] = []
