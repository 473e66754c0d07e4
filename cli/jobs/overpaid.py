"""Overpaid claims in words: which payments stand on them, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cli.render import Row, money
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from reconcile.store.overpaid import TWICE, Answered, Overpaid

KIND = "overpaid"
_NEXT = "if the check was reissued, see that only one was cashed; else ask the payer to take one back"


def overpaid_rows(claims: Iterable[Overpaid]) -> list[Row]:
    """Overpaid claims as rows of `work list`, without an id: they end when the money is taken back.

    ``amount`` is what stands beyond the charge; ``opened_on`` the day of the last payment.
    """
    return [
        {
            "id": None,
            "practice_id": one.practice_id,
            "claim": one.patient_control_number,
            "payer": one.payer,
            "kind": KIND,
            "reason": f"{'answered twice' if one.twice else 'more than the charge'}: {_listed(one.answers)}",
            "opened_on": one.answers[-1].paid_on if one.answers else None,
            "due_date": None,
            "status": "open",
            "amount": money(one.cents),
            "payer_claim_control_number": None,
            "next_step": f"compare the payments; {_NEXT}",
            "command": f"claimloop claims show {one.patient_control_number}",
        }
        for one in claims
    ]


def again_findings(
    claims: Iterable[Overpaid], remittance: int, *, file: str, transaction: str
) -> list[Finding]:
    """What a payment answered that its payer had answered before without a reversal, one finding a claim.

    Args:
        claims: as ``reconcile.store.overpaid`` gives them.
        remittance: the payment.
        file: its file.
        transaction: its transaction set.
    """
    return [
        Finding(
            code=TWICE,
            severity=Severity.WARNING,
            message="the payer answered the claim before and has not reversed that; both are posted, and "
            f"{decimal_text(one.cents)} stands beyond the charge",
            location=Location(file=file, claim=one.patient_control_number, transaction=transaction),
            fix=f"compare with the {_payments(one.answers, remittance)}; {_NEXT}",
        )
        for one in claims
        if one.twice and any(answer.remittance == remittance for answer in one.answers)
    ]


def _payments(answers: Sequence[Answered], remittance: int) -> str:
    """The other payments by day and trace number; the claim's own when it stands in this one twice."""
    others = [one for one in answers if one.remittance != remittance]
    if not others:
        return "other answer in this payment"
    return " and the ".join(
        f"payment of {one.paid_on or 'unknown day'}, trace {one.trace_number}" for one in others
    )


def _listed(answers: Iterable[Answered]) -> str:
    return "; ".join(
        f"{decimal_text(one.paid)} on {one.paid_on or 'unknown day'}, trace {one.trace_number}"
        for one in answers
    )
