"""From claim payments to rows: candidates, match, books, one chunk at a time. Shared by ingest, import and release.

The common case, a claim that is answered for the first time, needs no query beyond the candidates of the whole chunk.
A chain on which something is posted already is loaded and recomputed as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edi.codes.lookup import Tables
from edi.model.remittance import ClaimPayment
from edi.payers.profile import PayerProfile
from reconcile.match import match_claim
from reconcile.reconciliation import reconcile_claim
from reconcile.store import (
    POSTED,
    SUSPENSE,
    UNMATCHED,
    ChainState,
    Connection,
    RemittanceFacts,
    Store,
    Stored,
    Submissions,
    add_by_line_numbers,
    by_numbers,
    by_roots,
    normalised,
    pack_claim_payment,
    posted_on,
    refresh_payees,
    rematch_claim_payments,
    waiting,
    write_states,
)
from reconcile.store.control_numbers import is_line_control_number
from reconcile.values import Adjudication, ClaimEvidence, ClaimMatch, ClaimState, SubmittedClaim

_NO_MATCH = ClaimMatch(claim_id=None, evidence=ClaimEvidence.NONE)
UNKNOWN_PAYEE = ClaimMatch(
    claim_id=None,
    evidence=ClaimEvidence.NONE,
    reason="unknown_payee",
    detail="neither the payee's NPI nor its tax id is one of a practice's; add it to claimloop.toml",
)


class Tools(msgspec.Struct, frozen=True):
    """What posting works with: the code tables, and the payers by key."""

    tables: Tables
    payers: Mapping[str, PayerProfile]

    @property
    def capitated(self) -> frozenset[str]:
        """Keys of the payers that pay by capitation."""
        return frozenset(key for key, payer in self.payers.items() if payer.capitated)

    @property
    def version(self) -> str:
        """Names the tables that decide, for the rows they made."""
        return self.tables.version


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A claim payment that looks for its claim. ``held``: its own equations fail, so it goes to suspense."""

    id: int
    facts: RemittanceFacts
    claim: ClaimPayment
    content: bytes
    held: bool = False
    held_by: str = ""

    def numbers(self) -> tuple[str, list[str]]:
        """CLP01 as the store indexes it; CLP07 and every REF*F8."""
        claim = self.claim
        others = [value for kind, value in claim.references if kind == "F8"] if claim.references else []
        if claim.payer_claim_control_number:
            others.append(claim.payer_claim_control_number)
        return normalised(claim.patient_control_number), others


class Chunk(msgspec.Struct, frozen=True):
    """Claim payments with their outcome and match, and the state of each chain they touched."""

    stored: tuple[Stored, ...]
    chains: tuple[ChainState, ...]

    @property
    def denials(self) -> int:
        """Open denials that this chunk's own claim payments brought."""
        own = {one.id for one in self.stored}
        return sum(
            1
            for chain in self.chains
            for denial in chain.state.denials
            if denial.adjudication in own and denial.status == "open"
        )


def post_chunk(connection: Connection, candidates: Sequence[Candidate], tools: Tools) -> Chunk:
    """Match claim payments and compute the books of the claims they answer; writes nothing.

    Args:
        connection: the write transaction (what it wrote before is seen).
        candidates: in the order of the transaction set.
        tools: tables and payers.
    """
    proposed = _fetch(connection, candidates)
    found = proposed.found
    earlier = posted_on(connection, found.adjudicated, tools.capitated) if found.adjudicated else {}
    adjudications: dict[int, list[Adjudication]] = {}
    stored: list[Stored] = []
    for one in candidates:
        if one.held:
            match = msgspec.structs.replace(_NO_MATCH, reason="unbalanced", detail=one.held_by)
            stored.append(Stored(one.id, one.claim, one.content, SUSPENSE, match))
            continue
        if not one.facts.practices:
            stored.append(Stored(one.id, one.claim, one.content, UNMATCHED, UNKNOWN_PAYEE))
            continue
        match, root = _match(one, proposed, (earlier, adjudications))
        if match.claim_id is None:
            stored.append(Stored(one.id, one.claim, one.content, UNMATCHED, match))
            continue
        stored.append(Stored(one.id, one.claim, one.content, POSTED, match))
        adjudications.setdefault(root, []).append(_adjudication(one, match))
    chains = tuple(
        _state(found.chains[root], fresh, earlier.get(root, []), tools)
        for root, fresh in adjudications.items()
    )
    return Chunk(tuple(stored), chains)


def recompute(connection: Connection, roots: Iterable[int], tools: Tools) -> None:
    """Compute and write the books of chains again, from what is posted on them (after another submission)."""
    wanted = sorted(set(roots))
    if not wanted:
        return
    found = by_roots(connection, wanted)
    earlier = posted_on(connection, wanted, tools.capitated)
    chains = [_state(found.chains[root], [], earlier.get(root, []), tools) for root in wanted]
    write_states(connection, chains, tools.version)


def retry_unmatched(store: Store, tools: Tools) -> int:
    """Try again every claim payment that found no claim.

    Returns:
        How many found theirs now. They are posted, and the claims they answer recomputed.
    """
    with store.write() as connection:
        refresh_payees(connection)
    matched = after = 0
    while True:
        with store.write() as connection:
            block = waiting(connection, UNMATCHED, tools.capitated, after=after)
            if not block:
                return matched
            after = block[-1].id
            candidates = [
                Candidate(one.id, one.remittance, one.claim, pack_claim_payment(one.claim)) for one in block
            ]
            chunk = post_chunk(connection, candidates, tools)
            rematch_claim_payments(connection, chunk.stored)
            write_states(connection, chunk.chains, tools.version)
        matched += sum(1 for one in chunk.stored if one.outcome == POSTED)


def _state(
    claims: Sequence[SubmittedClaim], fresh: list[Adjudication], earlier: list[Adjudication], tools: Tools
) -> ChainState:
    """The books of one chain."""
    together = fresh if not earlier else sorted(earlier + fresh, key=lambda one: one.order)
    state: ClaimState = reconcile_claim(claims, together, tools.tables)
    return ChainState(state, together, bool(earlier))


class _Proposed(msgspec.Struct, frozen=True):
    """The chains that a chunk's numbers name: all of them, and by claim payment."""

    found: Submissions
    roots: dict[int, list[int]]


def _fetch(connection: Connection, candidates: Sequence[Candidate]) -> _Proposed:
    """Every chain that a number of the chunk names.

    By line control number only where no other number does, or where one of ours is no line of the chains found.
    """
    wanted = [(one, *one.numbers()) for one in candidates if not one.held and one.facts.practices]
    found = by_numbers(
        connection,
        [number for _, number, _ in wanted],
        [number for _, _, others in wanted for number in others],
    )
    roots: dict[int, list[int]] = {}
    lost: list[Candidate] = []
    for one, number, others in wanted:
        named = list(found.roots("claim", number))
        for other in others:
            named += [root for root in found.roots("payer", other) if root not in named]
        roots[one.id] = named
        if not named:
            lost.append(one)
    owners = {
        line.control_number: root
        for root, claims in found.chains.items()
        for claim in claims
        for line in claim.lines
        if line.allocated
    }
    for one, _, _ in wanted:
        named = roots[one.id]
        if named and any(
            number and owners.get(number) not in named and is_line_control_number(number)
            for number in [line.line_control_number for line in one.claim.lines]
        ):
            lost.append(one)
    if lost:
        numbers = {one.id: [line.line_control_number or "" for line in one.claim.lines] for one in lost}
        add_by_line_numbers(connection, found, [number for held in numbers.values() for number in held])
        for one in lost:
            named = roots[one.id]
            for number in numbers[one.id]:
                named += [root for root in found.roots("line", number) if root not in named]
    return _Proposed(found, roots)


def _match(
    one: Candidate, proposed: _Proposed, posted: Iterable[Mapping[int, list[Adjudication]]]
) -> tuple[ClaimMatch, int]:
    """Match one claim payment among the payee's claims; the root is 0 when there is none.

    ``posted`` are the adjudications by chain so far: lines that have an answer lose ties.
    """
    roots = proposed.roots[one.id]
    practices = one.facts.practices
    claims = [
        claim for root in roots for claim in proposed.found.chains[root] if claim.practice_id in practices
    ]
    taken = [line for held in posted for root in roots if root in held for line in _lines_of(held[root])]
    match = match_claim(
        one.claim,
        claims,
        payer_key=one.facts.payer_key or None,
        payer_ids=one.facts.payer_ids,
        answered=taken,
    )
    if match.claim_id is None:
        return match, 0
    return match, next(claim.root for claim in claims if claim.id == match.claim_id)


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
    )


def _lines_of(adjudications: Iterable[Adjudication]) -> set[int]:
    """The submitted lines that adjudications answer."""
    return {line_id for one in adjudications for line in one.match.lines for line_id in line.line_ids}
