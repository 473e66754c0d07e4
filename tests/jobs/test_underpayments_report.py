"""`report underpayments`: sums that are those of its rows, by every grouping, day and payer."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from reconcile.reports.registry import report
from reconcile.store.report_rows.scope import Scope
from reconcile.underpayment import Contract, ExpectedFees
from tests.builders import THERAPIST_NPI
from tests.jobs.test_denial_checks import ACME, PAYERS, answer, denied, fee, opened, paid
from tests.remits import line

REPORT = report("underpayments")
SCOPE = Scope(
    today=date(2026, 5, 1),
    contract=Contract(fees=ExpectedFees([fee("97110", 4600), fee("97140", 4000)]), payers=PAYERS, least=100),
)


@pytest.mark.parametrize("by", REPORT.groupings)
def test_every_sum_is_that_of_its_rows(desk, by):
    opened(desk, answer("20260320", "T1", paid("97110", "L1"), paid("97140", "L2")))
    with desk.store.read() as connection:
        found = REPORT.read(connection, SCOPE, by)
        rows = {one.name: list(one.read(connection, SCOPE, by)) for one in REPORT.row_sets}
    assert (found.total["lines"], found.total["expected"], found.total["allowed"]) == (2, 8600, 8000)
    assert (found.total["underpaid"], found.total["short"], found.total["short_percent"]) == (1, 600, 70)
    assert [one["arithmetic"].endswith("short: 46.00 - 40.00 = 6.00") for one in rows["underpaid"]] == [True]
    for figure in REPORT.figures:
        part = figure.numerator
        for group in found.rows:
            summed = sum(one[part.sum] for one in rows[part.rows] if one["group"] == group["group"])
            assert figure.denominator is not None or summed == group[figure.column], (figure, group)


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, 2),
        ({"as_of": date(2026, 3, 19)}, 0),
        ({"as_of": date(2026, 3, 20)}, 2),
        ({"payer": "other"}, 0),
        ({"payer": "acme", "practice": "orchard"}, 2),
        ({"practice": "beach"}, 0),
        ({"since": date(2026, 12, 1)}, 0),
        ({"contract": None}, 0),
    ],
)
def test_a_scope_leaves_out_what_it_says(desk, changes, lines):
    opened(desk, answer("20260320", "T1", paid("97110", "L1"), paid("97140", "L2")))
    with desk.store.read() as connection:
        found = REPORT.read(connection, replace(SCOPE, **changes), "payer")
    assert found.total["lines"] == lines
    assert bool(found.notes) is (lines == 0)


@pytest.mark.parametrize(
    ("lines", "compared"),
    [
        ((paid("97110", "L1"), denied()), 1),
        ((paid("97110", "L1"), line("97140", 5000, 0, adjustments=["OA*133*50"], number="L2")), 0),
        ((paid("97110", "L1"),), 0),
        ((paid("97110", "L1"), line("97140", 5000, 0, adjustments=["PR*1*40", "CO*45*10"], number="L2")), 2),
    ],
)
def test_a_visit_is_compared_when_all_of_it_is_answered(desk_lite, lines, compared):
    opened(desk_lite, answer("20260320", "T1", *lines))
    with desk_lite.store.read() as connection:
        assert REPORT.read(connection, SCOPE, "payer").total["lines"] == compared


def test_a_payer_by_capitation_is_left_out(desk_lite):
    opened(desk_lite, answer("20260320", "T1", paid("97110", "L1"), paid("97140", "L2")))
    flat = replace(SCOPE.contract, payers={"acme": replace(ACME, capitated=True)})
    with desk_lite.store.read() as connection:
        assert REPORT.read(connection, replace(SCOPE, contract=flat), "payer").rows == []


def test_rates_by_credential_and_place_look_at_the_claim(desk):
    opened(desk, answer("20260320", "T1", paid("97110", "L1"), paid("97140", "L2")))
    rates = [
        fee("97110", 9000, credential="PTA"),
        fee("97110", 5000, credential="PT"),
        fee("97140", 4100, place_of_service="11"),
    ]
    told = replace(SCOPE.contract, fees=ExpectedFees(rates), credentials={THERAPIST_NPI: "PT"})
    with desk.store.read() as connection:
        rows = REPORT.row_sets[1].read(connection, replace(SCOPE, contract=told), "code")
        found = {one["procedure_code"]: one["expected"] for one in rows}
    assert found == {"97110": 5000, "97140": 4100}
