"""Segments -> header, claim payments and trailer, one claim in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from edi.model.finding import Finding
from edi.model.remittance import (
    ClaimPayment,
    ProviderAdjustment,
    ProviderSummary,
    RemittanceHeader,
    RemittanceTrailer,
)
from edi.transactions.elements import AMOUNTS, DATES, element, raw
from edi.transactions.t835.claim import ClaimReader
from edi.transactions.t835.heading import HeadingReader
from edi.transactions.t835.problems import Problems
from edi.x12.envelope import TransactionSet

Remittance: TypeAlias = RemittanceHeader | ClaimPayment | Finding | RemittanceTrailer


def read(transaction: TransactionSet) -> Iterator[Remittance]:
    """Read one 835 as a stream.

    Args:
        transaction: the transaction set; its segments are consumed.

    Yields:
        The header, each claim payment when it is whole, and the trailer last, even when segments are missing.
        The findings about a header, claim or trailer come right before it; those about a claim name its CLP01.
    """
    problems = Problems(transaction.control_number, transaction.file)
    header, ordinal, segment = HeadingReader(transaction, problems).read(transaction.segments)
    yield from problems.take()
    yield header
    claims = ClaimReader(transaction.delimiters.component, problems)
    frame = _FrameReader(transaction, problems)
    numbered = enumerate(transaction.segments, ordinal + 1)
    while segment is not None:
        if segment[0] == "CLP":
            claim, ordinal, segment = claims.read(segment, ordinal, numbered, frame.header_number)
            if problems.found:
                yield from problems.take()
            yield claim
        else:
            frame.take(segment, ordinal)
            ordinal, segment = next(numbered, (ordinal, None))
    yield from problems.take()
    yield frame.trailer(claims, ordinal)


class _FrameReader:
    """What stands around the claims: LX, TS3 and TS2 of loop 2000, PLB, SE."""

    def __init__(self, transaction: TransactionSet, problems: Problems) -> None:
        self._problems = problems
        self._component = transaction.delimiters.component
        self._control_number = transaction.control_number
        self._summaries: list[ProviderSummary] = []
        self._provider_adjustments: list[ProviderAdjustment] = []
        self._trailer: list[str] | None = None
        self.header_number: str | None = None

    def take(self, segment: list[str], ordinal: int) -> None:
        """Take one segment; what belongs to a claim but has none is reported and left out."""
        tag = segment[0]
        if tag == "LX":
            self.header_number = element(segment, 1)
            self._problems.unread(segment, 1, ordinal)
        elif tag == "TS3":
            self._summaries.append(ProviderSummary(header_number=self.header_number, ts3=raw(segment)))
        elif tag == "TS2":
            self._take_ts2(segment)
        elif tag == "PLB":
            self._take_plb(segment, ordinal)
        elif tag == "SE":
            self._trailer = segment
        else:
            self._problems.unexpected(tag, ordinal)

    def _take_ts2(self, segment: list[str]) -> None:
        ts2 = raw(segment)
        last = self._summaries[-1] if self._summaries else None
        if last is not None and last.header_number == self.header_number and last.ts3 and not last.ts2:
            self._summaries[-1] = ProviderSummary(header_number=last.header_number, ts3=last.ts3, ts2=ts2)
        else:
            self._summaries.append(ProviderSummary(header_number=self.header_number, ts2=ts2))

    def _take_plb(self, segment: list[str], ordinal: int) -> None:
        """PLB03 and 04 to PLB13 and 14: up to six reasons (with identifier) and amounts."""
        text = element(segment, 2)
        day = DATES[text] if text else None
        if text and day is None:
            self._problems.bad_date(ordinal, "PLB02")
        for index in range(3, len(segment), 2):
            composite, amount = segment[index], element(segment, index + 1)
            if not composite and amount is None:
                continue
            reason, _, identifier = composite.partition(self._component)
            cents = AMOUNTS[amount or ""]
            if cents is None:
                self._problems.bad_amount(ordinal, f"PLB{index + 1:02d}")
            if not reason:
                name = f"PLB{index:02d}"
                self._problems.add("RMT005", f"{name} names no reason for its amount", ordinal, name)
            self._provider_adjustments.append(
                ProviderAdjustment(
                    segment=ordinal,
                    provider=element(segment, 1) or "",
                    fiscal_date=day,
                    reason=reason,
                    identifier=identifier or None,
                    cents=cents or 0,
                )
            )

    def trailer(self, claims: ClaimReader, ordinal: int) -> RemittanceTrailer:
        """What was counted on the way; ``ordinal`` is that of the last segment."""
        trailer = self._trailer
        declared = (element(trailer, 1) or "").strip() if trailer else ""
        return RemittanceTrailer(
            provider_adjustments=tuple(self._provider_adjustments),
            summaries=tuple(self._summaries),
            claims=claims.count,
            lines=claims.line_count,
            charge_total=claims.charge_total,
            paid_total=claims.paid_total,
            complete=trailer is not None,
            segments=ordinal,
            declared_segments=int(declared[:12]) if declared.isdecimal() else None,
            control_number_matches=trailer is not None
            and (element(trailer, 2) or "").strip() == self._control_number,
        )
