"""One claim's whole state out of its submissions and adjudications: books, denials, status, next actions, findings.

A claim here is a chain: all submissions with one root. Money is kept for each service, that is on the line of the first
submission that billed it (reconcile.chain says why and how); replacements, resends and claims to the next payer
add no charge of their own. So the sums over ``ClaimState.balances`` are the claim's, whatever was sent: after a denial,
its reversal and the correction of the replacement, only the correction is left.

Nothing here is patched: the store calls ``reconcile_claim`` with everything it has of a chain whenever one of its
adjudications changes, and replaces what it had derived.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from edi.codes.lookup import Tables
from edi.model.balance import REVERSAL
from edi.model.crossover import sent_on
from edi.model.finding import Finding, Location, Severity
from edi.model.remittance import ClaimPayment, ServicePayment
from reconcile.accounts import PATIENT_GROUPS, current_carc
from reconcile.chain import build_chain
from reconcile.denials import find_denials, never_the_patients, speaks
from reconcile.ledger import Ledger, in_sequence, post
from reconcile.values import (
    Account,
    Adjudication,
    ClaimState,
    Denial,
    DenialStatus,
    LineBalance,
    SubmittedClaim,
)

_QMB_REMARKS: Final = frozenset(("N781", "N782", "N783"))
_NO_PATIENT_REMARKS: Final = frozenset((*_QMB_REMARKS, "N830", "N842"))


def reconcile_claim(
    claims: Sequence[SubmittedClaim],
    adjudications: Sequence[Adjudication],
    tables: Tables,
) -> ClaimState:
    """Work out one claim.

    Args:
        claims: every submission of the chain, at least one.
        adjudications: every matched claim payment of the chain that may post (in suspense: not here), any order.
        tables: the code tables.

    Returns:
        The state; ``claim_id`` is the root.
    """
    root = claims[0].root
    claims = _as_answered(claims, adjudications)
    chain = None if len(claims) == 1 else build_chain(claims)
    first = claims[0].lines if chain is None else chain.claims[0].lines
    ordered: Sequence[Adjudication] = adjudications
    if len(adjudications) > 1:
        ordered = in_sequence(sorted(adjudications, key=lambda one: one.order))
    ledger = post(ordered, first, tables, chain=chain)
    if ledger.waiting:
        ordered = [one for one in ordered if one.id not in ledger.waiting]
    denials: tuple[Denial, ...] = ()
    if speaks(ledger):
        lines = {line.id: line for line in first} if chain is None else chain.lines
        denials = find_denials(ordered, ledger, lines, tables, chain=chain)
    protected = True in [claim.patient_protected for claim in claims]
    if protected:
        denials = tuple(never_the_patients(one) for one in denials)
    total = _sum(root, ledger.balances)
    has_next_payer = True in [claim.has_next_payer for claim in claims]
    sent_next = chain is not None and bool(chain.to_next_payers())
    findings = (*ledger.findings, *_code_findings(ordered, tables))
    return ClaimState(
        claim_id=root,
        status=_status(ordered, ledger, total),
        postings=ledger.postings,
        denials=denials,
        balances=ledger.balances,
        findings=findings,
        next_actions=_next_actions(
            ordered,
            ledger,
            denials,
            total,
            has_next_payer=has_next_payer,
            sent_next=sent_next,
            protected=protected,
        ),
        guardrails=_guardrails(ordered, denials, protected=protected),
        waiting=ledger.waiting,
    )


def _as_answered(
    claims: Sequence[SubmittedClaim], adjudications: Sequence[Adjudication]
) -> Sequence[SubmittedClaim]:
    """The submissions; one that a payer answered does not count as rejected, whatever was said before."""
    if True not in [claim.rejected for claim in claims]:
        return claims
    answered = {one.match.claim_id for one in adjudications}
    return [
        msgspec.structs.replace(claim, rejected=False) if claim.id in answered else claim for claim in claims
    ]


def _status(adjudications: Sequence[Adjudication], ledger: Ledger, total: LineBalance) -> str:
    """One word for where the claim stands.

    ``submitted`` nothing came back; ``reversed`` all of it was taken back; ``pended`` a line waits; ``partly_answered``
    something is open, or a released claim payment does not explain it; ``overpaid`` more money than charge; ``denied``
    nothing but denials; ``partly_denied``; ``settled`` nothing is open with a payer (the patient may owe).
    """
    if all(one.brought_forward for one in adjudications):
        return "submitted"
    if total.denied > 0:
        return "denied" if total.denied >= total.charge else "partly_denied"
    if not ledger.live and ledger.balances:
        return "reversed"
    if total.pended > 0:
        return "pended"
    if total.open > 0 or total.suspense:
        return "partly_answered"
    return "overpaid" if total.open < 0 else "settled"


def _sum(root: int, balances: Sequence[LineBalance]) -> LineBalance:
    """The claim's balance: the sums of its services."""
    charge = paid = contractual = patient = denied = pended = suspense = left = 0
    for one in balances:
        charge += one.charge
        paid += one.paid
        contractual += one.contractual
        patient += one.patient
        denied += one.denied
        pended += one.pended
        suspense += one.suspense
        left += one.open
    return LineBalance(
        line_id=root,
        charge=charge,
        paid=paid,
        contractual=contractual,
        patient=patient,
        denied=denied,
        pended=pended,
        open=left,
        suspense=suspense,
    )


def _standing(adjudications: Sequence[Adjudication], ledger: Ledger) -> list[Adjudication]:
    """The adjudications that were not taken back."""
    return [one for one in adjudications if one.claim.status != REVERSAL and one.id not in ledger.reversed_by]


def _next_actions(
    adjudications: Sequence[Adjudication],
    ledger: Ledger,
    denials: Sequence[Denial],
    total: LineBalance,
    *,
    has_next_payer: bool,
    sent_next: bool,
    protected: bool,
) -> tuple[str, ...]:
    """What is to be done, most pressing first: open denials, waits, recodes, write-offs, then the patient's share."""
    actions: dict[str, None] = {}
    for denial in denials:
        if denial.status is DenialStatus.OPEN:
            actions[denial.next_action] = None
    if total.pended > 0:
        actions["hold_wait"] = None
    standing = _standing(adjudications, ledger)
    for one in standing:
        for match in one.match.lines:
            if match.notes and "recoded" in match.notes:
                actions["review_payer_recode"] = None
    for posting in ledger.postings:
        if posting.account is Account.CONTRACTUAL and not posting.transfer:
            actions["post_contractual_writeoff"] = None
            break
    if total.patient > 0 and standing:
        action = _patient_action(standing, has_next_payer=has_next_payer, sent_next=sent_next)
        if protected and action == _BILL_PATIENT:
            action = "bill_secondary" if len({one.payer for one in standing}) == 1 else _NO_PATIENT_BILLING
        actions[action] = None
    return tuple(actions)


def _patient_action(
    standing: Sequence[Adjudication], *, has_next_payer: bool, sent_next: bool = False
) -> str:
    """Who is asked for the patient's share: the payer it was sent on to, the next coverage, or the patient."""
    last = standing[-1].claim
    if sent_on(last):
        return "await_other_payer"
    later = len({one.payer for one in standing}) > 1
    if sent_next and not later:
        return "await_other_payer"
    remarks = _remarks(last)
    if not later and (has_next_payer or not _QMB_REMARKS.isdisjoint(remarks)):
        return "bill_secondary"
    if not _NO_PATIENT_REMARKS.isdisjoint(remarks):
        return _NO_PATIENT_BILLING
    return _BILL_PATIENT


_BILL_PATIENT: Final = "bill_patient"
_NO_PATIENT_BILLING: Final = "write_off_no_patient_billing"


def _remarks(claim: ClaimPayment) -> list[str]:
    found = list(claim.remarks)
    for line in claim.lines:
        if line.remarks:
            found += line.remarks
    return found


def _guardrails(
    adjudications: Sequence[Adjudication], denials: Sequence[Denial], *, protected: bool
) -> tuple[str, ...]:
    """What holds for the whole claim: nobody bills the patient of a QMB or balance-billing remark, nor while denied."""
    rails: dict[str, None] = {"no_patient_bill": None} if protected else {}
    for one in adjudications:
        if not _NO_PATIENT_REMARKS.isdisjoint(_remarks(one.claim)):
            rails["no_patient_bill"] = None
        if sent_on(one.claim):
            rails["no_secondary_claim_sent_on_by_payer"] = None
    if (
        denials
        and "no_patient_bill" not in rails
        and any(one.status is DenialStatus.OPEN and one.amount > 0 for one in denials)
    ):
        rails["no_patient_bill_while_open"] = None
    return tuple(rails)


def _code_findings(adjudications: Sequence[Adjudication], tables: Tables) -> tuple[Finding, ...]:
    """Codes in no table, a patient-class CARC under a group that makes it ours, and codes the payer changed."""
    findings: list[Finding] = []
    for one in adjudications:
        claim = one.claim
        for line, match in zip(claim.lines, one.match.lines, strict=True):
            if match.notes and "recoded" in match.notes and claim.status != REVERSAL:
                message = "the payer adjudicated another procedure code than was billed"
                findings.append(_finding("RECODED", Severity.INFO, message, claim, line))
            for adjustment in line.adjustments:
                odd = _odd_codes(tables, adjustment.group, adjustment.reason)
                if odd is not None:
                    findings.append(_finding(odd[0], Severity.WARNING, odd[1], claim, line))
        for adjustment in claim.adjustments:
            odd = _odd_codes(tables, adjustment.group, adjustment.reason)
            if odd is not None:
                findings.append(_finding(odd[0], Severity.WARNING, odd[1], claim, None))
    return tuple(findings)


@lru_cache(maxsize=4096)
def _odd_codes(tables: Tables, group: str, reason: str) -> tuple[str, str] | None:
    """What is odd about the codes of one adjustment: the finding's code and message. None for nothing."""
    info = current_carc(tables, reason)
    if info is None:
        return (
            "CARC_UNKNOWN",
            f"CARC {reason} is in no table: unclassified, kept as denied until a person decides",
        )
    if info.posting_class == "patient" and group not in PATIENT_GROUPS:
        return (
            "PATIENT_CODE_WRITTEN_OFF",
            f"group {group} makes CARC {reason}, a patient share, a write-off",
        )
    return None


def _finding(
    code: str, severity: Severity, message: str, claim: ClaimPayment, line: ServicePayment | None
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        message=message,
        location=Location(
            claim=claim.patient_control_number,
            line=None if line is None else line.line_control_number,
            segment=(line or claim).segment,
        ),
    )
