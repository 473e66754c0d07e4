"""Other payers and their decisions while their segments come in: loops 2320, 2330 and 2430."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from edi.model.claim import ClaimPayer, LineAdjudication, OtherPayer, Person
from edi.model.money import parse_cents
from edi.model.remittance import Adjustment, RawSegment
from edi.transactions.elements import at, parse_period, parse_procedure, parse_quantity
from edi.transactions.t837p.draft import PartyDraft
from edi.transactions.t837p.segments import ADJUDICATION, COVERAGE

_LINE_DIGITS: Final = 6


def read_adjustments(segment: list[str]) -> list[Adjustment] | None:
    """The reasons of a CAS in order, amounts in cents; None when one of them cannot be read."""
    found: list[Adjustment] = []
    for start in range(2, len(segment), 3):
        reason, amount, quantity = segment[start], at(segment, start + 1), at(segment, start + 2)
        if not (reason or amount or quantity):
            continue
        count = parse_quantity(quantity)
        if not reason or not amount or (quantity and count is None):
            return None
        try:
            found.append(Adjustment(at(segment, 1), reason, parse_cents(amount), count))
        except ValueError:
            return None
    return found or None


class DecisionDraft:
    """What 2320 and 2430 have in common: adjustments, amounts, a date, and what is kept.

    ``fields`` go to the constructor of the value; ``roles`` says which field an amount or date fills.
    """

    def __init__(self, fields: dict[str, Any], roles: dict[tuple[str, str], str]) -> None:
        self.fields = fields
        self.adjustments: list[Adjustment] = []
        self.kept: list[RawSegment] = []
        self._roles = roles

    def take(self, segment: list[str]) -> bool:
        """Take CAS, AMT or DTP; False when it has no field, a field taken, or cannot be read."""
        if segment[0] == "CAS":
            reasons = read_adjustments(segment)
            self.adjustments += reasons or ()
            return reasons is not None
        field = self._roles.get((segment[0], at(segment, 1)))
        if field is None or field in self.fields:
            return False
        if segment[0] == "AMT":
            try:
                self.fields[field] = parse_cents(at(segment, 2))
            except ValueError:
                return False
            return not any(segment[3:])
        period = parse_period(at(segment, 2), at(segment, 3))
        if period is None or at(segment, 2) != "D8":
            return False
        self.fields[field] = period[0]
        return True


class AdjudicationDraft(DecisionDraft):
    """A 2430 so far; ``whole`` is False when the SVD has more than the model carries."""

    def __init__(self, svd: list[str], component: str, cents: int) -> None:
        bundled = at(svd, 6)
        counted = bundled.isascii() and bundled.isdigit() and len(bundled) <= _LINE_DIGITS
        self.whole = not at(svd, 4) and not any(svd[7:]) and (counted or not bundled)
        fields = {
            "payer_id": at(svd, 1),
            "paid": cents,
            "procedure": parse_procedure(at(svd, 3), component),
            "units": parse_quantity(at(svd, 5)) or at(svd, 5),
            "bundled_line": int(bundled) if counted else None,
        }
        super().__init__(fields, ADJUDICATION.fields)

    def build(self) -> LineAdjudication:
        """Return the value."""
        return LineAdjudication(**self.fields, adjustments=tuple(self.adjustments), kept=tuple(self.kept))


class CoverageDraft(DecisionDraft):
    """A 2320 with its 2330A and 2330B so far."""

    def __init__(self, sbr: list[str]) -> None:
        fields = {
            "rank": at(sbr, 1),
            "relationship": at(sbr, 2),
            "group_number": at(sbr, 3),
            "group_name": at(sbr, 4),
            "insurance_type": at(sbr, 5),
            "filing_indicator": at(sbr, 9),
            "benefits_assigned": "",
            "release_of_information": "",
        }
        super().__init__(fields, COVERAGE.fields)
        self.parties: dict[str, PartyDraft] = {}

    def take_answers(self, oi: list[str]) -> None:
        """Take OI."""
        self.fields.update(
            benefits_assigned=at(oi, 3), patient_signature_source=at(oi, 4), release_of_information=at(oi, 6)
        )

    def build(self) -> OtherPayer:
        """Return the value; a party that the file lacks is empty."""
        holder, payer = self.parties.get("IL"), self.parties.get("PR")
        subscriber = holder.person() if holder is not None else Person()
        if holder is not None:
            self.fields.update(
                organization=at(holder.nm1, 3) if at(holder.nm1, 2) == "2" else "",
                member_id=at(holder.nm1, 9),
                member_id_qualifier=at(holder.nm1, 8) or "MI",
                subscriber_references=tuple(holder.references),
            )
        return OtherPayer(
            **self.fields,
            subscriber=msgspec.structs.replace(subscriber, birth_date=None, sex=""),
            payer=payer.payer() if payer is not None else ClaimPayer(name="", id=""),
            paid_on=payer.paid_on if payer is not None else None,
            adjustments=tuple(self.adjustments),
            kept=(*(holder.kept if holder is not None else ()), *self.kept),
        )
