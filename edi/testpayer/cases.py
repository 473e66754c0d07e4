"""One claim on its way through the payer: what was decided, what was sent about it, and what is true in the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from edi.model.claim import Claim
from edi.model.remittance import Adjustment, ClaimPayment, RemittanceParty
from edi.testpayer.bookkeeping import Decision, end_state, move_copay, move_write_off
from edi.testpayer.lines import AnsweredLine, reversed_line
from edi.testpayer.values import AnsweredBy, LaterPayer, PayerBehaviour, Scenario, TrueClaim, TrueLine


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays whom: the key under which claim payments are gathered into one 835."""

    name: str
    id: str
    originator_id: str
    payee_name: str
    payee_npi: str
    payee_tax_id: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One claim payment as sent. ``wave`` says when (0 first), ``kind`` first, reversal, correction or later.

    ``stranger`` is a claim of another system that came along. ``interest`` is paid with it (PLB L6), in cents.
    """

    wave: int
    kind: str
    account: Account
    payment: ClaimPayment
    lines: tuple[AnsweredLine, ...]
    interest: int = 0


class Case:
    """A submitted claim with everything the payer does about it. ``number`` counts claims from 0."""

    def __init__(self, number: int, claim: Claim, payer: PayerBehaviour) -> None:
        self.number = number
        self.claim = claim
        self.payer = payer
        self.status = "adjudicated"
        self.claim_number = ""
        self.acknowledged = True
        self.sent_number = claim.patient_control_number
        self.readable = True
        self.copay_at_claim = 0
        self.written_off_at_claim = 0
        self.one_sum = False
        self.goes_again = False
        self.wave = 0
        self.charges: list[int] = [line.charge for line in claim.lines]
        self.traits: list[str] = []
        self.standing: list[list[Decision]] = []
        self.sent: list[Sent] = []
        self.answers: list[tuple[tuple[int, ...], AnsweredBy]] = []

    @property
    def account(self) -> Account:
        """The payer as its 835 calls itself, and the billing provider as payee."""
        payer = self.claim.payer
        digits = "".join(c for c in payer.id if c.isdigit())[-9:]
        return self._account(
            self.payer.name or payer.name,
            self.payer.id or payer.id,
            self.payer.originator_id or f"1{digits:0>9}",
        )

    def later_account(self, later: LaterPayer) -> Account:
        """The payer it crosses over to, and the same payee."""
        return self._account(later.name, later.id, later.originator_id)

    def _account(self, name: str, identifier: str, originator_id: str) -> Account:
        billing = self.claim.billing
        return Account(
            name=name,
            id=identifier,
            originator_id=originator_id,
            payee_name=billing.last_name,
            payee_npi=billing.npi,
            payee_tax_id=billing.tax_id,
        )

    def record(self, part: int, place: tuple[str, str, int]) -> None:
        """Note where what was sent as ``part`` stands: file, ST02 and ordinal of the claim payment."""
        sent = self.sent[part]
        file, transaction, ordinal = place
        for index, line in enumerate(sent.lines):
            answer = AnsweredBy(file=file, transaction=transaction, claim=ordinal, line=index, kind=sent.kind)
            self.answers.append((line.numbers, answer))

    def truth(self, scenario: Scenario) -> TrueClaim:
        """Return the claim's end state; call it when everything has been sent and recorded."""
        claim = self.claim
        sums = [
            end_state(
                self.charges[place], [decisions[place] for decisions in self.standing], scenario.classes
            )
            for place in range(len(claim.lines))
        ]
        move_copay(sums, self.copay_at_claim)
        move_write_off(sums, self.written_off_at_claim)
        groups = self._groups()
        decidable = self.status != "adjudicated" or self.readable or self.acknowledged
        why_not = "" if decidable else "CLP01 was cut short and no 277CA gave the payer's claim number"
        lines = tuple(
            TrueLine(
                number=line.number,
                line_control_number=line.line_control_number,
                procedure_code=line.procedure.code,
                charge=total.charge,
                cash=total.cash,
                contractual=total.contractual,
                patient=total.patient,
                denied=total.denied,
                pended=total.pended,
                memo=total.memo,
                open=total.open,
                category=total.category if total.denied else "",
                group=groups[line.number],
                decidable=decidable,
                why_not=why_not,
                answered_by=tuple(answer for numbers, answer in self.answers if line.number in numbers),
            )
            for line, total in zip(claim.lines, sums, strict=True)
        )
        return TrueClaim(
            patient_control_number=claim.patient_control_number,
            billing_npi=claim.billing.npi,
            payer_id=claim.payer.id,
            status=self.status,
            payer_claim_control_number=self.claim_number,
            traits=tuple(self.traits),
            lines=() if self.goes_again else lines,
        )

    def _groups(self) -> dict[int, tuple[int, ...]]:
        """Gather lines that only their sum tells: paid as one, bundled, or alike with a line number lost."""
        claim = self.claim
        together = {line.number: {line.number} for line in claim.lines}
        answered = [line for sent in self.sent for line in sent.lines]
        paired = [line.numbers for line in answered if line.shape == "merged"]
        paired.extend(
            tuple(n for line in sent.lines if line.shape == "bundled" for n in line.numbers)
            for sent in self.sent
        )
        if self.copay_at_claim or self.written_off_at_claim or self.one_sum:
            paired.append(tuple(line.number for line in claim.lines))
        unnamed = {n for line in answered if line.payment.line_control_number is None for n in line.numbers}
        parted = {n for line in answered if line.shape in ("split", "merged") for n in line.numbers}
        for number in unnamed:
            line = next(line for line in claim.lines if line.number == number)
            alike = [
                other.number
                for other in claim.lines
                if other.procedure.code == line.procedure.code and other.date_from == line.date_from
            ]
            equal = [n for n in alike if _charge(claim, n) == line.charge]
            paired.append(tuple(alike if parted.intersection(alike) else equal))
        for numbers in paired:
            union = set().union(*(together[n] for n in numbers))
            for n in union:
                together[n] = union
        return {number: tuple(sorted(group)) for number, group in together.items()}


def _charge(claim: Claim, number: int) -> int:
    return next(line.charge for line in claim.lines if line.number == number)


def claim_payment(
    case: Case,
    lines: Sequence[AnsweredLine],
    *,
    status: str,
    claim_number: str,
    claim_adjustments: tuple[Adjustment, ...] = (),
    remarks: tuple[str, ...] = (),
    filing_indicator: str = "",
    later: LaterPayer | None = None,
    received: date | None = None,
) -> ClaimPayment:
    """Build a claim payment whose CLP03 to CLP05 are the sums of its lines and claim adjustments.

    Args:
        case: whose claim it is.
        lines: the 835 lines.
        status: CLP02.
        claim_number: CLP07.
        claim_adjustments: CAS of the claim.
        remarks: MOA remark codes (at most five).
        filing_indicator: CLP06, "" for the claim's own.
        later: the payer it is sent on to (NM1*TT).
        received: DTM*050.
    """
    claim = case.claim
    payments = tuple(line.payment for line in lines)
    every = [*claim_adjustments, *(item for payment in payments for item in payment.adjustments)]
    patient = sum(item.cents for item in every if item.group == "PR")
    person, subscriber = claim.patient_person, claim.subscriber
    parties = [
        RemittanceParty(
            role="QC",
            kind="1",
            last_name=person.last_name or None,
            first_name=person.first_name or None,
            id_qualifier="MI" if subscriber.member_id else None,
            id=subscriber.member_id or None,
        )
    ]
    if later is not None:
        parties.append(
            RemittanceParty(role="TT", kind="2", last_name=later.name, id_qualifier="PI", id=later.id)
        )
    return ClaimPayment(
        segment=0,
        ordinal=0,
        patient_control_number=case.sent_number,
        status=status,
        charge=sum(payment.charge for payment in payments),
        paid=sum(payment.paid for payment in payments) - sum(item.cents for item in claim_adjustments),
        patient_responsibility=patient or None,
        filing_indicator=filing_indicator or claim.subscriber.filing_indicator or "ZZ",
        payer_claim_control_number=claim_number,
        facility_code=claim.place_of_service or None,
        frequency=claim.frequency or None,
        member_id=subscriber.member_id or None,
        parties=tuple(parties),
        adjustments=claim_adjustments,
        remarks=remarks,
        outpatient=("MOA", "", "", *remarks) if remarks else (),
        dates=(("050", received),) if received is not None else (),
        lines=payments,
    )


def reversal_of(sent: Sent, remark: str) -> ClaimPayment:
    """Return the claim payment that takes one back: CLP02 22, everything negated, CLP05 left out (RFI 1147, 1429)."""
    payment = sent.payment
    lines = tuple(reversed_line(line).payment for line in sent.lines) if payment.lines else ()
    adjustments = tuple(Adjustment(a.group, a.reason, -a.cents, a.quantity) for a in payment.adjustments)
    return msgspec.structs.replace(
        payment,
        status="22",
        charge=-payment.charge,
        paid=-payment.paid,
        patient_responsibility=None,
        adjustments=adjustments,
        remarks=(remark,),
        outpatient=("MOA", "", "", remark),
        parties=tuple(party for party in payment.parties if party.role != "TT"),
        lines=lines,
    )
