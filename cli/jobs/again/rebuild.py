"""A stored claim made anew from its corrected session rows, by the way that `claims create` makes claims."""

from __future__ import annotations

from cli.jobs.again.drafts import Read
from cli.jobs.again.request import NOT_ONE_CLAIM, OTHER_PARTY, SESSION_MISSING, refusal
from cli.jobs.again.targets import Target
from cli.jobs.earlier import billed_before, visit_days
from cli.settings import Settings
from edi.codes import Tables
from edi.intake.charge import build_claims
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding
from edi.model.frequency import VOID
from edi.model.session import SessionLine
from reconcile.store import Connection, Store, billed_sessions, session_hash
from reconcile.store.again import sessions_billed


def rebuilt(
    target: Target, read: Read, settings: Settings, store: Store, tables: Tables
) -> ClaimDraft | Finding:
    """Make the claim anew.

    Every session line that the claim bills must be among those read; one that is not to be billed any more is marked
    so there. A line that was not billed yet joins when it is of one of the claim's visits.

    Args:
        target: the claim.
        read: the session lines and records; what intake says is added to its findings.
        settings: directory and payers.
        store: what else was billed.
        tables: the code tables.

    Returns:
        The claim as a draft, or why there is none: a row missing, not exactly one claim, another patient or payer.
    """
    number = target.claim.patient_control_number
    with store.read() as connection:
        billed = sessions_billed(connection, target.chain.root)
        chosen = _chosen(connection, target, read, set(billed))
        missing = sorted(set(billed) - {line.line_id for line in chosen})
        if missing or not billed:
            named = ", ".join(missing) or "it has none, for it was imported"
            message = f"session lines of it are not in the files given: {named}"
            fix = "Export every row of the claim; mark one that is not to be billed in note_status or do_not_bill."
            return refusal(SESSION_MISSING, number, message, fix, field="line_id")
        others = [line for line in read.lines if line not in chosen]
        known = {
            practice: billed_sessions(connection, practice, [line.line_id for line in others])
            for practice in {line.practice_id for line in others}
        }
        unchanged = [
            line for line in others if known[line.practice_id].get(line.line_id) == session_hash(line)
        ]
        earlier = billed_before(connection, chosen, unchanged)
        visits = visit_days(connection, chosen, read.records)
    drafts: list[ClaimDraft] = []
    for item in build_claims(
        [*chosen, *read.rejected],
        read.records,
        settings.need_directory(),
        settings.payers,
        tables,
        visit_days=visits,
        earlier=earlier,
    ):
        if isinstance(item, ClaimDraft):
            drafts.append(item)
        elif isinstance(item, Finding):
            read.findings.append(item)
    if len(drafts) != 1:
        message = f"its session rows make {len(drafts)} claims now; one claim stands in the place of one"
        fix = (
            "Void it and bill the rows anew."
            if drafts
            else "Correct the rows that intake refuses, or void the claim."
        )
        return refusal(NOT_ONE_CLAIM, number, message, fix)
    return _same_parties(target, drafts[0])


def _chosen(connection: Connection, target: Target, read: Read, billed: set[str]) -> list[SessionLine]:
    """The rows of the claim, and those of its visits that no claim bills yet."""
    mine = [line for line in read.lines if line.practice_id == target.submission.practice_id]
    own = [line for line in mine if line.line_id in billed]
    visits = {line.visit_id for line in own if line.visit_id}
    joining = [line for line in mine if line.line_id not in billed and line.visit_id in visits]
    taken = billed_sessions(connection, target.submission.practice_id, [line.line_id for line in joining])
    return [*own, *(line for line in joining if line.line_id not in taken)]


def _same_parties(target: Target, draft: ClaimDraft) -> ClaimDraft | Finding:
    """The draft if it is for the same patient and payer; a payer cannot replace another patient's claim.

    After a void it may be for another one, unless that payer has answered the claim already.
    """
    number = target.claim.patient_control_number
    voided = target.submission.frequency == VOID
    other_payer = draft.payer_key != target.payer.key
    if other_payer and draft.payer_key in target.answered_by:
        message = f"its session rows are for {draft.payer_key}, whose answer to the claim stands"
        fix = f"Correct the claim to that payer: --payer {draft.payer_key}."
        return refusal(OTHER_PARTY, number, message, fix)
    differs = ""
    if draft.claim.patient_id != target.claim.patient_id:
        differs = "patient"
    elif other_payer:
        differs = "payer"
    if differs and not voided:
        message = f"its session rows are for another {differs} now, which no correction can say"
        fix = "Void the claim; once the payer has taken it back, correct it with these rows."
        return refusal(OTHER_PARTY, number, message, fix)
    return draft
