"""Loops 2100 and 2110: one claim payment with its service lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Procedure,
    QualifiedAmount,
    QualifiedDate,
    QualifiedQuantity,
    RawSegment,
    Reference,
    RemittanceParty,
    ServicePayment,
)
from edi.transactions.elements import AMOUNTS, DATES, element, procedures, raw
from edi.transactions.t835.parties import NM1_LENGTH, member_id, party, remark_codes
from edi.transactions.t835.problems import Problems

ENDS_CLAIM: Final = frozenset({"CLP", "LX", "TS2", "TS3", "PLB", "SE"})
"""Segments that no claim can hold."""

_NO_PROCEDURE: Final = Procedure("", "")
_CAS_LENGTH: Final = 20
_CLP_LENGTH: Final = 10


class ClaimReader:
    """Reads one claim payment at a time.

    `count`, `line_count`, `charge_total` and `paid_total` (cents) run over all claims read so far.
    """

    def __init__(self, component: str, problems: Problems) -> None:
        self._procedures = procedures(component)
        self._problems = problems
        self.count = self.line_count = self.charge_total = self.paid_total = 0

    def read(
        self, clp: list[str], start: int, numbered: Iterator[tuple[int, list[str]]], header_number: str | None
    ) -> tuple[ClaimPayment, int, list[str] | None]:
        """Read one claim.

        Reading an 835 spends its time here. So this is one long loop over local variables: the segments that come
        most often first, each list belonging to the loop at hand (the claim, then one line after the other), and
        structs built once when their loop ends.

        Args:
            clp: its CLP.
            start: ordinal of the CLP.
            numbered: the segments that follow, with their ordinals.
            header_number: LX01 of the loop it stands in.

        Returns:
            The claim, and ordinal and segment of what comes after it; (claim, last ordinal, None) at the end of
            the data.
        """
        number = element(clp, 1) or ""
        problems = self._problems
        adjustments: list[Adjustment] = []
        references: list[Reference] = []
        amounts: list[QualifiedAmount] = []
        quantities: list[QualifiedQuantity] = []
        kept: list[RawSegment] = []
        of_claim = (adjustments, references, amounts, quantities, kept)
        parties: list[RemittanceParty] = []
        dates: list[QualifiedDate] = []
        contacts: list[RawSegment] = []
        inpatient: RawSegment = ()
        outpatient: RawSegment = ()
        lines: list[ServicePayment] = []
        remarks: list[str] = []
        other_remarks: list[Reference] = []
        date_from: date | None = None
        date_to: date | None = None
        control_number: str | None = None
        allowed: int | None = None
        svc: list[str] | None = None
        svc_ordinal = ordinal = start
        following: list[str] | None = None

        for ordinal, segment in numbered:
            tag = segment[0]
            if tag == "DTM":
                if len(segment) != 3:
                    segment = self._three(segment, ordinal, number)
                _, qualifier, text = segment
                day = DATES[text]
                if day is None:
                    problems.bad_date(ordinal, "DTM02", number)
                    kept.append(raw(segment))
                elif svc is None:
                    dates.append((qualifier, day))
                elif qualifier == "472" and date_from is None and date_to is None:
                    date_from = date_to = day
                elif qualifier == "150" and date_from is None:
                    date_from = day
                elif qualifier == "151" and date_to is None:
                    date_to = day
                else:
                    kept.append(raw(segment))
            elif tag == "CAS":
                if (
                    len(segment) == 4
                    and (cents := AMOUNTS[segment[3]]) is not None
                    and segment[1]
                    and segment[2]
                ):
                    adjustments.append(Adjustment(segment[1], segment[2], cents))
                else:
                    self._take_long_cas(segment, ordinal, number, adjustments)
            elif tag == "REF":
                if len(segment) != 3:
                    segment = self._three(segment, ordinal, number)
                _, qualifier, text = segment
                if qualifier == "6R" and svc is not None and control_number is None and text:
                    control_number = text
                else:
                    references.append((qualifier, text))
            elif tag == "SVC":
                if svc is not None:
                    lines.append(
                        self._line(
                            svc,
                            svc_ordinal,
                            number,
                            date_from,
                            date_to,
                            control_number,
                            allowed,
                            adjustments,
                            remarks,
                            amounts,
                            quantities,
                            references,
                            other_remarks,
                            kept,
                        )
                    )
                svc = segment
                svc_ordinal = ordinal
                date_from = date_to = control_number = allowed = None
                adjustments = []
                remarks = []
                amounts = []
                quantities = []
                references = []
                other_remarks = []
                kept = []
            elif tag == "AMT":
                if len(segment) != 3:
                    segment = self._three(segment, ordinal, number)
                _, qualifier, text = segment
                cents = AMOUNTS[text]
                if cents is None:
                    problems.bad_optional_amount(ordinal, "AMT02", number)
                    kept.append(raw(segment))
                elif qualifier == "B6" and svc is not None and allowed is None:
                    allowed = cents
                else:
                    amounts.append((qualifier, cents))
            elif tag in ENDS_CLAIM:
                following = segment
                break
            elif svc is None:
                if tag == "NM1":
                    parties.append(self._party(segment, ordinal, number))
                elif tag == "MOA" and not outpatient:
                    outpatient = raw(segment)
                elif tag == "MIA" and not inpatient:
                    inpatient = raw(segment)
                elif tag == "PER":
                    contacts.append(raw(segment))
                elif tag == "QTY":
                    quantities.append(self._pair(segment, ordinal, number))
                else:
                    kept.append(raw(segment))
            elif tag == "LQ" and len(segment) == 3:
                if segment[1] == "HE":
                    remarks.append(segment[2])
                else:
                    other_remarks.append((segment[1], segment[2]))
            elif tag == "QTY":
                quantities.append(self._pair(segment, ordinal, number))
            else:
                kept.append(raw(segment))

        if svc is not None:
            lines.append(
                self._line(
                    svc,
                    svc_ordinal,
                    number,
                    date_from,
                    date_to,
                    control_number,
                    allowed,
                    adjustments,
                    remarks,
                    amounts,
                    quantities,
                    references,
                    other_remarks,
                    kept,
                )
            )
        adjustments, references, amounts, quantities, kept = of_claim
        charge, paid, patient, clp = self._amounts_of(clp, start)
        # By position, here and for the line: by keyword costs a tenth of the whole reading.
        claim = ClaimPayment(
            start,
            self.count,
            number,
            clp[2],
            charge,
            paid,
            patient,
            clp[6] or None,
            clp[7] or None,
            clp[8] or None,
            clp[9] or None,
            self._drg(clp, start, number) if len(clp) > _CLP_LENGTH else (),
            member_id(parties),
            tuple(parties),
            tuple(adjustments) if adjustments else (),
            remark_codes(inpatient, outpatient) if outpatient or inpatient else (),
            inpatient,
            outpatient,
            tuple(references),
            tuple(dates),
            tuple(amounts) if amounts else (),
            tuple(quantities) if quantities else (),
            tuple(contacts) if contacts else (),
            header_number,
            tuple(kept) if kept else (),
            tuple(lines),
        )
        self.count += 1
        self.line_count += len(lines)
        self.charge_total += charge
        self.paid_total += paid
        return claim, ordinal, following

    def _line(
        self,
        svc: list[str],
        ordinal: int,
        claim: str,
        date_from: date | None,
        date_to: date | None,
        control_number: str | None,
        allowed: int | None,
        adjustments: list[Adjustment],
        remarks: list[str],
        amounts: list[QualifiedAmount],
        quantities: list[QualifiedQuantity],
        references: list[Reference],
        other_remarks: list[Reference],
        kept: list[RawSegment],
    ) -> ServicePayment:
        """Build one line from its SVC and what was gathered under it."""
        submitted = None
        submitted_units = ""
        if len(svc) == 6:
            _, composite, charge_text, paid_text, revenue, units = svc
        else:
            self._problems.unread(svc, 7, ordinal, claim)
            svc = svc + [""] * (8 - len(svc))
            _, composite, charge_text, paid_text, revenue, units, other, submitted_units = svc[:8]
            if other:
                submitted = self._procedures[other]
        charge, paid = AMOUNTS[charge_text], AMOUNTS[paid_text]
        if charge is None or paid is None or not composite:
            self._problems.check_svc(composite, charge, paid, ordinal, claim)
        return ServicePayment(
            ordinal,
            self._procedures[composite] if composite else _NO_PROCEDURE,
            charge or 0,
            paid or 0,
            units or None,
            revenue or None,
            submitted,
            submitted_units or None,
            date_from,
            date_to,
            control_number,
            allowed,
            tuple(adjustments),
            tuple(remarks) if remarks else (),
            tuple(amounts) if amounts else (),
            tuple(quantities) if quantities else (),
            tuple(references) if references else (),
            tuple(other_remarks) if other_remarks else (),
            tuple(kept) if kept else (),
        )

    # -- the less common forms -------------------------------------------------------------------------------------

    def _three(self, segment: list[str], ordinal: int, claim: str) -> list[str]:
        """The segment as id and two elements; more than these are reported, missing ones are empty."""
        self._problems.unread(segment, 2, ordinal, claim)
        return [*segment, "", ""][:3]

    def _pair(self, segment: list[str], ordinal: int, claim: str) -> tuple[str, str]:
        """The first two elements."""
        _, first, second = segment if len(segment) == 3 else self._three(segment, ordinal, claim)
        return first, second

    def _amounts_of(self, clp: list[str], ordinal: int) -> tuple[int, int, int | None, list[str]]:
        """CLP03, CLP04 and CLP05 in cents, and the CLP with at least ten items."""
        if len(clp) != _CLP_LENGTH:
            self._problems.unread(clp, 14, ordinal, element(clp, 1))
            clp = clp + [""] * (_CLP_LENGTH - len(clp))
        charge, paid = AMOUNTS[clp[3]], AMOUNTS[clp[4]]
        patient = AMOUNTS[clp[5]] if clp[5] else None
        if charge is None or paid is None or (patient is None and clp[5]) or not clp[1] or not clp[2]:
            self._problems.check_clp(clp, charge, paid, patient, ordinal)
        return charge or 0, paid or 0, patient, clp

    def _drg(self, clp: list[str], ordinal: int, claim: str) -> RawSegment:
        """CLP11 to CLP14 as sent; CLP10 has no place."""
        self._problems.unread(clp[:11], 9, ordinal, claim)
        values = clp[11:15]
        while values and not values[-1]:
            values.pop()
        return tuple(values)

    def _party(self, segment: list[str], ordinal: int, claim: str) -> RemittanceParty:
        if len(segment) != NM1_LENGTH or segment[6]:
            self._problems.unread(segment[:7], 5, ordinal, claim)
            self._problems.unread(segment, 9, ordinal, claim)
            segment = segment + [""] * (NM1_LENGTH - len(segment))
        return party(segment)

    def _take_long_cas(
        self, segment: list[str], ordinal: int, claim: str, adjustments: list[Adjustment]
    ) -> None:
        """A CAS with several triplets, with quantities or with something wrong."""
        group = element(segment, 1) or ""
        if not group:
            self._problems.add(
                "RMT005", "CAS01 is empty: the adjustment has no group", ordinal, "CAS01", claim=claim
            )
        found = len(adjustments)
        for index in range(2, min(len(segment), _CAS_LENGTH), 3):
            reason, amount, quantity = (element(segment, index + offset) for offset in range(3))
            if reason is None and amount is None and quantity is None:
                continue
            cents = AMOUNTS[amount or ""]
            if cents is None:
                self._problems.bad_amount(ordinal, f"CAS{index + 1:02d}", claim)
            if reason is None:
                name = f"CAS{index:02d}"
                self._problems.add(
                    "RMT005", f"{name} names no reason for its amount", ordinal, name, claim=claim
                )
            adjustments.append(Adjustment(group, reason or "", cents or 0, quantity))
        if found == len(adjustments):
            self._problems.add("RMT005", "the CAS has no reason and no amount", ordinal, "CAS02", claim=claim)
        self._problems.unread(segment, _CAS_LENGTH - 1, ordinal, claim)
