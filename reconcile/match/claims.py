"""One claim payment x the submissions the store proposes for it.

A number proposes a claim; charge, patient or lines must agree before it is accepted (one of them for a patient that is
not known to differ; all of charge and lines for one that is). Where last name and member id are both another's, a
person decides, whatever number agrees. Several submissions of one chain are versions of one claim, so a version is
chosen; several chains that fit equally well are ambiguous, and go to the queue.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from edi.model.balance import REVERSAL
from edi.model.control import is_placeholder, normalise_control_number
from edi.model.remittance import ClaimPayment
from edi.payers.profile import MatchingPolicy
from reconcile.accounts import DUPLICATE
from reconcile.match.fit import STRENGTH, Fit, fit_of, payer_agrees, points_of, shared_number
from reconcile.match.foreign import PREDETERMINATION, foreign_kind
from reconcile.match.lines import by_control_number, match_lines
from reconcile.match.patient import another_patient, patient_agrees, same_patient
from reconcile.match.unposted import disagreement, ids_of, named_apart, not_posted, of_another
from reconcile.values import (
    ClaimEvidence,
    ClaimMatch,
    LineEvidence,
    LineMatch,
    SubmittedClaim,
)

_DEFAULT: Final = MatchingPolicy()
_BY_LINE_NUMBER: Final = (LineEvidence.LINE_CONTROL_NUMBER, LineEvidence.LINE_NUMBER)


def match_claim(
    payment: ClaimPayment,
    candidates: Sequence[SubmittedClaim],
    *,
    payer_key: str | None,
    payer_ids: tuple[str, ...] = (),
    answered: Collection[int] = (),
    policy: MatchingPolicy | None = None,
    linked: Collection[ClaimPayment] = (),
) -> ClaimMatch:
    """Tie one claim payment to one submission and its lines, or say why not.

    Args:
        payment: the claim payment.
        candidates: submissions of the payee's practice that share a control number with it: CLM01 (normalised),
            payer claim control number (CLP07, REF*F8) or a line control number this store allocated.
        payer_key: the payer's key in payers.toml, or None when its 835 names nobody we know. Evidence, never a bar:
            a claim that was crossed over is answered by a payer it was not sent to.
        payer_ids: how the 835 calls its payer (N104, TRN03, REF*2U), compared with the submission's payer id.
        answered: ids of submitted lines that other claim payments have answered; they lose ties (split claims,
            resends).
        policy: how sure a match must be; None for the defaults.
        linked: claim payments that a person linked to the claim under this number: their patient is one of the claim's.

    Returns:
        A ClaimMatch. With ``claim_id`` None the reason is ``no_claim``, ``conflict``, ``other_patient``,
        ``ambiguous``, ``lines_unmatched``, ``not_ours`` or ``predetermination``, and ``detail`` names fields, never
        values.
    """
    if payment.status == PREDETERMINATION:
        return not_posted(
            "predetermination",
            "CLP02 25 says what would be paid; nothing was, and the claim stays open",
            candidates,
        )
    if not candidates:
        kind = foreign_kind(payment)
        if kind:
            return not_posted("not_ours", f"a claim of another kind: {kind}; kept, and posted nowhere", ())
        return not_posted(
            "no_claim",
            "no submitted claim has this patient control number, payer claim control number or line number",
            (),
        )
    policy = policy or _DEFAULT
    payment = _without_placeholders(payment, policy)
    quick = _by_allocated_numbers(payment, candidates, payer_key, payer_ids, linked)
    if quick is not None:
        return quick
    fits = [fit_of(payment, claim, payer_key, payer_ids, answered) for claim in candidates]
    accepted = [fit for fit in fits if fit.accepted(policy)]
    strangers = [
        fit for fit in accepted if fit.patient < 0 and _stranger(payment, fit.claim, candidates, linked)
    ]
    if strangers and max(accepted, key=lambda fit: fit.identity()).patient <= 0:
        accepted = [fit for fit in accepted if fit not in strangers]
        if not _speaks(accepted, strangers):
            nearest = max(strangers, key=lambda fit: fit.identity())
            return of_another(nearest.evidence, nearest.lines, candidates)
    if len({fit.claim.root for fit in fits if fit.payer_number}) > 1 and accepted:
        best = max(accepted, key=lambda fit: fit.identity())
        accepted = accepted if best.told_apart() else []
    if not accepted:
        reason, detail = disagreement(fits)
        return ClaimMatch(
            claim_id=None,
            evidence=max((fit.evidence for fit in fits), key=lambda evidence: STRENGTH[evidence]),
            reason=reason,
            detail=detail,
            candidates=ids_of(candidates),
        )
    if len(accepted) == 1:
        return _settled(payment, accepted[0], accepted, candidates, payer_key, policy, margin=0)
    best_of: dict[int, Fit] = {}
    for fit in accepted:
        held = best_of.get(fit.claim.root)
        if held is None or fit.identity() > held.identity():
            best_of[fit.claim.root] = fit
    ranked = sorted(best_of.values(), key=lambda fit: fit.identity(), reverse=True)
    margin = max(points_of(ranked[0]) - points_of(ranked[1]), 0) if len(ranked) > 1 else 0
    if len(ranked) > 1 and (ranked[0].identity() == ranked[1].identity() or margin < policy.claim_margin):
        return ClaimMatch(
            claim_id=None,
            evidence=ranked[0].evidence,
            reason="ambiguous",
            detail=f"{_equals(ranked)} claims fit equally well",
            candidates=ids_of(candidates),
        )
    return _settled(payment, ranked[0], accepted, candidates, payer_key, policy, margin=margin)


def _settled(
    payment: ClaimPayment,
    best: Fit,
    accepted: Sequence[Fit],
    candidates: Sequence[SubmittedClaim],
    payer_key: str | None,
    policy: MatchingPolicy,
    *,
    margin: int,
) -> ClaimMatch:
    """The answer now that the chain is known (that of ``best``): which of its submissions, and whether it is sure.

    ``margin``: by how many points the next chain is behind.
    """
    if best.allocated and _contradicted(payment, best.claim, best.evidence, candidates):
        return named_apart(best.evidence, best.lines, candidates)
    chosen, runner_up = best, None
    if len(accepted) > 1:
        chain = [fit for fit in accepted if fit.claim.root == best.claim.root]
        chosen = max(chain, key=lambda fit: _version(fit, payment))
        others = [fit for fit in accepted if fit is not chosen]
        runner_up = max(others, key=lambda fit: fit.identity()).claim.id
    ids = ids_of(candidates)
    answer = _answer(payment, chosen, ids, runner_up, payer_key)
    if answer.claim_id is not None and not policy.line_margin:
        return msgspec.structs.replace(answer, margin=margin) if margin else answer
    # What waits, and why, must not hang on what else has come in.
    lines = match_lines(payment, chosen.claim.lines)
    if answer.claim_id is None:
        return msgspec.structs.replace(answer, lines=lines)
    doubtful = _doubtful(lines, policy)
    if doubtful:
        detail = f"{doubtful} of {len(lines)} paid lines fit another line of the claim nearly as well"
        return msgspec.structs.replace(
            answer, claim_id=None, reason="ambiguous", detail=detail, candidates=ids, lines=lines
        )
    return msgspec.structs.replace(answer, margin=margin) if margin else answer


def _without_placeholders(payment: ClaimPayment, policy: MatchingPolicy) -> ClaimPayment:
    """The claim payment without what stands for a payer's claim number that it has not (CLP07, REF*F8)."""
    number, words = payment.payer_claim_control_number, policy.placeholders
    blank = number is not None and is_placeholder(number, words)
    if blank:
        payment = msgspec.structs.replace(payment, payer_claim_control_number=None)
    told = payment.references
    if told and any(kind == "F8" and is_placeholder(value, words) for kind, value in told):
        told = tuple(
            [(kind, value) for kind, value in told if kind != "F8" or not is_placeholder(value, words)]
        )
        payment = msgspec.structs.replace(payment, references=told)
    return payment


def _doubtful(lines: Sequence[LineMatch], policy: MatchingPolicy) -> int:
    """How many lines lead the next best line by less than the payer's policy asks."""
    return len(
        [
            one
            for one in lines
            if one.runner_up is not None
            and not one.twin
            and one.evidence not in _BY_LINE_NUMBER
            and one.margin < policy.line_margin
        ]
    )


def _by_allocated_numbers(
    payment: ClaimPayment,
    candidates: Sequence[SubmittedClaim],
    payer_key: str | None,
    payer_ids: tuple[str, ...],
    linked: Collection[ClaimPayment],
) -> ClaimMatch | None:
    """The fast way: an allocated number names one line of one submission for ever, so all of them decide."""
    if not payment.lines:
        return None
    number = payment.patient_control_number
    found: ClaimMatch | None = None
    owner: SubmittedClaim | None = None
    for claim in candidates:
        lines = by_control_number(payment.lines, claim.lines)
        if lines is None:
            continue
        notes = _notes(payment, claim, payer_key, payer_ids)
        if claim.patient_control_number == number:
            if "payer_differs" in notes and len(candidates) > 1:
                return None  # another submission of the claim, to the payer that answers, may bear the same numbers
            if "patient_differs" in notes and _stranger(payment, claim, candidates, linked):
                return of_another(ClaimEvidence.CONTROL_NUMBER, lines, candidates)
            return ClaimMatch(
                claim_id=claim.id, evidence=ClaimEvidence.CONTROL_NUMBER, notes=notes, lines=lines
            )
        if found is not None:
            return None  # the numbers were not as unique as they should be
        evidence = shared_number(payment, claim, known=True)
        found, owner = ClaimMatch(claim_id=claim.id, evidence=evidence, notes=notes, lines=lines), claim
    if found is not None and owner is not None and _contradicted(payment, owner, found.evidence, candidates):
        return named_apart(found.evidence, found.lines, candidates)
    if (
        found is not None
        and owner is not None
        and "patient_differs" in found.notes
        and _stranger(payment, owner, candidates, linked)
    ):
        return of_another(found.evidence, found.lines, candidates)
    return found


_BY_CLAIM_NUMBER: Final = (ClaimEvidence.CONTROL_NUMBER, ClaimEvidence.CONTROL_NUMBER_NORMALISED)


def _contradicted(
    payment: ClaimPayment,
    claim: SubmittedClaim,
    evidence: ClaimEvidence,
    candidates: Sequence[SubmittedClaim],
) -> bool:
    """Whether CLP01 names another claim than the one its allocated line control numbers name."""
    if evidence in _BY_CLAIM_NUMBER:
        return False
    number = normalise_control_number(payment.patient_control_number)
    named = [one.root for one in candidates if normalise_control_number(one.patient_control_number) == number]
    return bool(number) and bool(named) and claim.root not in named


def _stranger(
    payment: ClaimPayment,
    claim: SubmittedClaim,
    candidates: Sequence[SubmittedClaim],
    linked: Collection[ClaimPayment],
) -> bool:
    """Whether the patient is another than that of every submission of a claim, and of what a person linked to it."""
    if any(same_patient(payment, other) for other in linked):
        return False
    return another_patient(payment, [one for one in candidates if one.root == claim.root])


def _speaks(others: Sequence[Fit], strangers: Sequence[Fit]) -> bool:
    """Whether the claim payment may mean one of the other claims, though its numbers name strangers' ones too.

    It may where the patient agrees, or no stranger's fits better, the patient aside. A payer's number alone does not
    count for a stranger's: payers give one number to several claims, and which are known depends on what came in.
    """
    named = [_beside_patient(fit) for fit in strangers if not fit.by_payer_number]
    return any(fit.patient > 0 or all(_beside_patient(fit) >= one for one in named) for fit in others)


def _beside_patient(fit: Fit) -> tuple[int, ...]:
    """What tells one claim from another, but for the patient."""
    return msgspec.structs.replace(fit, patient=0).identity()


def _version(fit: Fit, payment: ClaimPayment) -> tuple[int, ...]:
    """Orders the submissions of one chain: which of them the payer answers.

    The payer first: line numbers of another store, imported with its claims, may be those of a later submission here.
    Then allocated line numbers, the payer's claim number, lines and CLP09; at last the earliest submission, except for
    a denial as duplicate, which answers the latest.
    """
    claim = fit.claim
    duplicate = any(
        adjustment.reason == DUPLICATE for service in payment.lines for adjustment in service.adjustments
    ) or any(adjustment.reason == DUPLICATE for adjustment in payment.adjustments)
    order = claim.sequence if duplicate else -claim.sequence
    names_own = payment.payer_claim_control_number in claim.payer_claim_control_numbers
    frequency = (payment.frequency or "") == claim.frequency
    unanswered = sum(match.margin for match in fit.lines)
    return (
        int(fit.payer),
        fit.allocated,
        int(names_own),
        fit.tied,
        fit.sure,
        int(fit.charge),
        int(frequency and payment.status != REVERSAL),
        -sum(len(match.notes) for match in fit.lines),
        order,
        unanswered,
    )


def _notes(
    payment: ClaimPayment, claim: SubmittedClaim, payer_key: str | None, payer_ids: tuple[str, ...]
) -> tuple[str, ...]:
    """Evidence words about the claim: ``charge_differs``, ``patient_differs``, ``payer_differs``."""
    notes: list[str] = []
    if abs(payment.charge) != claim.charge:
        notes.append("charge_differs")
    if payment.member_id not in claim.member_ids and patient_agrees(payment, claim) < 0:
        notes.append("patient_differs")
    if (payer_key or payer_ids) and not payer_agrees(claim, payer_key, payer_ids):
        notes.append("payer_differs")
    return tuple(notes)


def _answer(
    payment: ClaimPayment, fit: Fit, ids: tuple[int, ...], runner_up: int | None, payer_key: str | None
) -> ClaimMatch:
    """The chosen submission; in the queue if a paid line has no submitted line, for its money would hang in the air."""
    notes: list[str] = []
    if not fit.charge:
        notes.append("split_claim" if abs(payment.charge) < fit.claim.charge else "charge_differs")
    if fit.patient < 0:
        notes.append("patient_differs")
    if payer_key is not None and not fit.payer:
        notes.append("payer_differs")
    missing = len(fit.lines) - fit.tied
    if missing:
        return ClaimMatch(
            claim_id=None,
            evidence=fit.evidence,
            notes=tuple(notes),
            lines=fit.lines,
            reason="lines_unmatched",
            detail=f"{missing} of {len(fit.lines)} paid lines fit no submitted line of the claim",
            candidates=ids,
            runner_up=runner_up,
        )
    return ClaimMatch(
        claim_id=fit.claim.id,
        evidence=fit.evidence,
        notes=tuple(notes),
        lines=fit.lines,
        candidates=ids if len(ids) > 1 else (),
        runner_up=runner_up,
    )


def _equals(ranked: Sequence[Fit]) -> int:
    """How many chains stand at the top with the same identity."""
    return sum(1 for fit in ranked if fit.identity() == ranked[0].identity())
