"""Exit codes of the command line and which of two wins. Source: the contract page in docs/contract.md."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command ends with; `claimloop explain 3` says it in words."""

    DONE = 0
    WORK = 1
    USAGE = 2
    PARTLY = 3
    ACCESS = 4
    UNBALANCED = 5
    UNEXPECTED = 70
    TEMPORARY = 75
    INTERRUPTED = 130
    TERMINATED = 143


class Stopped(BaseException):
    """SIGINT or SIGTERM arrived; unwinds everything, so that open transactions roll back."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__()
        self.code = code

    @property
    def word(self) -> str:
        """What happened: "interrupted" or "terminated"."""
        return "interrupted" if self.code is ExitCode.INTERRUPTED else "terminated"


MEANING: dict[ExitCode, str] = {
    ExitCode.DONE: "done, nothing needs a person",
    ExitCode.WORK: "done, and there is work that was not there before: findings, held claims, unmatched payments",
    ExitCode.USAGE: "usage error found before any work",
    ExitCode.PARTLY: "partly done: an input was missing, or something was quarantined, held or rejected",
    ExitCode.ACCESS: "credentials or permission",
    ExitCode.UNBALANCED: "our ledger does not balance (never the payer's file), or the audit was meddled with",
    ExitCode.UNEXPECTED: "unexpected error; one line names a log without PHI",
    ExitCode.TEMPORARY: "temporary failure, try again later",
    ExitCode.INTERRUPTED: "interrupted; what was done is whole",
    ExitCode.TERMINATED: "terminated; what was done is whole",
}

_WORST_FIRST = (
    ExitCode.UNBALANCED,
    ExitCode.UNEXPECTED,
    ExitCode.ACCESS,
    ExitCode.USAGE,
    ExitCode.PARTLY,
    ExitCode.TEMPORARY,
    ExitCode.WORK,
    ExitCode.DONE,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that wins: 5, 70, 4, 2, 3, 75, 1, 0; DONE when there are none."""
    seen = set(codes)
    return next((code for code in _WORST_FIRST if code in seen), ExitCode.DONE)
