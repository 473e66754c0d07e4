"""Loops 2100 and 2110: one claim payment with its service lines.

This is where reading spends its time, so: one handler a segment id, lists that belong to the loop at hand, structs
built once when their loop ends, and remembered amounts, dates and procedures. Each handler takes the common form of
its segment at once and leaves the rest to a slower sibling.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, TypeAlias

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
from edi.transactions.t835.elements import AMOUNTS, DATES, PROCEDURES, Problems, element, raw
from edi.transactions.t835.parties import NM1_LENGTH, member_id, party, remark_codes

Handler: TypeAlias = Callable[[list[str], int], None]

_NO_PROCEDURE: Final = Procedure("", "")
_CAS_LENGTH: Final = 20
_CLP_LENGTH: Final = 10


class ClaimReader:
    """Gathers one claim at a time: `begin` with its CLP, then `handlers` or `keep` for each segment, then `end`.

    `count`, `line_count`, `charge_total` and `paid_total` (cents) run over all claims ended so far.
    """

    __slots__ = (
        "_adjustments",
        "_allowed",
        "_amounts",
        "_claim_adjustments",
        "_claim_amounts",
        "_claim_kept",
        "_claim_ordinal",
        "_claim_quantities",
        "_claim_references",
        "_clp",
        "_component",
        "_contacts",
        "_control_number",
        "_date_from",
        "_date_to",
        "_dates",
        "_header_number",
        "_inpatient",
        "_kept",
        "_line_ordinal",
        "_lines",
        "_other_remarks",
        "_outpatient",
        "_parties",
        "_problems",
        "_quantities",
        "_references",
        "_remarks",
        "_svc",
        "charge_total",
        "count",
        "handlers",
        "line_count",
        "paid_total",
    )

    _svc: list[str] | None
    _date_from: date | None
    _date_to: date | None
    _control_number: str | None
    _allowed: int | None
    _line_ordinal: int

    def __init__(self, component: str, problems: Problems) -> None:
        self._component = component
        self._problems = problems
        self.count = self.line_count = self.charge_total = self.paid_total = 0
        self.handlers: dict[str, Handler] = {
            "CAS": self._take_cas,
            "DTM": self._take_dtm,
            "SVC": self._take_svc,
            "REF": self._take_ref,
            "AMT": self._take_amt,
            "QTY": self._take_qty,
            "LQ": self._take_lq,
            "NM1": self._take_nm1,
            "MIA": self._take_mia,
            "MOA": self._take_moa,
            "PER": self._take_per,
        }

    # -- loop 2100 -------------------------------------------------------------------------------------------------

    def begin(self, clp: list[str], ordinal: int, header_number: str | None) -> None:
        """Open a claim with its CLP, the CLP's ordinal and the LX01 it stands under."""
        self._clp = clp
        self._claim_ordinal = ordinal
        self._header_number = header_number
        self._svc = None
        self._lines: list[ServicePayment] = []
        self._parties: list[RemittanceParty] = []
        self._dates: list[QualifiedDate] = []
        self._contacts: list[RawSegment] = []
        self._inpatient: RawSegment = ()
        self._outpatient: RawSegment = ()
        self._claim_adjustments: list[Adjustment] = []
        self._claim_references: list[Reference] = []
        self._claim_amounts: list[QualifiedAmount] = []
        self._claim_quantities: list[QualifiedQuantity] = []
        self._claim_kept: list[RawSegment] = []
        self._adjustments = self._claim_adjustments
        self._references = self._claim_references
        self._amounts = self._claim_amounts
        self._quantities = self._claim_quantities
        self._kept = self._claim_kept

    def end(self) -> ClaimPayment:
        """Close the claim and return it."""
        if self._svc is not None:
            self._end_line(self._svc)
        clp = self._clp
        if len(clp) != _CLP_LENGTH:
            clp = self._padded(clp, 14, _CLP_LENGTH)
        _, number, status, charge_text, paid_text, patient_text, filing, payer_number, facility, frequency = (
            clp[:10]
        )
        charge, paid = AMOUNTS[charge_text], AMOUNTS[paid_text]
        patient = AMOUNTS[patient_text] if patient_text else None
        if charge is None or paid is None or (patient is None and patient_text) or not number or not status:
            self._problems.check_clp(clp, charge, paid, patient, self._claim_ordinal)
            charge, paid = charge or 0, paid or 0
        lines = tuple(self._lines)
        # By position, here and for the line: by keyword costs a tenth of the whole reading.
        claim = ClaimPayment(
            self._claim_ordinal,
            self.count,
            number,
            status,
            charge,
            paid,
            patient,
            filing or None,
            payer_number or None,
            facility or None,
            frequency or None,
            self._drg(clp) if len(clp) > _CLP_LENGTH else (),
            member_id(self._parties),
            tuple(self._parties),
            tuple(self._claim_adjustments) if self._claim_adjustments else (),
            remark_codes(self._inpatient, self._outpatient) if self._outpatient or self._inpatient else (),
            self._inpatient,
            self._outpatient,
            tuple(self._claim_references),
            tuple(self._dates),
            tuple(self._claim_amounts) if self._claim_amounts else (),
            tuple(self._claim_quantities) if self._claim_quantities else (),
            tuple(self._contacts) if self._contacts else (),
            self._header_number,
            tuple(self._claim_kept) if self._claim_kept else (),
            lines,
        )
        self.count += 1
        self.line_count += len(lines)
        self.charge_total += charge
        self.paid_total += paid
        return claim

    def keep(self, segment: list[str]) -> None:
        """Keep a segment that the model has no field for with the loop at hand."""
        self._kept.append(raw(segment))

    @property
    def _number(self) -> str:
        """CLP01 of the claim at hand, for findings."""
        return element(self._clp, 1) or ""

    def _padded(self, segment: list[str], known: int, length: int) -> list[str]:
        """The segment with at least ``length`` items; elements beyond the ``known`` ones are reported."""
        ordinal = self._line_ordinal if self._svc is segment else self._claim_ordinal
        self._problems.unread(segment, known, ordinal, self._number)
        return segment + [""] * (length - len(segment))

    def _drg(self, clp: list[str]) -> RawSegment:
        """CLP11 to CLP14 as sent; CLP10 has no place."""
        if clp[10]:
            self._problems.unread(clp[:11], 9, self._claim_ordinal, self._number)
        values = clp[11:15]
        while values and not values[-1]:
            values.pop()
        return tuple(values)

    def _take_nm1(self, segment: list[str], ordinal: int) -> None:
        if self._svc is not None:
            self._kept.append(raw(segment))
            return
        if len(segment) != NM1_LENGTH or segment[6]:
            self._problems.unread(segment[:7], 5, ordinal, self._number)
            self._problems.unread(segment, 9, ordinal, self._number)
            segment = segment + [""] * (NM1_LENGTH - len(segment))
        self._parties.append(party(segment))

    def _take_mia(self, segment: list[str], ordinal: int) -> None:
        if self._svc is not None or self._inpatient:
            self._kept.append(raw(segment))
        else:
            self._inpatient = raw(segment)

    def _take_moa(self, segment: list[str], ordinal: int) -> None:
        if self._svc is not None or self._outpatient:
            self._kept.append(raw(segment))
        else:
            self._outpatient = raw(segment)

    def _take_per(self, segment: list[str], ordinal: int) -> None:
        if self._svc is not None:
            self._kept.append(raw(segment))
        else:
            self._contacts.append(raw(segment))

    # -- loop 2110 -------------------------------------------------------------------------------------------------

    def _take_svc(self, segment: list[str], ordinal: int) -> None:
        if self._svc is not None:
            self._end_line(self._svc)
        self._svc = segment
        self._line_ordinal = ordinal
        self._date_from = self._date_to = self._control_number = self._allowed = None
        self._adjustments = []
        self._references = []
        self._amounts = []
        self._quantities = []
        self._kept = []
        self._remarks: list[str] = []
        self._other_remarks: list[Reference] = []

    def _end_line(self, svc: list[str]) -> None:
        size = len(svc)
        submitted = submitted_units = None
        if size == 6:
            _, composite, charge_text, paid_text, revenue, units = svc
        else:
            svc = self._padded(svc, 7, 8)
            _, composite, charge_text, paid_text, revenue, units, other, submitted_units = svc[:8]
            if other:
                submitted = PROCEDURES[other, self._component]
        procedure = PROCEDURES[composite, self._component] if composite else _NO_PROCEDURE
        charge, paid = AMOUNTS[charge_text], AMOUNTS[paid_text]
        if charge is None or paid is None or not composite:
            self._problems.check_svc(composite, charge, paid, self._line_ordinal, self._number)
        self._lines.append(
            ServicePayment(
                self._line_ordinal,
                procedure,
                charge or 0,
                paid or 0,
                units or None,
                revenue or None,
                submitted,
                submitted_units or None,
                self._date_from,
                self._date_to,
                self._control_number,
                self._allowed,
                tuple(self._adjustments),
                tuple(self._remarks) if self._remarks else (),
                tuple(self._amounts) if self._amounts else (),
                tuple(self._quantities) if self._quantities else (),
                tuple(self._references) if self._references else (),
                tuple(self._other_remarks) if self._other_remarks else (),
                tuple(self._kept) if self._kept else (),
            )
        )

    def _take_lq(self, segment: list[str], ordinal: int) -> None:
        if self._svc is None or len(segment) != 3:
            self._kept.append(raw(segment))
        elif segment[1] == "HE":
            self._remarks.append(segment[2])
        else:
            self._other_remarks.append((segment[1], segment[2]))

    # -- segments of both loops ------------------------------------------------------------------------------------

    def _take_cas(self, segment: list[str], ordinal: int) -> None:
        if len(segment) == 4:
            _, group, reason, amount = segment
            cents = AMOUNTS[amount]
            if cents is not None and group and reason:
                self._adjustments.append(Adjustment(group, reason, cents))
                return
        self._take_long_cas(segment, ordinal)

    def _take_long_cas(self, segment: list[str], ordinal: int) -> None:
        """A CAS with several triplets, with quantities or with something wrong."""
        number = self._number
        group = element(segment, 1) or ""
        if not group:
            self._problems.add(
                "RMT005", "CAS01 is empty: the adjustment has no group", ordinal, "CAS01", claim=number
            )
        found = len(self._adjustments)
        for index in range(2, min(len(segment), _CAS_LENGTH), 3):
            reason, amount, quantity = (element(segment, index + offset) for offset in range(3))
            if reason is None and amount is None and quantity is None:
                continue
            cents = AMOUNTS[amount or ""]
            if cents is None:
                self._problems.bad_amount(ordinal, f"CAS{index + 1:02d}", number)
            if reason is None:
                name = f"CAS{index:02d}"
                self._problems.add(
                    "RMT005", f"{name} names no reason for its amount", ordinal, name, claim=number
                )
            self._adjustments.append(Adjustment(group, reason or "", cents or 0, quantity))
        if found == len(self._adjustments):
            self._problems.add(
                "RMT005", "the CAS has no reason and no amount", ordinal, "CAS02", claim=number
            )
        self._problems.unread(segment, _CAS_LENGTH - 1, ordinal, number)

    def _take_dtm(self, segment: list[str], ordinal: int) -> None:
        if len(segment) != 3:
            self._take_odd_dtm(segment, ordinal)
            return
        _, qualifier, text = segment
        day = DATES[text]
        if day is None:
            self._problems.bad_date(ordinal, "DTM02", self._number)
            self._kept.append(raw(segment))
        elif self._svc is None:
            self._dates.append((qualifier, day))
        elif qualifier == "472" and self._date_from is None and self._date_to is None:
            self._date_from = self._date_to = day
        elif qualifier == "150" and self._date_from is None:
            self._date_from = day
        elif qualifier == "151" and self._date_to is None:
            self._date_to = day
        else:
            self._kept.append(raw(segment))

    def _take_odd_dtm(self, segment: list[str], ordinal: int) -> None:
        """A DTM without a date or with more than a date (time, period): the date counts, the rest is reported."""
        if element(segment, 2) is not None:
            self._problems.unread(segment, 2, ordinal, self._number)
            self._take_dtm(segment[:3], ordinal)
        else:
            self._problems.bad_date(ordinal, "DTM02", self._number)
            self._kept.append(raw(segment))

    def _take_ref(self, segment: list[str], ordinal: int) -> None:
        if len(segment) != 3:
            self._problems.unread(segment, 2, ordinal, self._number)
            segment = [*segment, "", ""][:3]
        _, qualifier, value = segment
        if qualifier == "6R" and self._svc is not None and self._control_number is None and value:
            self._control_number = value
        else:
            self._references.append((qualifier, value))

    def _take_amt(self, segment: list[str], ordinal: int) -> None:
        if len(segment) != 3:
            self._problems.unread(segment, 2, ordinal, self._number)
            segment = [*segment, "", ""][:3]
        _, qualifier, amount = segment
        cents = AMOUNTS[amount]
        if cents is None:
            self._problems.bad_optional_amount(ordinal, "AMT02", self._number)
            self._kept.append(raw(segment))
        elif qualifier == "B6" and self._svc is not None and self._allowed is None:
            self._allowed = cents
        else:
            self._amounts.append((qualifier, cents))

    def _take_qty(self, segment: list[str], ordinal: int) -> None:
        if len(segment) != 3:
            self._problems.unread(segment, 2, ordinal, self._number)
            segment = [*segment, "", ""][:3]
        self._quantities.append((segment[1], segment[2]))
