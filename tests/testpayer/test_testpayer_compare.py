"""Comparing a ledger with the truth: what is right passes, each kind of wrong is seen."""

from __future__ import annotations

from datetime import date
from random import Random

import msgspec
import pytest

from edi.testpayer import Truth, answer, generate_claims, shipped_scenario
from edi.testpayer.compare import FoundLine, LineKey, compare

TODAY = date(2026, 3, 2)
Ledger = dict[LineKey, FoundLine]


@pytest.fixture(scope="module")
def truth() -> Truth:
    claims = list(generate_claims(Random(1), 400, today=TODAY))
    made = answer(claims, rng=Random(2), today=TODAY, scenario=shipped_scenario())
    return made.truth


def perfect(truth: Truth) -> Ledger:
    return {
        (claim.patient_control_number, line.number): FoundLine(
            cash=line.cash,
            contractual=line.contractual,
            patient=line.patient,
            denied=line.denied,
            answered=bool(line.answered_by),
            categories=frozenset({line.category} if line.category else ()),
        )
        for claim in truth.claims
        for line in claim.lines
    }


def change(ledger: Ledger, key: LineKey, **fields: object) -> Ledger:
    return {**ledger, key: msgspec.structs.replace(ledger[key], **fields)}


def a_line(truth: Truth, *, size: int = 1, denied: bool = False) -> tuple[str, int]:
    for claim in truth.claims:
        for line in claim.lines:
            if line.answered_by and len(line.group) == size and bool(line.denied) == denied:
                return claim.patient_control_number, line.number
    raise AssertionError("no such line")


def test_the_truth_itself_is_right(truth: Truth) -> None:
    result = compare(truth, perfect(truth))
    assert (result.wrong, result.missed, result.miscategorised) == ((), (), ())
    assert (result.recall, result.category_share) == (1.0, 1.0)
    assert result.decidable > 900
    assert result.denied > 50


@pytest.mark.parametrize("account", ["cash", "contractual", "patient", "denied"])
def test_a_cent_on_any_account_is_seen(truth: Truth, account: str) -> None:
    key = a_line(truth)
    ledger = perfect(truth)
    result = compare(truth, change(ledger, key, **{account: getattr(ledger[key], account) + 1}))
    assert [(one.patient_control_number, one.numbers) for one in result.wrong] == [(key[0], (key[1],))]


def test_money_moved_between_twins_is_no_fault_and_between_lines_is(truth: Truth) -> None:
    number, line = a_line(truth, size=2)
    group = next(
        one.group
        for c in truth.claims
        if c.patient_control_number == number
        for one in c.lines
        if one.number == line
    )
    ledger = perfect(truth)
    for place, cents in zip(group, (100, -100), strict=True):
        ledger = change(ledger, (number, place), cash=ledger[number, place].cash + cents)
    assert compare(truth, ledger).wrong == ()
    alone = a_line(truth)
    ledger = change(ledger, alone, cash=ledger[alone].cash + 100)
    assert len(compare(truth, ledger).wrong) == 1


def test_a_line_nothing_was_tied_to_is_missed_and_not_wrong(truth: Truth) -> None:
    key = a_line(truth)
    result = compare(truth, {**perfect(truth), key: FoundLine()})
    assert result.missed == (key,)
    assert result.wrong == ()
    assert result.recall < 1


def test_money_on_a_rejected_claim_is_wrong(truth: Truth) -> None:
    claim = next(one for one in truth.claims if one.status == "rejected")
    key = (claim.patient_control_number, 1)
    result = compare(truth, change(perfect(truth), key, cash=100, answered=True))
    assert [one.patient_control_number for one in result.wrong] == [key[0]]


def test_another_category_is_seen(truth: Truth) -> None:
    key = a_line(truth, denied=True)
    result = compare(truth, change(perfect(truth), key, categories=frozenset({"other"})))
    assert [(one[0], one[1]) for one in result.miscategorised] == [(key[0], (key[1],))]
    assert result.category_share < 1
