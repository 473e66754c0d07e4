"""Subjects: rules that are asked about new parts of claims alone find what they find when asked about every claim."""

from __future__ import annotations

from datetime import date
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest

from edi.codes import load_tables
from edi.intake import build_claims
from edi.model.draft import ClaimDraft
from edi.rules import RULES, RuleContext
from edi.rules.registry import check_run
from edi.rules.subjects import whole
from tests.worlds import test_breaks
from tests.worlds.breaks import BREAKS
from tests.worlds.practice_world import TODAY, World, make_world

WHOLE = tuple(msgspec.structs.replace(one, subject=None) for one in RULES)
ODD: dict[type, tuple[Any, ...]] = {
    str: (
        "",
        "X",
        "97110",
        "97140",
        "97530",
        "G0283",
        "M5450",
        "1234567890",
        "GP",
        "KX",
        "59",
        "CQ",
        "02",
        "7",
    ),
    int: (0, 1, 5, 99999),
    date: (date(2026, 2, 3), date(2027, 1, 1), date(2015, 9, 30)),
    bool: (True, False),
}


def changed(value: Any, other: Any, rng: Random, *, pair: bool = False) -> Any:
    """The value with one field somewhere in it drawn anew: another's of its kind, or an odd one. A pair stays one."""
    if isinstance(value, msgspec.Struct):
        name = rng.choice(value.__struct_fields__)
        new = changed(getattr(value, name), getattr(other, name, None), rng)
        return msgspec.structs.replace(value, **{name: new})
    if isinstance(value, tuple) and value:
        place = rng.randrange(len(value))
        if not pair and rng.random() < 0.2:
            return value[:place] + value[place + 1 :]
        donor = other[place % len(other)] if isinstance(other, tuple) and other else None
        return (*value[:place], changed(value[place], donor, rng, pair=True), *value[place + 1 :])
    if type(other) is type(value) and rng.random() < 0.5:
        return other
    return rng.choice(ODD.get(type(value), (value,)))


def drafts_of(world: World, rng: Random) -> list[ClaimDraft]:
    """The claims of a world, each with some that differ from it in a few fields."""
    made = build_claims(world.lines, world.records, world.directory, world.payers, load_tables())
    right = [one for one in made if isinstance(one, ClaimDraft)]
    found = []
    for one in right:
        found.append(one)
        for _ in range(4):
            odd = one
            for _ in range(rng.choice((1, 1, 2, 4))):
                odd = changed(odd, rng.choice(right), rng)
            found.append(odd)
    return [one for one in found if one.payer_key in world.payers]


def same_either_way(drafts: list[ClaimDraft], context: RuleContext) -> set[str]:
    """Hold the findings of the rules against those of the same rules without subjects; the codes found."""
    found = list(check_run(drafts, context, RULES))
    assert found == list(check_run(drafts, context, WHOLE))
    return {one.code for one in found}


@pytest.mark.parametrize("number", range(4))
def test_worlds_and_odd_claims_beside_them(number, seed):
    codes = compare(seed * 1000 + number)
    assert len(codes) > 10


@pytest.mark.soak
def test_a_hundred_worlds_and_odd_claims_beside_them(seed):
    assert len(set().union(*(compare(seed * 10_000 + number) for number in range(100)))) > 60


def compare(number: int) -> set[str]:
    """One world, all its claims in one run."""
    world = make_world(number)
    context = RuleContext(
        tables=load_tables(),
        payers=world.payers,
        directory=world.directory,
        records=world.records,
        today=TODAY,
    )
    return same_either_way(drafts_of(world, Random(number)), context)


@cache
def pile() -> list[ClaimDraft]:
    """Every break of the right claims, each after its right claim, all of one patient and day."""
    found = []
    for one in BREAKS:
        right = test_breaks.bases()[one.base]
        broken = test_breaks.changed(right.claim, one.path, one.value)
        found += [right, msgspec.structs.replace(right, claim=broken)]
    return found


def test_every_break_among_right_claims():
    context = RuleContext(
        tables=load_tables(),
        payers=test_breaks.PAYERS,
        directory=test_breaks.make_directory(),
        records=test_breaks.make_records(),
        today=test_breaks.TODAY,
    )
    assert len(same_either_way(pile(), context)) > 60


def test_a_claim_that_is_judged_whole_is_never_taken_for_one_that_is_gone(make):
    parts = [whole(make.draft()) for _ in range(50)]  # each draft is gone before the next is made
    assert len(set(parts)) == len(parts)
