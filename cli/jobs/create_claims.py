"""`claims create`: sessions and records in, checked claims, 837P files out; what an error holds is named."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from cli.inputs import RecordFiles
from cli.jobs.posting import Tools, recompute
from cli.jobs.scrub.check import Checked, CheckRequest, HeldClaim, Phase, check, held_claim, silently
from cli.jobs.second_opinion import opinion_on, refusals
from cli.jobs.submission import Refused, Submitter, WrittenFile, put_back, submit
from cli.settings import Settings
from edi.model.finding import Finding
from edi.rules.context import session_of
from reconcile.store import Store
from reconcile.store.protection import protect_imported, protected_records


class CreateResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `claims create` did.

    Attributes:
        lines: session lines read. rejected_rows: rows that could not be read as one.
        already_billed: lines billed by an earlier run, unchanged, or by another run meanwhile.
        changed: lines billed by an earlier run, different now.
        not_billed: other lines that make no claim, by reason (self_pay, unsigned, package …).
        held_lines: lines whose day an intake error holds; held_lines_charge, refused_charge, unpriced as in `Checked`.
        held: claims that a rule or the second opinion holds.
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
    held_lines_charge: int = 0
    refused_charge: int = 0
    unpriced: int = 0


class CreateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to bill and where to. ``records`` None means the files beside the first sessions file."""

    sessions: tuple[Path, ...]
    folder: Path
    now: datetime
    records: RecordFiles | None = None
    practice: str | None = None
    second_opinion: bool = True
    dry_run: bool = False


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
    checked = check(
        CheckRequest(
            sessions=request.sessions,
            today=request.now.date(),
            records=request.records,
            practice=request.practice,
        ),
        settings,
        store,
        phase=phase,
    )
    clean = checked.clean
    if not request.dry_run:
        _protect_imported(store, checked, settings)
    with phase("writing", len(clean)) as advance:
        to = Submitter(
            store=store,
            directory=directory,
            folder=request.folder,
            now=request.now,
            tools=Tools(checked.tables, settings.payers),
            judge=(lambda data: refusals(opinion_on(data, advance=advance)))
            if request.second_opinion
            else (lambda _data: ()),
            dry_run=request.dry_run,
        )
        returned = () if request.dry_run else tuple(put_back(store, request.folder))
        done = submit(clean, to)
    refused = [held_claim(one.draft, _at_sessions(one)) for one in done.refused]
    return CreateResult(
        lines=checked.lines,
        rejected_rows=checked.rejected_rows,
        already_billed=checked.already_billed + done.taken,
        changed=checked.changed,
        not_billed=checked.not_billed,
        held_lines=checked.held_lines,
        held_lines_charge=checked.held_lines_charge,
        refused_charge=checked.refused_charge,
        unpriced=checked.unpriced,
        held=(*checked.held, *refused),
        files=done.files,
        put_back=returned,
        claims=sum(file.claims for file in done.files),
        claim_lines=sum(file.lines for file in done.files),
        charge=sum(file.charge for file in done.files),
        findings=(*checked.findings, *(found for one in refused for found in one.findings), *done.findings),
    )


def _protect_imported(store: Store, checked: Checked, settings: Settings) -> None:
    """Mark the claims imported before of patients whom the records now say nobody may bill."""
    persons = protected_records(checked.records.patients.values())
    if persons:
        with store.write() as connection:
            tools = Tools(checked.tables, settings.payers)
            recompute(connection, protect_imported(connection, persons), tools)


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
