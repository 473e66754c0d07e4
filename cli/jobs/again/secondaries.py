"""`claims secondary`: the next payer's claim, with what the one before did, from the posted adjudications."""

from __future__ import annotations

from typing import Final

import msgspec

from cli.jobs.again.drafts import Read, draft_of, read_inputs
from cli.jobs.again.next_payer import NextPayer, next_payer
from cli.jobs.again.request import SENT_ALREADY, UNKNOWN, AgainRequest, AgainResult, refusal
from cli.jobs.again.sending import Plan, send_again
from cli.jobs.again.targets import Target, find_target, find_targets, keeps_number
from cli.jobs.posting import Tools
from cli.jobs.tables.store import tables_of
from cli.settings import Settings
from edi.model.claim import Claim
from edi.model.finding import Finding, Severity
from edi.model.frequency import VOID
from edi.resubmit import (
    CannotReport,
    Correction,
    broken_equations,
    bypassed,
    coordination,
    corrected,
    correction_of,
    same_content,
    secondary_claim,
    why_not_billed,
)
from edi.resubmit.refusals import NO_FILE_TAKEN, NOT_ADJUDICATED, SENT_ON, VOIDED
from reconcile.store import Connection, Store
from reconcile.store.again import chains_to_bill_next
from reconcile.values import Again

_WAIT: Final = "Wait for that payer's 835."


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
        targets, refused = find_targets(connection, request, settings, tools, due, to_next=True)
    plans: list[Plan] = []
    waiting: list[Finding] = []
    for target in targets:
        with store.read() as connection:
            plan = _plan(target, read, request, _Books(connection, settings, tools))
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


class _Books(msgspec.Struct, frozen=True):
    """Where submissions and their answers are looked up."""

    connection: Connection
    settings: Settings
    tools: Tools


def _plan(target: Target, read: Read, request: AgainRequest, books: _Books) -> Plan | list[Finding]:
    """The claim to the next payer, or why it is not sent."""
    waits = _waits(target)
    if waits is not None:
        return [waits]
    following = next_payer(target, read.records, books.settings)
    if isinstance(following, Finding):
        return [following]
    claim = _claim(target, following, request)
    if isinstance(claim, Finding):
        return [claim]
    earlier = _earlier(target, following, books)
    if isinstance(earlier, Finding):
        return [earlier]
    if earlier is not None:
        claim = _in_place_of(earlier, claim, books.settings)
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


def _waits(target: Target) -> Finding | None:
    """Why the newest submission, to a later payer, has to be answered first; None when it is not such a one."""
    if target.purpose is not Again.SECONDARY or target.standing:
        return None
    message = f"it went to {target.payer.key} already, and has no answer yet"
    number = target.claim.patient_control_number
    return refusal(SENT_ALREADY, number, message, _WAIT)


def _earlier(target: Target, following: NextPayer, books: _Books) -> Target | Finding | None:
    """The claim that the next payer has from an earlier run; None when it has none, or took back what it did.

    A Finding when that claim has no answer, or its void has none, and when it answered one that was sent on to it.
    """
    theirs = (following.profile.key, following.coverage.payer.id)
    sent = [
        one
        for one in target.chain.to_next_payers()
        if one.payer_key == theirs[0] or one.payer_id == theirs[1]
    ]
    number = target.claim.patient_control_number
    if not sent and theirs[0] in target.answered_by:
        message = f"{theirs[0]} answered it already, without a claim from here"
        return refusal(SENT_ALREADY, number, message, "Nothing; the payer before sent it on.")
    if not sent:
        return None
    root, name = target.chain.root, target.name
    earlier = find_target(
        books.connection, name, root, sent[-1].payer_id, books.settings, books.tools, to_next=True
    )
    if isinstance(earlier, Finding):
        return earlier
    if earlier.submission.frequency == VOID and not earlier.standing:
        return None
    if earlier.submission.frequency == VOID or not earlier.state().adjudicated:
        message = f"it went to {following.profile.key} already, and has no answer yet"
        if earlier.submission.frequency == VOID:
            message = f"it was voided at {following.profile.key}, which has not taken its payment back yet"
        return refusal(SENT_ALREADY, number, message, _WAIT)
    return earlier


def _in_place_of(earlier: Target, claim: Claim, settings: Settings) -> Claim | Finding:
    """The claim as it takes the place of the one that the next payer answered, by that payer's way, or a refusal."""
    standing, policy = earlier.state(), earlier.payer.corrections
    number = earlier.claim.patient_control_number
    if same_content(claim, earlier.claim):
        message = f"it went to {earlier.payer.key} already, with the same answer of the payer before"
        return refusal(SENT_ALREADY, number, message, "Nothing; or correct the claim to that payer.")
    way = correction_of(standing, msgspec.structs.replace(policy, resend_denied_lines_only=False))
    if isinstance(way, Finding):
        return way
    if way is Correction.REOPENING or policy.resend_denied_lines_only:
        message = f"{earlier.payer.key} answered it already, and takes no claim in the place of that one"
        fix = "Send that payer the new remittance advice, and ask it to reopen the claim."
        return refusal(NO_FILE_TAKEN, number, message, fix)
    return corrected(claim, standing, way, same_number=keeps_number(earlier.payer, settings))


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
        pended=target.pended,
        primary=target.payer.secondary,
        following=following.profile.secondary,
    )
    if problem is not None:
        return problem
    told = coordination(target.claim, answers, following.profile.secondary.wants)
    if isinstance(told, CannotReport):
        return told.finding
    return secondary_claim(target.claim, told, following.coverage)
