"""A claim again: replaced, voided, billed anew, or billed to the next payer with what the first one did.

Pure: claims and what payers answered in, claims or Findings out. Control numbers are left blank where a new one is
wanted; whoever sends the claim fills them in.
"""

from edi.resubmit.correction import (
    Correction,
    Standing,
    corrected,
    correction_of,
    goes_as_it_was,
    needs_change,
    nothing_to_correct,
    same_content,
    voided,
)
from edi.resubmit.coverage import NextCoverage, coverage_on_claim
from edi.resubmit.equations import broken_equations
from edi.resubmit.payer_answer import AnsweredClaim, CannotReport, Coordination, coordination
from edi.resubmit.secondary import bypassed, secondary_claim, why_not_billed

__all__ = [
    "AnsweredClaim",
    "CannotReport",
    "Coordination",
    "Correction",
    "NextCoverage",
    "Standing",
    "broken_equations",
    "bypassed",
    "coordination",
    "corrected",
    "correction_of",
    "coverage_on_claim",
    "goes_as_it_was",
    "needs_change",
    "nothing_to_correct",
    "same_content",
    "secondary_claim",
    "voided",
    "why_not_billed",
]
