"""CLP01 against the line control numbers that this store allocated: both must name one claim."""

from __future__ import annotations

import pytest

from cli.jobs import matching
from tests.builders import make_claim, make_line
from tests.remits import claim, file_of, line, payment

NUMBERS = tuple(f"L{number:09d}" for number in range(1, 5))
OURS = make_claim(
    lines=(
        make_line(1, "97110", line_control_number=NUMBERS[0]),
        make_line(2, "97140", line_control_number=NUMBERS[1]),
    )
)
ANOTHER = make_claim(
    patient_control_number="B0000002",
    lines=(
        make_line(1, "97110", line_control_number=NUMBERS[2], session_line_ids=("V2-1",)),
        make_line(2, "97140", line_control_number=NUMBERS[3], session_line_ids=("V2-2",)),
    ),
)
REASON = "SELECT outcome, reason FROM claim_payment"


def answer(first: str, second: str, *, charge: int = 5000) -> bytes:
    """A claim payment for OURS whose lines echo these numbers."""
    lines = (line("97110", charge, 4000, number=first), line("97140", 5000, 4000, number=second))
    return file_of(payment([claim("A0000001", *lines)]))


@pytest.mark.parametrize("echoed", [NUMBERS[2:], (NUMBERS[2], ""), (NUMBERS[2], "2")])
def test_lines_of_another_claim_are_never_posted(desk, echoed):
    desk.submit(OURS, ANOTHER)
    assert desk.ingest(answer(*echoed)).totals.unmatched == 1
    assert desk.rows(REASON) == [("unmatched", "conflict")]
    assert desk.rows("SELECT paid FROM claim") == [(0,), (0,)]
    (detail,) = desk.rows("SELECT detail FROM claim_payment")[0]
    assert "CLP01" in detail
    assert "REF*6R" in detail
    assert desk.broken() == []


def test_both_claims_in_one_chunk_change_nothing_in_that(desk_lite):
    desk_lite.submit(OURS, ANOTHER)
    wrong = claim(
        "A0000001", line("97110", 5000, 4000, number=NUMBERS[2]), line("97140", 5000, 4000, number=NUMBERS[3])
    )
    right = claim(
        "B0000002", line("97110", 5000, 3000, number=NUMBERS[2]), line("97140", 5000, 3000, number=NUMBERS[3])
    )
    desk_lite.ingest(file_of(payment([wrong, right])))
    assert sorted(desk_lite.rows(REASON)) == [("posted", ""), ("unmatched", "conflict")]
    assert desk_lite.rows("SELECT paid FROM claim ORDER BY id") == [(0,), (6000,)]


@pytest.mark.parametrize("echoed", [("L00000ABCD", "L00000ABCE"), ("1", "2"), ("", ""), ("X9", "X8")])
def test_numbers_that_name_nothing_do_not_hold_a_claim_up(desk_lite, echoed):
    desk_lite.submit(OURS, ANOTHER)
    assert desk_lite.ingest(answer(*echoed)).totals.claims_matched == 1
    assert desk_lite.rows("SELECT paid FROM claim ORDER BY id") == [(8000,), (0,)]


def test_lines_that_do_not_fit_the_claim_they_name_do_not_hold_it_up(desk_lite):
    other = make_claim(
        patient_control_number="B0000002", lines=(make_line(1, "92507", line_control_number=NUMBERS[2]),)
    )
    desk_lite.submit(OURS, other)
    assert desk_lite.ingest(answer(NUMBERS[2], "")).totals.claims_matched == 1


@pytest.mark.parametrize("echoed", [NUMBERS[:2], ("", ""), ("1", "2")])
def test_the_common_case_looks_no_line_number_up(desk_lite, monkeypatch, echoed):
    desk_lite.submit(OURS, ANOTHER)

    def refuse(*_arguments):
        raise AssertionError("a query that the common case does not need")

    monkeypatch.setattr(matching, "add_by_line_numbers", refuse)
    assert desk_lite.ingest(answer(*echoed)).totals.claims_matched == 1
