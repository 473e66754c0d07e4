"""The checks of decisions about held and unmatched money fail when one row is changed by raw SQL."""

from __future__ import annotations

import pytest

from cli.jobs.holds import release
from cli.jobs.linking import link
from cli.jobs.verify import verify
from tests.builders import make_claim, make_line
from tests.jobs.test_held_release import decider
from tests.remits import claim, file_of, line, payment

CORRUPTIONS = {
    "releases": ["UPDATE hold_release SET cents = cents + 1"],
    "links": ["UPDATE claim_alias SET subject = 'claim_payment:other#1'"],
    "suspense": [
        "UPDATE posting SET cents = cents + 1 WHERE account = 'suspense'",
        "UPDATE claim SET suspense = suspense + 1, open_balance = open_balance - 1 WHERE suspense <> 0",
    ],
}
ALSO = {"suspense": ["recomputed_books"]}


@pytest.fixture
def decided(desk):
    """A released claim payment and one that was linked by hand."""
    second = (make_line(1, "97530", line_control_number="L0000011"),)
    desk.submit(make_claim(), make_claim(patient_control_number="B0000002", lines=second))
    broken = claim("A0000001", line("97110", 5000, 4000, adjustments=["CO*45*9"]), line("97140", 5000, 4000))
    desk.ingest(file_of(payment([broken, claim("X99", line("97530", 5000, 4000))])))
    release("1", "by phone", decider(desk))
    link("2", "B0000002", decider(desk))
    return desk


@pytest.mark.parametrize("check", CORRUPTIONS)
def test_one_changed_row_fails_its_check(decided, check):
    assert decided.broken() == []
    decided.sql(*CORRUPTIONS[check])
    assert decided.broken() == sorted([check, *ALSO.get(check, [])])
    (result,) = verify(decided.store, [check]).checks
    assert result.findings[0].code == f"VER_{check.upper()}"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("DELETE FROM hold_release", "releases"),
        ("UPDATE hold_release SET reason = 'another'", "releases"),
        ("UPDATE event SET subject = 'claim_payment:gone#1' WHERE kind = 'link'", "links"),
        ("UPDATE claim_payment SET evidence = 'none' WHERE id = 2", "links"),
        ("UPDATE claim_alias SET claim_id = (SELECT MIN(id) FROM claim)", "links"),
        ("DELETE FROM claim_alias", "links"),
    ],
)
def test_a_row_that_the_log_does_not_bear_out_is_seen(decided, change, check):
    decided.sql(change)
    assert check in decided.broken()
