"""``unmatched link`` and ``unlink``: a person says which claim a claim payment answers; the payer's number is learned.

A link is one event and one database transaction. It names the claim by practice, number and sequence, so that it can be
played again. Later claim payments of the payer under the same CLP01 follow it as far as everything else agrees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from cli.jobs.holds import Decider, candidates_of
from cli.jobs.posting import Tools, post_as_matched, recompute
from cli.jobs.retrying import retried
from edi.model.control import normalise_control_number
from edi.model.errors import UsageError
from reconcile.match import match_by_hand
from reconcile.store import (
    SUSPENSE,
    UNMATCHED,
    Connection,
    Stored,
    by_roots,
    posted_on,
    refresh_payees,
    rematch_claim_payments,
)
from reconcile.store.adjudications import Waiting, waiting
from reconcile.store.again import chains_named, no_claim
from reconcile.store.concerned import concerned_by_claims
from reconcile.store.hold_lists import Hold, find_hold
from reconcile.store.holds import Alias, drop_aliases, save_alias, unpost
from reconcile.store.linked import followers, learn_again, linked_chain, payment_values, queued_alike
from reconcile.values import Adjudication, ClaimEvidence, ClaimMatch, SubmittedClaim

LINK: Final = "link"
UNLINK: Final = "unlink"
"""The kinds of event."""
_NO_PAYMENT_OF_OURS: Final = ("predetermination", "not_ours")
"""Reasons in the queue that no claim of ours ends."""
_TIE: Final = re.compile(r"(\d{1,4})=(\d{1,4}(?:,\d{1,4})*)")


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What a link or its end did.

    ``outcome`` of the claim payment, the ``claim`` it is linked to ("" after an end), and the ids of the claim payments
    that ``followed``: posted by the number that the link taught, or back in the queue without it.
    """

    id: str
    subject: str
    outcome: str
    claim: str = ""
    lines: tuple[str, ...] = ()
    followed: tuple[int, ...] = ()


def parse_ties(given: Iterable[str]) -> dict[int, tuple[int, ...]]:
    """Read ``--line`` options: ``2=1`` or ``2=1,3``; paid line (from 1) and the LX01 it answers.

    Raises:
        UsageError: one is written otherwise, or a paid line is named twice.
    """
    ties: dict[int, tuple[int, ...]] = {}
    for text in given:
        found = _TIE.fullmatch(text.replace(" ", ""))
        if found is None or int(found[1]) < 1:
            raise UsageError(f"--line {text!r}: write PAID=SUBMITTED, like 2=1 or 2=1,3")
        place = int(found[1]) - 1
        if place in ties:
            raise UsageError(f"--line: paid line {found[1]} is named twice")
        ties[place] = tuple(int(number) for number in found[2].split(","))
    return ties


def link(
    payment: str, claim: str, decider: Decider, *, lines: Iterable[str] = (), practice: str | None = None
) -> Link:
    """Post an unmatched claim payment on the claim that a person names, and remember the payer's number for it.

    Args:
        payment: its id in `unmatched list`.
        claim: a patient control number as sent, or a claim id.
        decider: store, tools and time.
        lines: ``--line`` options, for paid lines that fit no submitted line by themselves.
        practice: whose claim, where two practices use one number.

    Raises:
        InputError: nothing of that name waits for a claim, or no claim is named so.
        UsageError: several claims are; the payee is unknown or another practice's; a paid line fits no submitted line.
        StoreError, AccessError, TemporaryError: from the store.
    """
    ties = parse_ties(lines)
    with decider.deciding() as connection:
        refresh_payees(connection)
        hold = find_hold(connection, payment, listed="unmatched list")
        named = chains_named(connection, claim, practice)
        if not named:
            raise no_claim(claim)
        if len(named) > 1:
            raise UsageError(f"{claim!r} names {len(named)} claims: give a claim id or --practice")
        submissions = by_roots(connection, [named[0].root]).chains[named[0].root]
        made, data = link_payment(connection, hold, submissions, ties, decider.tools)
        decider.note(connection, LINK, hold.subject, data)
    return made


def link_payment(
    connection: Connection,
    hold: Hold,
    submissions: Sequence[SubmittedClaim],
    ties: Mapping[int, Sequence[int]],
    tools: Tools,
) -> tuple[Link, dict[str, Any]]:
    """Link in an open transaction; returns what it did, and the data of its event."""
    one = _linkable(connection, hold, tools)
    root = submissions[0].root
    if submissions[0].practice_id not in one.remittance.practices:
        raise UsageError(f"{hold.id} pays another practice than the one whose claim that is")
    if any(place >= len(one.claim.lines) for place in ties):
        raise UsageError(f"--line: {hold.id} has {len(one.claim.lines)} paid lines")
    answered = _answered(posted_on(connection, [root], tools.capitated).get(root, []))
    match = match_by_hand(one.claim, submissions, ties, answered)
    if match.claim_id is None:
        raise UsageError(f"{match.detail}; say which with --line PAID=SUBMITTED")
    stored = post_as_matched(connection, candidates_of([one])[0], match, root, tools)
    number = normalise_control_number(one.claim.patient_control_number)
    if number and one.remittance.payer:
        save_alias(
            connection,
            Alias(payer=one.remittance.payer, number=number, claim_id=root, subject=hold.subject),
        )
    followed = retried(connection, queued_alike(connection, one.id, one.claim), tools)
    claim = next(claim for claim in submissions if claim.id == match.claim_id)
    data = {
        "practice": claim.practice_id,
        "claim": claim.patient_control_number,
        "sequence": claim.sequence,
        "lines": {str(place + 1): list(numbers) for place, numbers in sorted(ties.items())},
    }
    numbers = {line.id: line.number for claim in submissions for line in claim.lines}
    tied = tuple(
        f"{place + 1}={','.join(str(numbers[number]) for number in line.line_ids)}"
        for place, line in enumerate(match.lines)
    )
    made = Link(
        id=hold.id,
        subject=hold.subject,
        outcome=stored.outcome,
        claim=claim.patient_control_number,
        lines=tied,
        followed=followed,
    )
    return made, data


def unlink(payment: str, reason: str, decider: Decider) -> Link:
    """End a link: the claim payment looks for its claim again, and so does all that followed it.

    Raises:
        InputError: there is no such claim payment.
        UsageError: it is not linked, or the reason is empty.
        StoreError, AccessError, TemporaryError: from the store.
    """
    if not reason.strip():
        raise UsageError("--reason is empty: say why the link ends; it is kept in the event log")
    with decider.deciding() as connection:
        hold = find_hold(connection, payment, listed="unmatched list")
        made = unlink_payment(connection, hold, decider.tools)
        decider.note(connection, UNLINK, hold.subject, {"reason": reason})
    return made


def unlink_payment(connection: Connection, hold: Hold, tools: Tools) -> Link:
    """End a link in an open transaction."""
    if hold.payment is None or hold.evidence != ClaimEvidence.BY_HAND:
        raise UsageError(f"{hold.id} is not linked by hand")
    following = followers(connection, hold.payment)
    chain = linked_chain(connection, hold.payment)
    lost = drop_aliases(connection, hold.subject)
    wanted = [hold.payment, *following]
    values = payment_values(connection, wanted)
    roots = unpost(connection, wanted)
    blank = ClaimMatch(claim_id=None, evidence=ClaimEvidence.NONE, reason="no_claim")
    rematch_claim_payments(connection, [Stored(one, values[one], b"", UNMATCHED, blank) for one in wanted])
    recompute(connection, roots, tools)
    learn_again(connection, lost)
    retried(connection, sorted({*wanted, *concerned_by_claims(connection, chain)}), tools)
    outcome = find_hold(connection, hold.id).outcome
    return Link(id=hold.id, subject=hold.subject, outcome=outcome, followed=tuple(wanted[1:]))


def _linkable(connection: Connection, hold: Hold, tools: Tools) -> Waiting:
    """The claim payment of a hold, if it may be linked.

    Raises:
        UsageError: it waits for no claim, is no payment of ours, or its payee is none of the practices.
    """
    if hold.payment is None:
        raise UsageError(f"{hold.id} is a whole transaction set; link its claim payments")
    if hold.outcome == SUSPENSE:
        raise UsageError(f"{hold.id} does not add up: claimloop held release it first")
    found = waiting(connection, UNMATCHED, tools.capitated, ids=[hold.payment])
    if not found:
        raise UsageError(f"{hold.id} is {hold.outcome}; only what waits for a claim can be linked")
    if hold.reason in _NO_PAYMENT_OF_OURS:
        raise UsageError(f"{hold.id} cannot be linked: {hold.detail or hold.reason}")
    if not found[0].remittance.practices:
        raise UsageError(
            f"{hold.id}: the payee is none of our practices, and a link does not change that; add its NPI or tax id "
            "to claimloop.toml if it is ours, and ingest again"
        )
    return found[0]


def _answered(adjudications: Iterable[Adjudication]) -> set[int]:
    return {line_id for one in adjudications for line in one.match.lines for line_id in line.line_ids}
