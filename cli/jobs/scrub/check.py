"""Sessions and records in, judged claims out: the way that `scrub` and `claims create` share. It writes nothing."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from cli.inputs import RecordFiles, load_records, session_items, with_cases
from cli.jobs.earlier import billed_before, history_of, visit_days
from cli.jobs.eligibility.answers import confirmed
from cli.jobs.tables.store import tables_of
from cli.settings import Settings
from edi.codes import Tables
from edi.intake import RowRejected, without_withdrawn
from edi.intake.charge import ChargeSummary, VisitDays, build_claims
from edi.model.draft import ClaimDraft
from edi.model.errors import InputError, UsageError
from edi.model.finding import Finding, Location, Severity
from edi.model.history import History, NoHistory
from edi.model.records import Case, Records
from edi.model.session import BilledSession, SessionLine
from edi.rules import RuleContext, judge
from reconcile.store import Store, billed_sessions, session_hash

CHANGED_AFTER_BILLING: Final = "CHANGED_AFTER_BILLING"
_STEP: Final = 500
"""Lines or claims between two movements of the progress bar."""

_ALLOCATIONS: Final = 200_000
"""New objects between two looks of the garbage collector while sessions are checked."""

Phase: TypeAlias = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows a phase of the work, by its name and how much there is to do (None: unknown); yields what hears of progress."""


@contextmanager
def silently(_name: str, _total: int | None) -> Iterator[Callable[[int], None]]:
    """A phase that nobody watches."""
    yield lambda _count: None


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to check. ``records`` None: the files beside the first sessions file. ``practice``: whose they are."""

    sessions: tuple[Path, ...]
    today: date
    records: RecordFiles | None = None
    practice: str | None = None


class JudgedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim with what the rules said of it."""

    draft: ClaimDraft
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that hold it."""
        return tuple(found for found in self.findings if found.severity is Severity.ERROR)


class HeldClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that was not written, with the errors that hold it. ``charge`` is cents."""

    practice_id: str
    payer: str
    session_line_ids: tuple[str, ...]
    charge: int
    findings: tuple[Finding, ...]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What reading, charging and the rules made of the sessions.

    Attributes:
        lines: session lines read. rejected_rows: rows that could not be read as one.
        already_billed: lines billed by an earlier run, unchanged. changed: billed before, different now.
        not_billed: other lines that make no claim, by reason (self_pay, unsigned, package …).
        held_lines: lines whose day an intake error holds, so that no claim was made of them. held_lines_charge: their
            cents, and refused_charge those of the rejected rows, as far as charge column or fees.csv tell; unpriced:
            of how many of both neither tells.
        claims: the claims, each with its findings. findings: all there are, in the order of reading.
        records: what the record files hold. tables: the code tables used. history: what was billed before.
    """

    lines: int
    rejected_rows: int
    already_billed: int
    changed: int
    not_billed: dict[str, int]
    held_lines: int
    held_lines_charge: int
    refused_charge: int
    unpriced: int
    claims: tuple[JudgedClaim, ...]
    findings: tuple[Finding, ...]
    records: Records
    tables: Tables
    history: History = NoHistory()

    @property
    def clean(self) -> tuple[ClaimDraft, ...]:
        """The claims that no error holds."""
        return tuple(one.draft for one in self.claims if not one.errors)

    @property
    def held(self) -> tuple[HeldClaim, ...]:
        """The claims that errors hold."""
        return tuple(held_claim(one.draft, one.errors) for one in self.claims if one.errors)


def check(
    request: CheckRequest, settings: Settings, store: Store | None, *, phase: Phase = silently
) -> Checked:
    """Read sessions and records, make claims of what was not billed yet, and run the rules on them.

    Args:
        request: the files.
        settings: claimloop.toml and payers.toml; a directory is needed.
        store: what was billed before; it is only read. None: nothing was.
        phase: shows how far reading, charging and checking are.

    Raises:
        SettingsError: no directory.
        UsageError: there is no practice of the name in the request.
        InputError: a file is missing or cannot be read.
        StoreError, AccessError, TemporaryError: from the store.
    """
    directory = settings.need_directory()
    if request.practice is not None and request.practice not in directory.practices:
        raise UsageError(f"no practice {request.practice}; there are: {', '.join(directory.practices)}")
    with _rare_collections():
        return _checked(request, settings, store, phase)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the collector look for cycles seldom: a run keeps what it makes, and none of it refers to itself."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _checked(request: CheckRequest, settings: Settings, store: Store | None, phase: Phase) -> Checked:
    """Read, charge and judge; see `check`."""
    with phase("reading", None) as advance:
        read = _read(request, settings, store, advance)
    fresh, unchanged, changed = _not_billed_yet(read.lines, store)
    read.findings.extend(changed)
    tables = tables_of(settings)
    with phase("charging", len(fresh)) as advance:
        drafts, summary = _charged(fresh, unchanged, read, settings, tables, store, advance)
    with phase("checking", len(drafts)) as advance:
        claims = _judged(drafts, read, settings, tables, request.today, store, advance)
    return Checked(
        lines=len(read.lines),
        rejected_rows=len(read.rejected),
        already_billed=len(unchanged),
        changed=len(changed),
        not_billed=_not_billed(summary),
        held_lines=summary.held,
        held_lines_charge=summary.held_charge,
        refused_charge=summary.refused_charge,
        unpriced=summary.unpriced,
        claims=claims,
        findings=tuple(read.findings),
        records=read.records,
        tables=tables,
        history=read.history,
    )


def held_claim(draft: ClaimDraft, findings: Iterable[Finding]) -> HeldClaim:
    """The claim as one that these findings hold."""
    return HeldClaim(
        practice_id=draft.practice_id,
        payer=draft.payer_key,
        session_line_ids=tuple(session.line_id for session in draft.sessions),
        charge=draft.claim.charge,
        findings=tuple(findings),
    )


class _Read(msgspec.Struct, kw_only=True):
    """What the input files hold."""

    lines: list[SessionLine]
    rejected: list[RowRejected]
    records: Records
    findings: list[Finding]
    history: History = NoHistory()


def _read(
    request: CheckRequest, settings: Settings, store: Store | None, advance: Callable[[int], None]
) -> _Read:
    files = request.records or RecordFiles.beside(request.sessions[0])
    if files.patients is None:
        beside = request.sessions[0].name
        raise InputError(f"patients.csv: no such file beside {beside}; name it with --patients")
    loaded = load_records(files, settings.directory, request.practice)
    lines: list[SessionLine] = []
    rejected: list[RowRejected] = []
    cases: list[Case] = []
    findings = [*settings.findings, *loaded.findings]
    for item in session_items(request.sessions, settings.directory, request.practice):
        if isinstance(item, SessionLine):
            lines.append(item)
            if not len(lines) % _STEP:
                advance(_STEP)
        elif isinstance(item, Finding):
            findings.append(item)
        elif isinstance(item, Case):
            cases.append(item)
        elif isinstance(item, RowRejected):
            rejected.append(item)
    lines, rejected = without_withdrawn(lines, rejected)
    records, said = with_cases(loaded.records, cases)
    records, confirmations = confirmed(records, store, settings.payers)
    confirmations = tuple(_in_file(found, files.patients.name) for found in confirmations)
    return _Read(lines=lines, rejected=rejected, records=records, findings=[*findings, *said, *confirmations])


def _in_file(finding: Finding, file: str) -> Finding:
    """The finding with the name of the file its row is of."""
    place = finding.location
    if place.row is None or place.file is not None:
        return finding
    return msgspec.structs.replace(finding, location=msgspec.structs.replace(place, file=file))


def _not_billed_yet(
    lines: list[SessionLine], store: Store | None
) -> tuple[list[SessionLine], list[SessionLine], list[Finding]]:
    """Return the lines no claim has taken yet, the unchanged ones one has, and a finding for each changed one."""
    if store is None:
        return lines, [], []
    by_practice: dict[str, list[SessionLine]] = {}
    for line in lines:
        by_practice.setdefault(line.practice_id, []).append(line)
    fresh: list[SessionLine] = []
    unchanged: list[SessionLine] = []
    changed: list[Finding] = []
    with store.read() as connection:
        for practice, some in by_practice.items():
            billed = billed_sessions(connection, practice, [line.line_id for line in some])
            for line in some:
                before = billed.get(line.line_id)
                if before is None:
                    fresh.append(line)
                elif before == session_hash(line):
                    unchanged.append(line)
                else:
                    changed.append(_changed(line))
    return fresh, unchanged, changed


def _changed(line: SessionLine) -> Finding:
    return Finding(
        code=CHANGED_AFTER_BILLING,
        severity=Severity.WARNING,
        message="this line was billed before with other content; it is not billed a second time",
        location=Location(
            file=line.file or None,
            row=line.row or None,
            session=line.line_id,
            visit=line.visit_id or None,
            field="line_id",
        ),
        fix="If the change is right, correct the claim that carries the line; else export the row as it was.",
        why="A second claim for one service comes back as a duplicate.",
        carc="18",
    )


def _charged(
    fresh: list[SessionLine],
    unchanged: list[SessionLine],
    read: _Read,
    settings: Settings,
    tables: Tables,
    store: Store | None,
    advance: Callable[[int], None],
) -> tuple[list[ClaimDraft], ChargeSummary]:
    """Make claims of the fresh lines, knowing what earlier ones billed; findings are added to ``read``."""
    earlier: list[BilledSession] = []
    visits: VisitDays = {}
    if store is not None:
        with store.read() as connection:
            earlier = billed_before(connection, fresh, unchanged)
            visits = visit_days(connection, fresh, read.records)
    drafts: list[ClaimDraft] = []
    summary = ChargeSummary()
    lines = 0
    for item in build_claims(
        [*fresh, *read.rejected],
        read.records,
        settings.need_directory(),
        settings.payers,
        tables,
        visit_days=visits,
        earlier=earlier,
    ):
        if isinstance(item, ClaimDraft):
            drafts.append(item)
            lines += len(item.sessions)
            if lines >= _STEP:
                advance(lines)
                lines = 0
        elif isinstance(item, Finding):
            read.findings.append(item)
        else:
            summary = item
    advance(lines)
    return drafts, summary


def _judged(
    drafts: Sequence[ClaimDraft],
    read: _Read,
    settings: Settings,
    tables: Tables,
    today: date,
    store: Store | None,
    advance: Callable[[int], None],
) -> tuple[JudgedClaim, ...]:
    """Run the rules; every claim with what they said of it. All of it is added to ``read``, and the history asked."""
    context = RuleContext(
        tables=tables,
        payers=settings.payers,
        directory=settings.need_directory(),
        records=read.records,
        today=today,
    )
    if store is not None:
        with store.read() as connection:
            read.history = history_of(connection, drafts, settings.payers)
            context = msgspec.structs.replace(context, history=read.history)
    said: dict[int, list[Finding]] = {}
    places = {id(draft): place for place, draft in enumerate(drafts)}
    done = 0
    for draft, finding in judge(drafts, context):
        read.findings.append(finding)
        if draft is None:
            continue
        said.setdefault(id(draft), []).append(finding)
        if places[id(draft)] >= done + _STEP:
            advance(_STEP)
            done += _STEP
    return tuple(JudgedClaim(draft=one, findings=tuple(said.get(id(one), ()))) for one in drafts)


def _not_billed(summary: ChargeSummary) -> dict[str, int]:
    counts = {
        "self_pay": summary.self_pay,
        "unsigned": summary.unsigned,
        "cancelled": summary.cancelled,
        "no_show": summary.no_show,
        "zero_units": summary.zero_units,
        **summary.do_not_bill,
    }
    return {reason: count for reason, count in counts.items() if count}
