"""The answers of the matcher that post nothing: each says why in words without values, and names what was looked at."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.match.fit import Fit
from reconcile.values import OTHER_PATIENT, ClaimEvidence, ClaimMatch, LineMatch, SubmittedClaim


def not_posted(reason: str, detail: str, candidates: Sequence[SubmittedClaim]) -> ClaimMatch:
    """The answer where no claim is looked for any further."""
    return ClaimMatch(
        claim_id=None,
        evidence=ClaimEvidence.NONE,
        reason=reason,
        detail=detail,
        candidates=ids_of(candidates),
    )


def ids_of(candidates: Sequence[SubmittedClaim]) -> tuple[int, ...]:
    """The submissions that were looked at, in order of their ids."""
    return tuple(sorted([claim.id for claim in candidates]))


def named_apart(
    evidence: ClaimEvidence, lines: tuple[LineMatch, ...], candidates: Sequence[SubmittedClaim]
) -> ClaimMatch:
    """The answer when the two numbers name two claims: a person decides which of them is wrong."""
    return ClaimMatch(
        claim_id=None,
        evidence=evidence,
        lines=lines,
        reason="conflict",
        detail="CLP01 names one claim, and the line control numbers (REF*6R) this store gave name another",
        candidates=ids_of(candidates),
    )


def of_another(
    evidence: ClaimEvidence, lines: tuple[LineMatch, ...], candidates: Sequence[SubmittedClaim]
) -> ClaimMatch:
    """The answer where the numbers name a claim of somebody else: a person compares the two."""
    return ClaimMatch(
        claim_id=None,
        evidence=evidence,
        lines=lines,
        reason=OTHER_PATIENT,
        detail="the claim is named, but the patient's last name (NM1*QC NM103) and the member id (NM109) both differ",
        candidates=ids_of(candidates),
    )


def disagreement(fits: Sequence[Fit]) -> tuple[str, str]:
    """Reason, and what differs between the claim payment and the nearest candidate, without a value."""
    numbered = [fit for fit in fits if fit.evidence is not ClaimEvidence.NONE]
    if not numbered:
        return "no_claim", "no proposed claim carries the number"
    nearest = max(numbered, key=lambda fit: fit.identity())
    differs = []
    if nearest.patient < 0:
        differs.append("patient (NM1*QC)")
    if not nearest.charge:
        differs.append("charge (CLP03)")
    if nearest.sure < len(nearest.lines):
        differs.append(
            f"{len(nearest.lines) - nearest.sure} of {len(nearest.lines)} lines (code, date, charge)"
        )
    if not nearest.payer:
        differs.append("payer")
    return "conflict", "the number is known, but these differ: " + ", ".join(differs)
