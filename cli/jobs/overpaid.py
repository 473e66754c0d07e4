"""Overpaid claims in words: which payments stand on them, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from cli.jobs.fix_texts import FIXES
from cli.render import Row, money
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from reconcile.store import ChainState as BookedChain
from reconcile.store import Connection
from reconcile.store.overpaid import BEYOND, CHARGE, DIFFERS, TWICE, Answered, Held, Overpaid, said_before

KIND = "overpaid"
_WAYS = {"suspense": "held show and held release", "unmatched": "unmatched list and unmatched link"}
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
            "reason": f"{_why(one)}: {_listed(one.answers)}",
            "opened_on": one.answers[-1].paid_on if one.answers else None,
            "due_date": None,
            "status": "open",
            "amount": money(one.cents),
            "payer_claim_control_number": None,
            "next_step": _next(one),
            "command": f"claimloop claims show {one.patient_control_number}",
        }
        for one in claims
    ]


def _why(one: Overpaid) -> str:
    """Why a claim is listed, in a few words."""
    if one.held:
        return "a reversal of it is held"
    if one.twice:
        return "answered twice"
    if one.cents:
        return "more than the charge"
    if DIFFERS in one.said:
        return "the reversal takes back another amount than was paid"
    return "the payer answered a higher charge than was submitted"


def _next(one: Overpaid) -> str:
    """What a person does about a claim."""
    if one.held:
        return _settle(one.held)
    if one.twice or one.cents or not one.said & {DIFFERS, CHARGE}:
        return f"compare the payments; {_NEXT}"
    return FIXES[DIFFERS if DIFFERS in one.said else CHARGE]


def _settle(held: Sequence[Held]) -> str:
    """What a person does first where the payer has taken money back in a claim payment that is not posted."""
    named = ", ".join(f"claim_payment:{one.id} ({decimal_text(one.paid)})" for one in held)
    ways = " or ".join(sorted({_WAYS[one.outcome] for one in held}))
    return f"settle the reversal that waits, {named}, with {ways}; ask the payer for nothing before"


def book_findings(connection: Connection, chains: Iterable[BookedChain]) -> list[Finding]:
    """What the books of claims say now and did not before: another charge answered, another amount taken back.

    Args:
        connection: the write transaction, before it writes the books.
        chains: claims with their new books.
    """
    told = [
        (chain.state.claim_id, one)
        for chain in chains
        for one in chain.state.findings
        if one.code in (DIFFERS, CHARGE)
    ]
    if not told:
        return []
    before = said_before(connection, {root for root, _ in told})
    found: list[Finding] = []
    for root, one in told:
        key = (root, one.code, one.message)
        if before[key]:
            before[key] -= 1
        else:
            found.append(msgspec.structs.replace(one, fix=FIXES[one.code]))
    return found


def again_findings(
    claims: Iterable[Overpaid], remittance: int, *, file: str, transaction: str
) -> list[Finding]:
    """What a payment answered that its payer had answered before without a reversal, or that holds too much with it.

    Args:
        claims: as ``reconcile.store.overpaid`` gives them.
        remittance: the payment.
        file: its file.
        transaction: its transaction set.
    """
    return [
        Finding(
            code=TWICE if one.twice else BEYOND,
            severity=Severity.WARNING,
            message=f"the payer answered the claim before and {_reversed(one)}; both are posted, and "
            f"{decimal_text(one.cents)} stands beyond the charge"
            if one.twice
            else f"{decimal_text(one.cents)} stands on the claim beyond its charge",
            location=Location(file=file, claim=one.patient_control_number, transaction=transaction),
            fix=_settle(one.held)
            if one.held
            else f"compare with the {_payments(one.answers, remittance)}; {_NEXT}",
        )
        for one in claims
        if (one.twice or one.cents > 0) and any(answer.remittance == remittance for answer in one.answers)
    ]


def _reversed(one: Overpaid) -> str:
    """What is known of a reversal."""
    return "its reversal is held" if one.held else "has not reversed that"


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
