"""Loops 2300 and 2400 as text. Source: 005010X222A1.

What most claims have is written straight; only a claim or line with more is sorted by its rows in `segments`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, TypeAlias

from edi.model.claim import Attachment, Claim, Provider, ServiceLine, SpinalCondition
from edi.model.finding import Finding, Location, Severity
from edi.transactions.t837p.coverages import NAMES, CoverageRenderer
from edi.transactions.t837p.placing import apart
from edi.transactions.t837p.rendering import Memo
from edi.transactions.t837p.segments import (
    CERTIFICATE_DATES,
    CLAIM,
    CLAIM_LOOPS,
    CLAIM_OWN,
    LINE,
    LINE_LOOPS,
    LINE_OWN,
    OTHER_DIAGNOSIS,
    PRINCIPAL_DIAGNOSIS,
    SEGMENT_IDS,
    place_of_loop,
)
from edi.x12.envelope_writer import InterchangeHeader

_LINE_LOOP_STARTS: Final = frozenset({"NM1", "LIN", "SVD", "LQ"})
_CLM20: Final = 20
_ADJUDICATION: Final = LINE_LOOPS["SVD", ""].place
_Loop: TypeAlias = tuple[int, str]
"""A sub-loop: where it stands in the guide, and its text."""


class ClaimRenderer(CoverageRenderer):
    """Renders claims with their lines, and remembers the dates it left out."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        super().__init__(header, upper_case=upper_case)
        self._diagnoses: Memo[tuple[str, ...]] = Memo(lambda codes: self._render_diagnoses(codes, ()))
        self._claim_tail: Memo[tuple[str | tuple[str, ...], ...]] = Memo(self._render_claim_tail)
        self._service_tail: Memo[tuple[str, str, str, tuple[int, ...]]] = Memo(self._render_service_tail)
        self._service_day: Memo[date] = Memo(self._render_service_day)
        self._undated: list[tuple[str, int, str]] = []

    # -- 2300 --------------------------------------------------------------------------------------------------------

    def _claim(self, claim: Claim) -> str:
        """2300 with its lines."""
        e, t, code = self._e, self._t, self._code
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
        text = f"CLM{e}{number}{e}{self._amount[claim.charge]}{tail}"
        if claim.dates:
            text += self._claim_dates[claim.dates]
        if claim.patient_paid is not None:
            text += f"AMT{e}F5{e}{self._amount[claim.patient_paid]}{t}"
        if claim.referral_number:
            text += f"REF{e}9F{e}{code[claim.referral_number]}{t}"
        if claim.authorization:
            text += f"REF{e}G1{e}{code[claim.authorization]}{t}"
        if claim.original_reference:
            text += f"REF{e}F8{e}{code[claim.original_reference]}{t}"
        if claim.diagnosis_qualifiers:
            text += self._render_diagnoses(claim.diagnoses, claim.diagnosis_qualifiers)
        else:
            text += self._diagnoses[claim.diagnoses]
        if (
            claim.kept
            or claim.references
            or claim.notes
            or claim.attachments
            or claim.amounts
            or claim.delay_reason
            or claim.spinal is not None
        ):
            text = self._fuller_claim(claim, text)
        else:
            text += self._claim_parties(claim)
        for other in claim.other_payers:
            text += self._other_payer(claim.patient_control_number, other)
        parts = [text]
        for line in claim.lines:
            self._line(claim, line, parts)
        return "".join(parts)

    def _claim_parties(self, claim: Claim) -> str:
        """2310A to 2310D."""
        text = ""
        if claim.referring is not None:
            text = self._provider("DN", claim.referring)
        if claim.primary_care is not None:
            text += self._provider("P3", claim.primary_care)
        if claim.rendering is not None:
            text += self._provider("82", claim.rendering)
        if claim.facility is not None:
            text += self._provider("77", claim.facility)
        if claim.supervising is not None:
            text += self._provider("DQ", claim.supervising)
        return text

    def _fuller_claim(self, claim: Claim, text: str) -> str:
        """2300 with the segments that few claims have, and 2310."""
        own, loops = apart(claim.kept, NAMES, own_ids=CLAIM_OWN)
        if claim.delay_reason:
            own.insert(0, ("CLM", *("",) * (_CLM20 - 1), claim.delay_reason))
        text += (
            self._attachments(claim.attachments)
            + self._amounts(claim.amounts)
            + self._references(claim.references)
            + self._notes(claim.notes)
        )
        if claim.spinal is not None:
            text += self._spinal(claim.spinal)
        text = self._placed(CLAIM, text, own, claim.patient_control_number)
        if not loops:
            return text + self._claim_parties(claim)
        parties = (
            ("DN", claim.referring),
            ("P3", claim.primary_care),
            ("82", claim.rendering),
            ("77", claim.facility),
            ("DQ", claim.supervising),
        )
        placed = [
            (place_of_loop(CLAIM_LOOPS, ("NM1", role)), self._provider(role, party))
            for role, party in parties
            if party is not None
        ]
        placed += [(place_of_loop(CLAIM_LOOPS, loop[0]), self._raw(loop)) for loop in loops]
        return text + _in_order(placed)

    def _attachments(self, papers: Sequence[Attachment]) -> str:
        """PWK; a paper that is only available on request has no number."""
        code = self._code
        return "".join(
            [
                self._segment(
                    "PWK",
                    code[paper.report],
                    code[paper.transmission],
                    *(("", "", "AC", code[paper.control_number]) if paper.control_number else ()),
                )
                for paper in papers
            ]
        )

    def _spinal(self, condition: SpinalCondition) -> str:
        """CR2."""
        text = self._text
        said = (text[condition.description], text[condition.more], self._code[condition.xray])
        return self._segment("CR2", *("",) * 7, self._code[condition.nature], "", *said)

    def _render_claim_tail(self, values: tuple[str | tuple[str, ...], ...]) -> str:
        """CLM05 to CLM11 of place of service, frequency, CLM06 to CLM10, accident causes and accident state."""
        place, frequency, *plain, causes, state = values
        code, c, e = self._code, self._c, self._e
        accident = (*causes[:3], *("", "", "")[len(causes) :], str(state))
        elements = (
            f"{code[str(place)]}{c}B{c}{code[str(frequency)]}" if frequency else code[str(place)],
            *[code[str(value)] for value in plain],
            c.join([code[component] for component in accident]).rstrip(c),
        )
        return f"{e}{e}{e}{e.join(elements).rstrip(e)}{self._t}"

    def _render_diagnoses(self, diagnoses: tuple[str, ...], qualifiers: tuple[str, ...]) -> str:
        """HI with the principal diagnosis first; "" without any."""
        if not diagnoses:
            return ""
        c, code = self._c, self._code
        standard = (PRINCIPAL_DIAGNOSIS, *(OTHER_DIAGNOSIS,) * (len(diagnoses) - 1))
        kinds = [*qualifiers, *standard[len(qualifiers) :]]
        return self._segment(
            "HI", *[f"{code[kind]}{c}{code[one]}" for kind, one in zip(kinds, diagnoses, strict=False)]
        )

    # -- 2400 --------------------------------------------------------------------------------------------------------

    def _line(self, claim: Claim, line: ServiceLine, parts: list[str]) -> None:
        """Append 2400."""
        e, t, code = self._e, self._t, self._code
        tail = self._service_tail[line.unit_basis, line.units, line.place_of_service, line.pointers]
        text = f"LX{e}{line.number}{t}SV1{e}{self._procedure[line.procedure]}{e}{self._amount[line.charge]}{tail}"
        first, last = line.date_from, line.date_to
        if first is not None:
            if last is None or last == first:
                text += self._service_day[first]
            else:
                text += f"DTP{e}472{e}RD8{e}{self._day[first]}-{self._day[last]}{t}"
        if line.other_dates:
            text += self._other_dates(claim, line)
        if line.authorization:
            text += f"REF{e}G1{e}{code[line.authorization]}{t}"
        number = line.line_control_number
        if number:
            if not (number.isalnum() and number.isascii()):
                number = code[number]
            text += f"REF{e}6R{e}{number}{t}"
        if line.kept or line.references or line.notes or line.attachments or line.amounts:
            text = self._fuller_line(claim, line, text)
        else:
            text += self._line_parties(line)
            for decided in line.adjudications:
                text += self._adjudication(claim.patient_control_number, decided)
        parts.append(text)

    def _line_parties(self, line: ServiceLine) -> str:
        """2420 of a line without kept loops."""
        text = ""
        if line.rendering is not None:
            text = self._provider("82", line.rendering)
        if line.facility is not None:
            text += self._provider("77", line.facility)
        if line.supervising is not None:
            text += self._provider("DQ", line.supervising)
        if line.ordering is not None:
            text += self._provider("DK", line.ordering)
        if line.referring is not None:
            text += self._provider("DN", line.referring)
        return text

    def _fuller_line(self, claim: Claim, line: ServiceLine, text: str) -> str:
        """2400 with the segments that few lines have, and the loops under it."""
        own, loops = apart(line.kept, _LINE_LOOP_STARTS, own_ids=LINE_OWN)
        text += (
            self._attachments(line.attachments)
            + self._references(line.references)
            + self._amounts(line.amounts)
            + self._notes(line.notes)
        )
        text = self._placed(LINE, text, own, claim.patient_control_number)
        parties: tuple[tuple[str, Provider | None], ...] = (
            ("82", line.rendering),
            ("77", line.facility),
            ("DQ", line.supervising),
            ("DK", line.ordering),
            ("DN", line.referring),
        )
        placed = [
            (place_of_loop(LINE_LOOPS, ("NM1", role)), self._provider(role, party))
            for role, party in parties
            if party is not None
        ]
        placed += [(place_of_loop(LINE_LOOPS, loop[0]), self._raw(loop)) for loop in loops]
        placed += [
            (_ADJUDICATION, self._adjudication(claim.patient_control_number, one))
            for one in line.adjudications
        ]
        return text + _in_order(placed)

    def _other_dates(self, claim: Claim, line: ServiceLine) -> str:
        """DTP but 472. Dates of a DME certificate go only with the certificate (CR3)."""
        days = line.other_dates
        if not any(segment[0] == "CR3" for segment in line.kept):
            left_out = [kind for kind, _ in days if kind in CERTIFICATE_DATES]
            if left_out:
                self._undated += [(claim.patient_control_number, line.number, kind) for kind in left_out]
                days = tuple([one for one in days if one[0] not in CERTIFICATE_DATES])
        return self._line_dates[days]

    def _render_service_tail(self, values: tuple[str, str, str, tuple[int, ...]]) -> str:
        """SV103 to SV107 of unit basis, units, place of service and pointers."""
        basis, units, place, pointers = values
        e, code = self._e, self._code
        elements = (code[basis], code[units], code[place], "", self._c.join(map(str, pointers)))
        return f"{e}{e.join(elements)}".rstrip(e) + self._t

    def _render_service_day(self, day: date) -> str:
        """DTP*472 of one day."""
        e = self._e
        return f"DTP{e}472{e}D8{e}{self._day[day]}{self._t}"

    # -- what could not be written ---------------------------------------------------------------------------------

    def left_out(self) -> Iterator[Finding]:
        """Yield SUB021 and SUB022 for what was rendered so far."""
        for claim, kept in self._homeless:
            # A broken file may have a name where a segment id belongs.
            segment = kept if kept in SEGMENT_IDS else "unknown"
            yield Finding(
                code="SUB021",
                severity=Severity.WARNING,
                message=f"a kept {segment} segment has no place in an outgoing claim and was left out",
                location=Location(claim=claim, element=segment),
            )
        for number, line, kind in self._undated:
            yield Finding(
                code="SUB022",
                severity=Severity.WARNING,
                message=f"DTP*{kind} belongs to an equipment certificate (CR3), and there is none; it was left out",
                location=Location(claim=number, line=str(line), element="DTP01"),
            )


def _in_order(loops: list[_Loop]) -> str:
    return "".join([text for _, text in sorted(loops, key=lambda loop: loop[0])])
