"""`claims create`: sessions and records in, checked claims, 837P files out; what an error holds is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from cli.conformance_pool import ConformancePool
from cli.inputs import RecordFiles, load_records, session_items, with_cases
from cli.jobs.submission import Refused, Submitter, WrittenFile, put_back, submit
from cli.settings import Settings
from edi.codes import Tables, load_tables
from edi.intake import RowRejected
from edi.intake.charge import ChargeSummary, build_claims
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Location, Severity
from edi.model.records import Case, Records
from edi.model.session import SessionLine
from edi.rules import RuleContext, judge
from reconcile.store import Store, billed_sessions, session_hash

CHANGED_AFTER_BILLING = "CHANGED_AFTER_BILLING"


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
        already_billed: lines billed by an earlier run, unchanged. changed: billed then, different now.
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
    advance: Callable[[int], None] | None = None,
) -> CreateResult:
    """Read, check, build, write and store claims.

    Args:
        request: the files and switches.
        settings: claimloop.toml and payers.toml; a directory is needed.
        store: open for writing.
        advance: told how many claims were written, for a progress bar.

    Raises:
        SettingsError: no directory, or no trading partner for a practice.
        InputError: a file is missing or cannot be read.
        StoreError, AccessError, TemporaryError: from the store, the vault or the folder.
    """
    directory = settings.need_directory()
    read = _read(request, settings)
    fresh, already, changed = _not_billed_yet(read.lines, store)
    read.findings.extend(changed)
    tables = load_tables()
    drafts: list[ClaimDraft] = []
    summary = ChargeSummary()
    for item in build_claims([*fresh, *read.rejected], read.records, directory, settings.payers, tables):
        if isinstance(item, ClaimDraft):
            drafts.append(item)
        elif isinstance(item, Finding):
            read.findings.append(item)
        else:
            summary = item
    clean, held = _judged(drafts, read, settings, tables, request.now)
    with ConformancePool(request.workers if request.second_opinion else 1) as pool:
        to = Submitter(
            store=store,
            directory=directory,
            folder=request.folder,
            now=request.now,
            rules_version=tables.version,
            judge=(lambda data: pool.check(data).findings) if request.second_opinion else (lambda _data: ()),
            dry_run=request.dry_run,
        )
        returned = () if request.dry_run else tuple(put_back(store, request.folder))
        done = submit(clean, to, advance=advance)
    held += [_held(one.draft, one.findings) for one in done.refused]
    return CreateResult(
        lines=len(read.lines),
        rejected_rows=len(read.rejected),
        already_billed=already,
        changed=len(changed),
        not_billed=_not_billed(summary),
        held_lines=summary.held,
        held=tuple(held),
        files=done.files,
        put_back=returned,
        claims=sum(file.claims for file in done.files),
        claim_lines=sum(file.lines for file in done.files),
        charge=sum(file.charge for file in done.files),
        findings=(*read.findings, *_of_refused(done.refused), *done.findings),
    )


class _Read(msgspec.Struct, kw_only=True):
    """What the input files hold."""

    lines: list[SessionLine]
    rejected: list[RowRejected]
    records: Records
    findings: list[Finding]


def _read(request: CreateRequest, settings: Settings) -> _Read:
    files = request.records or RecordFiles.beside(request.sessions[0])
    loaded = load_records(files, settings.directory, request.practice)
    lines: list[SessionLine] = []
    rejected: list[RowRejected] = []
    cases: list[Case] = []
    findings = [*settings.findings, *loaded.findings]
    for item in session_items(request.sessions, settings.directory, request.practice):
        if isinstance(item, SessionLine):
            lines.append(item)
        elif isinstance(item, Finding):
            findings.append(item)
        elif isinstance(item, Case):
            cases.append(item)
        elif isinstance(item, RowRejected):
            rejected.append(item)
    records, said = with_cases(loaded.records, cases)
    return _Read(lines=lines, rejected=rejected, records=records, findings=[*findings, *said])


def _not_billed_yet(
    lines: Iterable[SessionLine], store: Store
) -> tuple[list[SessionLine], int, list[Finding]]:
    """Return the lines no claim carries yet, how many unchanged ones one does, and a finding for each changed one."""
    by_practice: dict[str, list[SessionLine]] = {}
    for line in lines:
        by_practice.setdefault(line.practice_id, []).append(line)
    fresh: list[SessionLine] = []
    already = 0
    changed: list[Finding] = []
    with store.read() as connection:
        for practice, some in by_practice.items():
            billed = billed_sessions(connection, practice, [line.line_id for line in some])
            for line in some:
                before = billed.get(line.line_id)
                if before is None:
                    fresh.append(line)
                elif before == session_hash(line):
                    already += 1
                else:
                    changed.append(_changed(line))
    return fresh, already, changed


def _changed(line: SessionLine) -> Finding:
    return Finding(
        code=CHANGED_AFTER_BILLING,
        severity=Severity.WARNING,
        message="this line was billed before with other content; it is not billed a second time",
        location=Location(
            file=line.file or None, row=line.row or None, session=line.line_id, field="line_id"
        ),
        fix="If the change is right, correct the claim that carries the line; else export the row as it was.",
        why="A second claim for one service comes back as a duplicate.",
        carc="18",
    )


def _judged(
    drafts: Sequence[ClaimDraft], read: _Read, settings: Settings, tables: Tables, now: datetime
) -> tuple[list[ClaimDraft], list[HeldClaim]]:
    """Run the rules; return the claims without errors, and those held with their errors."""
    context = RuleContext(
        tables=tables,
        payers=settings.payers,
        directory=settings.need_directory(),
        records=read.records,
        today=now.date(),
    )
    errors: dict[int, list[Finding]] = {}
    for draft, finding in judge(drafts, context):
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


def _of_refused(refused: Iterable[Refused]) -> list[Finding]:
    """The second opinion's findings, at the session rows that the refused claim bills."""
    moved = []
    for one in refused:
        first = one.draft.sessions[0] if one.draft.sessions else None
        for finding in one.findings:
            place = msgspec.structs.replace(
                finding.location,
                file=first.file if first is not None else None,
                row=first.row if first is not None else None,
                session=first.line_id if first is not None else None,
            )
            moved.append(msgspec.structs.replace(finding, location=place))
    return moved


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
