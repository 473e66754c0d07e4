"""The books of chains out of what is posted on them, what is new, and the reversals that wait for their original.

Nothing is asked of the store for a chain that is answered for the first time, but which reversals wait at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from cli.jobs.matching import match_again
from edi.codes.lookup import Tables
from edi.model.balance import REVERSAL
from edi.payers.profile import MatchingPolicy, PayerProfile
from reconcile.reconciliation import reconcile_claim
from reconcile.store import (
    NO_ORIGINAL,
    POSTED,
    UNMATCHED,
    ChainState,
    Connection,
    Stored,
    waiting_adjudications,
    waiting_reversals,
)
from reconcile.store.submissions import MOST_ANSWERS
from reconcile.values import Adjudication, ClaimMatch, SubmittedClaim


class Tools(msgspec.Struct, frozen=True):
    """What posting works with: the code tables, and the payers by key."""

    tables: Tables
    payers: Mapping[str, PayerProfile]

    @property
    def capitated(self) -> frozenset[str]:
        """Keys of the payers that pay by capitation."""
        return frozenset(key for key, payer in self.payers.items() if payer.capitated)

    @property
    def matching(self) -> dict[str, MatchingPolicy]:
        """How sure a match must be, by key of the payer."""
        return {key: payer.matching for key, payer in self.payers.items()}

    @property
    def version(self) -> str:
        """Names the tables that decide, for the rows they made."""
        return self.tables.version


class Chains:
    """The books of chains, from what is posted on them, what is new, and the reversals that wait on them."""

    def __init__(
        self,
        connection: Connection,
        chains: Mapping[int, Sequence[SubmittedClaim]],
        earlier: Mapping[int, list[Adjudication]],
        tools: Tools,
    ) -> None:
        self._connection = connection
        self._chains = chains
        self._earlier = earlier
        self._tools = tools
        self._policies = tools.matching

    def states(
        self, fresh: Mapping[int, list[Adjudication]]
    ) -> tuple[tuple[ChainState, ...], tuple[Stored, ...], dict[int, Stored]]:
        """The state of each chain, and what becomes of its claim payments.

        Args:
            fresh: by root of the chain, what is matched to it now.

        Returns:
            The states; the claim payments in the store that have another outcome or match now; the fresh ones by id.
        """
        reversals = self._reversals(fresh)
        states: list[ChainState] = []
        changed: list[Stored] = []
        taken: dict[int, Stored] = {}
        for root, new in fresh.items():
            earlier, waited = self._earlier.get(root, []), reversals.get(root, [])
            claims = self._chains[root]
            if len(new) == 1 and not earlier and not waited:
                only = new[0]
                state = reconcile_claim(claims, new, self._tools.tables)
                if not state.waiting:
                    states.append(ChainState(state, new, only.claim.status == REVERSAL))
                    taken[only.id] = stored_as(only, waits=False)
                    continue
            together = earlier + waited + new
            if len(together) > 1:
                together.sort(key=lambda one: one.order)
                together = match_again(together, claims, self._policies)
            state = reconcile_claim(claims, together, self._tools.tables)
            posted = [one for one in together if one.id not in state.waiting]
            before = {one.id: one for one in earlier}
            had = bool(earlier) or any(one.claim.status == REVERSAL for one in together)
            states.append(
                ChainState(state, posted, had, tuple(one for one in before if one in state.waiting))
            )
            known = before | {one.id: one for one in waited}
            for one in together:
                held = known.get(one.id)
                waits = one.id in state.waiting
                if held is None:
                    taken[one.id] = stored_as(one, waits=waits)
                elif (one.id in before) == waits or one.match != held.match:
                    changed.append(stored_as(one, waits=waits))
        return tuple(states), tuple(changed), taken

    def _reversals(self, fresh: Mapping[int, list[Adjudication]]) -> dict[int, list[Adjudication]]:
        """The reversals that wait for their original on these chains, those aside that are tried again just now.

        Of a chain at most as many as it may have answers, the first ones.
        """
        held = waiting_reversals(self._connection)
        if not held:
            return {}
        own = {one.id for new in fresh.values() for one in new}
        held = {one: claim for one, claim in held.items() if one not in own}
        root_of = {claim.id: root for root in fresh for claim in self._chains[root]}
        wanted = {one: root_of[claim] for one, claim in held.items() if claim in root_of}
        found: dict[int, list[Adjudication]] = {}
        claims = {one: held[one] for one in wanted}
        counts: Counter[int] = Counter()
        for number in sorted(claims):
            counts[wanted[number]] += 1
            if counts[wanted[number]] > MOST_ANSWERS:
                del claims[number]
        for one in waiting_adjudications(self._connection, claims, self._tools.capitated):
            found.setdefault(wanted[one.id], []).append(one)
        return found


def no_original(match: ClaimMatch) -> ClaimMatch:
    """The match of a reversal that waits: its claim is known, what it takes back is not in the books."""
    claim = () if match.claim_id is None else (match.claim_id,)
    return msgspec.structs.replace(
        match,
        claim_id=None,
        reason=NO_ORIGINAL,
        detail="the payment that this reversal takes back is not in the books yet; it is posted when that comes",
        candidates=(*claim, *(one for one in match.candidates if one not in claim)),
    )


def stored_as(one: Adjudication, *, waits: bool) -> Stored:
    """A claim payment of the store with its outcome and match as they are now."""
    match = one.match
    if waits:
        return Stored(one.id, one.claim, b"", UNMATCHED, no_original(match))
    if match.reason or match.detail:
        match = msgspec.structs.replace(match, reason="", detail="")
    return Stored(one.id, one.claim, b"", POSTED, match)
