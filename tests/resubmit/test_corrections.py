"""Which way a claim is mended or taken back, and what then goes out."""

from __future__ import annotations

import msgspec
import pytest

from edi.model.finding import Finding
from edi.payers.profile import CorrectionsPolicy
from edi.resubmit import Correction, Standing, corrected, correction_of, needs_change, same_content, voided
from tests.builders import make_claim, make_line

REPLACE = CorrectionsPolicy()
NEW_CLAIM = CorrectionsPolicy(method="new_claim", void=False)
REOPENING = CorrectionsPolicy(method="reopening", void=False)
DENIED = CorrectionsPolicy(resend_denied_lines_only=True)
CLAIM = make_claim(
    patient_control_number="C1",
    lines=(make_line(1), make_line(2, "97140", charge=4000), make_line(3, "97530", charge=6000)),
)


def standing(**changes) -> Standing:
    """An adjudicated claim whose payer number is known."""
    return Standing(**{"number": "C1", "adjudicated": True, "payer_number": "P1", **changes})


WAYS = {
    # name: where the claim stands, the payer's policy, the way or the code of the refusal
    "adjudicated, replace": (standing(), REPLACE, Correction.REPLACEMENT),
    "adjudicated, new claim": (standing(), NEW_CLAIM, Correction.NEW_CLAIM),
    "adjudicated, reopening": (standing(), REOPENING, Correction.REOPENING),
    "only denied lines": (standing(denied=frozenset({2})), DENIED, Correction.DENIED_LINES),
    "only denied lines, none denied": (standing(), DENIED, "AGN006"),
    "no payer number": (standing(payer_number=""), REPLACE, "AGN003"),
    "no payer number, new claim": (standing(payer_number=""), NEW_CLAIM, Correction.NEW_CLAIM),
    "no answer": (standing(adjudicated=False), REPLACE, "AGN002"),
    "no answer, reopening": (standing(adjudicated=False), REOPENING, "AGN002"),
    "a correction without answer": (standing(adjudicated=False, frequency="7"), REPLACE, "AGN002"),
    "rejected": (standing(adjudicated=False, rejected=True, payer_number=""), REPLACE, Correction.REJECTED),
    "rejected, reopening": (standing(adjudicated=False, rejected=True), REOPENING, Correction.REJECTED),
    "unprocessable, reopening": (standing(unprocessable=True), REOPENING, Correction.NEW_CLAIM),
    "void and taken back": (standing(adjudicated=False, frequency="8"), REPLACE, Correction.NEW_CLAIM),
    "void, not yet taken back": (standing(frequency="8"), REPLACE, "AGN002"),
    "a rejected void is no claim to send again": (standing(frequency="8", rejected=True), REPLACE, "AGN002"),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_of_a_correction(name):
    where, policy, expected = WAYS[name]
    way = correction_of(where, policy)
    assert (way.code if isinstance(way, Finding) else way) == expected
    if isinstance(way, Finding):
        assert way.location.claim == "C1"
        assert way.message
        assert way.fix


def test_force_sends_before_the_answer():
    assert correction_of(standing(adjudicated=False), REPLACE, force=True) is Correction.REPLACEMENT


def test_a_replacement_names_the_original_and_keeps_its_number():
    made = corrected(CLAIM, standing(), Correction.REPLACEMENT, same_number=True)
    assert (made.frequency, made.original_reference, made.patient_control_number) == ("7", "P1", "C1")
    assert [line.line_control_number for line in made.lines] == [""] * 3
    assert made.charge == CLAIM.charge


def test_a_replacement_may_want_a_new_number():
    assert (
        corrected(CLAIM, standing(), Correction.REPLACEMENT, same_number=False).patient_control_number == ""
    )


def test_a_rebuilt_claim_goes_under_the_number_of_the_one_it_replaces():
    rebuilt = msgspec.structs.replace(CLAIM, patient_control_number="")
    assert (
        corrected(rebuilt, standing(), Correction.REPLACEMENT, same_number=True).patient_control_number
        == "C1"
    )


def test_a_new_claim_has_a_new_number_and_no_reference():
    made = corrected(CLAIM, standing(), Correction.NEW_CLAIM, same_number=True)
    assert (made.frequency, made.original_reference, made.patient_control_number) == ("1", "", "")


def test_only_the_denied_lines_go_counted_anew():
    made = corrected(CLAIM, standing(denied=frozenset({2, 3})), Correction.DENIED_LINES, same_number=True)
    assert [(line.number, line.procedure.code) for line in made.lines] == [(1, "97140"), (2, "97530")]
    assert (made.charge, made.frequency, made.patient_control_number) == (10000, "1", "")


def test_a_rejected_claim_goes_as_it_was():
    original = corrected(CLAIM, standing(rejected=True), Correction.REJECTED, same_number=True)
    assert (original.frequency, original.original_reference) == ("1", "")
    where = standing(rejected=True, frequency="7")
    replacement = corrected(CLAIM, where, Correction.REJECTED, same_number=True)
    assert (replacement.frequency, replacement.original_reference) == ("7", "P1")


VOIDS = {
    "adjudicated": (standing(), REPLACE, None),
    "void already": (standing(frequency="8"), REPLACE, "AGN005"),
    "a rejected void": (standing(frequency="8", rejected=True), REPLACE, None),
    "rejected": (standing(adjudicated=False, rejected=True), REPLACE, "AGN007"),
    "no answer": (standing(adjudicated=False), REPLACE, "AGN002"),
    "the payer takes none": (standing(), REOPENING, "AGN004"),
    "no payer number": (standing(payer_number=""), REPLACE, "AGN003"),
}


@pytest.mark.parametrize("name", VOIDS)
def test_a_void(name):
    where, policy, refused = VOIDS[name]
    made = voided(CLAIM, where, policy, same_number=True)
    if refused is not None:
        assert isinstance(made, Finding)
        assert made.code == refused
        return
    assert not isinstance(made, Finding)
    assert (made.frequency, made.original_reference, made.patient_control_number) == ("8", "P1", "C1")
    assert [line.procedure.code for line in made.lines] == ["97110", "97140", "97530"]
    assert made.charge == CLAIM.charge


@pytest.mark.parametrize(
    ("changes", "way", "needs"),
    [
        ({}, Correction.REPLACEMENT, True),
        ({}, Correction.NEW_CLAIM, True),
        ({}, Correction.REOPENING, True),
        ({"denied": frozenset({1})}, Correction.REPLACEMENT, False),
        ({"rejected": True, "adjudicated": False}, Correction.REJECTED, False),
        ({"unprocessable": True}, Correction.NEW_CLAIM, False),
        ({"frequency": "8"}, Correction.NEW_CLAIM, False),
    ],
)
def test_a_paid_claim_only_goes_again_changed(changes, way, needs):
    assert needs_change(standing(**changes), way) is needs


def test_the_same_content_is_seen_whatever_the_numbers():
    sent = corrected(CLAIM, standing(), Correction.REPLACEMENT, same_number=False)
    assert same_content(CLAIM, sent)
    other = msgspec.structs.replace(CLAIM, diagnoses=("M5416",))
    assert not same_content(CLAIM, other)
