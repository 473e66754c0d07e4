"""Lines inside a claim: fast ways, the joint solution, splits, merges, recodes, twins."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.remittance import ClaimPayment, Procedure, ServicePayment
from reconcile.match import assignment
from reconcile.match.assignment import best_pairs
from reconcile.match.evidence import line_number
from reconcile.match.lines import match_lines
from reconcile.values import LineEvidence, SubmittedLine

DAY, OTHER = date(2026, 1, 5), date(2026, 1, 7)


def paid(code, charge, *, number=None, day=DAY, to=None, units="1", modifiers=(), submitted=None):
    return ServicePayment(
        segment=1,
        procedure=Procedure("HC", code, tuple(modifiers)),
        charge=charge,
        paid=charge // 2,
        units=units,
        date_from=day,
        date_to=to or day,
        line_control_number=number,
        submitted_procedure=None if submitted is None else Procedure("HC", submitted),
    )


def payment(*lines, dates=()):
    return ClaimPayment(
        segment=1,
        ordinal=0,
        patient_control_number="C",
        status="1",
        charge=0,
        paid=0,
        lines=lines,
        dates=dates,
    )


def billed(id, code, charge, *, day=DAY, control="", units="1", modifiers=(), allocated=True):
    return SubmittedLine(
        id=id,
        number=id,
        procedure_code=code,
        modifiers=tuple(modifiers),
        charge=charge,
        units=units,
        date_from=day,
        date_to=day,
        control_number=control,
        allocated=bool(control) and allocated,
    )


def found(result):
    return [one.line_ids for one in result]


CASES = {
    "6R decides though lines look alike": (
        [paid("97110", 60, number="K2"), paid("97110", 60, number="K1")],
        [billed(1, "97110", 60, control="K1"), billed(2, "97110", 60, control="K2")],
        [(2,), (1,)],
    ),
    "6R of another line is not believed when nothing else agrees": (
        [paid("97140", 70, number="K1", day=OTHER)],
        [billed(1, "97110", 60, control="K1"), billed(2, "97140", 70, day=OTHER, control="K2")],
        [(2,)],
    ),
    "foreign 6R counts only inside the claim and with the code": (
        [paid("97140", 60, number="2"), paid("97110", 60, number="1")],
        [
            billed(1, "97110", 60, control="1", allocated=False),
            billed(2, "97140", 60, control="2", allocated=False),
        ],
        [(2,), (1,)],
    ),
    "LX in place of 6R tells alike lines apart": (
        [paid("97110", 60, number="0002"), paid("97110", 60, number="0001")],
        [billed(1, "97110", 60), billed(2, "97110", 60)],
        [(2,), (1,)],
    ),
    "LX that contradicts code, date and charge loses": (
        [paid("97140", 70, number="1"), paid("97110", 60, number="2")],
        [billed(1, "97110", 60), billed(2, "97140", 70)],
        [(2,), (1,)],
    ),
    "submitted code (SVC06) decides, not the adjudicated one": (
        [paid("97530", 60, submitted="97110"), paid("97530", 60, submitted="97112")],
        [billed(1, "97112", 60), billed(2, "97110", 60)],
        [(2,), (1,)],
    ),
    "units and modifiers only tip the balance": (
        [paid("97110", 60, modifiers=("59",)), paid("97110", 60, units="4")],
        [billed(1, "97110", 60, modifiers=("GP",)), billed(2, "97110", 60, modifiers=("GP", "59"))],
        [(2,), (1,)],
    ),
    "all lines at once: the line without a date takes what the other leaves": (
        [paid("97110", 60, day=None), paid("97110", 60, day=DAY)],
        [billed(1, "97110", 60, day=DAY), billed(2, "97110", 60, day=OTHER)],
        [(2,), (1,)],
    ),
    "split by 6R": (
        [paid("97110", 60, number="K1"), paid("97110", 60, number="K1"), paid("97110", 60, number="K2")],
        [billed(1, "97110", 120, control="K1"), billed(2, "97110", 60, control="K2")],
        [(1,), (1,), (2,)],
    ),
    "split without 6R beside another line of the code": (
        [paid("97110", 90), paid("97110", 30), paid("97110", 60)],
        [billed(1, "97110", 120), billed(2, "97110", 60)],
        [(1,), (1,), (2,)],
    ),
    "two alike lines, both split": (
        [paid("97110", 60), paid("97110", 60), paid("97110", 60), paid("97110", 60)],
        [billed(1, "97110", 120), billed(2, "97110", 120)],
        [(1,), (1,), (2,), (2,)],
    ),
    "merged: one paid line for three": (
        [paid("97110", 180), paid("97140", 60)],
        [
            billed(1, "97110", 60),
            billed(2, "97110", 60),
            billed(3, "97140", 60),
            billed(4, "97110", 60),
        ],
        [(1, 2, 4), (3,)],
    ),
    "merged over days": (
        [paid("97110", 120, day=DAY, to=OTHER)],
        [
            billed(1, "97110", 60),
            billed(2, "97110", 60, day=OTHER),
            billed(3, "97110", 60, day=date(2026, 2, 1)),
        ],
        [(1, 2)],
    ),
    "merged under the first line's 6R": (
        [paid("97110", 120, number="K1")],
        [billed(1, "97110", 60, control="K1"), billed(2, "97110", 60, control="K2")],
        [(1, 2)],
    ),
    "unbundled lines without charge follow their line": (
        [paid("97110", 60), paid("97112", 0), paid("97140", 70)],
        [billed(1, "97110", 60), billed(2, "97140", 70)],
        [(1,), (1,), (2,)],
    ),
    "recoded without SVC06: the one line left": (
        [paid("97110", 60), paid("G0283", 30)],
        [billed(1, "97110", 60), billed(2, "97014", 30)],
        [(1,), (2,)],
    ),
    "recoded without SVC06 and two lines could be meant: none": (
        [paid("G0283", 30), paid("97110", 60)],
        [billed(1, "97014", 30), billed(2, "97110", 60), billed(3, "97016", 30)],
        [(), (2,)],
    ),
    "nothing agrees": ([paid("99999", 5, day=OTHER)], [billed(1, "97110", 60), billed(2, "97140", 70)], [()]),
    "a reversal's negative charge": ([paid("97110", -60)], [billed(1, "97110", 60)], [(1,)]),
    "a date the payer got wrong": ([paid("97110", 60, day=OTHER)], [billed(1, "97110", 60)], [(1,)]),
    "a charge the payer changed": ([paid("97110", 55)], [billed(1, "97110", 60)], [(1,)]),
}


@pytest.mark.parametrize("name", CASES)
def test_lines(name):
    paid_lines, submitted, expected = CASES[name]
    assert found(match_lines(payment(*paid_lines), submitted)) == expected


_OF_CODES = [billed(1, "97110", 120, control="K1"), billed(2, "97140", 50), billed(3, "97530", 30)]


@pytest.mark.parametrize(
    ("rows", "charge", "expected"),
    [
        ([paid("97110", 200)], 200, [(1, 2, 3)]),
        ([paid("97110", 200, number="K1")], 200, [(1, 2, 3)]),
        ([paid("97110", -200)], -200, [(1, 2, 3)]),
        ([paid("97530", 30), paid("97110", 170)], 200, [(3,), (1, 2)]),
        ([paid("97110", 170)], 170, [(1,)]),  # a part of the claim
        ([paid("97110", 200)], 120, [(1,)]),  # CLP03 is not the claim's charge
        ([paid("97110", 190)], 200, [(1,)]),  # a charge the payer read wrong
    ],
)
def test_one_paid_line_for_all_that_is_left_of_the_claim(rows, charge, expected):
    result = match_lines(msgspec.structs.replace(payment(*rows), charge=charge), _OF_CODES)
    assert found(result) == expected
    for one in result:
        several = len(one.line_ids) > 1
        assert ({"merged", "merged_codes"} <= {*one.notes}, "charge_differs" in one.notes) in (
            (several, not several),
            (False, False),
        )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("0001", 1),
        ("01", 1),
        ("B1", 1),
        ("50", 50),
        ("0", None),
        ("K7Q2M1", None),
        ("123", None),
        ("", None),
    ],
)
def test_lx_spellings(text, number):
    assert line_number(text) == number


def test_claim_date_stands_in_for_a_missing_line_date():
    lines = [billed(1, "97110", 60, day=DAY), billed(2, "97110", 60, day=OTHER)]
    result = match_lines(payment(paid("97110", 60, day=None), dates=(("232", OTHER),)), lines)
    assert found(result) == [(2,)]
    ranged = match_lines(payment(paid("97110", 60, day=None), dates=(("232", DAY), ("233", OTHER))), lines)
    assert ranged[0].twin  # the range tells nothing: either line, and it says so


def test_evidence_and_notes():
    lines = [billed(1, "97110", 60, units="2", modifiers=("GP", "59")), billed(2, "97140", 70, day=OTHER)]
    result = match_lines(
        payment(paid("97110", 60, units="1", modifiers=("GP",)), paid("97140", 50, day=OTHER)), lines
    )
    assert [one.evidence for one in result] == [LineEvidence.CODE_DATE_CHARGE, LineEvidence.CODE_DATE]
    assert result[0].notes == ("modifiers_dropped", "units_differ")
    assert "charge_differs" in result[1].notes


def test_zero_units_of_a_denied_line_are_no_difference():
    (one,) = match_lines(payment(paid("97110", 60, units="0")), [billed(1, "97110", 60, units="4")])
    assert one.notes == ()


def test_twins_take_the_line_that_is_still_unanswered():
    lines = [billed(1, "97110", 60), billed(2, "97110", 60)]
    (first,) = match_lines(payment(paid("97110", 60)), lines)
    assert (first.line_ids, first.twin) == ((1,), True)
    (second,) = match_lines(payment(paid("97110", 60)), lines, answered={1})
    assert second.line_ids == (2,)


def test_runner_up_and_margin():
    lines = [billed(1, "97110", 60), billed(2, "97110", 60, day=OTHER), billed(3, "97110", 60)]
    result = match_lines(payment(paid("97110", 60), paid("97110", 60), paid("97110", 60, day=OTHER)), lines)
    assert result[2].runner_up in (1, 3)
    assert result[2].margin > 0
    assert result[0].runner_up == 3
    assert result[0].margin == 0


@given(
    st.integers(0, 4).flatmap(
        lambda width: st.lists(st.lists(st.integers(0, 9), min_size=width, max_size=width), max_size=4)
    )
)
def test_best_pairs_is_the_greatest_sum(scores):
    pairs = best_pairs(scores)
    used = [column for column in pairs if column >= 0]
    assert len(used) == len(set(used))
    width = len(scores[0]) if scores else 0
    best = 0
    for columns in itertools.product([-1, *range(width)], repeat=len(scores)):
        held = [column for column in columns if column >= 0]
        if len(held) == len(set(held)):
            best = max(best, sum(scores[row][column] for row, column in enumerate(columns) if column >= 0))
    assert sum(scores[row][column] for row, column in enumerate(pairs) if column >= 0) == best


def test_a_long_answer_takes_no_more_steps_than_the_claim_has_lines(monkeypatch):
    """A payer may answer one line with thousands; the pairing grows with the shorter side alone."""
    calls = []
    brings = assignment._augment
    monkeypatch.setattr(assignment, "_augment", lambda *given: calls.append(1) or brings(*given))
    pairs = best_pairs([[1, 1]] * 5 + [[2, 0]] + [[1, 1]] * 5_000)
    assert (pairs[0], pairs[5], len([one for one in pairs if one >= 0]), len(calls)) == (1, 0, 2, 2)


def test_thousands_of_paid_lines_split_one_submitted_line():
    matches = match_lines(payment(*[paid("97110", 2)] * 3_000), [billed(1, "97110", 6_000)])
    assert {one.line_ids for one in matches} == {(1,)}
    assert all("split" in one.notes for one in matches)


def muddle(rng, lines):
    """What a payer makes of submitted lines: (paid line, ids it really answers)."""
    paid_lines = []
    rest = list(lines)
    while rest:
        line = rest.pop(0)
        answers = [line]
        if rng.random() < 0.05:
            answers += [
                one
                for one in rest
                if (one.procedure_code, one.date_from) == (line.procedure_code, line.date_from)
            ]
            rest = [one for one in rest if one not in answers]
        charge = sum(one.charge for one in answers)
        number = None if rng.random() < 0.3 else line.control_number
        modifiers = () if rng.random() < 0.1 else line.modifiers
        one = paid(
            line.procedure_code,
            charge,
            number=number,
            day=line.date_from,
            units=line.units,
            modifiers=modifiers,
        )
        if len(answers) == 1 and rng.random() < 0.05:
            part = charge * 37 // 100
            parts = [part, charge - part]
            paid_lines += [(msgspec.structs.replace(one, charge=amount), answers) for amount in parts]
        else:
            paid_lines.append((one, answers))
    if rng.random() < 0.3:
        rng.shuffle(paid_lines)
    return paid_lines


def check_muddled(rng, rounds):
    """No line on another than its own or one that nothing tells apart from it; next to none unmatched."""
    missed = total = 0
    for _ in range(rounds):
        count = rng.randint(1, 6)
        lines = [
            billed(
                index,
                rng.choice(["97110", "97140", "97530", "97112"]),
                rng.choice([6000, 8500, 12000]),
                day=rng.choice([DAY, OTHER]),
                control=f"K{index}X",
                units=rng.choice(["1", "2"]),
                modifiers=rng.choice([("GP",), ("GP", "59")]),
            )
            for index in range(1, count + 1)
        ]
        group = {one.id: (one.procedure_code, one.date_from, one.charge) for one in lines}
        paid_lines = muddle(rng, lines)
        result = match_lines(payment(*[one for one, _ in paid_lines]), lines)
        for (one, answers), match in zip(paid_lines, result, strict=True):
            total += 1
            if not match.line_ids:
                missed += 1
                continue
            expected = Counter(group[line.id] for line in answers)
            assert Counter(group[line_id] for line_id in match.line_ids) == expected, (
                lines,
                paid_lines,
                result,
            )
            if one.line_control_number and len(answers) == 1:
                assert match.line_ids == (answers[0].id,)
    return missed, total


def test_muddled_lines_are_never_on_the_wrong_line(rng):
    missed, total = check_muddled(rng, 3000)
    assert missed <= total // 1000
