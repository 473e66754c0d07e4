"""What the rules say of diagnoses, and of edits whose quarter is loaded beside the shipped one."""

from __future__ import annotations

from datetime import date

import pytest

from edi.codes import Tables, load_tables
from edi.codes.editions import ALL_BLOCKS, Installed, packed_line
from edi.codes.values import Edition
from edi.model.finding import Severity

COVERED, BEFORE, AFTER = date(2026, 5, 4), date(2025, 12, 1), date(2026, 11, 2)
Q4 = date(2026, 11, 2)


def with_quarter(*pairs):
    """The shipped tables and the fourth quarter of 2026 with these pairs."""
    edition = Edition(
        code="ptp",
        release="2026Q4",
        name="NCCI procedure-to-procedure edits",
        valid_from=date(2026, 10, 1),
        valid_to=date(2026, 12, 31),
        digest="x",
        data="ptp",
    )
    lines = [packed_line(*pair, "20200101", "", "x") for pair in pairs]

    def read(data, block):
        if block == ALL_BLOCKS:
            return "\n".join(sorted({line[:3] for line in lines}))
        return "\n".join(line for line in lines if line.startswith(block))

    return Tables(installed=Installed((edition,), read))


def pair_findings(make, tables, day):
    draft = make.draft(make.row("97530", day=day), make.row("97116", day=day))
    return make.findings(draft, tables=tables, today=date(2027, 1, 10))


def pairs_told(make, tables, day):
    """What is said of pairs, and of their quarter."""
    found = pair_findings(make, tables, day)
    return [one for one in found if one.code == "BND002" or "procedure-to-procedure" in one.message]


# -- quarters ----------------------------------------------------------------------------------------------------------


def test_a_loaded_quarter_makes_its_edits_errors_and_ends_the_warning_of_the_run(make):
    tables = with_quarter(("97530", "97116", "1"))
    found = {one.code: one for one in pairs_told(make, tables, Q4)}
    assert found["BND002"].severity is Severity.ERROR
    assert "2026Q4" in found["BND002"].message
    assert "CHK001" not in found


def test_a_later_day_is_judged_by_the_nearest_older_quarter_as_a_warning(make):
    tables = with_quarter(("97530", "97116", "1"))
    day = date(2027, 1, 4)
    found = {one.code: one for one in pairs_told(make, tables, day)}
    assert found["BND002"].severity is Severity.WARNING
    assert "of 2026Q4 (2026-10-01 to 2026-12-31)" in found["CHK001"].message
    assert "2 lines from 2027-01-04 to 2027-01-04" in found["CHK001"].message


def test_each_quarter_that_stands_in_is_named_once(make):
    tables = with_quarter(("97530", "97116", "1"))
    days = (date(2025, 5, 1), date(2025, 6, 1), Q4, date(2027, 1, 4))
    drafts = [make.draft(make.row(day=day)) for day in days]
    found = [one.message for one in make.findings(*drafts, tables=tables, code="CHK001")]
    pairs = [one for one in found if "procedure-to-procedure" in one]
    assert ["2026Q4" in one for one in sorted(pairs)] == [False, True]
    (limits,) = [one for one in found if one not in pairs]
    assert "2024Q3" in limits
    assert "to 4 lines" in limits


def test_the_quarter_of_the_day_decides(make):
    assert load_tables().ptp("97530", "97116", date(2019, 5, 1)) is not None
    tables = with_quarter(("97140", "97124", "0"))
    assert [one for one in pair_findings(make, tables, Q4) if one.code.startswith("BND")] == []


@pytest.mark.parametrize(
    ("claim", "line", "day", "said"),
    [
        ("10", "", date(2021, 12, 31), "10 is not in use on 2021-12-31 (from 2022-01-01)"),
        ("11", "28", Q4, "28 is no code"),
        ("", "", Q4, "is no code"),
        ("10", "", date(2022, 1, 1), ""),
        ("28", "12", Q4, ""),
    ],
)
def test_places_of_service_by_date(make, claim, line, day, said):
    draft = make.draft(make.row(day=day, line={"place_of_service": line}), place_of_service=claim)
    told = [one.message for one in make.findings(draft, code="POS001")]
    assert bool(told) is bool(said)
    assert all(said in one for one in told)


# -- diagnoses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "diagnoses", "said"),
    [
        ("DX006", ("M5450", "M9999X"), "diagnosis 2 (M9999X) is not in ICD-10-CM of April 2026"),
        ("DX006", ("M545",), "ended on 2021-09-30, the service is of 2026-05-04; use M5450, M5451, M5459"),
        (
            "DX007",
            ("M54",),
            "is too short to bill; under it are M540, M541, M542, M543, M544, M545 and 3 more",
        ),
        ("DX007", ("S83511",), "lacks its 7th character; under it are S83511A, S83511D, S83511S"),
        ("DX008", ("S335A",), "did you mean S335XXA?"),
        ("DX008", ("S83511Z",), "did you mean S83511A, S83511D, S83511S?"),
        ("DX009", ("W19XXXA", "S335XXA"), "the first diagnosis (W19XXXA) is an external cause"),
        ("DX010", ("M5450", "M25519"), "diagnosis 2 (M25519) does not say which side"),
        ("DX011", ("M5450", "7242"), "diagnosis 2 (7242) is no ICD-10-CM code"),
    ],
)
def test_what_is_said_of_a_diagnosis(make, code, diagnoses, said):
    found = make.findings(make.draft(make.row(day=COVERED), diagnoses=diagnoses))
    (one,) = [one for one in found if one.code == code]
    assert said in one.message
    assert one.location.element is not None
    assert [other.code for other in found if other.code.startswith("DX")] == [code], "one rule speaks"


@pytest.mark.parametrize("day", [BEFORE, AFTER])
@pytest.mark.parametrize(("code", "diagnosis"), [("DX006", "M9999X"), ("DX007", "M54"), ("DX008", "S335A")])
def test_outside_the_release_it_is_a_warning_and_the_run_says_so_once(make, code, diagnosis, day):
    drafts = [make.draft(make.row(day=day), diagnoses=(diagnosis,)) for _ in range(2)]
    found = make.findings(*drafts)
    assert {one.severity for one in found if one.code == code} == {Severity.WARNING}
    (once,) = [one for one in found if one.code == "CHK002"]
    assert f"1 different diagnoses of services from {day} to {day}" in once.message


def test_a_code_whose_end_we_know_is_an_error_on_any_date(make):
    for day in (date(2021, 10, 1), AFTER):
        (found,) = make.findings(make.draft(make.row(day=day), diagnoses=("M545",)), code="DX006")
        assert found.severity is Severity.ERROR


def test_a_claim_over_the_end_of_a_code_is_judged_by_its_last_day(make):
    rows = [make.row(day=date(2021, 9, 30)), make.row(day=date(2021, 10, 1), line={"number": 2})]
    (found,) = make.findings(make.draft(*rows, diagnoses=("M545",)), code="DX006")
    assert "the service is of 2021-10-01" in found.message


def test_a_line_without_a_date_asks_nothing_of_the_diagnoses(make):
    found = make.findings(make.draft(make.row(day=None), diagnoses=("M9999X",)))
    assert not {one.code for one in found} & {"DX006", "DX007", "DX008", "DX010", "DX011", "CHK002"}
