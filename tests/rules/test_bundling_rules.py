"""NCCI pairs beyond the acceptance cases: which line, which modifier, which day, which payer."""

from __future__ import annotations

from datetime import date

import pytest

from edi.model.finding import Severity
from edi.payers.profile import EditsPolicy

ERROR, WARNING = Severity.ERROR, Severity.WARNING


def bundling(make, *drafts, **context):
    return [
        (one.code, one.severity, one.location.line)
        for one in make.findings(*drafts, **context)
        if one.code in ("BND001", "BND002", "BND004")
    ]


@pytest.mark.parametrize("order", [("97140", "97124"), ("97124", "97140")])
def test_the_denied_line_is_column_2_whatever_the_order(make, order):
    line = str(order.index("97124") + 1)
    assert bundling(make, make.draft(*map(make.row, order))) == [("BND001", ERROR, line)]


@pytest.mark.parametrize("modifier", ["59", "XE", "XP", "XS", "XU"])
def test_a_modifier_on_column_2_bypasses_indicator_1_and_never_0(make, modifier):
    one = make.draft(make.row("98941"), make.row("97140", modifiers=(modifier, "GP")))
    assert bundling(make, one) == []
    zero = make.draft(make.row("97140"), make.row("97124", modifiers=(modifier,)))
    assert bundling(make, zero) == [("BND001", ERROR, "2")]


@pytest.mark.parametrize("modifier", ["GP", "KX", "25", "CQ"])
def test_other_modifiers_do_not(make, modifier):
    draft = make.draft(make.row("98941"), make.row("97140", modifiers=(modifier,)))
    assert bundling(make, draft) == [("BND002", ERROR, "2")]


def test_25_counts_on_an_evaluation_and_management_code(make):
    for modifiers, expected in ((("25",), []), ((), [("BND002", ERROR, "2")])):
        draft = make.draft(make.row("98941"), make.row("99213", modifiers=modifiers))
        assert bundling(make, draft) == expected


def test_the_modifier_on_the_wrong_line(make):
    rows = make.row("98941", modifiers=("59",)), make.row("97140")
    assert bundling(make, make.draft(*rows)) == [("BND002", WARNING, "2")]
    (found,) = make.findings(make.draft(*rows), code="BND002")
    assert "the modifier stands on 98941, it belongs on 97140" in found.message


@pytest.mark.parametrize(
    ("day", "severity"),
    [
        (date(2024, 6, 30), WARNING),
        (date(2024, 7, 1), ERROR),
        (date(2024, 9, 30), ERROR),
        (date(2024, 10, 1), WARNING),
    ],
)
def test_an_edit_is_an_error_only_in_the_quarter_that_is_loaded(make, day, severity):
    draft = make.draft(make.row("97140", day=day), make.row("97124", day=day))
    assert bundling(make, draft, today=day) == [("BND001", severity, "2")]
    told = [one.message for one in make.findings(draft, draft, today=day, code="CHK001")]
    assert [("procedure-to-procedure" in one, "medically unlikely" in one) for one in told] == (
        [(True, False), (False, True)] if severity is WARNING else []
    )
    assert all("2024Q3" in one for one in told)


def test_the_quarter_of_the_limits_is_named_only_where_they_judge(make):
    day = date(2025, 1, 2)
    payers = make.payers(edits=make.replace(make.payers()["medicare"].edits, mue=False))
    (found,) = make.findings(make.draft(make.row(day=day)), today=day, payers=payers, code="CHK001")
    assert "procedure-to-procedure" in found.message
    payers = make.payers(edits=make.replace(make.payers()["medicare"].edits, ncci="none"))
    (found,) = make.findings(make.draft(make.row(day=day)), today=day, payers=payers, code="CHK001")
    assert "medically unlikely" in found.message


def test_a_line_that_wants_its_denial_is_in_no_pair(make):
    manual = make.row("97140", modifiers=("GY",))
    draft = make.draft(make.row("98941", modifiers=("AT",)), manual, discipline="DC")
    assert bundling(make, draft) == []
    draft = make.draft(make.row("98941", modifiers=("AT", "GY")), make.row("97140"), discipline="DC")
    assert bundling(make, draft) == [("BND002", ERROR, "2")], "its own line alone"


@pytest.mark.parametrize(("modifiers", "passes"), [(("25",), True), (("59",), False), ((), False)])
def test_25_stands_on_the_visit_in_either_column(make, modifiers, passes):
    draft = make.draft(make.row("99203", modifiers=modifiers), make.row("97151", modifiers=()))
    assert ("BND002" not in {one.code for one in make.findings(draft)}) is passes


def test_a_rejected_claim_bills_nothing(make):
    for status, told in (("rejected", []), ("denied", [("BND001", ERROR, "1")])):
        earlier = (make.earlier("97140", status=status),)
        assert bundling(make, make.draft(make.row("97124")), earlier=earlier) == told


def test_two_evaluations_are_told_once(make):
    draft = make.draft(make.row("97161"), make.row("97162"))
    assert [one.code for one in make.findings(draft) if one.code != "CHK002"] == ["COD009"]
    draft = make.draft(make.row("97161"), make.row("97161"))
    assert [one.code for one in make.findings(draft) if one.code != "CHK002"] == ["COD009"]


def test_a_deleted_edit_holds_until_its_deletion(make):
    for day, expected in ((date(2019, 12, 31), [("BND002", WARNING, "2")]), (date(2020, 1, 1), [])):
        draft = make.draft(make.row("97530", day=day), make.row("97116", day=day))
        assert bundling(make, draft, today=day) == expected


def test_medicaid_edits_may_differ_and_are_warnings(make):
    draft = make.draft(make.row("97140"), make.row("97124"), payer="medicaid")
    assert bundling(make, draft) == [("BND001", WARNING, "2")]


def test_the_day_is_judged_over_claims_and_history(make):
    massage, manual = make.draft(make.row("97124")), make.draft(make.row("97140"))
    assert bundling(make, manual, massage) == [("BND001", ERROR, "1")]
    assert bundling(make, massage, make.draft(make.row("97140", day=date(2024, 8, 2)))) == []
    assert bundling(make, massage, make.draft(make.row("97140"), payer="commercial")) == []
    assert bundling(make, massage, earlier=(make.earlier("97140"),)) == [("BND001", ERROR, "1")]
    assert bundling(make, manual, earlier=(make.earlier("97124"),)) == [("BND001", ERROR, "1")]
    assert bundling(make, massage, earlier=(make.earlier("97140", payer="other"),)) == []


def test_a_payers_own_pair_holds_on_any_date(make):
    own = make.payers(edits=EditsPolicy(ncci="none", pairs=(("97140", "97124"),)))
    day = date(2026, 5, 1)
    draft = make.draft(make.row("97124", day=day), make.row("97140", day=day))
    assert bundling(make, draft, today=day, payers=own) == [("BND004", ERROR, "1")]


def test_a_pair_is_named_once_for_a_line_however_often_the_other_code_stands(make):
    draft = make.draft(make.row("97140"), make.row("97140"), make.row("97124"))
    assert bundling(make, draft) == [("BND001", ERROR, "3")]
