"""What a payer should have allowed: rates, visits, multiple procedures, assistants, and the arithmetic."""

from __future__ import annotations

from datetime import date

import pytest

from edi.model.records import Fee
from edi.payers.profile import ModifiersPolicy, PayerProfile
from reconcile.underpayment import (
    Allowed,
    BilledLine,
    ExpectedFees,
    price_alone,
    price_visit,
    recoverable,
    shortfall,
)

DAY = date(2026, 3, 2)
MEDICARE = PayerProfile(
    key="medicare", name="M", kind="medicare_b", modifiers=ModifiersPolicy(assistant="CQ/CO")
)
PLAIN = PayerProfile(key="medicare", name="M")


def fee(code="97110", amount=3000, **more) -> Fee:
    known = {
        "kind": "expected",
        "basis": "per_unit",
        "valid_from": date(2026, 1, 1),
        "payer": "medicare",
        "row": 7,
    }
    return Fee(**{**known, "code": code, "amount": amount, **more})


def line(number=1, code="97110", units="1", **more) -> BilledLine:
    known = {"practice_id": "orchard", "payer": "medicare", "modifiers": ("GP",), "charge": 6000, "day": DAY}
    return BilledLine(**{"id": number, "code": code, "units": units, **known, **more})


def expected(lines, *fees, payer=MEDICARE):
    """Expected cents by the lines priced together, assistants lowered with no patient share."""
    return {one.lines: one.after_assistant(0)[0] for one in price_visit(lines, ExpectedFees(fees), payer)}


@pytest.mark.parametrize(
    ("rates", "changes", "cents"),
    [
        ([fee()], {"units": "3"}, 9000),
        ([fee()], {"units": "1.5"}, 4500),
        ([fee(basis="per_line")], {"units": "3"}, 3000),
        ([fee(basis="percent_of_charge", amount=6550)], {"charge": 999}, 654),
        ([fee(), fee(modifier="GP", amount=2900)], {}, 2900),
        ([fee(), fee(credential="PTA", amount=2500)], {"credential": "pta"}, 2500),
        ([fee(), fee(credential="PTA", amount=2500)], {"credential": "PT"}, 3000),
        ([fee(), fee(place_of_service="12", amount=3300)], {"place_of_service": "12"}, 3300),
        ([fee(), fee(practice_id="orchard", amount=3100)], {}, 3100),
        ([fee(), fee(practice_id="beach", amount=3100)], {}, 3000),
        ([fee("*", 1000), fee()], {}, 3000),
        ([fee("*", 1000)], {}, 1000),
        ([fee(valid_to=date(2026, 3, 1)), fee(valid_from=date(2026, 3, 2), amount=3200)], {}, 3200),
    ],
)
def test_the_most_specific_row_prices_a_line(rates, changes, cents):
    assert expected([line(**changes)], *rates) == {(1,): cents}


@pytest.mark.parametrize(
    ("rates", "changes"),
    [
        ([], {}),
        ([fee("97140")], {}),
        ([fee(payer="other")], {}),
        ([fee(kind="charge")], {}),
        ([fee(), fee(amount=2)], {}),
        ([fee(valid_to=date(2026, 3, 1))], {}),
        ([fee(valid_from=date(2026, 3, 3))], {}),
        ([fee()], {"day": None}),
    ],
)
def test_without_one_row_there_is_no_price(rates, changes):
    assert expected([line(**changes)], *rates) == {}
    assert price_alone(line(**changes), ExpectedFees(rates), PLAIN) is None


def test_half_the_practice_expense_goes_from_the_second_unit_on_highest_first():
    rates = (fee("97110", 3000, pe_amount=1201), fee("97530", 4000, pe_amount=2000), fee("97035", 1500))
    lines = [line(1, "97110", "2"), line(2, "97530", "2"), line(3, "97035")]
    # 97530 has the highest: its first unit is whole, its second loses 10.00; both of 97110 lose 6.005 each, 12.01.
    assert expected(lines, *rates) == {(1,): 6000 - 1201, (2,): 8000 - 1000, (3,): 1500}
    (alone,) = price_visit([line(1, "97110", "2")], ExpectedFees(rates), MEDICARE)
    assert alone.expected == 6000 - 601
    assert alone.steps == (
        "97110: 2 x 30.00 = 60.00 (fees.csv row 7)",
        "multiple procedures: half of 12.01 practice expense off 1 of 2 units: -6.01 = 53.99",
    )
    assert expected([line(1, "97110")], *rates) == {(1,): 3000}


def test_an_assistant_lowers_the_payers_part_and_not_the_patients():
    assisted = line(modifiers=("CQ", "GP"), units="2")
    (price,) = price_visit([assisted], ExpectedFees([fee(amount=5000)]), MEDICARE)
    cents, steps = price.after_assistant(2000)
    assert cents == 2000 + 6800
    assert steps[-1] == "assistant (CQ): 20.00 + 85 % of (100.00 - patient 20.00) = 88.00"
    assert price.after_assistant(0)[0] == 8500
    assert price.after_assistant(99999)[0] == 10000


@pytest.mark.parametrize(
    ("rates", "changes", "payer"),
    [
        ([fee()], {"modifiers": ("GP",)}, MEDICARE),
        ([fee()], {}, PLAIN),
        ([fee()], {}, None),
        ([fee(valid_from=date(2020, 1, 1))], {"day": date(2021, 12, 31)}, MEDICARE),
        ([fee(modifier="CQ")], {}, MEDICARE),
        ([fee(credential="PTA")], {"credential": "PTA"}, MEDICARE),
    ],
)
def test_no_assistants_reduction(rates, changes, payer):
    assisted = line(**{"modifiers": ("CQ", "GP"), **changes})
    assert expected([assisted], *rates, payer=payer) == {(1,): 3000}


def test_a_visit_rate_prices_its_lines_together():
    rates = (fee("*", 8500, basis="per_visit", source="contract 2026"), fee("97161", 9000, basis="per_line"))
    lines = [line(1), line(2, "97140"), line(3, "97161")]
    assert expected(lines, *rates) == {(1, 2): 8500, (3,): 9000}
    (price, _) = price_visit(lines, ExpectedFees(rates), PLAIN)
    assert price.steps == ("visit rate 85.00 (contract 2026)",)


def test_a_visit_maximum_caps_the_visit_and_needs_every_rate():
    rates = (fee(), fee("97140", 2800), fee("*", 5000, basis="visit_maximum"))
    assert expected([line(1), line(2, "97140")], *rates) == {(1, 2): 5000}
    assert expected([line(1)], *rates) == {(1,): 3000}
    assert expected([line(1), line(2, "97530")], *rates) == {}


def test_the_shortfall_adds_sequestration_back_and_shows_its_arithmetic():
    (price,) = price_visit([line(units="2")], ExpectedFees([fee(amount=5000)]), PLAIN)
    paid = Allowed(paid=7056, patient=1800, sequestration=144)
    found = shortfall(price, [paid], least=100)
    assert (found.expected, found.allowed, found.short) == (10000, 9000, 1000)
    assert found.steps[1:] == (
        "allowed: paid 70.56 + patient 18.00 + sequestration 1.44 = 90.00",
        "short: 100.00 - 90.00 = 10.00",
    )
    assert shortfall(price, [paid], least=1000) is not None
    assert shortfall(price, [paid], least=1001) is None
    assert shortfall(price, [Allowed(10000)], least=0) is None
    assert shortfall(price, [Allowed(10001)], least=0) is None


def test_an_assistants_payment_by_the_book_is_not_short():
    """Allowed 100.00: the patient 20.00, the payer 85 % of 80.00 = 68.00, less 2 % sequestration."""
    (price,) = price_visit([line(modifiers=("CQ",))], ExpectedFees([fee(amount=10000)]), MEDICARE)
    assert shortfall(price, [Allowed(6664, 2000, 136)], least=1) is None
    assert shortfall(price, [Allowed(6564, 2000, 136)], least=1).short == 100


@pytest.mark.parametrize(
    ("charge", "denied", "cents"), [(6000, 6000, 3000), (6000, 3000, 1500), (2000, 2000, 2000), (0, 0, 0)]
)
def test_a_denial_may_bring_the_rate_in_its_proportion(charge, denied, cents):
    price = price_alone(line(charge=charge), ExpectedFees([fee()]), PLAIN)
    assert recoverable(price, charge, denied) == cents
