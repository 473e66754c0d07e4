"""A claim of the store as the rules want it: with its patient, coverage, case and sessions, as far as known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from cli.inputs import load_records, session_items, with_cases
from cli.jobs.again.request import AgainRequest
from cli.jobs.earlier import history_of
from cli.settings import Settings
from edi.codes import Tables
from edi.codes.sets import DISCIPLINE_OF
from edi.intake import RowRejected
from edi.model.claim import Claim
from edi.model.control import normalise_control_number
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.model.history import EarlierLine, History
from edi.model.records import Case, Coverage, PatientRecord, Records
from edi.model.session import SessionLine
from edi.model.spelling import alike
from edi.rules import RuleContext, judge
from reconcile.store import Store
from reconcile.store.claims import member_ids


class Read(msgspec.Struct, kw_only=True):
    """What the input files hold."""

    lines: list[SessionLine] = []
    rejected: list[RowRejected] = []
    records: Records = Records()
    findings: list[Finding] = []


def read_inputs(request: AgainRequest, settings: Settings) -> Read:
    """Read sessions and records.

    Raises:
        InputError: a file is missing or cannot be read.
    """
    loaded = load_records(request.records, settings.directory, request.practice)
    read = Read(records=loaded.records, findings=list(loaded.findings))
    cases: list[Case] = []
    for item in session_items(request.sessions, settings.directory, request.practice):
        if isinstance(item, SessionLine):
            read.lines.append(item)
        elif isinstance(item, RowRejected):
            read.rejected.append(item)
        elif isinstance(item, Finding):
            read.findings.append(item)
        elif isinstance(item, Case):
            cases.append(item)
    read.records, said = with_cases(read.records, cases)
    read.findings += said
    return read


def first_day(claim: Claim) -> date:
    """The first date of service; the first day there is when no line has one."""
    return min((line.date_from for line in claim.lines if line.date_from is not None), default=date.min)


def patient_of(claim: Claim, records: Records) -> PatientRecord | None:
    """The patient's record: by the practice's own id, for an imported claim by member id, birth date and first name.

    Twins have one member id and birth date.
    """
    if claim.patient_id:
        return records.patients.get((claim.practice_id, claim.patient_id))
    members = {normalise_control_number(one) for one in member_ids(claim)}
    born = claim.patient_person.birth_date
    found = [
        one
        for one in records.patients.values()
        if one.practice_id == claim.practice_id
        and born is not None
        and one.person.birth_date == born
        and alike(one.person.first_name, claim.patient_person.first_name)
        and any(normalise_control_number(held.member_id) in members for held in one.coverages)
    ]
    return found[0] if len(found) == 1 else None


def draft_of(
    claim: Claim,
    payer_key: str,
    records: Records,
    *,
    sessions: Iterable[SessionLine] = (),
    answered_on: date | None = None,
) -> ClaimDraft:
    """The claim with what is known around it; what the records lack is told by the claim itself.

    Args:
        claim: as it is to go out.
        payer_key: its payer in payers.toml.
        records: patients and cases.
        sessions: the session lines it bills, where they were read again.
        answered_on: the day of the answer to the submission it replaces.
    """
    day = first_day(claim)
    member = claim.subscriber.member_id
    told = Coverage(rank=1, payer=payer_key, member_id=member, coverage_from=day, last_verified=day)
    patient = patient_of(claim, records)
    if patient is None:
        patient = PatientRecord(
            practice_id=claim.practice_id,
            patient_id=claim.patient_id,
            person=claim.patient_person,
            coverages=(told,),
        )
    held = [one for one in patient.coverages if one.payer == payer_key]
    in_force = [one for one in held if one.covers(day)]
    cases = [
        one
        for one in records.cases.values()
        if (one.practice_id, one.patient_id) == (claim.practice_id, patient.patient_id)
    ]
    case = cases[0] if len(cases) == 1 else None
    marks = [mark for line in claim.lines for mark in line.procedure.modifiers if mark in DISCIPLINE_OF]
    return ClaimDraft(
        claim=claim,
        sessions=tuple(sessions),
        patient=patient,
        coverage=(in_force or held or [told])[0],
        case=case,
        payer_key=payer_key,
        practice_id=claim.practice_id,
        discipline=DISCIPLINE_OF[marks[0]] if marks else (case.discipline if case is not None else ""),
        answered_on=answered_on,
    )


class _Without:
    """A history that leaves out the claims that go again: they are not billed beside themselves."""

    def __init__(self, history: History, numbers: frozenset[str]) -> None:
        self._history = history
        self._numbers = numbers

    def lines_on(self, practice_id: str, patient_id: str, day: date) -> tuple[EarlierLine, ...]:
        """Lines billed for the patient on that day."""
        return self._kept(self._history.lines_on(practice_id, patient_id, day))

    def lines_between(
        self, practice_id: str, patient_id: str, first: date, last: date
    ) -> tuple[EarlierLine, ...]:
        """Lines billed for the patient from one day to another, both included."""
        return self._kept(self._history.lines_between(practice_id, patient_id, first, last))

    def _kept(self, lines: Iterable[EarlierLine]) -> tuple[EarlierLine, ...]:
        return tuple(line for line in lines if line.patient_control_number not in self._numbers)


def judged(
    drafts: list[ClaimDraft],
    numbers: Iterable[str],
    records: Records,
    settings: Settings,
    tables: Tables,
    store: Store,
    today: date,
) -> tuple[list[Finding], dict[int, list[Finding]]]:
    """Run the rules.

    Args:
        drafts: the claims as they are to go out.
        numbers: the control numbers of all their submissions so far.
        records: of the run.
        settings: payers and directory.
        tables: the code tables.
        store: what else was billed.
        today: the day that counts as today.

    Returns:
        Everything said, and the errors by ``id`` of the draft.
    """
    with store.read() as connection:
        history = history_of(connection, drafts, settings.payers)
    context = RuleContext(
        tables=tables,
        payers=settings.payers,
        directory=settings.need_directory(),
        records=records,
        today=today,
        history=_Without(history, frozenset(numbers)),
    )
    said: list[Finding] = []
    errors: dict[int, list[Finding]] = {}
    for draft, finding in judge(drafts, context):
        said.append(finding)
        if draft is not None and finding.severity is Severity.ERROR:
            errors.setdefault(id(draft), []).append(finding)
    return said, errors
