"""Claims that go again, out: judged, numbered, written and stored as further submissions of their chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from cli.clock import as_utc
from cli.jobs.again.drafts import Read, judged
from cli.jobs.again.request import MEANWHILE, AgainRequest, AgainResult, SentAgain, refusal
from cli.jobs.again.targets import Target
from cli.jobs.posting import Tools, recompute
from cli.jobs.second_opinion import opinion_on, refusals
from cli.jobs.submission import Submitter, put_back, submit
from cli.settings import Settings
from edi.model.claim import Claim
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding
from edi.model.session import SessionLine
from reconcile.store import ClaimOrigin, Connection, Store, by_roots, record_event, save_claims, session_hash
from reconcile.store.again import Resubmission, rebill_sessions, save_resubmissions, sessions_elsewhere
from reconcile.values import Again

_SENT_MEANWHILE: Final = (
    "another run sent it again while this one was at work; it is left out",
    "Nothing, if the other run sent what you wanted.",
)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One claim to send: what it was, what it will be, and why.

    ``sessions`` are the session lines that were read again for it, those included that it bills no more. ``note`` goes
    into the event log. ``repeats`` are the LX01 of the target's lines that its lines send again, where they are a part.
    """

    target: Target
    draft: ClaimDraft
    kind: Again
    sessions: tuple[SessionLine, ...] = ()
    note: str = ""
    repeats: tuple[int, ...] = ()

    @property
    def rebills(self) -> bool:
        """Whether its session lines belong to it from now on: a void and the claim to the next payer leave them."""
        return self.kind not in (Again.SECONDARY, Again.VOID)


class _Keeper:
    """Stores claims that go again, each in the chain it belongs to."""

    def __init__(self, plans: Sequence[Plan], tools: Tools, now: datetime) -> None:
        self._plans = {id(one.draft): one for one in plans}
        self._tools = tools
        self._now = now
        self.left_out: set[int] = set()
        self.numbers: dict[int, str] = {}

    def wanted(
        self, connection: Connection, drafts: Sequence[ClaimDraft], findings: list[Finding]
    ) -> list[ClaimDraft]:
        """The drafts whose chain is as it was when it was looked at, and whose sessions no other claim bills."""
        plans = [self._plans[id(draft)] for draft in drafts]
        chains = by_roots(connection, {plan.target.chain.root for plan in plans}).chains
        billed: dict[tuple[str, str], int] = {}
        left = []
        for plan in plans:
            target = plan.target
            root = target.chain.root
            problem = _SENT_MEANWHILE
            if [one.id for one in chains[root]] == [one.id for one in target.chain.claims]:
                taken = _taken(connection, plan, billed)
                if not taken:
                    billed.update((key, root) for key in _billed(plan))
                    left.append(plan.draft)
                    continue
                message = f"another claim bills session lines of it: {', '.join(taken)}; it is left out"
                problem = (message, "Run again; what another claim bills does not join.")
            self.left_out.add(id(plan.draft))
            findings.append(refusal(MEANWHILE, target.claim.patient_control_number, *problem))
        return left

    def save(
        self,
        connection: Connection,
        pairs: Sequence[tuple[Claim, ClaimDraft]],
        origin: ClaimOrigin,
    ) -> Sequence[int]:
        """Store the claims, why they were made, whose sessions they bill, and their chains' books; gives their ids."""
        claims = [claim for claim, _ in pairs]
        plans = [self._plans[id(draft)] for _, draft in pairs]
        saved = save_claims(connection, claims, origin, roots=[plan.target.chain.root for plan in plans])
        made = [
            Resubmission(
                claim_id=number, kind=plan.kind, follows=plan.target.submission.id, repeats=plan.repeats
            )
            for number, plan in zip(saved.new, plans, strict=True)
        ]
        save_resubmissions(connection, made)
        for claim, number, plan in zip(claims, saved.new, plans, strict=True):
            self.numbers[id(plan.draft)] = claim.patient_control_number
            if plan.rebills:
                _rebill(connection, claim, number, plan)
            data = {"kind": plan.kind.value, "follows": plan.target.claim.patient_control_number}
            if plan.note:
                data["reason"] = plan.note
            subject = f"claim:{claim.patient_control_number}"
            record_event(connection, kind="resubmission", subject=subject, at=self._now, data=data)
        recompute(connection, saved.extended, self._tools)
        return saved.new


def _rebill(connection: Connection, claim: Claim, number: int, plan: Plan) -> None:
    lines: dict[str, int] = {}
    for line in claim.lines:
        for name in line.session_line_ids:
            lines.setdefault(name, line.number)
    hashes = {session.line_id: session_hash(session) for session in plan.sessions}
    rebill_sessions(connection, claim.practice_id, number, lines, hashes)


def _billed(plan: Plan) -> set[tuple[str, str]]:
    """The session lines that will belong to the claim, by practice and line_id."""
    if not plan.rebills:
        return set()
    lines = {name for line in plan.draft.claim.lines for name in line.session_line_ids}
    lines.update(session.line_id for session in plan.sessions)
    return {(plan.draft.practice_id, name) for name in lines}


def _taken(connection: Connection, plan: Plan, billed: Mapping[tuple[str, str], int]) -> list[str]:
    """The session lines of a claim that another chain bills: in the store, or in this file (``billed``)."""
    root, wanted = plan.target.chain.root, _billed(plan)
    taken = {name for practice, name in wanted if billed.get((practice, name), root) != root}
    names = [name for _, name in wanted]
    return sorted(taken | sessions_elsewhere(connection, plan.draft.practice_id, root, names))


def send_again(
    plans: Sequence[Plan],
    read: Read,
    request: AgainRequest,
    settings: Settings,
    store: Store,
    tools: Tools,
) -> AgainResult:
    """Check, number, write and store claims that go again.

    Args:
        plans: the claims.
        read: what the input files hold; its findings are told first.
        request: folder, time and switches.
        settings: claimloop.toml and payers.toml.
        store: open for writing.
        tools: the code tables and payers.

    Returns:
        The result without what was refused before.

    Raises:
        SettingsError: a practice has no trading partner. StoreError, AccessError, TemporaryError: as `submit`.
    """
    ruled = [one.draft for one in plans if one.kind is not Again.VOID]
    numbers = [claim.patient_control_number for one in plans for claim in one.target.chain.claims]
    said, errors = judged(ruled, numbers, read.records, settings, tools.tables, store, request.now.date())
    clean = [one for one in plans if id(one.draft) not in errors]
    keeper = _Keeper(clean, tools, as_utc(request.now))
    to = Submitter(
        store=store,
        directory=settings.need_directory(),
        folder=request.folder,
        now=request.now,
        tools=tools,
        judge=(lambda data: refusals(opinion_on(data))) if request.second_opinion else (lambda _data: ()),
        dry_run=request.dry_run,
        keeper=keeper,
    )
    returned = () if request.dry_run else tuple(put_back(store, request.folder))
    done = submit([one.draft for one in clean], to)
    refused = {id(one.draft): one.findings for one in done.refused}
    gone = [one for one in clean if id(one.draft) not in refused and id(one.draft) not in keeper.left_out]
    held = [one for one in plans if id(one.draft) in errors or id(one.draft) in refused]
    return AgainResult(
        sent=tuple(_sent(one, keeper.numbers) for one in gone),
        files=done.files,
        put_back=returned,
        held=tuple(one.target.claim.patient_control_number for one in held),
        refused=tuple(
            one.target.claim.patient_control_number for one in clean if id(one.draft) in keeper.left_out
        ),
        findings=(*said, *_named(refused, clean), *done.findings),
    )


def _named(refused: Mapping[int, Sequence[Finding]], plans: Sequence[Plan]) -> list[Finding]:
    """What the second opinion says, under the number by which the claim is known: a new one was not given."""
    known = {id(one.draft): one.target.claim.patient_control_number for one in plans}
    return [
        msgspec.structs.replace(found, location=msgspec.structs.replace(found.location, claim=known[draft]))
        for draft, findings in refused.items()
        for found in findings
    ]


def _sent(plan: Plan, numbers: Mapping[int, str]) -> SentAgain:
    claim = plan.draft.claim
    return SentAgain(
        name=plan.target.claim.patient_control_number,
        kind=plan.kind.value,
        practice_id=claim.practice_id,
        payer=plan.draft.payer_key,
        frequency=claim.frequency,
        patient_control_number=numbers.get(id(plan.draft), claim.patient_control_number),
        original_reference=claim.original_reference,
        lines=len(claim.lines),
        charge=claim.charge,
    )
