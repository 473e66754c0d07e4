"""The therapy threshold: what counts toward it, and what does not. The amount of 2024 is 2,330.00."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from edi.codes import load_tables
from edi.model.finding import Severity
from edi.model.records import Fee, Records

AS_OF = date(2024, 7, 1)


def kx(make, *drafts, **context):
    return [
        (one.code, one.location.line)
        for one in make.findings(*drafts, **context)
        if one.code.startswith("KX")
    ]


def used(make, cents, *rows, discipline="PT", as_of=AS_OF, **draft):
    case = make.case(discipline=discipline, therapy_dollars_used=cents, therapy_dollars_as_of=as_of)
    return make.draft(*rows, discipline=discipline, draft_case=case, **draft)


def test_the_line_that_passes_the_amount_wants_it_and_those_after(make):
    draft = used(make, 2230_00, make.row("97110"), make.row("97112"), make.row("97530"), make.row("97116"))
    assert kx(make, draft) == [("KX001", "3"), ("KX001", "4")]
    (first, _) = make.findings(draft, code="KX001")
    assert (first.severity, first.carc) == (Severity.WARNING, "119")
    assert first.fix.startswith("Give the expected fees in fees.csv")
    assert (
        "PT and SLP 2024: 2230.00 used as of 2024-07-01 + 100.00 since + 50.00 this line = 2380.00"
        " (charges where no expected fee is known); the threshold is 2330.00" in first.message
    )


def test_claims_of_the_run_add_up_by_date(make):
    late = used(make, 2260_00, make.row(day=date(2024, 8, 2)))
    early = used(make, 2260_00, make.row(day=date(2024, 8, 1)))
    assert kx(make, late, early) == [("KX001", "1")]
    (found,) = make.findings(late, early, code="KX001")
    assert "on 2024-08-02" in found.message


@pytest.mark.parametrize(
    ("earlier", "counts"),
    [
        ({"date_of_service": date(2024, 7, 2)}, True),
        ({"date_of_service": date(2024, 7, 1)}, False),
        ({"date_of_service": date(2024, 8, 2)}, False),
        ({"date_of_service": date(2024, 7, 9), "modifiers": ("GN",)}, True),
        ({"date_of_service": date(2024, 7, 9), "modifiers": ("GO",)}, False),
        ({"date_of_service": date(2024, 7, 9), "modifiers": ()}, False),
        ({"date_of_service": date(2024, 7, 9), "payer": "commercial"}, False),
    ],
)
def test_what_was_billed_since_counts_in_its_own_amount(make, earlier, counts):
    history = (make.earlier("97110", **earlier),)
    draft = used(make, 2280_00)
    assert kx(make, draft, earlier=history) == ([("KX001", "1")] if counts else [])


@pytest.mark.parametrize(("discipline", "modifier"), [("SLP", "GN"), ("OT", "GO")])
def test_speech_counts_with_physical_therapy_and_occupational_apart(make, discipline, modifier):
    physical = used(make, 2250_00)
    other = used(make, 2250_00, make.row("97129", modifiers=(modifier,)), discipline=discipline)
    assert bool(kx(make, physical, other)) is (discipline == "SLP")


@pytest.mark.parametrize(
    ("basis", "amount", "passes"),
    [
        ("per_unit", 30_00, False),
        ("per_unit", 51_00, True),
        ("percent_of_charge", 6000, False),
        ("per_visit", 10_00, True),
    ],
)
def test_the_expected_fee_stands_for_the_allowed_amount(make, basis, amount, passes):
    fee = Fee(
        kind="expected",
        payer="medicare",
        code="97110",
        basis=basis,
        amount=amount,
        valid_from=date(2024, 1, 1),
    )
    draft = used(make, 2281_00)
    found = kx(make, draft, records=Records(fees=(fee,)))
    assert bool(found) is passes


def test_the_store_alone_never_decides(make):
    history = tuple(make.earlier("97110", charge=3000_00, date_of_service=date(2024, 7, n)) for n in (2, 3))
    assert kx(make, make.draft(draft_case=None), earlier=history) == [("KX004", None)]


@pytest.mark.parametrize("as_of", [date(2023, 12, 31), date(2025, 1, 1)])
def test_an_amount_of_another_year_says_nothing(make, as_of):
    assert kx(make, used(make, 5000_00, as_of=as_of)) == [("KX004", None)]


def test_an_amount_without_a_date_says_nothing(make):
    assert kx(make, used(make, 5000_00, as_of=None)) == [("KX004", None)]


@pytest.mark.parametrize(
    ("opening", "fee", "severity"),
    [
        (2330_01, None, Severity.ERROR),
        (2330_00, None, Severity.WARNING),
        (2300_00, 31_00, Severity.ERROR),
        (2300_00, 30_00, None),
    ],
)
def test_only_expected_fees_hold_a_claim_for_kx(make, opening, fee, severity):
    given = {"kind": "expected", "payer": "medicare", "code": "97110", "basis": "per_line"}
    fees = (Fee(**given, amount=fee, valid_from=date(2024, 1, 1)),) if fee else ()
    found = make.findings(used(make, opening), records=Records(fees=fees), code="KX001")
    assert [one.severity for one in found] == ([severity] if severity else [])


def test_what_is_not_paid_counts_for_nothing_and_wants_no_kx(make):
    for row in (make.row("97110", modifiers=("GP", "GY")), make.row("97010")):
        assert kx(make, used(make, 2400_00, row)) == []
        assert kx(make, used(make, 2270_00, row, make.row("97112"))) == []
    for earlier in (
        ("97110", ("GP", "GY"), "paid"),
        ("97010", ("GP",), "paid"),
        ("97110", ("GP",), "rejected"),
    ):
        code, modifiers, status = earlier
        line = make.earlier(code, modifiers=modifiers, status=status, date_of_service=date(2024, 7, 9))
        assert kx(make, used(make, 2280_00), earlier=(line,)) == []


def test_a_year_that_is_not_in_the_table_is_unchecked(make):
    day = date(2031, 3, 1)
    draft = used(make, 5000_00, make.row(day=day), as_of=date(2031, 1, 1))
    (found,) = make.findings(draft, code="KX004", today=day)
    assert "in 2031" in found.message


def test_what_is_not_therapy_and_other_payers_are_left_alone(make):
    assert kx(make, used(make, 5000_00, make.row("20560"))) == []
    assert kx(make, used(make, 5000_00, payer="commercial")) == []


def test_attested_but_not_on_the_line(make):
    (found,) = make.findings(used(make, 2300_00, make.row(session={"kx_attested": True})), code="KX001")
    assert "though attested" in found.message
    assert found.fix == "Add KX to the line; the row attests it."


@pytest.mark.corpus
def test_the_thresholds_are_the_facts(facts_dir):
    with facts_dir.joinpath("kx_thresholds.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found = load_tables().kx(int(row["year"]))
            assert found is not None
            assert (found.pt_slp, found.ot, found.targeted_review) == tuple(
                int(row[name]) * 100 for name in ("pt_slp_combined_usd", "ot_usd", "targeted_review_usd")
            )
    assert load_tables().kx(1999) is None
