"""ST to the end of loop 1000B: who pays whom, how much and how."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from edi.model.remittance import (
    Payee,
    Payment,
    RawSegment,
    Reference,
    RemittanceHeader,
    RemittancePayer,
)
from edi.transactions.elements import AMOUNTS, DATES, element, raw
from edi.transactions.t835.problems import Problems
from edi.x12.envelope import Envelope, TransactionSet

BODY: Final = frozenset({"LX", "CLP", "SVC", "TS2", "TS3", "PLB", "SE"})
"""Segments that end the heading."""
_MISSING: Final = (("BPR", "payment"), ("TRN", "trace number"), ("N1*PR", "payer"), ("N1*PE", "payee"))


class _Party:
    """N1 of loop 1000A or 1000B with the segments under it."""

    def __init__(self, n1: list[str]) -> None:
        self.name = element(n1, 2)
        self.qualifier = element(n1, 3)
        self.id = element(n1, 4)
        self.address: list[RawSegment] = []
        self.references: list[Reference] = []
        self.contacts: list[RawSegment] = []
        self.delivery: RawSegment = ()

    def reference(self, qualifier: str) -> str | None:
        """The first REF of that qualifier."""
        return next((value for known, value in self.references if known == qualifier), None)

    def payer(self) -> RemittancePayer:
        """Loop 1000A; REF*2U stands in for a missing N104."""
        qualifier, identifier = self.qualifier, self.id
        if identifier is None:
            identifier = self.reference("2U")
            qualifier = "2U" if identifier is not None else None
        return RemittancePayer(
            name=self.name,
            id=identifier,
            id_qualifier=qualifier,
            address=tuple(self.address),
            references=tuple(self.references),
            contacts=tuple(self.contacts),
        )

    def payee(self) -> Payee:
        """Loop 1000B; the tax id comes from N104 under FI, else from REF*TJ."""
        other = self.qualifier not in ("XX", "FI")
        return Payee(
            name=self.name,
            npi=self.id if self.qualifier == "XX" else None,
            tax_id=self.id if self.qualifier == "FI" else self.reference("TJ"),
            id=self.id if other else None,
            id_qualifier=self.qualifier if other else None,
            address=tuple(self.address),
            references=tuple(self.references),
            delivery=self.delivery,
        )


class HeadingReader:
    """Gathers the heading segment by segment; `finish` makes the value."""

    def __init__(self, transaction: TransactionSet, problems: Problems) -> None:
        self._transaction = transaction
        self._problems = problems
        self._bpr: list[str] = []
        self._trn: list[str] = []
        self._parties: dict[str, _Party] = {}
        self._party: _Party | None = None
        self._production_date: date | None = None
        self._references: list[Reference] = []
        self._currency: RawSegment = ()
        self._kept: list[RawSegment] = []
        self._payment = Payment(amount=0)

    def read(self, segments: Iterator[list[str]]) -> tuple[RemittanceHeader, int, list[str] | None]:
        """Read up to the first segment of the body.

        Returns:
            The header, the ordinal of that segment and the segment itself (None when the data ends before it).
        """
        ordinal = 0
        following = None
        for segment in segments:
            ordinal += 1
            if segment[0] in BODY:
                following = segment
                break
            self._take(segment, ordinal)
        return self._finish(), ordinal, following

    def _take(self, segment: list[str], ordinal: int) -> None:
        tag = segment[0]
        if tag == "ST":
            self._problems.unread(segment, 3, ordinal)
        elif tag == "BPR" and not self._bpr:
            self._bpr = segment
            self._payment = self._read_payment(segment, ordinal)
        elif tag == "TRN" and not self._trn:
            self._trn = segment
        elif tag == "N1" and element(segment, 1) in ("PR", "PE") and segment[1] not in self._parties:
            self._party = self._parties[segment[1]] = _Party(segment)
            self._problems.unread(segment, 4, ordinal)
        else:
            if tag == "N1":
                self._party = None
            if not self._take_detail(segment, ordinal):
                self._kept.append(raw(segment))

    def _take_detail(self, segment: list[str], ordinal: int) -> bool:
        """Take what stands under a party or beside BPR and TRN; False if the model has no field for it."""
        tag, party = segment[0], self._party
        if tag == "REF" and len(segment) > 1:
            references = party.references if party else self._references
            references.append((segment[1], element(segment, 2) or ""))
            self._problems.unread(segment, 2, ordinal)
            return True
        if party is None:
            return self._take_general(segment, ordinal)
        payer = party is self._parties.get("PR")
        if tag in ("N3", "N4"):
            party.address.append(raw(segment))
        elif tag == "PER" and payer:
            party.contacts.append(raw(segment))
        elif tag == "RDM" and not payer and not party.delivery:
            party.delivery = raw(segment)
        else:
            return self._take_general(segment, ordinal)
        return True

    def _take_general(self, segment: list[str], ordinal: int) -> bool:
        tag = segment[0]
        if tag == "CUR" and not self._currency:
            self._currency = raw(segment)
        elif tag == "DTM" and element(segment, 1) == "405" and self._production_date is None:
            self._production_date = DATES[element(segment, 2) or ""]
            if self._production_date is None:
                self._problems.bad_date(ordinal, "DTM02")
                return False
            self._problems.unread(segment, 2, ordinal)
        else:
            return False
        return True

    def _read_payment(self, segment: list[str], ordinal: int) -> Payment:
        amount = AMOUNTS[element(segment, 2) or ""]
        if amount is None:
            self._problems.bad_amount(ordinal, "BPR02")
        text = element(segment, 16)
        day = DATES[text] if text else None
        if text and day is None:
            self._problems.bad_date(ordinal, "BPR16")
        return Payment(
            amount=amount or 0,
            method=element(segment, 4),
            date=day,
            credit_debit=element(segment, 3),
            handling=element(segment, 1),
            bpr=raw(segment),
        )

    def _finish(self) -> RemittanceHeader:
        present = (self._bpr, self._trn, self._parties.get("PR"), self._parties.get("PE"))
        for (name, what), found in zip(_MISSING, present, strict=True):
            if not found:
                self._problems.add("RMT004", f"{name} is missing: the {what} is unknown", 1, name)
        nobody = ["N1"]
        envelope = self._transaction.envelope or Envelope()
        return RemittanceHeader(
            st_control_number=self._transaction.control_number,
            interchange_control_number=envelope.interchange_control_number,
            group_control_number=envelope.group_control_number,
            sender_id=envelope.sender_id,
            receiver_id=envelope.receiver_id,
            version=self._transaction.version or None,
            test=envelope.test,
            payment=msgspec.structs.replace(
                self._payment,
                trace_number=element(self._trn, 2),
                payer_id=element(self._trn, 3),
                trn=raw(self._trn) if self._trn else (),
            ),
            payer=(self._parties.get("PR") or _Party(nobody)).payer(),
            payee=(self._parties.get("PE") or _Party(nobody)).payee(),
            production_date=self._production_date,
            references=tuple(self._references),
            currency=self._currency,
            kept=tuple(self._kept),
        )
