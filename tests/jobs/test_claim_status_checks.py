"""The check of answers about claims holds on sound books and fails on one changed row."""

from __future__ import annotations

from datetime import date

import pytest

from edi.model.party import Provider
from edi.model.status import ClaimStatus, StatusAnswer, StatusCode, StatusInquiry
from reconcile.store.claim_status.asking import save_inquiries
from reconcile.store.claim_status.tying import save_answers
from tests.builders import make_claim, make_line

CORRUPTIONS = {"claim_status_ties": ["UPDATE claim_status_answer SET paid = paid + 1"]}
OTHERS = [
    "UPDATE claim_status_answer SET state = 'pended'",
    "UPDATE claim_status_answer SET check_number = 'X'",
    "UPDATE claim_status_answer SET claim_id = claim_id + 1",
    "UPDATE claim_status_answer SET claim_id = NULL",
    "DELETE FROM claim_status_inquiry",
]


@pytest.fixture
def asked(desk_lite):
    """Two claims, one of which was asked about and answered."""
    lines = (
        make_line(1, line_control_number="L0000011"),
        make_line(2, "97140", line_control_number="L0000012"),
    )
    first, _ = desk_lite.submit(make_claim(), make_claim(patient_control_number="A0000002", lines=lines))
    provider = Provider(is_person=False, last_name="ORCHARD", npi="1234567893")
    inquiry = StatusInquiry(trace_number="S1", provider=provider, patient_control_number="A0000001")
    status = ClaimStatus(codes=(StatusCode("F1"),), paid=5_00, check_number="EFT1")
    answer = StatusAnswer(trace_number="S1", patient_control_number="A0000001", statuses=(status,))
    with desk_lite.store.write() as connection:
        save_inquiries(
            connection, [(first, inquiry, "R")], partner="house", file_sha256="", asked_on=date(2026, 3, 1)
        )
        (saved,) = save_answers(connection, [answer], file_sha256="", position=0)
    assert saved.tied == "trace"
    return desk_lite


@pytest.mark.parametrize("change", [*CORRUPTIONS["claim_status_ties"], *OTHERS])
def test_one_changed_row_fails_the_check(asked, change):
    assert asked.broken(["claim_status_ties"]) == []
    asked.sql(change)
    assert asked.broken(["claim_status_ties"]) == ["claim_status_ties"]
