"""Limits of a day, add-ons and first blocks: over lines, claims of the run and what was billed before."""

from __future__ import annotations

from datetime import date

import pytest

from edi.codes import PtpEdit, Tables, load_tables
from edi.model.finding import Severity
from edi.payers.profile import EditsPolicy, UnitsPolicy

ERROR, WARNING = Severity.ERROR, Severity.WARNING
IN_QUARTER, AFTER_IT = date(2024, 8, 1), date(2026, 3, 2)


def told(make, *drafts, family, **context):
    return [
        (one.code, one.severity, one.location.line)
        for one in make.findings(*drafts, **context)
        if one.code.startswith(family)
    ]


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "units", "rule"),
    [("97161", 1, "MUE001"), ("97110", 6, "MUE002"), ("97035", 2, "MUE002"), ("97130", 7, "MUE002")],
)
def test_the_limit_itself_passes_and_one_more_does_not(make, code, units, rule):
    for given, expected in ((units, set()), (units + 1, {rule})):
        found = told(make, make.draft(make.row(code, str(given), given * 15)), family="MUE")
        assert {one for one, *_ in found} == expected


@pytest.mark.parametrize(
    ("day", "payer", "severity"),
    [
        (IN_QUARTER, "medicare", ERROR),
        (AFTER_IT, "medicare", WARNING),
        (IN_QUARTER, "medicaid", WARNING),
        (IN_QUARTER, "commercial", ERROR),
    ],
)
def test_an_absolute_limit_is_an_error_in_the_quarter_that_is_loaded(make, day, payer, severity):
    sides = [make.row("29540", day=day, modifiers=(side,)) for side in ("LT", "RT")]
    draft = make.draft(*sides, payer=payer)
    assert told(make, draft, family="MUE", today=day) == [("MUE001", severity, "1")]


def test_a_payer_without_limits(make):
    payers = make.payers(edits=EditsPolicy(mue=False))
    assert told(make, make.draft(make.row("97161", "2", 40)), family="MUE", payers=payers) == []


def test_units_of_a_day_add_up_over_claims_and_history(make):
    four = [make.draft(make.row("97110", "4", 60)), make.draft(make.row("97110", "4", 60))]
    assert told(make, *four, family="MUE") == [("MUE002", WARNING, "1"), ("MUE002", WARNING, "1")]
    (found,) = make.findings(four[0], earlier=(make.earlier("97110", units="3"),), code="MUE002")
    assert "7 units over 2 lines of 2 claims, 3 of them billed before" in found.message
    assert "are added up" in found.message
    assert told(make, four[0], family="MUE", earlier=(make.earlier("97110", units="2"),)) == []
    for apart in ({"payer": "commercial"}, {"date_of_service": date(2024, 8, 2)}):
        history = (make.earlier("97110", units="3", **apart),)
        assert told(make, four[0], family="MUE", earlier=history) == []


def test_sides_do_not_help(make):
    rows = [make.row("29540", modifiers=(side,)) for side in ("LT", "RT")]
    assert told(make, make.draft(*rows), family="MUE") == [("MUE001", ERROR, "1")]


def test_a_replacement_does_not_count_what_it_replaces(make):
    history = (make.earlier("97610"),)
    draft = make.draft(make.row("97610"), frequency="7", patient_control_number="A1", original_reference="X1")
    assert told(make, draft, family="MUE", earlier=history) == []
    assert told(make, draft, family="COD", earlier=history) == []
    other = make.draft(make.row("97610"), frequency="7", patient_control_number="A2", original_reference="X1")
    assert told(make, other, family="MUE", earlier=history) == [("MUE001", ERROR, "1")]
    rejected = (make.earlier("97610", status="rejected"),)
    assert told(make, other, family="MUE", earlier=rejected) == [], "no payer took it"


def test_a_limit_of_none_is_left_to_the_rule_of_its_status(make):
    assert told(make, make.draft(make.row("97010"), make.row("97014"), make.row("98943")), family="MUE") == []


# -- pairs -------------------------------------------------------------------------------------------------------------


class WithPair(Tables):
    """The shipped tables with one pair more."""

    indicator = "9"

    def ptp(self, column_1, column_2, day):
        if (column_1, column_2) == ("97110", "97112"):
            return PtpEdit(code="97110", column_2="97112", indicator=self.indicator)
        return super().ptp(column_1, column_2, day)


def test_a_pair_that_never_was_in_force_says_nothing(make):
    draft = make.draft(make.row("97110"), make.row("97112"))
    assert told(make, draft, family="BND", tables=WithPair()) == []
    tables = WithPair()
    tables.indicator = "0"
    assert told(make, draft, family="BND", tables=tables) == [("BND001", ERROR, "2")]


def test_a_replacement_does_not_stand_beside_what_it_replaces(make):
    draft = make.draft(make.row("97124"), frequency="7", patient_control_number="A1", original_reference="X1")
    assert told(make, draft, family="BND", earlier=(make.earlier("97140"),)) == []


# -- add-ons and first blocks ------------------------------------------------------------------------------------------

ADD_ONS = {code: row.add_on_to for code, row in load_tables().procedures.items() if row.add_on_to}


@pytest.mark.parametrize("code", sorted(ADD_ONS))
def test_every_add_on_wants_one_of_its_parents(make, code):
    alone = make.draft(make.row(code), payer="commercial")
    (found,) = make.findings(alone, code="COD007")
    assert all(parent in found.message for parent in ADD_ONS[code])
    for parent in ADD_ONS[code]:
        beside = make.draft(make.row(code), make.row(parent), payer="commercial")
        assert make.findings(beside, code="COD007") == []


def test_the_parent_may_stand_on_another_claim_of_the_day(make):
    add_on, parent = make.draft(make.row("97130")), make.draft(make.row("97129"))
    assert make.findings(add_on, parent, code="COD007") == []
    assert make.findings(add_on, code="COD007", earlier=(make.earlier("97129"),)) == []
    next_day = make.draft(make.row("97129", day=date(2024, 8, 2)))
    assert make.findings(add_on, next_day, code="COD007")
    assert make.findings(add_on, make.draft(make.row("97129"), payer="commercial"), code="COD007")


def test_a_months_add_on_wants_its_parent_in_the_month(make):
    add_on = make.draft(make.row("98981", day=date(2024, 8, 20)), payer="commercial")
    for day, expected in (
        (date(2024, 8, 1), []),
        (date(2024, 7, 31), ["COD007"]),
        (date(2024, 9, 1), ["COD007"]),
    ):
        parent = make.draft(make.row("98980", day=day), payer="commercial")
        found = [one.code for one in make.findings(add_on, parent, today=date(2024, 9, 2), code="COD007")]
        assert found == expected
        history = (make.earlier("98980", payer="commercial", date_of_service=day),)
        assert [one.code for one in make.findings(add_on, code="COD007", earlier=history)] == expected


@pytest.mark.parametrize("codes", [("97129", "97129"), ("97810", "97813"), ("97550", "97550")])
def test_the_second_first_block_is_named(make, codes):
    draft = make.draft(*map(make.row, codes), payer="commercial")
    assert [one.location.line for one in make.findings(draft, code="COD008")] == ["2"]
    (found,) = make.findings(
        make.draft(make.row(codes[0]), payer="commercial"),
        code="COD008",
        earlier=(make.earlier(codes[1], payer="commercial"),),
    )
    assert found.location.line == "1"


def test_an_evaluation_of_each_discipline(make):
    physical = make.draft(make.row("97161"))
    occupational = make.draft(make.row("97167", modifiers=("GO",)), discipline="OT")
    assert make.findings(physical, occupational, code="COD009") == []
    again = make.draft(make.row("97164"))
    (found,) = make.findings(physical, again, code="COD009")
    assert "97164 on 2024-08-01 is a second evaluation beside 97161" in found.message
    (found,) = make.findings(again, code="COD009", earlier=(make.earlier("97161"),))
    assert found.message.endswith("billed before")


@pytest.mark.parametrize(
    ("code", "discipline", "wrong"),
    [
        ("97161", "PT", False),
        ("97161", "OT", True),
        ("97168", "PT", True),
        ("97169", "PT", True),
        ("97169", "ATC", False),
    ],
)
def test_evaluations_belong_to_a_discipline(make, code, discipline, wrong):
    draft = make.draft(make.row(code), discipline=discipline, payer="commercial")
    assert bool(make.findings(draft, code="COD010")) is wrong


# -- units that are no quarters of an hour -----------------------------------------------------------------------------

OTHER_BASES = {
    "97129 alone reaches its first block": ([("97129", 1, 8)], True),
    "97129 below the middle of its block": ([("97129", 1, 7)], False),
    "97130 past its middle": ([("97129", 1, 15), ("97130", 1, 8)], True),
    "97130 before its middle": ([("97129", 1, 15), ("97130", 1, 7)], False),
    "all minutes on one line": ([("97129", 1, 45), ("97130", 2, 0)], True),
    "97545 and two hours more": ([("97545", 1, 120), ("97546", 2, 120)], True),
    "97546 past its middle": ([("97545", 1, 120), ("97546", 2, 91)], True),
    "97546 before its middle": ([("97545", 1, 120), ("97546", 2, 90)], False),
    "97551 each 15 after 30": ([("97550", 1, 30), ("97551", 2, 23)], True),
    "97551 one too many": ([("97550", 1, 30), ("97551", 2, 22)], False),
    "97811 and 97814 share the time": ([("97810", 1, 15), ("97811", 1, 15), ("97814", 1, 15)], True),
    "97814 without time of its own": ([("97810", 1, 15), ("97811", 1, 10), ("97814", 1, 10)], False),
    "96105 by the hour": ([("96105", 2, 91)], True),
    "96105 an hour and a half": ([("96105", 2, 90)], False),
}


@pytest.mark.parametrize("name", OTHER_BASES)
def test_units_of_other_bases(make, name):
    rows, passes = OTHER_BASES[name]
    draft = make.draft(
        *(make.row(code, str(units), minutes) for code, units, minutes in rows), payer="commercial"
    )
    assert (make.findings(draft, code="UNT009") == []) is passes


def test_the_finding_shows_the_sum_and_what_passes(make):
    draft = make.draft(make.row("97129", "1", 15), make.row("97130", "3", 20))
    (found,) = make.findings(draft, code="UNT009")
    assert found.location.line == "2"
    assert found.message.endswith(
        "97129 15 + 97130 20 = 35 min; the first 15 min are one block; units of 15 min allow 1;"
        " billed 97129 ×1, 97130 ×3; what passes: 97129 ×1, 97130 ×1"
    )


def test_a_payer_may_want_full_units(make):
    payers = make.payers(units=UnitsPolicy(method="cms", add_on_minutes="full"))
    for minutes, passes in ((14, False), (15, True)):
        draft = make.draft(make.row("97129", "1", 15), make.row("97130", "1", minutes))
        assert (make.findings(draft, code="UNT009", payers=payers) == []) is passes


def test_a_first_block_that_was_billed_before_leaves_its_add_on_unchecked(make):
    draft = make.draft(make.row("97130", "2", 30))
    history = (make.earlier("97129"),)
    assert told(make, draft, family="UNT", earlier=history) == [("UNT006", WARNING, "1")]


# -- what Medicare pays ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "modifiers", "discipline", "expected"),
    [
        ("97037", ("GP",), "PT", {"COD013"}),
        ("97037", ("GP", "GY"), "PT", set()),
        ("98943", (), "DC", {"CHI004"}),
        ("98942", ("AT",), "DC", set()),
        ("99213", ("25",), "DC", {"CHI004"}),
        ("99213", ("GY",), "DC", set()),
        ("20560", ("GP",), "PT", {"COD014"}),
        ("97151", ("GP",), "PT", {"COD014"}),
        ("97129", ("GN",), "SLP", set()),
        ("97001", ("GP",), "PT", set()),
        ("S8990", ("GP",), "PT", {"COD012"}),
        ("S8990", ("GP", "GY"), "PT", set()),
        ("97014", ("GP",), "PT", set()),
    ],
)
def test_what_medicare_does_not_pay(make, code, modifiers, discipline, expected):
    listed = {"COD012", "COD013", "COD014", "CHI004"}
    draft = make.draft(make.row(code, modifiers=modifiers), discipline=discipline)
    assert {one.code for one in make.findings(draft)} & listed == expected
    other = make.draft(make.row(code, modifiers=modifiers), discipline=discipline, payer="commercial")
    assert {one.code for one in make.findings(other)} & listed == set()


def test_an_unlisted_code_may_be_described_in_either_place(make):
    procedure = make.draft(make.row("97799")).claim.lines[0].procedure
    described = type(procedure)("HC", "97799", ("GP",), "VIRTUAL REALITY BALANCE 30 MIN")
    draft = make.draft(make.row("97799", line={"procedure": described}))
    assert make.findings(draft, code="COD011") == []
    assert make.findings(make.draft(make.row("97799")), code="COD011")
