"""A claim payment tied to a claim by a person: the submission is chosen, the lines are tied as far as nobody said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from edi.model.remittance import ClaimPayment
from reconcile.match.lines import match_lines
from reconcile.values import ClaimEvidence, ClaimMatch, LineEvidence, LineMatch, SubmittedClaim


def match_by_hand(
    payment: ClaimPayment,
    submissions: Sequence[SubmittedClaim],
    ties: Mapping[int, Sequence[int]],
    answered: Collection[int] = (),
) -> ClaimMatch:
    """Tie a claim payment to the claim that a person named.

    Args:
        payment: the claim payment.
        submissions: those of the claim, at least one; the one whose lines fit best is taken, of equals the first.
        ties: for paid lines (their place, from 0) the LX01 of the submitted lines that they answer, as the person said.
        answered: ids of submitted lines that other claim payments have answered; they lose ties.

    Returns:
        The match with evidence ``by_hand``. ``claim_id`` is None where a paid line is tied to nothing: reason
        ``lines_unmatched``, and ``detail`` names the paid lines by their number (from 1).
    """
    fits = [
        (claim, _with_ties(match_lines(payment, claim.lines, answered), claim, ties))
        for claim in sorted(submissions, key=lambda one: (one.sequence, one.id))
    ]
    claim, lines = max(fits, key=lambda fit: _fits(fit[1]))
    missing = [str(place + 1) for place, line in enumerate(lines) if not line.line_ids]
    if missing:
        return ClaimMatch(
            claim_id=None,
            evidence=ClaimEvidence.BY_HAND,
            lines=lines,
            reason="lines_unmatched",
            detail=f"paid line {', '.join(missing)} fits no submitted line of the claim",
            candidates=tuple(one.id for one in submissions),
        )
    notes = () if abs(payment.charge) == claim.charge else ("charge_differs",)
    return ClaimMatch(claim_id=claim.id, evidence=ClaimEvidence.BY_HAND, notes=notes, lines=lines)


def _fits(lines: Sequence[LineMatch]) -> tuple[int, int]:
    """How well the lines of a submission fit: how many are tied, and how few words tell of a difference."""
    return sum(1 for one in lines if one.line_ids), -sum(len(one.notes) for one in lines)


def _with_ties(
    lines: Sequence[LineMatch], claim: SubmittedClaim, ties: Mapping[int, Sequence[int]]
) -> tuple[LineMatch, ...]:
    """The line matches with those that a person made in their place; a number the claim lacks ties nothing."""
    ids = {line.number: line.id for line in claim.lines}
    made = list(lines)
    for place, numbers in ties.items():
        tied = tuple(ids[number] for number in numbers if number in ids)
        whole = len(tied) == len(numbers)
        made[place] = LineMatch(line_ids=tied if whole else (), evidence=LineEvidence.BY_HAND)
    return tuple(made)
