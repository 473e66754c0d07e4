"""Why a claim does not go again: one Finding each, with the claim, the reason and the way out."""

from __future__ import annotations

from typing import Final

from edi.model.finding import Finding, Location, Severity

NO_ANSWER: Final = "AGN002"
NUMBER_UNKNOWN: Final = "AGN003"
NO_FILE_TAKEN: Final = "AGN004"
VOIDED: Final = "AGN005"
NOTHING_DENIED: Final = "AGN006"
NO_VOID_NEEDED: Final = "AGN007"
NOTHING_TO_CORRECT: Final = "AGN015"
GOES_AS_IT_WAS: Final = "AGN017"
NO_NEXT_PAYER: Final = "AGN020"
COVERAGE_UNKNOWN: Final = "AGN021"
NOT_ADJUDICATED: Final = "AGN022"
SENT_ON: Final = "AGN023"
PAID_ZERO: Final = "AGN024"
TAKEN_BACK: Final = "AGN025"
EQUATIONS: Final = "AGN026"
LINES_UNCLEAR: Final = "AGN027"
NOT_BYPASSED: Final = "AGN028"


def refusal(code: str, claim: str, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    """A Finding about one claim, named by its patient control number."""
    return Finding(code=code, severity=severity, message=message, fix=fix, location=Location(claim=claim))
