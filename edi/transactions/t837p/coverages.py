"""Other payers and what they decided, as text: loops 2320, 2330 and 2430. Source: 005010X222A1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from edi.model.claim import LineAdjudication, OtherPayer
from edi.model.remittance import Adjustment, Procedure, RawSegment
from edi.transactions.t837p.placing import apart
from edi.transactions.t837p.rendering import Memo, PartyRenderer
from edi.transactions.t837p.segments import (
    ADJUDICATION,
    COVERAGE,
    COVERAGE_LOOPS,
    COVERAGE_OWN,
    OTHER_PAYER,
    REASONS_PER_CAS,
    place_of_loop,
)
from edi.x12.envelope_writer import InterchangeHeader

NAMES: Final = frozenset({"NM1"})


class CoverageRenderer(PartyRenderer):
    """Renders other payers of a claim and their decisions on its lines."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        super().__init__(header, upper_case=upper_case)
        self._procedure: Memo[Procedure] = Memo(self._render_procedure)

    def _render_procedure(self, procedure: Procedure) -> str:
        """SV101 or SVD03."""
        code = self._code
        if not procedure.qualifier and not procedure.modifiers and procedure.description is None:
            return code[procedure.code]
        modifiers = [code[modifier] for modifier in (*procedure.modifiers, "", "", "", "")[:4]]
        description = self._text[procedure.description or ""]
        parts = (code[procedure.qualifier], code[procedure.code], *modifiers, description)
        return self._c.join(parts).rstrip(self._c)

    def _adjustments(self, adjustments: Sequence[Adjustment]) -> str:
        """CAS: six reasons a segment, one group after the other in the order given."""
        parts: list[str] = []
        code = self._code
        for group, members in groupby(adjustments, key=lambda one: one.group):
            reasons = list(members)
            for start in range(0, len(reasons), REASONS_PER_CAS):
                elements: list[str] = []
                for one in reasons[start : start + REASONS_PER_CAS]:
                    elements += (code[one.reason], self._amount[one.cents], code[one.quantity or ""])
                parts.append(self._segment("CAS", code[group], *elements))
        return "".join(parts)

    def _other_payer(self, claim: str, one: OtherPayer) -> str:
        """2320 with its 2330 loops."""
        own, loops = apart(one.kept, NAMES, "IL", COVERAGE_OWN)
        text = self._coverage_text(one)
        if own:
            text = self._placed(COVERAGE, text, own, claim)
        text += self._other_payer_name(claim, one)
        return text + self._sub_loops(loops)

    def _coverage_text(self, one: OtherPayer) -> str:
        """2320 and 2330A."""
        code = self._code
        amounts = (("D", one.paid), ("A8", one.noncovered), ("EAF", one.remaining_patient_liability))
        said = (one.benefits_assigned, one.patient_signature_source, "", one.release_of_information)
        return "".join(
            (
                self._coverage[
                    one.rank,
                    code[one.relationship],
                    one.group_number,
                    one.group_name,
                    one.insurance_type,
                    one.filing_indicator,
                ],
                self._adjustments(one.adjustments),
                self._amounts([(kind, cents) for kind, cents in amounts if cents is not None]),
                self._segment("OI", "", "", *[code[answer] for answer in said]) if any(said) else "",
                self._raw([one.outpatient]) if one.outpatient else "",
                self._holder(one),
            )
        )

    def _holder(self, one: OtherPayer) -> str:
        """2330A, nothing where nobody is named."""
        identifier = ""
        if one.member_id:
            identifier = f"{self._code[one.member_id_qualifier]}{self._e}{self._code[one.member_id]}"
        if one.organization:
            name = self._segment(
                "NM1", "IL", "2", self._text[one.organization], "", "", "", "", identifier
            ) + self._address(one.subscriber.address)
        elif one.subscriber.last_name or identifier:
            name = self._person("IL", one.subscriber, identifier, demographics=False)
        else:
            return ""
        return name + self._references(one.subscriber_references)

    def _other_payer_name(self, claim: str, one: OtherPayer) -> str:
        """2330B, nothing where the payer is not named."""
        payer = one.payer
        text = self._payer_name("PR", payer) if payer.name or payer.id else ""
        if one.paid_on is not None:
            text += f"DTP{self._e}573{self._e}D8{self._e}{self._day[one.paid_on]}{self._t}"
        return self._placed(OTHER_PAYER, text, payer.kept, claim)

    def _sub_loops(self, loops: Sequence[Sequence[RawSegment]]) -> str:
        """2330C to 2330G, as read."""
        placed = sorted(loops, key=lambda loop: place_of_loop(COVERAGE_LOOPS, loop[0]))
        return "".join([self._raw(loop) for loop in placed])

    def _adjudication(self, claim: str, one: LineAdjudication) -> str:
        """2430."""
        e, code = self._e, self._code
        bundled = str(one.bundled_line) if one.bundled_line is not None else ""
        text = self._segment(
            "SVD",
            code[one.payer_id],
            self._amount[one.paid],
            self._procedure[one.procedure],
            "",
            code[one.units],
            bundled,
        ) + self._adjustments(one.adjustments)
        if one.paid_on is not None:
            text += f"DTP{e}573{e}D8{e}{self._day[one.paid_on]}{self._t}"
        if one.remaining_patient_liability is not None:
            text += self._amounts([("EAF", one.remaining_patient_liability)])
        return self._placed(ADJUDICATION, text, one.kept, claim) if one.kept else text
