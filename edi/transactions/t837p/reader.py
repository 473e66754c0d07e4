"""837P -> claims, one pass, whoever wrote it. Source: 005010X222A1; 4010A1 (X098) is close enough to be read too.

The hierarchy decides the loops where there is one; without HL segments (some write none) the NM1 of 85, IL and QC
start them. What the model has no field for is kept with the party, other payer, line or claim it stood in, as sent,
composites joined by a colon. Findings: SUB001 not professional claims, SUB002 no HL, SUB003 HL out of order,
SUB004 CLM02 is not the sum of the lines, SUB005 an element cannot be read, SUB006 a line without its SV1,
SUB007 another version, SUB008 ICD-9 diagnoses, SUB009 a service line outside a claim, SUB010 no billing provider,
SUB011 a service line without its number, SUB012 another payer's decision is not the charge, SUB013 a segment stands
twice where there is one; the first counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from edi.model.claim import Attachment, Claim, SpinalCondition
from edi.model.coordination_balance import claim_shortfalls, line_shortfalls
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.submission import SubmissionTrailer
from edi.transactions.elements import at, parse_period, parse_procedure, parse_quantity
from edi.transactions.t837p.draft import ClaimDraft, LineDraft, LoopDraft
from edi.transactions.t837p.loops import Item
from edi.transactions.t837p.other_payers import OtherPayerReader
from edi.transactions.t837p.segments import (
    CLAIM,
    DIAGNOSIS_QUALIFIERS,
    ICD9_QUALIFIERS,
    LINE,
    OTHER_DIAGNOSIS,
    PRINCIPAL_DIAGNOSIS,
    PROFESSIONAL_GUIDES,
)
from edi.x12.envelope import TransactionSet

_WHOLE_CLM: Final = 11
_WHOLE_SV1: Final = 7
_LX_DIGITS: Final = 6
_POINTER_DIGITS: Final = 3
_MOST_DIGITS: Final = 12
"""Digits of a count of segments that are read; a longer one is wrong whatever follows."""


def read(ts: TransactionSet) -> Iterator[Item]:
    """Read one transaction set of professional claims.

    Args:
        ts: an 837 from `read_transactions`; its segments are consumed.

    Yields:
        A header, claims and Findings in the order of the file, a trailer. Only a Finding (SUB001) if these are
        institutional, dental or unknown claims.
    """
    if ts.version and not any(guide in ts.version for guide in PROFESSIONAL_GUIDES):
        yield Finding(
            code="SUB001",
            severity=Severity.ERROR,
            message="these are not professional claims (837P); the transaction set was left unread",
            location=Location(file=ts.file, transaction=ts.control_number, element="GS08"),
        )
        return
    reader = _Reader(ts)
    for segment in ts.segments:
        reader.take(segment)
        if reader.ready:
            yield from reader.ready
            reader.ready.clear()
    yield from reader.end()


class _Reader(OtherPayerReader):
    """The claims and lines of one transaction set, and which method takes which segment."""

    def __init__(self, ts: TransactionSet) -> None:
        super().__init__(ts)
        self._claims = self._lines = self._charges = 0
        self._end: list[str] | None = None
        self._handlers: dict[str, Callable[[list[str]], None]] = {
            "ST": lambda _: None, "SE": self._se, "BHT": self._take_bht, "HL": self._hl, "NM1": self._nm1,
            "N3": self._n3, "N4": self._n4, "DMG": self._dmg, "PER": self._per, "PRV": self._prv, "REF": self._ref,
            "SBR": self._sbr, "PAT": self._pat, "CLM": self._clm, "DTP": self._dtp, "AMT": self._amt,
            "CAS": self._cas, "OI": self._oi, "MOA": self._moa, "PWK": self._pwk, "CR2": self._cr2,
            "NTE": self._nte, "HI": self._hi, "LX": self._lx, "SV1": self._sv1, "SVD": self._svd,
            "LIN": self._enter_kept, "LQ": self._enter_kept,
        }  # fmt: skip

    def take(self, segment: list[str]) -> None:
        """Take the next segment; what it completes is in ``ready``."""
        self._segments += 1
        self._handlers.get(segment[0], self._keep)(segment)

    def end(self) -> Iterator[Item]:
        """Yield the last claim, and the trailer."""
        self._finish_claim()
        self._finish_header()
        end = self._end or []
        declared = at(end, 1)
        self.ready.append(
            SubmissionTrailer(
                claims=self._claims,
                lines=self._lines,
                charge_total=self._charges,
                complete=self._end is not None,
                segments=self._segments,
                declared_segments=int(declared[:_MOST_DIGITS])
                if declared.isascii() and declared.isdigit()
                else None,
                control_number_matches=self._end is None or at(end, 2) == self._ts.control_number,
                has_hierarchy=self._levels_seen > 0,
            )
        )
        yield from self.ready

    def _se(self, segment: list[str]) -> None:
        self._finish_claim()
        self._end = segment

    # -- what a claim and a line have in common ----------------------------------------------------------------------

    def _draft(self) -> LoopDraft | None:
        """The claim or line whose own segments come now; None inside their sub-loops."""
        if self._level == "line":
            return self._line
        return self._claim if self._level == "claim" else None

    def _ref(self, segment: list[str]) -> None:
        kind, value = at(segment, 1), at(segment, 2)
        party, draft = self._party, self._draft()
        if any(segment[3:]) or self._in_kept_party or (party is not None and at(party.nm1, 1) == "87"):
            self._keep(segment)
        elif party is not None:
            if kind in ("EI", "SY") and at(party.nm1, 1) == "85" and not party.tax_id:
                party.tax_id, party.tax_qualifier = value, kind
            else:
                party.references.append((kind, value))
        elif draft is None:
            self._keep(segment)
        else:
            field = (LINE if draft is self._line else CLAIM).fields.get(("REF", kind), "references")
            if field != "references" and field not in draft.fields:
                draft.fields[field] = value
            else:
                draft.references.append((kind, value))

    def _dtp(self, segment: list[str]) -> None:
        draft = self._draft()
        period = parse_period(at(segment, 2), at(segment, 3))
        if draft is None:
            self._decision_date(segment, period)
        elif at(segment, 1) == "472" and isinstance(draft, LineDraft):
            if "date_from" in draft.fields:
                self._keep(segment)
            elif period is None:
                self._report("SUB005", Severity.WARNING, "DTP03 is no date of service", "DTP03")
                self._keep(segment)
            else:
                draft.fields["date_from"], draft.fields["date_to"] = period
        elif period is not None and at(segment, 2) == "D8":
            draft.dates.append((at(segment, 1), period[0]))
        else:
            self._keep(segment)

    def _amt(self, segment: list[str]) -> None:
        draft = self._draft()
        if draft is None:
            self._decide(segment)
            return
        cents = None if any(segment[3:]) else self._cents(at(segment, 2), "AMT02")
        if cents is None:
            self._keep(segment)
        elif at(segment, 1) == "F5" and isinstance(draft, ClaimDraft) and "patient_paid" not in draft.fields:
            draft.fields["patient_paid"] = cents
        else:
            draft.amounts.append((at(segment, 1), cents))

    def _nte(self, segment: list[str]) -> None:
        draft = self._draft()
        if draft is None:
            self._keep(segment)
        else:
            draft.notes.append((at(segment, 1), at(segment, 2)))

    def _pwk(self, segment: list[str]) -> None:
        draft = self._draft()
        number = at(segment, 6)
        plain = at(segment, 5) == ("AC" if number else "") and not any(segment[3:5]) and not any(segment[7:])
        if draft is None or not plain:
            self._keep(segment)
        else:
            paper = Attachment(
                report=at(segment, 1), transmission=at(segment, 2), control_number=at(segment, 6)
            )
            draft.attachments.append(paper)

    # -- 2300 --------------------------------------------------------------------------------------------------------

    def _clm(self, segment: list[str]) -> None:
        self._finish_claim()
        self._finish_header()
        if not self._claims and not self._levels_seen:
            self._report(
                "SUB002",
                Severity.WARNING,
                "there are no HL segments; the NM1 segments were taken as the hierarchy",
                "HL",
            )
        self._leave_party()
        self._claims += 1
        self._level = "claim"
        place = [*at(segment, 5).split(self._component), "", "", ""]
        cause = [*at(segment, 11).split(self._component), "", "", "", "", ""]
        self._claim = draft = ClaimDraft(self._segments, at(segment, 1), {})
        draft.fields = {
            "charge": self._cents(at(segment, 2), "CLM02") or 0,
            "place_of_service": place[0],
            "frequency": place[2],
            "provider_signature": at(segment, 6),
            "accepts_assignment": at(segment, 7),
            "benefits_assigned": at(segment, 8),
            "release_of_information": at(segment, 9),
            "patient_signature_source": at(segment, 10),
            "delay_reason": at(segment, 20),
            "accident_causes": tuple([code for code in cause[:3] if code]),
            "accident_state": cause[3],
        }
        if (
            any(segment[_WHOLE_CLM + 1 : 20])
            or any(segment[21:])
            or at(segment, 3)
            or at(segment, 4)
            or cause[4]
            or place[1] not in ("", "B")
        ):
            self._keep(segment)
        if "85" not in self._above.levels:
            self._report("SUB010", Severity.WARNING, "the claim stands under no billing provider", "NM1")

    def _hi(self, segment: list[str]) -> None:
        draft = self._claim
        pairs = [composite.split(self._component) for composite in segment[1:] if composite]
        known = bool(pairs) and all(len(pair) > 1 and pair[0] in DIAGNOSIS_QUALIFIERS for pair in pairs)
        if draft is None or self._level != "claim" or not known or "diagnoses" in draft.fields:
            self._keep(segment)
        else:
            draft.fields["diagnoses"] = tuple([pair[1] for pair in pairs])
            qualifiers = tuple([pair[0] for pair in pairs])
            if qualifiers[0] != PRINCIPAL_DIAGNOSIS or set(qualifiers[1:]) - {OTHER_DIAGNOSIS}:
                draft.fields["diagnosis_qualifiers"] = qualifiers
            if pairs[0][0] in ICD9_QUALIFIERS:
                self._report("SUB008", Severity.WARNING, "diagnoses are marked as ICD-9", "HI01")
            if any(any(pair[2:]) for pair in pairs):
                self._keep(segment)

    def _cr2(self, segment: list[str]) -> None:
        draft = self._claim
        known = {8, 10, 11, 12}
        plain = all(place in known or not text for place, text in enumerate(segment) if place)
        if draft is None or self._level != "claim" or not plain or "spinal" in draft.fields:
            self._keep(segment)
        else:
            draft.fields["spinal"] = SpinalCondition(
                nature=at(segment, 8),
                description=at(segment, 10),
                more=at(segment, 11),
                xray=at(segment, 12),
            )

    def _finish_claim(self) -> None:
        self._finish_coverage()
        self._finish_line()
        draft, self._claim = self._claim, None
        if draft is None:
            return
        claim = self._above.build(draft)
        self._charges += claim.charge
        self._lines += len(claim.lines)
        total = sum([line.charge for line in claim.lines])
        if claim.lines and total != claim.charge:
            self._claim = draft
            self._report(
                "SUB004",
                Severity.WARNING,
                f"CLM02 = sum(SV102): CLM02 is {decimal_text(claim.charge)} but the lines come to "
                f"{decimal_text(total)}",
                "CLM02",
                draft.segment,
            )
            self._claim = None
        if claim.other_payers:
            self._decisions(claim, draft)
        self.ready.append(claim)
        self._level = "patient" if "QC" in self._above.levels else "subscriber"

    def _decisions(self, claim: Claim, draft: ClaimDraft) -> None:
        """Say where another payer's decision does not come to the charge."""
        self._claim = draft
        for short in (*line_shortfalls(claim), *claim_shortfalls(claim)):
            on_claim = short.line is None
            equation = "CLM02 = AMT*D + CAS" if on_claim else f"SV102 = SVD02 + CAS (line {short.line})"
            self._report(
                "SUB012",
                Severity.WARNING,
                f"{equation}: the charge is {decimal_text(short.charge)} but another payer's decision comes to "
                f"{decimal_text(short.total)}",
                "AMT02" if on_claim else "SVD02",
                draft.segment,
            )
        self._claim = None

    # -- 2400 --------------------------------------------------------------------------------------------------------

    def _lx(self, segment: list[str]) -> None:
        self._finish_coverage()
        self._finish_line()
        if self._claim is None:
            self._report("SUB009", Severity.WARNING, "a service line stands outside a claim", "LX")
            self._keep(segment)
        else:
            self._open_line(self._claim, at(segment, 1))

    def _open_line(self, claim: ClaimDraft, number: str) -> None:
        self._level = "line"
        counted = number.isascii() and number.isdigit() and len(number) <= _LX_DIGITS
        self._line = LineDraft(self._segments, {"number": int(number) if counted else len(claim.lines) + 1})
        if not counted:
            self._report(
                "SUB011", Severity.WARNING, "the service line has no number (LX01); it was counted", "LX01"
            )

    def _sv1(self, segment: list[str]) -> None:
        if self._claim is not None and (self._line is None or self._line.has_service):
            self._finish_coverage()
            self._finish_line()
            self._open_line(self._claim, "")
        line = self._line
        if line is None:
            self._keep(segment)
            return
        line.has_service = True
        units = parse_quantity(at(segment, 4))
        if units is None and at(segment, 4):
            self._report("SUB005", Severity.WARNING, "SV104 is no quantity", "SV104")
        pointers = at(segment, 7).split(self._component)
        line.fields.update(
            procedure=parse_procedure(at(segment, 1), self._component),
            charge=self._cents(at(segment, 2), "SV102") or 0,
            unit_basis=at(segment, 3),
            units=units or at(segment, 4),
            place_of_service=at(segment, 5),
            pointers=tuple([int(text) for text in pointers if _is_pointer(text)]),
        )
        extra = any(segment[_WHOLE_SV1 + 1 :]) or at(segment, 6)
        if extra or not all(text == "" or _is_pointer(text) for text in pointers):
            self._keep(segment)

    def _finish_line(self) -> None:
        self._finish_adjudication()
        line, claim = self._line, self._claim
        if line is not None and claim is not None:
            if not line.has_service:
                self._report("SUB006", Severity.WARNING, "the service line has no SV1", "SV1", line.segment)
                line.fields.update(procedure=parse_procedure("", self._component), charge=0, units="")
            claim.lines.append(line.build())
        self._line = None


def _is_pointer(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _POINTER_DIGITS
