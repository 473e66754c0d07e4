"""What `scrub --fix` mends of a day, what it leaves to a person, and that it comes to rest."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.jobs.scrub.check import CheckRequest, check
from cli.jobs.scrub.fix import fix, fix_targets
from cli.settings import load_settings
from edi.codes import load_tables
from edi.model.errors import UsageError
from edi.rules import RULES
from edi.rules.repairs import MENDED, repairs
from reconcile.store import open_store
from tests.jobs.office import NOW, Office, session

NEVER = {"KX", "59", "XE", "XP", "XS", "XU", "AT", "GA", "GX", "GY", "GZ", "CQ", "CO"}
"""What a person attests or judges."""


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


def checked(office, path):
    """The check of a sessions file, with the store if there is one."""
    request = CheckRequest(sessions=(path,), today=NOW.date())
    options = load_settings(office.folder / "claimloop.toml", environment={})
    if not (office.folder / "claimloop.db").exists():
        return check(request, options, None)
    store = open_store(options.store.database, Path(options.store.vault), read_only=True)
    try:
        return check(request, options, store)
    finally:
        store.close()


def mended(office, *rows):
    """The rows after --fix, what was not fixed, and the codes found before and after."""
    path = office.write("sessions", rows)
    target = office.folder / "sessions.fixed.csv"
    target.unlink(missing_ok=True)
    before = checked(office, path)
    options = load_settings(office.folder / "claimloop.toml", environment={})
    done = fix(before, options, fix_targets([path], None))
    new = done.files.get(path, path)
    after = checked(office, new)
    with new.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    codes = [{one.code for one in each.findings} & MENDED for each in (before, after)]
    return found, done, codes, after


MODIFIERS = {
    "twice": ("GP GP", "GP", {"MOD002"}),
    "missing": ("", "GP", {"DSC001"}),
    "missing beside 59": ("59", "59 GP", {"DSC001"}),
    "out of order": ("GP 59", "59 GP", {"MOD006"}),
    "twice and out of order": ("GP 59 GP", "59 GP", {"MOD002", "MOD006"}),
    "missing, twice and out of order": ("KX 59 59", "59 GP KX", {"DSC001", "MOD002", "MOD006"}),
    "right": ("59 GP", "59 GP", set()),
}


@pytest.mark.parametrize("name", MODIFIERS)
def test_modifiers(office, name):
    before, after, codes = MODIFIERS[name]
    (row,), done, (found, left), _ = mended(office, session("V1", modifiers=before))
    assert row["modifiers"] == after
    assert (found, left) == (codes, set())
    assert [set(one.codes) for one in done.fixes] == ([codes] if codes else [])


def test_a_row_that_is_exported_twice_is_mended_twice(office):
    wrong = session("V1", modifiers="GP GP")
    found, done, (_, left), after = mended(office, wrong, session("V2", patient="P2"), wrong)
    assert [row["modifiers"] for row in found] == ["GP", "GP", "GP"]
    assert len(done.fixes) == 1
    assert (left, after.rejected_rows, len(after.clean)) == (set(), 0, 2)


def test_a_row_that_another_file_repeats_is_mended_there_too(office):
    wrong = session("V1", modifiers="GP GP")
    first = office.write("sessions", [wrong])
    second = office.write("more", [session("V2", patient="P2"), wrong])
    options = load_settings(office.folder / "claimloop.toml", environment={})
    request = CheckRequest(sessions=(first, second), today=NOW.date())
    done = fix(check(request, options, None), options, fix_targets([first, second], None))
    new = tuple(done.files[path] for path in (first, second))
    after = check(CheckRequest(sessions=new, today=NOW.date()), options, None)
    assert (after.rejected_rows, len(after.clean)) == (0, 2)


def test_a_fifth_modifier_is_left_to_a_person(office):
    (row,), done, _, _ = mended(office, session("V1", modifiers="22 23 52 53"))
    assert row["modifiers"] == "22 23 52 53"
    assert [(one.code, one.reason) for one in done.not_fixed] == [
        ("DSC001", "the line would have 5 modifiers; it takes 4")
    ]


UNITS = {
    "too many": ([{"minutes": "15", "units": "3"}], ["1"]),
    "too few stay too few": ([{"minutes": "45", "units": "1"}], ["1"]),
    "blank stays blank": (
        [{"minutes": "30", "units": "3"}, {"procedure_code": "97140", "minutes": "15"}],
        ["2", ""],
    ),
    "on the wrong code": (
        [{"minutes": "20", "units": "1"}, {"procedure_code": "97140", "minutes": "33", "units": "3"}],
        # 53 minutes allow 4; after the full quarters 97110 has 5 minutes left, 97140 three.
        ["2", "2"],
    ),
    "right": ([{"minutes": "23", "units": "2"}], ["2"]),
}


@pytest.mark.parametrize("name", UNITS)
def test_units_become_what_the_minutes_of_the_day_earn(office, name):
    changes, wanted = UNITS[name]
    rows = [session("V1", number, **one) for number, one in enumerate(changes, 1)]
    found, done, (_, left), _ = mended(office, *rows)
    assert [row["units"] for row in found] == wanted
    assert left == set()
    assert done.not_fixed == ()


LEFT = {
    "a tie": (
        [{"minutes": "8", "units": "2"}, {"procedure_code": "97140", "minutes": "8", "units": "0"}],
        "equal minutes left",
    ),
    "no unit": ([{"minutes": "5", "units": "1"}], "earn no unit"),
    "a charge on the row": ([{"minutes": "15", "units": "3", "charge": "180.00"}], "gives the charge"),
    "more units on another code than are billed": (
        [{"minutes": "15", "units": "2"}, {"procedure_code": "97140", "minutes": "45", "units": "1"}],
        "whether to bill more is for a person",
    ),
    "over the limit of a day": ([{"minutes": "130", "units": "10"}], "limit of a day (6)"),
    "minutes beyond the clock": (
        [{"minutes": "30", "units": "3", "start_time": "09:00", "end_time": "09:15"}],
        "do not fit the times",
    ),
    "minutes beyond the visit's": (
        [{"minutes": "30", "units": "3", "visit_timed_minutes": "15"}],
        "do not fit the totals",
    ),
    "minutes of one line missing": (
        [
            {"minutes": "15", "units": "3", "visit_timed_minutes": "30"},
            {"procedure_code": "97140", "minutes": "", "units": "1", "visit_timed_minutes": "30"},
        ],
        "not every line",
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_the_minutes_do_not_decide_is_left_to_a_person(office, name):
    changes, reason = LEFT[name]
    rows = [session("V1", number, **one) for number, one in enumerate(changes, 1)]
    found, done, _, _ = mended(office, *rows)
    assert [row["units"] for row in found] == [one["units"] for one in changes]
    assert [reason in one.reason for one in done.not_fixed] == [True]


def test_a_therapist_with_two_patients_at_once_is_left_to_a_person(office):
    clock = {"start_time": "09:00", "end_time": "09:30", "minutes": "30"}
    rows = [session("V1", units="3", **clock), session("V2", patient="P2", units="2", **clock)]
    found, done, _, _ = mended(office, *rows)
    assert [row["units"] for row in found] == ["3", "2"]
    assert ["with several patients" in one.reason for one in done.not_fixed] == [True]


@pytest.mark.parametrize("known", [True, False])
def test_a_day_that_an_earlier_claim_bills_is_left_to_a_person(office, known):
    """Whether the input still has the row, unchanged, or the store alone knows of it."""
    before = session("V1", minutes="8", start_time="09:00", end_time="09:10")
    assert office.create(before).claims == 1
    late = session(
        "V2", minutes="23", units="3", start_time="15:00", end_time="15:30", procedure_code="97112"
    )
    rows = [before, late] if known else [late]
    found, done, _, _ = mended(office, *rows)
    assert found[-1]["units"] == "3"
    assert [(one.code, one.reason) for one in done.not_fixed] == [
        ("UNT003", "an earlier claim billed a part of the day")
    ]


def test_a_late_evaluation_of_a_day_whose_minutes_were_billed_is_checked(office):
    """The earlier claim has a unit too few; no line of this run could be told."""
    before = session("V1", minutes="30", units="1")
    assert office.create(before).claims == 1
    path = office.write("sessions", [before, session("V1", 2, procedure_code="97161", charge="90.00")])
    found = checked(office, path)
    assert [len(one.draft.claim.lines) for one in found.claims] == [1]
    assert not [one.code for one in found.findings if one.code.startswith("UNT")]


def test_two_visits_of_a_day_are_counted_together(office):
    rows = [session("V1", minutes="15", units="1"), session("V2", minutes="15", units="3")]
    found, _, (before, left), _ = mended(office, *rows)
    assert before == {"UNT003"}
    assert [row["units"] for row in found] == ["1", "1"]
    assert left == set()


def test_what_is_mended_is_a_rule_and_none_of_what_a_person_attests(office):
    assert {one.code for one in RULES} >= MENDED
    assert not any(one.code in MENDED for one in RULES if one.code[:2] == "KX" or one.family in (
        "threshold", "liability", "chiropractic", "assistants", "bundling",
    ))  # fmt: skip


@settings(max_examples=25)
@given(
    lines=st.lists(
        st.tuples(
            st.lists(st.sampled_from(["GP", "59", "KX", "CQ", "GA", "22", "76", "GO"]), max_size=5),
            st.integers(1, 60),
            st.none() | st.integers(1, 5),
            st.sampled_from(["97110", "97140", "97112"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_second_fix_changes_nothing_and_nothing_attested_is_added_or_lost(tmp_path_factory, lines):
    office = Office(tmp_path_factory.mktemp("office"))
    rows = [
        session(
            "V1",
            number,
            modifiers=" ".join(modifiers),
            minutes=str(minutes),
            units="" if units is None else str(units),
            procedure_code=code,
        )
        for number, (modifiers, minutes, units, code) in enumerate(lines, 1)
    ]
    found, done, _, after = mended(office, *rows)
    for old, new in zip(rows, found, strict=True):
        before, now = set(old["modifiers"].split()), set(new["modifiers"].split())
        assert before <= now
        assert now - before <= {"GP"}
        assert now & NEVER == before & NEVER
        others = {"modifiers", "units"}
        assert {key: new[key] for key in new if key not in others} == {
            key: old[key] for key in old if key not in others
        }
    given_units = [[int(row["units"]) for row in each if row["units"]] for each in (rows, found)]
    assert sum(given_units[1]) <= sum(given_units[0])
    again, _ = repairs(
        [(one.draft, one.findings) for one in after.claims],
        load_settings(office.folder / "claimloop.toml", environment={}).payers,
        load_tables(),
    )
    assert again == []
    assert all(one.codes for one in done.fixes)


def test_one_output_for_several_files_and_two_files_of_one_name_are_refused(tmp_path):
    with pytest.raises(UsageError, match="names one file"):
        fix_targets([Path("a.csv"), Path("b.csv")], tmp_path / "c.csv")
    with pytest.raises(UsageError, match="one name"):
        fix_targets([Path("a/s.csv"), Path("b/s.csv")], None)
    targets = fix_targets([tmp_path / "a.csv", tmp_path / "b.jsonl"], None)
    assert [target.name for target in targets.values()] == ["a.fixed.csv", "b.fixed.jsonl"]
