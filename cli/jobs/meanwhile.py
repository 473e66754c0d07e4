"""Session lines that another `claims create` billed between this run's look at them and its own write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Location, Severity
from edi.model.session import SessionLine
from reconcile.store import Connection, billed_sessions

BILLED_MEANWHILE: Final = "SUB030"


def not_billed_meanwhile(
    connection: Connection, drafts: Sequence[ClaimDraft], findings: list[Finding]
) -> list[ClaimDraft]:
    """Leave out drafts of session lines that another run billed since this one looked, with a finding for each line.

    Asked in the write transaction that stores the claims, where no other run can come in between.
    """
    by_practice: dict[str, set[str]] = {}
    for draft in drafts:
        for session in draft.sessions:
            by_practice.setdefault(session.practice_id, set()).add(session.line_id)
    billed = {
        (practice, line)
        for practice, lines in by_practice.items()
        for line in billed_sessions(connection, practice, sorted(lines))
    }
    left: list[ClaimDraft] = []
    for draft in drafts:
        taken = [session for session in draft.sessions if (session.practice_id, session.line_id) in billed]
        findings += [_billed_meanwhile(session) for session in taken]
        if not taken:
            left.append(draft)
    return left


def _billed_meanwhile(session: SessionLine) -> Finding:
    return Finding(
        code=BILLED_MEANWHILE,
        severity=Severity.WARNING,
        message="another run billed this line while this one was at work; the claim it was on is left out",
        location=Location(
            file=session.file or None,
            row=session.row or None,
            session=session.line_id,
            visit=session.visit_id or None,
            field="line_id",
        ),
        fix="Nothing, if the other run billed all of the visit; run again to bill what it did not.",
        why="A second claim for one service comes back as a duplicate.",
        carc="18",
    )
