"""A small stage for claims and remittances: submissions by hand, 835 segments as text, matched and reconciled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

import msgspec
import pytest

from edi.codes.lookup import load_tables
from edi.model.balance import claim_imbalances
from edi.model.control import normalise_control_number
from edi.model.finding import Severity
from edi.model.money import parse_cents
from edi.model.remittance import ClaimPayment
from edi.transactions.t835 import read
from edi.x12.delimiters import Delimiters
from edi.x12.envelope import TransactionSet
from reconcile.match import match_claim
from reconcile.reconciliation import reconcile_claim
from reconcile.values import Account, Adjudication, ClaimMatch, ClaimState, SubmittedClaim, SubmittedLine

HEADING = "ST*835*0001~BPR*I*0*C*ACH************20260120~TRN*1*1*1999999999~N1*PR*PAYER~N1*PE*PRACTICE*XX*1234567893~LX*1~"


def claim_payments(text: str) -> list[ClaimPayment]:
    """The claim payments of some 835 segments, read by the real reader."""
    body = "~".join(
        part for part in text.strip().split("~") if part and part[:3] not in ("BPR", "TRN", "PLB")
    )
    segments = [part.split("*") for part in (HEADING + body + "~SE*1*0001").split("~") if part]
    transaction = TransactionSet(
        kind="835",
        control_number="0001",
        version="005010X221A1",
        envelope=None,
        delimiters=Delimiters(element="*", component=":", repetition="^", segment="~"),
        segments=iter(segments),
    )
    return [one for one in read(transaction) if isinstance(one, ClaimPayment)]


def submitted_line(
    id: int,
    code: str,
    charge: str,
    *,
    number: int | None = None,
    units: str = "1",
    day: date | None = date(2026, 1, 5),
    control: str = "",
    allocated: bool | None = None,
) -> SubmittedLine:
    """A submitted line; ``code`` is ``97110-GP-59``, ``control`` the REF*6R that went out."""
    procedure, *modifiers = code.split("-")
    return SubmittedLine(
        id=id,
        number=number or id % 100,
        procedure_code=procedure,
        modifiers=tuple(modifiers),
        charge=parse_cents(charge),
        units=units,
        date_from=day,
        date_to=day,
        control_number=control,
        allocated=bool(control) if allocated is None else allocated,
    )


def submission(id: int, number: str, lines: Iterable[SubmittedLine], **more: object) -> SubmittedClaim:
    """A submitted claim; the charge is the sum of its lines unless given."""
    held = tuple(lines)
    values: dict[str, object] = {
        "id": id,
        "practice_id": "P1",
        "patient_control_number": number,
        "charge": sum(line.charge for line in held),
        "frequency": "1",
        "payer_key": "first",
        "payer_id": "PAYER1",
        "payer_name": "First Payer",
        "member_ids": (),
        "patient_last_name": "",
        "patient_first_name": "",
        "date_from": None,
        "date_to": None,
        "original_reference": "",
        "payer_claim_control_numbers": (),
        "sequence": 1,
        "root": id,
        "lines": held,
    }
    return SubmittedClaim(**{**values, **more})  # type: ignore[arg-type]


class Stage:
    """Submissions on one side, remittances arriving on the other; then the state of each claim."""

    def __init__(self, *claims: SubmittedClaim) -> None:
        self.claims = {claim.id: claim for claim in claims}
        self.adjudications: list[Adjudication] = []
        self.matches: list[ClaimMatch] = []
        self.suspense: list[ClaimPayment] = []
        self.day = 20

    def remit(
        self, text: str, *, payer: str = "first", kind: str = "commercial", capitated: bool = False
    ) -> list[ClaimMatch]:
        """Take one 835: hold what does not balance, match the rest, learn payer claim control numbers."""
        found = []
        for payment in claim_payments(text):
            match = match_claim(
                payment,
                self.candidates(payment),
                payer_key=payer,
                answered={
                    line for one in self.adjudications for held in one.match.lines for line in held.line_ids
                },
            )
            found.append(match)
            if any(one.severity is Severity.ERROR for one in claim_imbalances(payment)):
                self.suspense.append(payment)
                continue
            if match.claim_id is None:
                continue
            number = payment.payer_claim_control_number
            claim = self.claims[match.claim_id]
            if number and number not in claim.payer_claim_control_numbers:
                self.claims[claim.id] = msgspec.structs.replace(
                    claim, payer_claim_control_numbers=(*claim.payer_claim_control_numbers, number)
                )
            self.adjudications.append(
                Adjudication(
                    id=len(self.adjudications) + 1,
                    payer=payer,
                    payer_kind=kind,
                    capitated=capitated,
                    order=(f"2026-01-{self.day:02d}", 0, payment.ordinal),
                    payment_date=date(2026, 1, self.day),
                    claim=payment,
                    match=match,
                )
            )
        self.day += 1
        self.matches += found
        return found

    def candidates(self, payment: ClaimPayment) -> list[SubmittedClaim]:
        """What a store finds by CLP01, CLP07 and REF*6R."""
        wanted = normalise_control_number(payment.patient_control_number)
        echoed = {one.line_control_number for one in payment.lines} - {None}
        return [
            claim
            for claim in self.claims.values()
            if normalise_control_number(claim.patient_control_number) == wanted
            or (payment.payer_claim_control_number or "-")
            in (*claim.payer_claim_control_numbers, claim.original_reference)
            or any(held.allocated and held.control_number in echoed for held in claim.lines)
        ]

    def state(self, root: int, *, has_next_payer: bool = False) -> ClaimState:
        """The state of one chain."""
        claims = [
            msgspec.structs.replace(claim, has_next_payer=has_next_payer)
            for claim in self.claims.values()
            if claim.root == root
        ]
        ids = {claim.id for claim in claims}
        mine = [one for one in self.adjudications if one.match.claim_id in ids]
        return reconcile_claim(claims, mine, load_tables())


def sums(state: ClaimState) -> dict[str, int]:
    """Cents by account over all services of a claim, ``memo`` and ``open`` included."""
    found: dict[str, int] = defaultdict(int)
    for balance in state.balances:
        for name in ("charge", "paid", "contractual", "patient", "denied", "pended", "open"):
            found[name] += getattr(balance, name)
    found["memo"] = sum(one.cents for one in state.postings if one.account is Account.MEMO)
    return dict(found)


@pytest.fixture
def stage() -> Callable[..., Stage]:
    return Stage


@pytest.fixture
def payments() -> Callable[[str], list[ClaimPayment]]:
    return claim_payments


@pytest.fixture
def line() -> Callable[..., SubmittedLine]:
    return submitted_line


@pytest.fixture
def claim() -> Callable[..., SubmittedClaim]:
    return submission


@pytest.fixture
def totals() -> Callable[[ClaimState], dict[str, int]]:
    return sums
