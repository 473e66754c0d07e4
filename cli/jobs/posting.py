"""From claim payments to rows: candidates, match, books, one chunk at a time. Shared by ingest, import and release.

The common case, a claim that is answered for the first time, needs no query beyond the candidates of the whole chunk.
A chain on which something is posted already is loaded and recomputed as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from cli.jobs.chain_books import Chains, Tools
from cli.jobs.matching import Candidate, Proposed
from reconcile.store import (
    IN_LIST,
    POSTED,
    SUSPENSE,
    UNMATCHED,
    ChainState,
    Connection,
    Stored,
    by_roots,
    chunks,
    pack_claim_payment,
    posted_on,
    rematch_claim_payments,
    waiting,
    waiting_under,
    write_states,
)
from reconcile.store.adjudications import waited_at
from reconcile.store.holds import aliases_of
from reconcile.store.linked import linked_under
from reconcile.store.submissions import MOST_ANSWERS, add_by_roots
from reconcile.values import TOO_MANY, Adjudication, ClaimEvidence, ClaimMatch

__all__ = ["UNKNOWN_PAYEE", "Candidate", "Chunk", "Tools", "post_chunk", "recompute"]

_NO_MATCH = ClaimMatch(claim_id=None, evidence=ClaimEvidence.NONE)
UNKNOWN_PAYEE = ClaimMatch(
    claim_id=None,
    evidence=ClaimEvidence.NONE,
    reason="unknown_payee",
    detail="neither the payee's NPI nor its tax id is one of a practice's; add it to claimloop.toml",
)


class Chunk(msgspec.Struct, frozen=True):
    """Claim payments with their outcome and match, and the state of each chain they touched.

    ``rematched`` are claim payments already in the store whose outcome or match is another now: they waited for one of
    these, or come after one of these on their claim.
    """

    stored: tuple[Stored, ...]
    chains: tuple[ChainState, ...]
    rematched: tuple[Stored, ...] = ()

    @property
    def denials(self) -> int:
        """Open denials that this chunk's own claim payments brought."""
        own = {one.id for one in self.stored}
        brought = [denial for chain in self.chains for denial in chain.state.denials]
        return len([one for one in brought if one.adjudication in own and one.status == "open"])

    def write(self, connection: Connection, tools: Tools) -> None:
        """Write what follows from the chunk for claim payments that are in the store, and for claims."""
        rematch_claim_payments(connection, self.rematched)
        write_states(connection, self.chains, tools.version)


def post_chunk(connection: Connection, candidates: Sequence[Candidate], tools: Tools) -> Chunk:
    """Match claim payments and compute the books of the claims they answer; writes nothing.

    Args:
        connection: the write transaction (what it wrote before is seen).
        candidates: in the order of the transaction set.
        tools: tables and payers.
    """
    work = _Work(connection, candidates, tools)
    lost = [one for one in candidates if work.find(one) == "no_claim"]
    work.find_by_what_was_learned(lost)
    if work.find_by_alias(candidates):
        work.find_by_what_was_learned([one for one in lost if not work.found(one)])
    return work.chunk(candidates)


def write_again(connection: Connection, chunk: Chunk, tools: Tools) -> None:
    """Write a chunk of claim payments that are in the store, and the claims where reversals among them waited."""
    waited = waited_at(connection, [one.id for one in chunk.stored])
    rematch_claim_payments(connection, chunk.stored)
    chunk.write(connection, tools)
    recompute(connection, waited - {chain.state.claim_id for chain in chunk.chains}, tools)


def post_as_matched(
    connection: Connection, one: Candidate, match: ClaimMatch, root: int, tools: Tools
) -> Stored:
    """Post a claim payment of the store on the claim that a person named, and recompute that claim.

    Args:
        connection: the write transaction.
        one: the claim payment.
        match: to a submission of the chain.
        root: the chain.
        tools: tables and payers.

    Returns:
        What became of it: posted, or unmatched where it is a reversal that waits for its original.
    """
    found = by_roots(connection, [root])
    earlier = posted_on(connection, [root], tools.capitated)
    work = Chains(connection, found.chains, earlier, tools)
    states, changed, taken = work.states({root: [_adjudication(one, match)]})
    write_again(connection, Chunk((taken[one.id],), states, changed), tools)
    return taken[one.id]


def recompute(connection: Connection, roots: Iterable[int], tools: Tools) -> None:
    """Compute and write the books of chains again, from what is posted on them (after another submission)."""
    wanted = sorted(set(roots))
    if not wanted:
        return
    found = by_roots(connection, wanted)
    work = Chains(connection, found.chains, posted_on(connection, wanted, tools.capitated), tools)
    states, changed, _ = work.states({root: [] for root in wanted})
    Chunk((), states, changed).write(connection, tools)


class _Work:
    """One chunk on its way: what was matched to which chain, and what is left."""

    def __init__(self, connection: Connection, candidates: Sequence[Candidate], tools: Tools) -> None:
        self._connection = connection
        self._tools = tools
        self._proposed = Proposed(connection, candidates, tools.matching)
        found = self._proposed.found
        open_ = [root for root in found.adjudicated if not found.is_full(root)]
        self._earlier = posted_on(connection, open_, tools.capitated) if open_ else {}
        for root, held in self._earlier.items():
            self._proposed.answer(held, root)
        self._fresh: dict[int, list[Adjudication]] = {}
        self._decided: dict[int, tuple[str, ClaimMatch]] = {}
        self._late: list[Candidate] = []
        self._asked: set[str] = set()

    def find(self, one: Candidate) -> str:
        """Match a claim payment; returns why it found no claim, or ""."""
        if one.held:
            match = msgspec.structs.replace(_NO_MATCH, reason="unbalanced", detail=one.held_by)
            self._decided[one.id] = SUSPENSE, match
        elif not one.facts.practices:
            self._decided[one.id] = UNMATCHED, UNKNOWN_PAYEE
        else:
            self._take(one, *self._proposed.match(one))
        return self._decided[one.id][1].reason

    def find_by_what_was_learned(self, lost: Sequence[Candidate]) -> None:
        """Match what found no claim, and what waits in the store, by payers' claim numbers until none teaches more."""
        late = [*lost, *self._waiting_for_numbers()]
        while [one for one in late if self._find_by_learned(one)]:
            late = [one for one in late if not self.found(one)] + self._waiting_for_numbers()

    def _waiting_for_numbers(self) -> list[Candidate]:
        """The claim payments of the store that wait for a payer's claim number which this chunk taught since."""
        fresh = [number for number in self._proposed.learned if number not in self._asked]
        self._asked.update(fresh)
        own = self._decided.keys() | {one.id for one in self._late}
        ids = [one for one in waiting_under(self._connection, fresh) if one not in own]
        late = [
            Candidate(one.id, one.remittance, one.claim, pack_claim_payment(one.claim))
            for some in chunks(ids, IN_LIST)
            for one in waiting(self._connection, UNMATCHED, self._tools.capitated, ids=some, linked=False)
        ]
        self._late += late
        return late

    def _find_by_learned(self, one: Candidate) -> bool:
        """Match a claim payment by what the chunk taught, if that names a chain; whether that found its claim."""
        found = self._proposed.match_by_learned(one) if one.may_match else None
        if found is not None:
            self._take(one, *found)
        return self.found(one)

    def found(self, one: Candidate) -> bool:
        """Whether a claim payment of the chunk, or of those that waited, has its claim now."""
        decided = self._decided.get(one.id)
        return decided is not None and decided[1].claim_id is not None

    def find_by_alias(self, candidates: Iterable[Candidate]) -> bool:
        """Match what found no claim by the numbers that a person taught for its payer; whether any did."""
        lost = [one for one in candidates if one.may_match and self._decided[one.id][1].claim_id is None]
        taught = aliases_of(self._connection, [one.numbers()[0] for one in lost]) if lost else {}
        if not taught:
            return False
        found = self._proposed.found
        add_by_roots(self._connection, found, taught.values())
        fresh = [root for root in found.adjudicated - self._earlier.keys() if not found.is_full(root)]
        for root, held in posted_on(self._connection, fresh, self._tools.capitated).items():
            self._earlier[root] = held
            self._proposed.answer(held, root)
        linked = linked_under(
            self._connection, {root: [claim.id for claim in found.chains[root]] for root in taught.values()}
        )
        for one in lost:
            key = (one.facts.payer, one.numbers()[0])
            meant = taught.get(key)
            if meant is not None:
                number = found.chains[meant][0].patient_control_number
                match, chosen = self._proposed.match_as(one, number, meant, linked.get((*key, meant), ()))
                if match.claim_id is not None:
                    self._take(one, msgspec.structs.replace(match, evidence=ClaimEvidence.ALIAS), chosen)
        return True in [self.found(one) for one in lost]

    def _take(self, one: Candidate, match: ClaimMatch, root: int) -> None:
        """Note a match, and what it teaches."""
        if match.claim_id is not None and self._proposed.found.is_full(root, len(self._fresh.get(root, ()))):
            match = _too_many(match)
        self._decided[one.id] = UNMATCHED if match.claim_id is None else POSTED, match
        if match.claim_id is not None:
            adjudication = _adjudication(one, match)
            self._fresh.setdefault(root, []).append(adjudication)
            self._proposed.answer([adjudication], root)
            self._proposed.learn(one, root)

    def chunk(self, candidates: Sequence[Candidate]) -> Chunk:
        """The books of every chain that was touched, and every claim payment as it is to be stored."""
        chains = Chains(self._connection, self._proposed.found.chains, self._earlier, self._tools)
        states, changed, taken = chains.states(self._fresh)
        for number, one in taken.items():
            self._decided[number] = one.outcome, one.match
        late = [one for one in self._late if one.id in self._decided]
        return Chunk(
            tuple([self._as_decided(one) for one in candidates]),
            states,
            (*changed, *(self._as_decided(one) for one in late)),
        )

    def _as_decided(self, one: Candidate) -> Stored:
        return Stored(one.id, one.claim, one.content, *self._decided[one.id])


def _too_many(match: ClaimMatch) -> ClaimMatch:
    """The match of a claim payment for which there is no room on its claim."""
    return msgspec.structs.replace(
        match,
        claim_id=None,
        reason=TOO_MANY,
        detail=f"the claim has {MOST_ANSWERS} claim payments already; what this file is, a person finds out",
        candidates=() if match.claim_id is None else (match.claim_id,),
    )


def _adjudication(one: Candidate, match: ClaimMatch) -> Adjudication:
    """A matched claim payment as the ledger takes it."""
    facts = one.facts
    return Adjudication(
        id=one.id,
        payer=facts.payer,
        payer_kind=facts.payer_kind,
        capitated=facts.capitated,
        order=facts.order(one.claim.ordinal),
        payment_date=facts.payment_date,
        claim=one.claim,
        match=match,
        payer_ids=facts.payer_ids,
    )
