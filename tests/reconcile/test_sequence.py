"""In which order a claim's adjudications are posted: the same, whatever order their files came or were dated in."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes.lookup import load_tables
from edi.model.remittance import Adjustment
from reconcile.ledger import in_sequence
from reconcile.reconciliation import reconcile_claim
from tests.reconcile.test_ledger import adjudication, balanced, reversal_of, submitted

TABLES = load_tables()


def one(number: int, paid: int, *, payer: str = "a", number_of_payer: str | None = None):
    """An answer for one line of 150.00: paid, 20.00 to the patient, the rest written off."""
    made = adjudication(
        number,
        [((1,), 15000, paid, [Adjustment("CO", "45", 13000 - paid), Adjustment("PR", "2", 2000)])],
        payer=payer,
    )
    if number_of_payer is None:
        return made
    claim = msgspec.structs.replace(made.claim, payer_claim_control_number=number_of_payer)
    return msgspec.structs.replace(made, claim=claim)


def dated(adjudications):
    """The same, as if their payments were dated in this order."""
    return [
        msgspec.structs.replace(each, order=(f"2026-01-{place:02d}", 0, 0))
        for place, each in enumerate(adjudications, 1)
    ]


ORIGINAL = one(1, 8000)
REVERSAL = reversal_of(ORIGINAL, 2)
CORRECTION = one(3, 9000)
NEXT_PAYER = adjudication(4, [((1,), 15000, 0, [Adjustment("PR", "96", 15000)])], payer="b")


def ids(adjudications):
    return [each.id for each in adjudications]


@pytest.mark.parametrize(
    ("came", "posted"),
    [
        ([ORIGINAL, REVERSAL, CORRECTION], [1, 2, 3]),
        ([ORIGINAL, CORRECTION, REVERSAL], [1, 2, 3]),
        ([REVERSAL, ORIGINAL, CORRECTION], [1, 2, 3]),
        ([ORIGINAL, NEXT_PAYER, REVERSAL, CORRECTION], [1, 2, 3, 4]),
        ([ORIGINAL, NEXT_PAYER, CORRECTION, REVERSAL], [1, 2, 3, 4]),
        ([ORIGINAL, NEXT_PAYER], [1, 4]),
        ([REVERSAL], [2]),
        ([REVERSAL, CORRECTION], [2, 3]),
    ],
)
def test_a_reversal_follows_its_original_and_the_correction_takes_its_place(came, posted):
    assert ids(in_sequence(dated(came))) == posted


def test_what_needs_no_other_order_is_left_as_it_was():
    came = dated([ORIGINAL, REVERSAL, CORRECTION])
    assert in_sequence(came) is came


def test_a_second_reversal_takes_back_the_correction():
    again = reversal_of(CORRECTION, 5)
    last = one(6, 7000)
    came = dated([ORIGINAL, CORRECTION, last, REVERSAL, again])
    assert ids(in_sequence(came)) == [1, 2, 3, 5, 6]


def test_equal_answers_are_told_apart_by_the_payers_number():
    first, second = one(1, 8000, number_of_payer="P1"), one(2, 8000, number_of_payer="P2")
    taken = reversal_of(second, 3)
    claim = msgspec.structs.replace(taken.claim, payer_claim_control_number="P2")
    taken = msgspec.structs.replace(taken, claim=claim)
    assert ids(in_sequence(dated([first, second, taken]))) == [1, 2, 3]
    state = reconcile_claim([submitted((15000,))], dated([first, second, taken]), TABLES)
    assert (state.balances[0].paid, state.status) == (8000, "settled")


def numbered(made, place, number="P1"):
    """An answer under a payer's number, at a place (835, claim payment)."""
    claim = msgspec.structs.replace(made.claim, payer_claim_control_number=number)
    return msgspec.structs.replace(made, claim=claim, order=(place[0], 0, place[1]))


RELEASED = adjudication(1, [((1,), 15000, 9000, [Adjustment("CO", "45", 5000)])])
"""An answer that leaves 10.00 unexplained, and was released by hand."""
EXPLAINED = adjudication(3, [((1,), 15000, 9000, [Adjustment("CO", "45", 6000)])])


def test_a_reversal_in_the_words_of_its_correction_takes_back_what_came_before():
    came = [
        numbered(RELEASED, ("1", 0)),
        numbered(reversal_of(EXPLAINED, 2), ("2", 0)),
        numbered(EXPLAINED, ("2", 1)),
    ]
    assert ids(in_sequence(came)) == [1, 2, 3]
    state = reconcile_claim([submitted((15000,))], came, TABLES)
    (balance,) = state.balances
    assert (balance.paid, balance.contractual, balance.suspense, balance.open) == (9000, 6000, 0, 0)
    assert {posting.adjudication for posting in state.postings if posting.account == "suspense"} == {1, 2}
    later = numbered(reversal_of(EXPLAINED, 4), ("3", 0))
    assert ids(in_sequence([*came, later])) == [1, 2, 3, 4]
    assert reconcile_claim([submitted((15000,))], [*came, later], TABLES).balances[0].paid == 0


def test_a_reversal_in_the_words_of_its_correction_leaves_other_answers():
    """Of another number or payment, or one that a reversal of its own repeats: the exact opposite is taken back."""
    back, correction = numbered(reversal_of(EXPLAINED, 2), ("2", 0)), numbered(EXPLAINED, ("2", 1))
    others = [
        [numbered(RELEASED, ("1", 0), "P2")],
        [numbered(one(1, 8000), ("1", 0))],
        [numbered(RELEASED, ("1", 0)), numbered(reversal_of(RELEASED, 4), ("1", 1))],
    ]
    for before in others:
        assert ids(in_sequence([*before, back, correction]))[-2:] == [3, 2]


def test_a_reversal_dated_before_its_original_does_not_take_back_the_correction():
    """Across 835s the dates say little: the exact opposite counts."""
    correction = numbered(RELEASED, ("1", 0))
    came = [correction, numbered(reversal_of(EXPLAINED, 2), ("2", 0)), numbered(EXPLAINED, ("3", 0))]
    assert ids(in_sequence(came)) == [1, 3, 2]


def test_the_next_payer_answers_what_the_correction_leaves():
    """Without its place the correction would swallow the next payer's denial."""
    came = dated([ORIGINAL, NEXT_PAYER, REVERSAL, CORRECTION])
    (balance,) = reconcile_claim([submitted((15000,))], came, TABLES).balances
    assert (balance.paid, balance.denied, balance.patient, balance.open) == (9000, 2000, 0, 0)


def test_a_reversal_without_original_waits_and_the_rest_posts():
    state = reconcile_claim([submitted((15000,))], dated([REVERSAL, CORRECTION]), TABLES)
    assert state.waiting == frozenset({2})
    assert {posting.adjudication for posting in state.postings} == {3}
    assert [found.code for found in state.findings] == ["REVERSAL_WITHOUT_ORIGINAL"]
    assert state.status == "settled"


@given(st.data())
def test_any_order_of_dates_gives_the_same_books(data):
    """Original, reversal and correction of one payer in all six orders, the next payer in between or not."""
    wrong, right = data.draw(balanced(1, "a")), data.draw(balanced(3, "a"))
    parts = [wrong, reversal_of(wrong, 2), right]
    if data.draw(st.booleans()):
        parts.append(data.draw(balanced(4, "b")))
    if wrong.claim.charge == right.claim.charge and wrong.claim.paid == right.claim.paid:
        return  # two equal answers: either may be the one that stands
    claims = [submitted()]
    ends = set()
    for order in itertools.permutations(range(3)):
        came = [parts[place] for place in order] + parts[3:]
        state = reconcile_claim(claims, dated(came), TABLES)
        ends.add(tuple((one.paid, one.contractual, one.patient, one.denied) for one in state.balances))
    assert len(ends) == 1


def test_the_rest_of_a_split_claim_answers_the_other_twin():
    """Nothing tells the twins apart, and the payer has answered one of them."""
    first = adjudication(1, [((1,), 6500, 0, [Adjustment("CO", "45", 3250), Adjustment("PR", "3", 3250)])])
    second = adjudication(2, [((2,), 6500, 3800, [Adjustment("CO", "45", 1950), Adjustment("PR", "3", 750)])])
    twins = [
        msgspec.structs.replace(
            each,
            match=msgspec.structs.replace(
                each.match, lines=tuple(msgspec.structs.replace(one, twin=True) for one in each.match.lines)
            ),
        )
        for each in dated([first, second])
    ]
    state = reconcile_claim([submitted((6500, 6500))], twins, TABLES)
    assert [(one.paid, one.contractual, one.patient, one.open) for one in state.balances] == [
        (0, 3250, 3250, 0),
        (3800, 1950, 750, 0),
    ]
