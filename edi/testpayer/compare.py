"""A ledger against the truth: which lines were posted wrong, which were missed, which denials miscategorised."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edi.testpayer.values import TrueClaim, TrueLine, Truth

LineKey = tuple[str, int]
"""CLM01 and LX01."""


class FoundLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger says of one submitted line, in cents; ``answered`` when any 835 line is tied to it.

    ``categories`` are those of its standing denials.
    """

    cash: int = 0
    contractual: int = 0
    patient: int = 0
    denied: int = 0
    answered: bool = False
    categories: frozenset[str] = frozenset()


class WrongLine(msgspec.Struct, frozen=True, kw_only=True):
    """A group of lines whose sums differ: true and found cash, contractual, patient and denied cents."""

    patient_control_number: str
    numbers: tuple[int, ...]
    traits: tuple[str, ...]
    true: tuple[int, int, int, int]
    found: tuple[int, int, int, int]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison comes to.

    Attributes:
        wrong: groups that hold other money than they should. An undecidable line, or one nothing was posted to, is
            wrong only if money stands on it that is not its own.
        missed: decidable lines that an 835 answers and that nothing was tied to.
        decidable: lines that are decidable and answered.
        miscategorised: denied groups whose category is not the true one.
        denied: groups that are denied and posted.
    """

    wrong: tuple[WrongLine, ...]
    missed: tuple[LineKey, ...]
    decidable: int
    miscategorised: tuple[tuple[str, tuple[int, ...], str, tuple[str, ...]], ...]
    denied: int

    @property
    def recall(self) -> float:
        """Share of the decidable lines that were found; 1.0 when there are none."""
        return 1.0 - len(self.missed) / self.decidable if self.decidable else 1.0

    @property
    def category_share(self) -> float:
        """Share of the denied groups whose category is right; 1.0 when there are none."""
        return 1.0 - len(self.miscategorised) / self.denied if self.denied else 1.0


def compare(truth: Truth, found: Mapping[LineKey, FoundLine]) -> Comparison:
    """Compare a ledger with the truth, group by group (see `TrueLine.group`).

    Args:
        truth: of an answer.
        found: what the ledger holds, for every submitted line that it knows; a line it lacks counts as empty.
    """
    wrong: list[WrongLine] = []
    missed: list[LineKey] = []
    miscategorised: list[tuple[str, tuple[int, ...], str, tuple[str, ...]]] = []
    decidable = denied = 0
    for claim in truth.claims:
        number = claim.patient_control_number
        by_number = {line.number: line for line in claim.lines}
        for group in dict.fromkeys(line.group for line in claim.lines):
            lines = [by_number[one] for one in group]
            mine = [found.get((number, one), FoundLine()) for one in group]
            expected = [line for line in lines if line.decidable and line.answered_by]
            decidable += len(expected)
            if _merged(lines):
                missing = [] if any(one.answered for one in mine) else expected
            else:
                missing = [line for line, one in zip(lines, mine, strict=True) if not one.answered]
                missing = [line for line in missing if line in expected]
            missed += [(number, line.number) for line in missing]
            posted = any(one.answered for one in mine)
            wrong += _wrong(claim, lines, mine, posted=posted)
            category = next((line.category for line in lines if line.category), "")
            if category and posted:
                denied += 1
                categories = {name for one in mine for name in one.categories}
                true = {line.category for line in lines if line.category}
                if not true <= categories:
                    miscategorised.append((number, group, category, tuple(sorted(categories))))
    return Comparison(
        wrong=tuple(wrong),
        missed=tuple(missed),
        decidable=decidable,
        miscategorised=tuple(miscategorised),
        denied=denied,
    )


def _merged(lines: list[TrueLine]) -> bool:
    """Whether one 835 line answers several of the group: then one tie is enough."""
    places = [answer for line in lines for answer in line.answered_by]
    return len(places) != len({(a.file, a.transaction, a.claim, a.line) for a in places})


def _wrong(
    claim: TrueClaim, lines: list[TrueLine], mine: list[FoundLine], *, posted: bool
) -> list[WrongLine]:
    true = (
        sum(line.cash for line in lines),
        sum(line.contractual for line in lines),
        sum(line.patient for line in lines),
        sum(line.denied for line in lines),
    )
    held = (
        sum(one.cash for one in mine),
        sum(one.contractual for one in mine),
        sum(one.patient for one in mine),
        sum(one.denied for one in mine),
    )
    if held == true or (not posted and held == (0, 0, 0, 0)):
        return []
    numbers = tuple(line.number for line in lines)
    return [
        WrongLine(
            patient_control_number=claim.patient_control_number,
            numbers=numbers,
            traits=claim.traits,
            true=true,
            found=held,
        )
    ]
