"""A patient marked as QMB in patients.csv is never billed: not for a share, nor for what group PR denies."""

from __future__ import annotations

import pytest

from tests.builders import make_claim
from tests.jobs.test_rebuild import rebuilt
from tests.remits import claim, file_of, line, payment

CLAIM = "SELECT next_actions, guardrails FROM claim WHERE id = root"
DENIAL = "SELECT next_action, guardrails, because FROM denial"


def sent(*, denied: bool = False) -> bytes:
    """A share of the patient on the first line; the second one paid, or denied under PR."""
    share = line("97110", 5000, 4000, adjustments=["PR*2*10"])
    other = line("97140", 5000, 0, adjustments=["PR*204*50"]) if denied else line("97140", 5000, 5000)
    return file_of(payment([claim("A0000001", share, other)]))


@pytest.mark.parametrize(
    ("protection", "more", "action", "rails"),
    [
        ("", {}, "bill_patient", ""),
        ("qmb", {}, "bill_secondary", "no_patient_bill"),
        ("qmb", {"later_payers": ("medicaid",)}, "bill_secondary", "no_patient_bill"),
    ],
)
def test_the_share_goes_to_the_next_payer_or_to_nobody(desk, protection, more, action, rails):
    desk.submit(make_claim(patient_protection=protection, **more))
    desk.ingest(sent())
    ((actions, guardrails),) = desk.rows(CLAIM)
    assert (actions.split()[-1], guardrails) == (action, rails)
    assert desk.broken() == []


def test_what_is_left_after_the_last_payer_is_nobodys(desk_lite):
    """Medicare, then Medicaid left a share once more: it is written off."""
    desk_lite.submit(make_claim(patient_protection="qmb"))
    again = line("97110", 5000, 300, adjustments=["OA*23*40", "PR*3*7"])
    second = claim(
        "A0000001", again, line("97140", 5000, 0, adjustments=["OA*23*50"]), payer_number="P2", status="2"
    )
    desk_lite.ingest(
        sent(), file_of(payment([second], trace="T2", payer="1999999999", day="20260401"), control=2)
    )
    ((actions, guardrails),) = desk_lite.rows(CLAIM)
    assert "bill_patient" not in actions
    assert "write_off_no_patient_billing" in actions
    assert guardrails == "no_patient_bill"


@pytest.mark.parametrize("protection", ["", "qmb"])
def test_a_denial_under_group_pr_never_says_to_bill_such_a_patient(desk_lite, protection):
    desk_lite.submit(make_claim(patient_protection=protection))
    desk_lite.ingest(sent(denied=True))
    ((action, guardrails, because),) = desk_lite.rows(DENIAL)
    assert ("no_patient_bill" in guardrails.split()) is bool(protection)
    assert ("(QMB)" in because) is bool(protection)
    assert ("bill_patient" in action) is not bool(protection)
    assert desk_lite.broken() == []


def test_a_rebuild_knows_the_mark(desk_lite):
    desk_lite.submit(make_claim(patient_protection="qmb"))
    desk_lite.ingest(sent(denied=True))
    made, (digest, _), _ = rebuilt(desk_lite)
    assert made.same
    assert digest == desk_lite.digest()
