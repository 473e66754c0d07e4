"""What a run could not bill, as work: visits that an error holds, and rows that could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from cli.jobs.create_claims import CreateResult
from cli.jobs.run.settings import ALL
from edi.intake import NOT_READ
from edi.model.finding import Finding, Severity
from reconcile.store.open_work import OpenWork

UNBILLED: Final = "unbilled"
"""Kind of work: a visit that an error of the rules or of its records holds."""
ROW: Final = "row"
"""Kind of work: a row of a sessions file that could not be read."""


def unbilled(made: CreateResult, of: str, sessions: Collection[Path]) -> Iterator[OpenWork]:
    """Each visit that is held and each row that could not be read; names are those of the practice's own export.

    Args:
        made: what came of the session files.
        of: the practice, or ``*`` for files of several.
        sessions: the files.
    """
    names = {path.name for path in sessions}
    told: set[str] = set()
    for finding in made.findings:
        subject = _subject(finding, names)
        if finding.severity is Severity.ERROR and finding.code not in NOT_READ and subject:
            told.add(subject)
            if finding.location.session:
                told.add(finding.location.session)
            yield _work(ROW if finding.location.visit is None else UNBILLED, of, subject)
    for held in made.held:
        if not told.intersection(held.session_line_ids):
            yield _work(UNBILLED, of, held.session_line_ids[0])


def held_by(made: CreateResult) -> Counter[str]:
    """How many visits each code holds: of the rules, of the second opinion, and of what was read."""
    counts: Counter[str] = Counter()
    held = {line for one in made.held for line in one.session_line_ids}
    for claim in made.held:
        counts.update({one.code for one in claim.findings if one.severity is Severity.ERROR})
    days = {
        (one.code, one.location.visit)
        for one in made.findings
        if one.severity is Severity.ERROR and one.location.visit and one.location.visit not in held
    }
    counts.update(code for code, visit in days if code not in counts)
    return counts


def left_unread(of: str, before: Collection[str]) -> Iterator[OpenWork]:
    """What an earlier run could not bill, when this one could not look: it waits still, and is not new the next time.

    Args:
        of: the practice, or ``*``.
        before: keys of all that waited when that run ended.
    """
    for kind in (UNBILLED, ROW):
        start = _work(kind, of, "").key
        yield from (_work(kind, of, key.removeprefix(start)) for key in before if key.startswith(start))


def _subject(finding: Finding, names: Collection[str]) -> str:
    """The visit, or the row of a sessions file; "" for what is about something else."""
    place = finding.location
    if place.visit:
        return place.visit
    return f"{place.file}#{place.row}" if place.file in names and place.row else ""


def _work(kind: str, of: str, subject: str) -> OpenWork:
    return OpenWork(key=f"{kind}:{of}/{subject}", kind=kind, practice_id="" if of == ALL else of)
