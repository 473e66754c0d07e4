"""The builders make values that agree with each other."""

from __future__ import annotations

import pytest

from tests import builders


@pytest.mark.parametrize("number", [0, 1, 9, 10, 23456789, 99999999])
def test_npi_has_a_right_check_digit(number):
    digits = "80840" + builders.npi(number)
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    assert total % 10 == 0


def test_the_known_npi():
    assert builders.npi(23456789) == "1234567893"


def test_a_claim_and_its_payment_balance():
    claim = builders.make_claim()
    payment = builders.make_claim_payment()
    assert claim.charge == sum(line.charge for line in claim.lines) == payment.charge
    for line in payment.lines:
        assert line.charge == line.paid + sum(item.cents for item in line.adjustments)


def test_the_session_line_finds_its_patient_and_therapist():
    line, directory, records = (
        builders.make_session_line(),
        builders.make_directory(),
        builders.make_records(),
    )
    assert (line.practice_id, line.patient_id) in records.patients
    assert line.treating_npi in {clinician.npi for clinician in directory.clinicians.values()}
