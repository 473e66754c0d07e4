"""Claim payments and the submitted claims that their numbers name: fetched by the chunk, tied one by one.

What a claim payment teaches (the payer's number of a claim, CLP07) also finds those that carry no other number that
can be read: those of its own chunk, and those that wait in the store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from edi.model.control import is_placeholder
from edi.model.remittance import ClaimPayment
from edi.payers.profile import MatchingPolicy
from reconcile.match import match_claim
from reconcile.store import (
    Connection,
    RemittanceFacts,
    Submissions,
    add_by_line_numbers,
    by_numbers,
    normalised,
)
from reconcile.store.control_numbers import is_line_control_number
from reconcile.store.submissions import MOST_CHAINS
from reconcile.values import Adjudication, ClaimEvidence, ClaimMatch, SubmittedClaim


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

    @property
    def may_match(self) -> bool:
        """Whether a claim is looked for at all: its equations hold and the payee is one of ours."""
        return not self.held and bool(self.facts.practices)


_POLICY: Final = MatchingPolicy()
"""That of a payer without a profile."""


class Proposed:
    """The chains that a chunk's numbers name, by claim payment, and which lines have an answer.

    Args:
        connection: any transaction.
        candidates: the chunk.
        policies: how sure a match must be, by key of payers.toml.

    Attributes:
        found: the chains, whole.
    """

    def __init__(
        self,
        connection: Connection,
        candidates: Sequence[Candidate],
        policies: Mapping[str, MatchingPolicy],
    ) -> None:
        self._policies = policies
        wanted = [(one, *self._numbers(one)) for one in candidates if one.may_match]
        self.found: Submissions = by_numbers(
            connection,
            [number for _, number, _ in wanted],
            [number for _, _, others in wanted for number in others],
        )
        self._roots: dict[int, list[int]] = {}
        self._answered: dict[int, set[int]] = {}
        self._learned: dict[str, dict[int, None]] = {}
        for one, number, others in wanted:
            named = list(self.found.roots("claim", number))
            for other in others:
                named += [root for root in self.found.roots("payer", other) if root not in named]
            self._roots[one.id] = named
        self._by_line_numbers(connection, [one for one, _, _ in wanted])

    def _by_line_numbers(self, connection: Connection, wanted: Sequence[Candidate]) -> None:
        """Propose by line control number where no other number names a chain, or one of ours is of another chain."""
        numbers: dict[int, list[str]] = {}
        for one in wanted:
            named = self._roots[one.id]
            given = [line.line_control_number or "" for line in one.claim.lines]
            if not named or any(map(is_line_control_number, self._foreign(given, named))):
                numbers[one.id] = given
        if not numbers:
            return
        add_by_line_numbers(connection, self.found, [number for held in numbers.values() for number in held])
        for payment, held in numbers.items():
            named = self._roots[payment]
            for number in held:
                named += [root for root in self.found.roots("line", number) if root not in named]

    def _foreign(self, numbers: Sequence[str], roots: Iterable[int]) -> Sequence[str]:
        """Which line control numbers are of none of these chains."""
        if not any(numbers):
            return ()
        own = {
            line.control_number
            for root in roots
            for claim in self.found.chains[root]
            for line in claim.lines
            if line.allocated
        }
        return [number for number in numbers if number and number not in own]

    def answer(self, adjudications: Iterable[Adjudication], root: int) -> None:
        """Note whose lines have an answer: they lose ties."""
        held = self._answered.setdefault(root, set())
        for one in adjudications:
            held.update([line_id for line in one.match.lines for line_id in line.line_ids])

    def learn(self, one: Candidate, root: int) -> None:
        """Note that the payer's claim number of a claim payment names a chain."""
        number = one.claim.payer_claim_control_number
        if number and not is_placeholder(number, self._policy(one).placeholders):
            self._learned.setdefault(number, {})[root] = None

    def _policy(self, one: Candidate) -> MatchingPolicy:
        return self._policies.get(one.facts.payer_key, _POLICY)

    def _numbers(self, one: Candidate) -> tuple[str, list[str]]:
        """The numbers of a claim payment, of the payer's without what stands for none."""
        words = self._policy(one).placeholders
        own, others = one.numbers()
        return own, [number for number in others if not is_placeholder(number, words)]

    @property
    def learned(self) -> Sequence[str]:
        """The payers' claim numbers that the chunk tied to a chain; not those on too many to name one."""
        return [number for number in self._learned if self._names(number)]

    def _names(self, number: str) -> Collection[int]:
        """The chains that a payer's claim number names by what the chunk taught."""
        roots = self._learned.get(number, ())
        return () if len(roots) > MOST_CHAINS or number in self.found.crowded else roots

    def match(self, one: Candidate) -> tuple[ClaimMatch, int]:
        """Match one claim payment among the payee's claims; the root is 0 when there is none."""
        return self._matched(one, self._roots[one.id])

    def match_by_learned(self, one: Candidate) -> tuple[ClaimMatch, int] | None:
        """Match a claim payment by the payers' numbers that this chunk taught; None where they name no chain."""
        named = [root for number in self._numbers(one)[1] for root in self._names(number)]
        return self._matched(one, list(dict.fromkeys(named)), learned=True) if named else None

    def match_as(
        self, one: Candidate, number: str, root: int, linked: Collection[ClaimPayment]
    ) -> tuple[ClaimMatch, int]:
        """Match a claim payment to a chain as if its CLP01 were the chain's number; all else must agree as ever.

        The patient may be that of the claim payments which a person ``linked`` under the number, too.
        """
        known = msgspec.structs.replace(one, claim=_named(one.claim, number))
        return self._matched(known, [root], linked=linked)

    def _matched(
        self,
        one: Candidate,
        roots: Sequence[int],
        *,
        learned: bool = False,
        linked: Collection[ClaimPayment] = (),
    ) -> tuple[ClaimMatch, int]:
        practices = one.facts.practices
        claims = [
            claim for root in roots for claim in self.found.chains[root] if claim.practice_id in practices
        ]
        if learned:
            claims = [_known_as(claim, one.numbers()[1]) for claim in claims]
        elif self.found.reversed:
            named = self.found.reversed
            claims = [
                _known_as(claim, named[claim.root]) if claim.root in named else claim for claim in claims
            ]
        match = match_claim(
            one.claim,
            claims,
            payer_key=one.facts.payer_key or None,
            payer_ids=one.facts.payer_ids,
            answered=_together([self._answered[root] for root in roots if root in self._answered]),
            policy=self._policy(one),
            linked=linked,
        )
        if match.claim_id is None:
            return match, 0
        return match, next(claim.root for claim in claims if claim.id == match.claim_id)


def _together(sets: Sequence[set[int]]) -> set[int]:
    """The union; the set itself when there is but one."""
    return sets[0] if len(sets) == 1 else set().union(*sets)


def _known_as(claim: SubmittedClaim, numbers: Sequence[str]) -> SubmittedClaim:
    """A submission that its payer also knows under these numbers."""
    return msgspec.structs.replace(
        claim, payer_claim_control_numbers=(*claim.payer_claim_control_numbers, *numbers)
    )


def _named(claim: ClaimPayment, number: str) -> ClaimPayment:
    """A claim payment as if its payer had written this CLP01."""
    return msgspec.structs.replace(claim, patient_control_number=number)


def match_again(
    ordered: Sequence[Adjudication],
    claims: Sequence[SubmittedClaim],
    policies: Mapping[str, MatchingPolicy],
) -> list[Adjudication]:
    """Tie the claim payments of one chain again, in their order, so that it does not count which came in first.

    Args:
        ordered: matched claim payments of the chain, sorted by their ``order``.
        claims: every submission of the chain.
        policies: how sure a match must be, by key of payers.toml.

    Returns:
        The same with the match that each has once those before it are known; one that would lose it keeps it.
    """
    answered: set[int] = set()
    again: list[Adjudication] = []
    for one in ordered:
        held = one.match
        if held.evidence is ClaimEvidence.BY_HAND:
            again.append(one)
            answered.update([line_id for line in held.lines for line_id in line.line_ids])
            continue
        follows = held.evidence is ClaimEvidence.ALIAS
        found = match_claim(
            _named(one.claim, claims[0].patient_control_number) if follows else one.claim,
            claims,
            payer_key=one.payer,
            payer_ids=one.payer_ids,
            answered=answered,
            policy=policies.get(one.payer, _POLICY),
            linked=(one.claim,) if follows else (),
        )
        if found.claim_id is not None and (found.claim_id, found.lines) != (held.claim_id, held.lines):
            match = msgspec.structs.replace(
                held, claim_id=found.claim_id, lines=found.lines, notes=found.notes
            )
            one = msgspec.structs.replace(one, match=match)
        again.append(one)
        answered.update([line_id for line in one.match.lines for line_id in line.line_ids])
    return again
