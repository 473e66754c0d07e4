"""The submissions of one claim, and which of their lines bill the same service.

A chain is every submission with one root: the original, resends, replacements, the void, the claim to the next payer.
Its lines are billed once and sent several times. So the books are kept per **service**: the line of the first
submission that bills it. A posting names the service's line (``Posting.line_id``); which submission was answered stays
on the match. The sums of a service are then whole whatever was sent in between: in a replacement after a denial the
reversal, the correction and a later payer all land on one line, and a superseded submission's charge counts nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from edi.model.frequency import REPLACEMENT, VOID
from reconcile.values import Again, SubmittedClaim, SubmittedLine

_DISCIPLINES: Final = frozenset({"GN", "GO", "GP"})
"""The modifiers that name the discipline: one code and charge under two of them is two visits."""


def one_discipline(left: Collection[str], right: Collection[str]) -> bool:
    """Whether the modifiers of two lines do not name two disciplines (GN, GO, GP); one that names none fits any."""
    ours, theirs = _DISCIPLINES.intersection(left), _DISCIPLINES.intersection(right)
    return not ours or not theirs or bool(ours & theirs)


_Same: TypeAlias = Callable[[SubmittedLine, SubmittedLine], bool]
_RESENT: Final[tuple[_Same, ...]] = (
    lambda one, held: _billed(one) == _billed(held) and one.modifiers == held.modifiers,
    lambda one, held: _billed(one) == _billed(held) and one_discipline(one.modifiers, held.modifiers),
)
"""How the lines of a resend are seen to be those sent before, strictest first; within one in submitted order."""
_CORRECTED: Final[tuple[_Same, ...]] = (
    *_RESENT,
    lambda one, held: _billed(one) == _billed(held),
    lambda one, held: (one.procedure_code, one.date_from) == (held.procedure_code, held.date_from),
    lambda one, held: (one.number, one.date_from) == (held.number, held.date_from),
)
"""The same for a submission that corrects, which may change the charge and the code of a line."""


def _billed(line: SubmittedLine) -> tuple[object, ...]:
    return (line.procedure_code, line.date_from, line.charge)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """All submissions of one claim.

    Attributes:
        root: id of the first submission.
        claims: the submissions in order.
        lines: every line of every submission by id.
        service_of: line id -> id of the line that stands for its service.
        versions: service -> its lines in the order of the submissions.
    """

    root: int
    claims: tuple[SubmittedClaim, ...]
    lines: Mapping[int, SubmittedLine]
    service_of: Mapping[int, int]
    versions: Mapping[int, tuple[int, ...]]

    def lines_of(self, claim_id: int | None) -> tuple[SubmittedLine, ...]:
        """The lines of one submission; none when the id is not of the chain."""
        for claim in self.claims:
            if claim.id == claim_id:
                return claim.lines
        return ()

    def to_next_payers(self) -> list[SubmittedClaim]:
        """The submissions to next payers that were not rejected, voids of them aside, in order."""
        by_id = {claim.id: claim for claim in self.claims}
        return [
            claim for claim in self.claims if not claim.rejected and purpose(claim, by_id) is Again.SECONDARY
        ]

    def charge_in(self, claim_id: int | None, service: int) -> int:
        """What one submission bills a service at, in cents; the first one's charge where it does not bill it."""
        for line in self.lines_of(claim_id):
            if self.service_of[line.id] == service:
                return line.charge
        return self.lines[service].charge

    def charge(self, service: int, live: Collection[int]) -> int:
        """What the service is billed at now, in cents.

        Args:
            service: id of the service.
            live: ids of the submissions that hold an adjudication which was not reversed.

        Returns:
            The charge of the latest live submission that bills it; else of the latest submission that is not
            superseded; 0 when a replacement left the service out or a void took the claim back. A rejected submission
            changes nothing while another one was not rejected.
        """
        billed = [
            (claim, self.lines[line.id])
            for claim in self.claims
            for line in claim.lines
            if self.service_of[line.id] == service
        ]
        for claim, line in reversed(billed):
            if claim.id in live:
                return line.charge
        taken = [claim for claim in self.claims if not claim.rejected] or self.claims
        for claim in reversed(taken):
            if claim.frequency == VOID:
                return 0
            if stands_for_all(claim):
                return next((line.charge for held, line in billed if held is claim), 0)
        if all(claim.rejected for claim, _ in billed) and taken[0].sequence < billed[0][0].sequence:
            return 0  # a rejected correction would have added it
        return next((line for claim, line in reversed(billed) if not claim.rejected), billed[-1][1]).charge


def build_chain(claims: Sequence[SubmittedClaim]) -> Chain:
    """Put submissions with one root in order and find their services.

    Args:
        claims: all submissions of the chain, at least one, in any order.

    Returns:
        The chain. A single submission's services are its own lines.
    """
    ordered = tuple(sorted(claims, key=lambda claim: (claim.sequence, claim.id)))
    first = ordered[0]
    service_of = {line.id: line.id for line in first.lines}
    lines = {line.id: line for line in first.lines}
    versions = {line.id: [line.id] for line in first.lines}
    for claim in ordered[1:]:
        pairs = _noted(claim, ordered)
        rest = [line for line in claim.lines if line.id not in pairs]
        taken = {service_of[held] for held in pairs.values()}
        known = [lines[ids[-1]] for service, ids in versions.items() if service not in taken]
        pairs |= _pair(rest, known, _CORRECTED if _corrects(claim) else _RESENT)
        for line in claim.lines:
            held = pairs.get(line.id)
            service = line.id if held is None else service_of[held]
            service_of[line.id] = service
            lines[line.id] = line
            versions.setdefault(service, []).append(line.id)
    return Chain(
        root=first.root,
        claims=ordered,
        lines=lines,
        service_of=service_of,
        versions={service: tuple(ids) for service, ids in versions.items()},
    )


def stands_for_all(claim: SubmittedClaim) -> bool:
    """Whether a submission takes the place of the whole claim before it: what it leaves out is billed no more."""
    return claim.frequency == REPLACEMENT or (claim.again is not None and claim.again.whole)


def purpose(claim: SubmittedClaim, by_id: Mapping[int, SubmittedClaim]) -> Again | None:
    """Why a submission was sent; for the repeat of a rejected one, why that was.

    Args:
        claim: the submission.
        by_id: all of its chain.
    """
    while claim.again is Again.REJECTED:
        followed = None if claim.follows is None else by_id.get(claim.follows)
        if followed is None:
            break
        claim = followed
    return claim.again


def _noted(claim: SubmittedClaim, chain: Sequence[SubmittedClaim]) -> dict[int, int]:
    """Line id -> id of the line that it repeats, where that was noted when the claim was sent."""
    followed = next((one for one in chain if one.id == claim.follows), None)
    if followed is None or len(claim.repeats) != len(claim.lines):
        return {}
    by_number = {line.number: line.id for line in followed.lines}
    return {
        line.id: by_number[number]
        for line, number in zip(claim.lines, claim.repeats, strict=True)
        if number in by_number
    }


def _corrects(claim: SubmittedClaim) -> bool:
    """Whether a submission may change the lines that it sends again."""
    return claim.frequency in (REPLACEMENT, VOID) or claim.again not in (None, Again.SECONDARY)


def _pair(
    lines: Sequence[SubmittedLine], known: Sequence[SubmittedLine], ways: Sequence[_Same]
) -> dict[int, int]:
    """Line id -> id of the known line that bills the same service; lines without one are new services."""
    pairs: dict[int, int] = {}
    free = list(known)
    for same in ways:
        for line in lines:
            if line.id in pairs:
                continue
            fitting = [held for held in free if same(line, held)]
            if fitting:  # of twins, the one in the same place of the claim
                held = min(fitting, key=lambda one: one.number != line.number)
                pairs[line.id] = held.id
                free.remove(held)
    return pairs
