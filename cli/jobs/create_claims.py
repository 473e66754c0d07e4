"""`claims create`: sessions and records in, checked claims, 837P files out; what an error holds is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from cli.conformance_pool import ConformancePool
from cli.inputs import RecordFiles, load_records, session_items, with_cases
from cli.jobs.earlier import billed_before, history_of, visit_days
from cli.jobs.submission import Judge, Refused, Submitter, WrittenFile, put_back, submit
from cli.settings import Settings
from edi.codes import Tables, load_tables
from edi.intake import RowRejected
from edi.intake.charge import ChargeSummary, build_claims
from edi.model.draft import ClaimDraft
from edi.model.errors import UsageError
from edi.model.finding import Finding, Location, Severity
from edi.model.records import Case, Records
from edi.model.session import SessionLine
from edi.rules import RuleContext, judge
from edi.rules.context import session_of
from edi.x12.conformance import Verdict
from reconcile.store import Store, billed_sessions, session_hash

CHANGED_AFTER_BILLING: Final = "CHANGED_AFTER_BILLING"
_STEP: Final = 500
"""Lines between two movements of the progress bar."""

Phase: TypeAlias = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows a phase of the work, by its name and how much there is to do (None: unknown); yields what hears of progress."""


@contextmanager
def silently(_name: str, _total: int | None) -> Iterator[Callable[[int], None]]:
    """A phase that nobody watches."""
    yield lambda _count: None


class HeldClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that was not written, with the errors that hold it. ``charge`` is cents."""

    practice_id: str
    payer: str
    session_line_ids: tuple[str, ...]
    charge: int
    findings: tuple[Finding, ...]


class CreateResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `claims create` did.

    Attributes:
        lines: session lines read. rejected_rows: rows that could not be read as one.
        already_billed: lines billed by an earlier run, unchanged, or by another run meanwhile.
        changed: lines billed by an earlier run, different now.
        not_billed: other lines that make no claim, by reason (self_pay, unsigned, package …).
        held_lines: lines whose day an intake error holds. held: claims that a rule or the second opinion holds.
        files: the files written. put_back: names of files written again from the vault.
        claims, claim_lines, charge: what the files carry; charge in cents.
        findings: everything said, in the order of reading.
    """

    lines: int
    rejected_rows: int
    already_billed: int
    changed: int
    not_billed: dict[str, int]
    held_lines: int
    held: tuple[HeldClaim, ...]
    files: tuple[WrittenFile, ...]
    put_back: tuple[str, ...]
    claims: int
    claim_lines: int
    charge: int
    findings: tuple[Finding, ...]


class CreateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to bill and where to. ``records`` None means the files beside the first sessions file."""

    sessions: tuple[Path, ...]
    folder: Path
    now: datetime
    records: RecordFiles | None = None
    practice: str | None = None
    second_opinion: bool = True
    dry_run: bool = False
    workers: int = 2


def create_claims(
    request: CreateRequest,
    settings: Settings,
    store: Store,
    *,
    phase: Phase = silently,
) -> CreateResult:
    """Read, check, build, write and store claims.

    Args:
        request: the files and switches.
        settings: claimloop.toml and payers.toml; a directory is needed.
        store: open for writing.
        phase: shows how far reading, checking and writing are.

    Raises:
        SettingsError: no directory, or no trading partner for a practice.
        UsageError: there is no practice of the name in the request.
        InputError: a file is missing or cannot be read.
        StoreError, AccessError, TemporaryError: from the store, the vault or the folder.
    """
    directory = settings.need_directory()
    if request.practice is not None and request.practice not in directory.practices:
        raise UsageError(f"no practice {request.practice}; there are: {', '.join(directory.practices)}")
    with phase("reading", None) as advance:
        read = _read(request, settings, advance)
    fresh, unchanged, changed = _not_billed_yet(read.lines, store)
    read.findings.extend(changed)
    tables = load_tables()
    with phase("charging", len(fresh)) as advance:
        drafts, summary = _charged(fresh, unchanged, read, settings, tables, store, advance)
    with phase("checking", len(drafts)) as advance:
        clean, held = _judged(drafts, read, settings, tables, request.now, store, advance)
    with (
        ConformancePool(request.workers if request.second_opinion else 1) as pool,
        phase("writing", len(clean)) as advance,
    ):
        to = Submitter(
            store=store,
            directory=directory,
            folder=request.folder,
            now=request.now,
            rules_version=tables.version,
            judge=_judge(pool, advance) if request.second_opinion else (lambda _data: ()),
            dry_run=request.dry_run,
        )
        returned = () if request.dry_run else tuple(put_back(store, request.folder))
        done = submit(clean, to)
    refused = [_held(one.draft, _at_sessions(one)) for one in done.refused]
    held += refused
    return CreateResult(
        lines=len(read.lines),
        rejected_rows=len(read.rejected),
        already_billed=len(unchanged) + done.taken,
        changed=len(changed),
        not_billed=_not_billed(summary),
        held_lines=summary.held,
        held=tuple(held),
        files=done.files,
        put_back=returned,
        claims=sum(file.claims for file in done.files),
        claim_lines=sum(file.lines for file in done.files),
        charge=sum(file.charge for file in done.files),
        findings=(*read.findings, *(found for one in refused for found in one.findings), *done.findings),
    )


def _judge(pool: ConformancePool, advance: Callable[[int], None]) -> Judge:
    """The second opinion on a file's bytes, telling how many claims it has seen."""
    return lambda data: judged(pool.check(data, advance=advance))


def judged(verdict: Verdict) -> tuple[Finding, ...]:
    """What a verdict says, with no second opinion as an error: a file that nobody judged is not a clean one."""
    if verdict.opinion:
        return verdict.findings
    return tuple(
        msgspec.structs.replace(found, severity=Severity.ERROR)
        if found.code in ("PYX900", "PYX901")
        else found
        for found in verdict.findings
    )


class _Read(msgspec.Struct, kw_only=True):
    """What the input files hold."""

    lines: list[SessionLine]
    rejected: list[RowRejected]
    records: Records
    findings: list[Finding]


def _read(request: CreateRequest, settings: Settings, advance: Callable[[int], None]) -> _Read:
    files = request.records or RecordFiles.beside(request.sessions[0])
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
    records, said = with_cases(loaded.records, cases)
    return _Read(lines=lines, rejected=rejected, records=records, findings=[*findings, *said])


def _charged(
    fresh: list[SessionLine],
    unchanged: list[SessionLine],
    read: _Read,
    settings: Settings,
    tables: Tables,
    store: Store,
    advance: Callable[[int], None],
) -> tuple[list[ClaimDraft], ChargeSummary]:
    """Make claims of the fresh lines, knowing what earlier ones billed; findings are added to ``read``."""
    with store.read() as connection:
        earlier = billed_before(connection, fresh, unchanged)
        visits = visit_days(connection, fresh, read.records)
    drafts: list[ClaimDraft] = []
    summary = ChargeSummary()
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
            advance(len(item.sessions))
        elif isinstance(item, Finding):
            read.findings.append(item)
        else:
            summary = item
    return drafts, summary


def _not_billed_yet(
    lines: Iterable[SessionLine], store: Store
) -> tuple[list[SessionLine], list[SessionLine], list[Finding]]:
    """Return the lines no claim has taken yet, the unchanged ones one has, and a finding for each changed one."""
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


def _judged(
    drafts: Sequence[ClaimDraft],
    read: _Read,
    settings: Settings,
    tables: Tables,
    now: datetime,
    store: Store,
    advance: Callable[[int], None],
) -> tuple[list[ClaimDraft], list[HeldClaim]]:
    """Run the rules; return the claims without errors, and those held with their errors."""
    with store.read() as connection:
        history = history_of(connection, drafts)
    context = RuleContext(
        tables=tables,
        payers=settings.payers,
        directory=settings.need_directory(),
        records=read.records,
        today=now.date(),
        history=history,
    )
    errors: dict[int, list[Finding]] = {}
    places = {id(draft): place for place, draft in enumerate(drafts)}
    done = 0
    for draft, finding in judge(drafts, context):
        if draft is not None and places[id(draft)] >= done + _STEP:
            advance(_STEP)
            done += _STEP
        read.findings.append(finding)
        if draft is not None and finding.severity is Severity.ERROR:
            errors.setdefault(id(draft), []).append(finding)
    clean = [draft for draft in drafts if id(draft) not in errors]
    return clean, [_held(draft, errors[id(draft)]) for draft in drafts if id(draft) in errors]


def _held(draft: ClaimDraft, findings: Iterable[Finding]) -> HeldClaim:
    return HeldClaim(
        practice_id=draft.practice_id,
        payer=draft.payer_key,
        session_line_ids=tuple(session.line_id for session in draft.sessions),
        charge=draft.claim.charge,
        findings=tuple(findings),
    )


def _at_sessions(refused: Refused) -> list[Finding]:
    """The findings that refuse a claim, at the session rows that it or the line concerned bills.

    The claim's number is left out: it was allocated for a file that was not made.
    """
    draft, found = refused.draft, []
    for finding in refused.findings:
        named = finding.location.line or ""
        lines = [line for line in draft.claim.lines if str(line.number) == named]
        first = session_of(draft, lines[0]) if lines else draft.sessions[0]
        place = finding.location
        if first is not None:
            place = msgspec.structs.replace(
                place,
                claim=None,
                file=first.file or None,
                row=first.row or None,
                session=first.line_id,
                visit=first.visit_id or None,
            )
        found.append(msgspec.structs.replace(finding, location=place))
    return found


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
