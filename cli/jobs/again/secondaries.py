"""`claims secondary`: the next payer's claim, with what the one before did, from the posted adjudications."""

from __future__ import annotations

import msgspec

from cli.jobs.again.drafts import Read, draft_of, read_inputs
from cli.jobs.again.next_payer import NextPayer, next_payer
from cli.jobs.again.request import SENT_ALREADY, UNKNOWN, AgainRequest, AgainResult, refusal
from cli.jobs.again.sending import Plan, send_again
from cli.jobs.again.targets import Target, find_targets
from cli.jobs.posting import Tools
from cli.jobs.tables.store import tables_of
from cli.settings import Settings
from edi.model.claim import Claim
from edi.model.finding import Finding, Severity
from edi.resubmit import (
    CannotReport,
    broken_equations,
    bypassed,
    coordination,
    secondary_claim,
    why_not_billed,
)
from edi.resubmit.correction import VOID
from edi.resubmit.refusals import NOT_ADJUDICATED, SENT_ON, VOIDED
from reconcile.store import Store
from reconcile.store.again import chains_to_bill_next
from reconcile.values import Again


def bill_next(request: AgainRequest, settings: Settings, store: Store) -> AgainResult:
    """Send claims to their next payers.

    Args:
        request: the claims, or ``due`` for all whose answer leaves something to a further payer.
        settings: claimloop.toml and payers.toml; a directory is needed.
        store: open for writing.

    Raises:
        SettingsError: no directory, or no trading partner for a practice.
        InputError: a file is missing or cannot be read.
        StoreError, AccessError, TemporaryError: from the store, the vault or the folder.
    """
    tools = Tools(tables_of(settings), settings.payers)
    settings.need_directory()
    read = read_inputs(request, settings)
    with store.read() as connection:
        due = chains_to_bill_next(connection, request.practice) if request.due else {}
        targets, refused = find_targets(connection, request, settings, tools, due)
    plans: list[Plan] = []
    waiting: list[Finding] = []
    for target in targets:
        plan = _plan(target, read, request, settings)
        if isinstance(plan, Plan):
            plans.append(plan)
        elif target.name in request.names:
            refused += plan
        else:
            waiting += [_told(one) for one in plan if one.code == SENT_ON]
            refused += [one for one in plan if one.code != SENT_ON]
    result = send_again(plans, read, request, settings, store, tools)
    named = [(one.location.claim or "", one.code) for one in refused]
    return msgspec.structs.replace(
        result,
        refused=(*dict.fromkeys(name for name, code in named if code != UNKNOWN), *result.refused),
        unknown=tuple(name for name, code in named if code == UNKNOWN),
        findings=(*read.findings, *refused, *waiting, *result.findings),
    )


def _told(finding: Finding) -> Finding:
    """A claim that is due and goes to the next payer by itself: told, and nothing to do."""
    return msgspec.structs.replace(finding, severity=Severity.INFO)


def _plan(target: Target, read: Read, request: AgainRequest, settings: Settings) -> Plan | list[Finding]:
    """The claim to the next payer, or why it is not sent."""
    sent = _sent_already(target)
    if sent is not None:
        return [sent]
    following = next_payer(target, read.records, settings)
    if isinstance(following, Finding):
        return [following]
    claim = _claim(target, following, request)
    if isinstance(claim, Finding):
        return [claim]
    broken = [
        msgspec.structs.replace(one, location=msgspec.structs.replace(
            one.location, claim=target.claim.patient_control_number))
        for one in broken_equations(claim)
    ]  # fmt: skip
    if broken:
        return broken
    draft = draft_of(claim, following.profile.key, read.records)
    if following.record is not None:
        draft = msgspec.structs.replace(draft, coverage=following.record)
    return Plan(target=target, draft=draft, kind=Again.SECONDARY, note=request.bypass_reason)


def _sent_already(target: Target) -> Finding | None:
    """Why the newest submission, to a later payer, has to be answered first; None when it is not such a one."""
    standing = target.state()
    if target.submission.again is not Again.SECONDARY or target.standing:
        return None
    number = target.claim.patient_control_number
    if standing.rejected:
        message = f"it went to {target.payer.key} already, and was rejected"
        return refusal(SENT_ALREADY, number, message, "Send it again with claims correct.")
    message = f"it went to {target.payer.key} already, and has no answer yet"
    return refusal(SENT_ALREADY, number, message, "Wait for that payer's 835.")


def _claim(target: Target, following: NextPayer, request: AgainRequest) -> Claim | Finding:
    """The claim with what its payer did, or why there is none."""
    number = target.claim.patient_control_number
    if target.submission.frequency == VOID:
        return refusal(
            VOIDED, number, "it was voided", "Nothing; or correct it, and bill on from the new claim."
        )
    if target.standing and not target.state().adjudicated:
        message = "it was corrected, and the correction has no answer yet"
        return refusal(NOT_ADJUDICATED, number, message, "Wait for the 835 that answers the correction.")
    if request.bypass_reason:
        return bypassed(target.claim, following.coverage, adjudicated=bool(target.answers))
    answers = target.answered_claims()
    problem = why_not_billed(
        target.claim,
        [one.payment for one in answers],
        following.profile.key,
        taken_back=target.taken_back,
        primary=target.payer.secondary,
        following=following.profile.secondary,
    )
    if problem is not None:
        return problem
    told = coordination(target.claim, answers, following.profile.secondary.wants)
    if isinstance(told, CannotReport):
        return told.finding
    return secondary_claim(target.claim, told, following.coverage)
