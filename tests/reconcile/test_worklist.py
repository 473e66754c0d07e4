"""Where work on a denial stands: every transition, and that only the set of facts counts."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.values import DenialStatus
from reconcile.worklist import (
    ALLOWED,
    BY_MONEY,
    SETTLED,
    TO_DO,
    WAITING,
    Answer,
    Deed,
    Verb,
    WorkState,
    work_id,
    work_of,
)

S = WorkState
DENIED = date(2026, 3, 1)
STANDS, PAID, BACK, NEWER = (
    Answer(DENIED, status)
    for status in (
        DenialStatus.OPEN,
        DenialStatus.RECOVERED,
        DenialStatus.REVERSED,
        DenialStatus.SUPERSEDED,
    )
)


def day(number: int) -> date:
    return DENIED + timedelta(days=number)


def deed(verb: Verb, on: int = 1, number: int | None = None, **more) -> Deed:
    return Deed(verb=verb, on=day(on), number=on if number is None else number, **more)


ASSIGN = deed(Verb.ASSIGN, owner="ana")
TRANSITIONS = [
    # (what people did, day by day), what stands then
    ((), S.OPEN),
    ((ASSIGN,), S.IN_WORK),
    ((ASSIGN, deed(Verb.ASSIGN, 2)), S.OPEN),
    ((deed(Verb.NOTE),), S.IN_WORK),
    ((deed(Verb.SNOOZE, day=day(9)),), S.OPEN),
    ((deed(Verb.DUE, day=day(9)),), S.OPEN),
    ((deed(Verb.CORRECT),), S.CORRECTED),
    ((deed(Verb.APPEAL, level=1),), S.APPEALED),
    ((deed(Verb.UPHOLD),), S.UPHELD),
    ((deed(Verb.WRITE_OFF, cents=5),), S.WRITTEN_OFF),
    ((deed(Verb.APPEAL, level=1), deed(Verb.UPHOLD, 2)), S.UPHELD),
    ((deed(Verb.APPEAL, level=1), deed(Verb.UPHOLD, 2), deed(Verb.APPEAL, 3, level=2)), S.APPEALED),
    ((deed(Verb.UPHOLD), deed(Verb.WRITE_OFF, 2)), S.WRITTEN_OFF),
    ((deed(Verb.APPEAL), deed(Verb.NOTE, 2)), S.APPEALED),
    ((deed(Verb.CORRECT), deed(Verb.ASSIGN, 2, owner="bo")), S.CORRECTED),
    ((deed(Verb.WRITE_OFF), deed(Verb.REOPEN, 2)), S.OPEN),
    ((ASSIGN, deed(Verb.WRITE_OFF, 2), deed(Verb.REOPEN, 3)), S.IN_WORK),
    ((deed(Verb.UPHOLD), deed(Verb.REOPEN, 2)), S.OPEN),
    ((deed(Verb.APPEAL), deed(Verb.REOPEN, 2)), S.OPEN),
    ((deed(Verb.CORRECT), deed(Verb.REOPEN, 2)), S.OPEN),
]


@pytest.mark.parametrize(("deeds", "state"), TRANSITIONS)
def test_what_people_do(deeds, state):
    assert work_of([STANDS], deeds).state is state


@pytest.mark.parametrize(("deeds", "state"), TRANSITIONS)
@pytest.mark.parametrize(
    ("answers", "by_money"),
    [
        ([PAID], S.RECOVERED),
        ([BACK], S.REVERSED),
        ([NEWER], S.SUPERSEDED),
        ([NEWER, PAID], S.RECOVERED),
        ([NEWER, BACK], S.REVERSED),
    ],
)
def test_money_goes_before_what_people_did(answers, by_money, deeds, state):
    found = work_of(answers, deeds)
    assert (found.state, found.written_off) == (by_money, 0)
    assert work_of([*answers, STANDS], deeds).state is state, "what stands is worked"


@pytest.mark.parametrize(
    ("deeds", "state", "reopened"),
    [
        ((), S.OPEN, 0),
        ((ASSIGN,), S.IN_WORK, 0),
        ((deed(Verb.APPEAL, level=1),), S.UPHELD, 0),
        ((deed(Verb.CORRECT),), S.OPEN, 1),
        ((deed(Verb.WRITE_OFF),), S.OPEN, 1),
        ((deed(Verb.UPHOLD),), S.OPEN, 1),
        ((ASSIGN, deed(Verb.CORRECT, 2)), S.IN_WORK, 1),
        ((deed(Verb.WRITE_OFF, 30),), S.WRITTEN_OFF, 0),
        ((deed(Verb.APPEAL, 20),), S.APPEALED, 0),
    ],
)
def test_a_denial_that_comes_again_on_the_twentieth_day(deeds, state, reopened):
    again = [NEWER, Answer(day(20), DenialStatus.OPEN)]
    found = work_of(again, deeds)
    assert (found.state, found.reopened) == (state, reopened)
    if state is S.UPHELD:
        assert found.decided_on == day(20)


@pytest.mark.parametrize(
    ("deeds", "state"),
    [
        ((), S.OPEN),
        ((deed(Verb.WRITE_OFF),), S.OPEN),
        ((deed(Verb.APPEAL),), S.OPEN),
        ((deed(Verb.UPHOLD),), S.OPEN),
        ((ASSIGN, deed(Verb.CORRECT, 2)), S.IN_WORK),
        ((deed(Verb.WRITE_OFF, 21),), S.WRITTEN_OFF),
    ],
)
def test_a_payment_that_is_taken_back_on_the_twentieth_day_opens_it_again(deeds, state):
    assert work_of([STANDS], deeds, [day(20)]).state is state


@pytest.mark.parametrize(
    ("deeds", "state"),
    [
        ((), S.CORRECTED),
        ((ASSIGN,), S.CORRECTED),
        ((deed(Verb.APPEAL),), S.APPEALED),
        ((deed(Verb.WRITE_OFF),), S.WRITTEN_OFF),
    ],
)
def test_what_went_out_again_and_has_no_answer_is_corrected(deeds, state):
    assert work_of([STANDS], deeds, sent_again=True).state is state
    assert work_of([PAID], deeds, sent_again=True).state is S.RECOVERED


def test_the_parts_are_told():
    deeds = [
        deed(Verb.ASSIGN, 1, owner="ana"),
        deed(Verb.NOTE, 2, text="called"),
        deed(Verb.APPEAL, 3, level=1, reference="A1"),
        deed(Verb.UPHOLD, 9),
        deed(Verb.APPEAL, 12, level=2),
        deed(Verb.DUE, 13, day=day(40)),
    ]
    found = work_of([STANDS], deeds)
    assert (found.owner, found.notes, found.appealed_level, found.due) == ("ana", 1, 2, day(40))
    assert (found.appealed_on, found.since, found.decided_on) == (day(12), day(12), None)
    off = work_of([STANDS], [*deeds, deed(Verb.WRITE_OFF, 50, cents=700)])
    assert (off.state, off.written_off) == (S.WRITTEN_OFF, 700)
    assert (
        work_of([STANDS], [*deeds, deed(Verb.WRITE_OFF, 50, cents=700), deed(Verb.REOPEN, 51)]).written_off
        == 0
    )


def test_a_snooze_ends_on_its_day_and_with_the_work():
    asleep = work_of([STANDS], [deed(Verb.SNOOZE, day=day(9))])
    assert asleep.asleep(day(8))
    assert not asleep.asleep(day(9))
    assert not work_of([STANDS], [deed(Verb.SNOOZE, day=day(9)), deed(Verb.SNOOZE, 2)]).asleep(day(3))
    closed = work_of([STANDS], [deed(Verb.SNOOZE, day=day(9)), deed(Verb.WRITE_OFF, 2)])
    assert not closed.asleep(day(3))


def test_on_one_day_the_payer_comes_first_and_people_in_the_order_of_the_log():
    again = [NEWER, Answer(day(5), DenialStatus.OPEN)]
    assert work_of(again, [deed(Verb.WRITE_OFF, 5)]).state is S.WRITTEN_OFF
    both = [deed(Verb.WRITE_OFF, 5, number=1), deed(Verb.REOPEN, 5, number=2)]
    assert work_of([STANDS], both[::-1]).state is S.OPEN
    assert (
        work_of([STANDS], [deed(Verb.REOPEN, 5, number=1), deed(Verb.WRITE_OFF, 5, number=2)]).written_off
        == 0
    )


def test_a_deed_dated_before_the_denial_counts_from_the_denial():
    early = deed(Verb.WRITE_OFF, -10, number=1, cents=5)
    assert work_of([STANDS], [early]).state is S.WRITTEN_OFF


def test_the_states_and_verbs_are_whole():
    assert set(S) == TO_DO | WAITING | SETTLED
    assert not TO_DO & WAITING
    assert not SETTLED & (TO_DO | WAITING)
    assert set(ALLOWED) == set(Verb)
    for verb, states in ALLOWED.items():
        assert verb is Verb.NOTE or not states & BY_MONEY, verb


_DEEDS = st.builds(
    Deed,
    verb=st.sampled_from(list(Verb)),
    on=st.integers(-5, 60).map(day),
    owner=st.sampled_from(["", "ana", "bo"]),
    level=st.integers(1, 3),
    cents=st.integers(0, 900),
    day=st.none() | st.integers(0, 90).map(day),
)
_ANSWERS = st.lists(
    st.builds(
        Answer,
        st.none() | st.integers(0, 60).map(day),
        st.sampled_from([one.value for one in DenialStatus]),
    ),
    min_size=1,
    max_size=5,
)


@given(
    _ANSWERS,
    st.lists(_DEEDS, max_size=8),
    st.lists(st.integers(0, 60).map(day), max_size=3),
    st.booleans(),
    st.integers(0, 1 << 30),
)
def test_a_state_is_of_the_set_of_facts_and_not_of_their_order(answers, deeds, back, again, seed):
    numbered = [
        Deed(
            verb=one.verb,
            on=one.on,
            number=number,
            owner=one.owner,
            level=one.level,
            cents=one.cents,
            day=one.day,
        )
        for number, one in enumerate(deeds)
    ]
    first = work_of(answers, numbered, back, sent_again=again)
    chance = random.Random(seed)
    others = [list(one) for one in (answers, numbered, back)]
    for one in others:
        chance.shuffle(one)
    assert work_of(*others, sent_again=again) == first
    stands = any(one.status == "open" for one in answers)
    assert (first.state in BY_MONEY) is not stands
    assert first.written_off == 0 or first.state is S.WRITTEN_OFF


@pytest.mark.parametrize(
    ("denied", "state", "cents"),
    [(None, S.WRITTEN_OFF, 700), (700, S.WRITTEN_OFF, 700), (500, S.WRITTEN_OFF, 500), (900, S.OPEN, 700)],
)
def test_a_write_off_is_held_to_what_is_denied_and_more_is_work(denied, state, cents):
    found = work_of([STANDS], [deed(Verb.WRITE_OFF, 50, cents=700)], denied=denied)
    assert (found.state, found.written_off) == (state, cents)
    assert found.reopened == (state is S.OPEN)
    again = work_of([STANDS], [deed(Verb.WRITE_OFF, 50, cents=700)], denied=denied, sent_again=True)
    assert again.state is (S.CORRECTED if state is S.OPEN else state)


def test_a_name_is_of_what_it_is_about():
    known = ("orchard", "C1", 1, 1, "acme", "CO50")
    other = [
        ("beach", *known[1:]),
        (*known[:1], "C2", *known[2:]),
        (*known[:3], 2, *known[4:]),
        (*known[:5], "PR50"),
    ]
    names = {work_id(*known), *(work_id(*one) for one in other)}
    assert len(names) == 5
    assert work_id(*known) == work_id(*known)
    assert all(len(name) == 14 and name.isalnum() and name == name.upper() for name in names)
