"""The claims that are to go again, with everything that answered them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from cli.jobs.again.request import AMBIGUOUS, PAYER_UNKNOWN, PRACTICE_UNKNOWN, UNKNOWN, AgainRequest, refusal
from cli.jobs.posting import Tools
from cli.settings import Settings
from edi.model.balance import REVERSAL
from edi.model.claim import Claim
from edi.model.errors import StoreError
from edi.model.finding import Finding
from edi.model.frequency import VOID
from edi.model.status import NOT_FOUND
from edi.payers import PayerProfile
from edi.resubmit import AnsweredClaim, Standing
from reconcile.accounts import DUPLICATE
from reconcile.chain import Chain, build_chain, purpose
from reconcile.ledger import Ledger, post
from reconcile.store import Connection, by_roots, load_claim, posted_on
from reconcile.store.again import acknowledged, acknowledged_number, chains_named, denied_services
from reconcile.store.claim_status.known import not_taken
from reconcile.store.submissions import REJECTION
from reconcile.values import Account, Adjudication, Again, SubmittedClaim

UNPROCESSABLE: Final = "MA130"
"""RARC: the claim could not be processed; no appeal, send it anew."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that is to go again.

    Attributes:
        name: as the caller named it.
        chain: all its submissions. submission: the newest that stands for the whole claim.
        claim: that submission's value. payer: its payer's profile.
        answers: the adjudications of that payer on it, oldest first; those taken back are in ``reversed``.
        reversed: ids of the adjudications that were taken back.
        repeated: lines of adjudications (id, index) that deny a duplicate of what was sent before.
        answered_by: the payers, this one and others, with an answer that stands.
        pended: money of it waits for a payer's decision.
        acknowledged: its deepest acknowledgment. acknowledged_number: the payer's number that a 277CA gave.
        denied: services with an open denial.
        not_taken: what the payer said when it was asked (277), if that it has no such claim or did not take it in.
    """

    name: str
    chain: Chain
    submission: SubmittedClaim
    claim: Claim
    payer: PayerProfile
    answers: tuple[Adjudication, ...]
    reversed: frozenset[int]
    repeated: frozenset[tuple[int, int | None]]
    answered_by: frozenset[str]
    pended: bool
    acknowledged: str
    acknowledged_number: str
    denied: frozenset[int]
    not_taken: str = ""

    @property
    def standing(self) -> tuple[Adjudication, ...]:
        """The answers that were not taken back, but for those that only deny a duplicate."""
        return tuple(one for one in self.answers if _stands(one, self.reversed, self.repeated))

    @property
    def purpose(self) -> Again | None:
        """Why the submission was sent; for the repeat of a rejected one, why that was."""
        return purpose(self.submission, {one.id: one for one in self.chain.claims})

    @property
    def taken_back(self) -> bool:
        """Whether there were answers and none of them stands."""
        taken = any(one.claim.status == REVERSAL or one.id in self.reversed for one in self.answers)
        return taken and not self.standing

    @property
    def answered_on(self) -> date | None:
        """The day of the newest answer that is no mere denial of a duplicate."""
        decided = [one for one in self.answers if not _only_repeats(one, self.repeated)]
        return decided[-1].payment_date if decided else None

    @property
    def payer_number(self) -> str:
        """The payer's newest control number of the claim, "" when none is known.

        Of an answer that stands, else of one that was taken back, else of a 277CA; never that of a duplicate it denied.
        """
        known = [one for one in self.answers if not _only_repeats(one, self.repeated)]
        newest = (*reversed(self.standing), *reversed(known))
        numbers = (one.claim.payer_claim_control_number for one in newest)
        return next((number for number in numbers if number), None) or self.acknowledged_number

    def state(self) -> Standing:
        """Where the submission stands, as a correction is decided by."""
        own = [one for one in self.answers if one.match.claim_id == self.submission.id]
        waits = not own and self._sent_before()
        refused = REJECTION in self.acknowledged
        rejected = (refused or bool(self.not_taken)) and not own
        newest = self.standing[-1:]
        return Standing(
            number=self.claim.patient_control_number,
            frequency=self.submission.frequency,
            rejected=rejected,
            never_came=rejected and not refused and self.not_taken == NOT_FOUND,
            adjudicated=bool(self.standing) and not (waits or self._part_waits()),
            unprocessable=any(UNPROCESSABLE in one.claim.remarks for one in newest),
            payer_number=self.claim.original_reference
            if rejected and self.claim.original_reference
            else self.payer_number,
            denied=frozenset(
                line.number
                for line in self.submission.lines
                if self.chain.service_of[line.id] in self.denied or line.id in self.denied
            ),
        )

    def _sent_before(self) -> bool:
        """Whether the submission stands in the place of an earlier one to the same payer."""
        if self.purpose is Again.SECONDARY:
            mine = (self.submission.payer_key, self.submission.payer_id)
            earlier = (one for one in self.chain.to_next_payers() if one.id < self.submission.id)
            return any((one.payer_key, one.payer_id) == mine for one in earlier)
        return self.submission.again in (Again.REPLACEMENT, Again.NEW_CLAIM, Again.REJECTED)

    def _part_waits(self) -> bool:
        """Whether a submission of the denied lines alone has no answer yet, and was not rejected."""
        answered = {one.match.claim_id for one in self.answers}
        return any(
            one.again is Again.DENIED_LINES
            and one.id not in answered
            and one.id > self.submission.id
            and not one.rejected
            for one in self.chain.claims
        )

    def answered_claims(self) -> tuple[AnsweredClaim, ...]:
        """The answers that stand, tied to the lines of the submission by their LX01, oldest first."""
        number_of = {self.chain.service_of[line.id]: line.number for line in self.submission.lines}
        found = []
        for one in self.standing:
            lines = tuple(
                tuple(
                    dict.fromkeys(
                        number_of[self.chain.service_of[line]]
                        for line in match.line_ids
                        if self.chain.service_of.get(line) in number_of
                    )
                )
                for match in one.match.lines
            )
            repeated = frozenset(
                row
                for row, line in enumerate(one.claim.lines)
                if (one.id, row) in self.repeated and not line.paid
            )
            answer = AnsweredClaim(
                payment=one.claim, lines=lines, paid_on=one.payment_date, repeated=repeated
            )
            found.append(answer)
        return tuple(found)


def find_targets(
    connection: Connection,
    request: AgainRequest,
    settings: Settings,
    tools: Tools,
    roots: Mapping[int, str] | None = None,
    *,
    to_next: bool = False,
) -> tuple[list[Target], list[Finding]]:
    """Look up the claims that are named, each once.

    Args:
        connection: a read transaction.
        request: the names.
        settings: payers and practices.
        tools: the code tables and payers.
        roots: further chains, with the name of each.
        to_next: what a next payer rejected is made anew from the submission before it, so that one is meant.

    Returns:
        The claims, and a finding for each name that means none, or several practices' claims, or one whose practice
        or payer the settings do not know.
    """
    wanted: dict[int, str] = {}
    refused: list[Finding] = []
    for name in request.names:
        found = chains_named(connection, name, request.practice)
        if not found:
            fix = "claimloop claims list shows what there is."
            refused.append(refusal(UNKNOWN, name, f"no claim is named {name}", fix))
        elif len(found) > 1:
            fix = "Name the claim by its id, or give --practice."
            refused.append(refusal(AMBIGUOUS, name, f"{len(found)} claims are named {name}", fix))
        else:
            wanted.setdefault(found[0].root, name)
    targets: list[Target] = []
    for root, name in {**(roots or {}), **wanted}.items():
        target = find_target(connection, name, root, request.payer, settings, tools, to_next=to_next)
        if isinstance(target, Target):
            targets.append(target)
        else:
            refused.append(target)
    return targets, refused


def find_target(
    connection: Connection,
    name: str,
    root: int,
    wanted: str | None,
    settings: Settings,
    tools: Tools,
    *,
    to_next: bool = False,
) -> Target | Finding:
    """A chain with its answers, or why its practice or payer is not known. Arguments as ``find_targets``.

    ``wanted`` is the payer of the submission that is meant, None for the newest of all.
    """
    claims = by_roots(connection, [root]).chains[root]
    chain = build_chain(claims)
    sent = [one for one in _whole(chain, to_next=to_next) if wanted in (None, one.payer_key, one.payer_id)]
    if not sent:
        fix = "claimloop claims show tells where it went."
        return refusal(UNKNOWN, name, f"no submission of it went to {wanted}", fix)
    newest = sent[-1]
    claim = load_claim(connection, newest.id)
    if claim is None:
        raise StoreError(f"claim {name} has no content in the store; claimloop verify names what is wrong")
    directory = settings.need_directory()
    if newest.practice_id not in directory.practices:
        message = (
            f"its practice {newest.practice_id} is not in claimloop.toml, so nothing says how it is sent"
        )
        fix = "Add the [[practice]] with its NPI and a trading partner."
        return refusal(PRACTICE_UNKNOWN, claim.patient_control_number, message, fix)
    payer = settings.payers.get(newest.payer_key or _key_by_id(newest.payer_id, settings))
    if payer is None:
        message = "its payer is not in payers.toml, so nothing says how it wants corrections"
        fix = f"Add a payer with claim_id {newest.payer_id} to payers.toml."
        return refusal(PAYER_UNKNOWN, claim.patient_control_number, message, fix)
    posted = sorted(posted_on(connection, [root], tools.capitated).get(root, []), key=lambda one: one.order)
    ledger = post(posted, chain.claims[0].lines, tools.tables, chain=chain if len(claims) > 1 else None)
    same = [one.id for one in chain.claims if one.payer_id == newest.payer_id]
    reversed_by = frozenset(ledger.reversed_by)
    repeated = _repeated(ledger)
    return Target(
        name=name,
        chain=chain,
        submission=newest,
        claim=claim,
        payer=payer,
        answers=_answers(posted, same, payer.key, first=newest.payer_id == chain.claims[0].payer_id),
        reversed=reversed_by,
        repeated=repeated,
        answered_by=frozenset(one.payer for one in posted if _stands(one, reversed_by, repeated)),
        pended=any(one.pended > 0 for one in ledger.balances),
        acknowledged=acknowledged(connection, [newest.id])[newest.id],
        acknowledged_number=acknowledged_number(connection, same),
        denied=denied_services(connection, root),
        not_taken=not_taken(connection, newest.id),
    )


def _whole(chain: Chain, *, to_next: bool) -> Iterator[SubmittedClaim]:
    """The submissions that stand for the whole claim, in order; a rejected void took nothing back."""
    by_id = {one.id: one for one in chain.claims}
    for one in chain.claims:
        if one.again is Again.DENIED_LINES or (one.rejected and one.frequency == VOID):
            continue
        if to_next and one.rejected and purpose(one, by_id) is Again.SECONDARY:
            continue
        yield one


def _repeated(ledger: Ledger) -> frozenset[tuple[int, int | None]]:
    """The lines that the books know as denials of a duplicate: nothing of the reason is a denial of its own."""
    duplicates = [one for one in ledger.postings if one.reason == DUPLICATE and not one.transfer]
    denied = {(one.adjudication, one.line) for one in duplicates if one.account is Account.DENIED}
    known = {(one.adjudication, one.line) for one in duplicates if one.account is Account.MEMO}
    return frozenset(known - denied)


def _only_repeats(one: Adjudication, repeated: Collection[tuple[int, int | None]]) -> bool:
    """Whether an answer does nothing but deny a duplicate."""
    rows: Sequence[int | None] = range(len(one.claim.lines)) or [None]
    return not one.claim.paid and all((one.id, row) in repeated for row in rows)


def _stands(
    one: Adjudication, reversed_by: Collection[int], repeated: Collection[tuple[int, int | None]]
) -> bool:
    """Whether an answer counts: it was not taken back, and decides something."""
    taken_back = one.claim.status == REVERSAL or one.id in reversed_by
    return not taken_back and not _only_repeats(one, repeated)


def keeps_number(payer: PayerProfile, settings: Settings) -> bool:
    """Whether a claim goes to a payer again under its CLM01: the payer's word, else [numbering]'s."""
    numbering = settings.need_directory().numbering
    return (payer.corrections.replacement_clm01 or numbering.replacement_clm01) == "same"


def _key_by_id(number: str, settings: Settings) -> str:
    """The key of the one payer that is sent claims under this id; "" when none or several are."""
    keys = [key for key, payer in settings.payers.items() if number in payer.claim_id.values()]
    return keys[0] if len(keys) == 1 else ""


def _answers(
    posted: Sequence[Adjudication], submissions: Sequence[int], payer: str, *, first: bool
) -> tuple[Adjudication, ...]:
    """The adjudications of a payer: by its key, else of the payer that answered its submissions first."""
    known = tuple(one for one in posted if one.payer == payer)
    if known:
        return known
    own = [one for one in posted if one.match.claim_id in submissions]
    if not own:
        return ()
    who = own[0].payer if first else own[-1].payer
    return tuple(one for one in own if one.payer == who)
