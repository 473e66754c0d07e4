"""Other payers while reading: 2320 with 2330, 2430, and the loops of a line that are kept whole."""

from __future__ import annotations

from datetime import date

from edi.transactions.elements import at
from edi.transactions.t837p.decisions import AdjudicationDraft, CoverageDraft
from edi.transactions.t837p.loops import LoopReader


class OtherPayerReader(LoopReader):
    """Takes SBR, CAS, AMT, OI, MOA, DTP and SVD where they belong to another payer."""

    def _sbr(self, segment: list[str]) -> None:
        self._leave_party()
        if self._claim is not None and self._level in ("claim", "coverage"):
            self._finish_coverage()
            self._level = "coverage"
            self._coverage = CoverageDraft(segment)
            if any(segment[6:9]) or any(segment[10:]):
                self._keep(segment)
        else:
            if not self._levels_seen and self._claim is not None:
                self._finish_claim()
                self._enter("subscriber")
            if self._above.sbr:
                self._repeated(segment)
                return
            self._above.sbr = segment
            relationship = at(segment, 2).replace("18", "")
            if relationship or any(segment[6:9]):
                self._keep([*segment[:2], relationship, *segment[3:]])

    def _finish_coverage(self) -> None:
        """End the open 2320, because another one or a line begins, or the claim ends."""
        self._leave_party()
        coverage, self._coverage = self._coverage, None
        if coverage is not None and self._claim is not None:
            self._claim.other_payers.append(coverage.build())

    def _enter_kept(self, segment: list[str]) -> None:
        """Start of a loop that is kept whole: 2410, 2440."""
        self._leave_party()
        self._finish_adjudication()
        if self._line is not None:
            self._level = "kept"
        self._keep(segment)

    def _decision_date(self, segment: list[str], period: tuple[date, date] | None) -> None:
        """DTP*573 of 2330B or 2430; any other is kept."""
        party = self._party
        if party is not None:
            of_payer = self._coverage is not None and at(party.nm1, 1) == "PR" and party.paid_on is None
            if of_payer and period is not None and at(segment, 1) == "573" and at(segment, 2) == "D8":
                party.paid_on = period[0]
            else:
                party.kept.append(self._raw(segment))
        else:
            self._decide(segment)

    def _decide(self, segment: list[str]) -> None:
        """CAS, AMT or DTP of 2320 or 2430; what is none of these or cannot be read is kept."""
        decision = self._adjudication or self._coverage
        if decision is None or self._party is not None or not decision.take(segment):
            self._keep(segment)

    def _cas(self, segment: list[str]) -> None:
        self._decide(segment)

    def _oi(self, segment: list[str]) -> None:
        if self._coverage is None:
            self._keep(segment)
            return
        self._coverage.take_answers(segment)
        if at(segment, 5) or any(segment[1:3]):
            self._keep(segment)

    def _moa(self, segment: list[str]) -> None:
        if self._coverage is None or "outpatient" in self._coverage.fields:
            self._keep(segment)
        else:
            self._coverage.fields["outpatient"] = self._raw(segment)

    def _svd(self, segment: list[str]) -> None:
        self._leave_party()
        self._finish_adjudication()
        cents = self._cents(at(segment, 2), "SVD02") if self._line is not None else None
        if cents is None:
            self._enter_kept(segment)
            return
        self._level = "adjudication"
        self._adjudication = AdjudicationDraft(segment, self._component, cents)
        if not self._adjudication.whole:
            self._keep(segment)

    def _finish_adjudication(self) -> None:
        decided, self._adjudication = self._adjudication, None
        if decided is not None and self._line is not None:
            self._line.adjudications.append(decided.build())
