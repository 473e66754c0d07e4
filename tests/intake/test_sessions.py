"""sessions.csv: rows to SessionLines, and what is said of rows that give none."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from datetime import date, time

import pytest

from edi.intake import (
    RowRejected,
    SeenIds,
    TableSummary,
    read_sessions,
    read_table,
    rows_of,
    without_withdrawn,
)
from edi.intake.seen import Seen
from edi.model.finding import Finding, Severity
from edi.model.records import Case
from edi.model.session import SessionLine

ROW = {
    "visit_id": "V1",
    "line_id": "V1-1",
    "patient_id": "P1",
    "date_of_service": "2026-03-10",
    "treating_npi": "1234567893",
    "procedure_code": "97110",
    "modifiers": "GP",
    "minutes": "15",
    "diagnosis_codes": "M5450",
}
PRACTICES = ("orchard",)


def read(*records, practices=PRACTICES, **options):
    return list(read_sessions(rows_of(records), file="s.csv", practices=practices, **options))


def of(items, kind):
    return [item for item in items if isinstance(item, kind)]


def only(items) -> SessionLine:
    (line,) = of(items, SessionLine)
    return line


def codes(items, severity=None):
    return [item.code for item in of(items, Finding) if severity in (None, item.severity)]


def test_every_column():
    full = ROW | {
        "practice_id": "orchard",
        "note_status": "Signed",
        "case_id": "C1",
        "start_time": "09:00",
        "end_time": "9:45 am",
        "discipline": "pt",
        "treating_id": "pta1",
        "rendering_npi": "1234567893",
        "supervising_npi": "1234567893",
        "modifiers": "GP59",
        "assistant_minutes": "5",
        "visit_timed_minutes": "45",
        "visit_total_minutes": "50",
        "units": "1",
        "group_size": "3",
        "charge": "$1,234.50",
        "diagnosis_codes": "M54.50, R26.2",
        "place_of_service": "1",
        "facility_id": "main",
        "prior_authorization": "AUTH1",
        "kx_attested": "Y",
        "abn": "signed",
        "telehealth": "video",
        "active_care": "N",
        "patient_paid": "25",
        "claim_key": "K1",
        "line_note": "left shoulder",
        "do_not_bill": "courtesy",
    }
    assert only(read(full)) == SessionLine(
        practice_id="orchard",
        visit_id="V1",
        line_id="V1-1",
        note_status="signed",
        patient_id="P1",
        case_id="C1",
        date_of_service=date(2026, 3, 10),
        start_time=time(9, 0),
        end_time=time(9, 45),
        discipline="PT",
        treating_npi="1234567893",
        treating_id="pta1",
        rendering_npi="1234567893",
        supervising_npi="1234567893",
        procedure_code="97110",
        modifiers=("GP", "59"),
        minutes=15,
        assistant_minutes=5,
        visit_timed_minutes=45,
        visit_total_minutes=50,
        units=1,
        group_size=3,
        charge=123450,
        diagnosis_codes=("M5450", "R262"),
        place_of_service="01",
        facility_id="main",
        prior_authorization="AUTH1",
        kx_attested=True,
        abn="signed",
        telehealth="video",
        active_care=False,
        patient_paid=2500,
        claim_key="K1",
        line_note="left shoulder",
        do_not_bill="courtesy",
        file="s.csv",
        row=1,
    )


def test_a_plain_row_says_nothing():
    items = read(ROW)
    assert only(items).practice_id == "orchard"
    assert items[1:] == [TableSummary(file="s.csv", rows=1, accepted=1, rejected=0)]


def test_normalised_forms_are_said_once_a_file():
    records = [
        ROW | {"line_id": f"L{n}", "date_of_service": "3/10/26", "place_of_service": "1"} for n in range(5)
    ]
    findings = of(read(*records), Finding)
    assert [(each.code, each.severity, each.location.field) for each in findings] == [
        ("INP010", Severity.INFO, "date_of_service"),
        ("INP010", Severity.INFO, "place_of_service"),
    ]
    assert all("5 rows" in each.message and each.location.row == 1 for each in findings)


@pytest.mark.parametrize(
    "name", ["visit_id", "line_id", "patient_id", "date_of_service", "procedure_code", "treating_npi"]
)
def test_a_required_value_that_is_blank(name):
    items = read(ROW | {name: ""}, ROW | {"line_id": "V1-2"})
    (finding,) = of(items, Finding)
    assert (finding.code, finding.severity, finding.location.row) == ("INP020", Severity.ERROR, 1)
    assert name in (finding.location.field or "")
    assert finding.fix
    visit = "" if name == "visit_id" else "V1"
    (rejected,) = of(items, RowRejected)
    assert (rejected.row, rejected.file, rejected.practice_id, rejected.visit_id) == (
        1,
        "s.csv",
        "orchard",
        visit,
    )
    assert items[-1] == TableSummary(file="s.csv", rows=2, accepted=1, rejected=1)


def test_treating_id_stands_for_treating_npi():
    assert only(read({**ROW, "treating_npi": "", "treating_id": "pta1"})).treating_id == "pta1"


@pytest.mark.parametrize(
    ("name", "raw", "code", "shown"),
    [
        ("treating_npi", "1.23E+09", "INP023", True),
        ("patient_id", "1.23E+09", "INP023", False),
        ("date_of_service", "2026-13-10", "INP021", True),
        ("date_of_service", "Mary Miller", "INP021", False),
        ("charge", "-85.00", "INP025", True),
        ("patient_paid", "(5.00)", "INP025", True),
        ("charge", "12,3", "INP024", True),
        ("minutes", "-3", "INP026", True),
        ("discipline", "XX", "INP027", True),
        ("start_time", "26:00", "INP028", True),
        ("modifiers", "GP5", "INP029", True),
        ("place_of_service", "111", "INP030", True),
    ],
)
def test_a_refused_cell_names_file_row_column_and_fix(name, raw, code, shown):
    items = read(ROW | {name: raw})
    (finding,) = of(items, Finding)
    place = finding.location
    assert (finding.code, place.file, place.row, place.field, place.session) == (
        code,
        "s.csv",
        1,
        name,
        "V1-1",
    )
    assert (raw in finding.message) is shown
    assert finding.fix
    assert of(items, SessionLine) == []
    assert of(items, RowRejected)[0].row == 1


def test_all_problems_of_a_row_are_told():
    items = read(ROW | {"minutes": "x1", "charge": "-1", "procedure_code": ""})
    assert sorted(codes(items)) == ["INP020", "INP025", "INP026"]
    assert len(of(items, RowRejected)) == 1


def test_the_same_row_again_is_counted_once_and_said_once():
    items = read(ROW, ROW, ROW, ROW | {"line_id": "V1-2"})
    assert [line.line_id for line in of(items, SessionLine)] == ["V1-1", "V1-2"]
    assert of(items, RowRejected) == []
    (said,) = of(items, Finding)
    assert (said.code, said.severity, said.location.file, said.location.row) == (
        "INP048",
        Severity.INFO,
        "s.csv",
        2,
    )
    assert said.message.startswith("2 rows have the values of a row read before (row 1)")
    assert items[-1] == TableSummary(file="s.csv", rows=2, accepted=2, repeated=2)


def test_the_same_row_in_another_form_is_the_same():
    forms = {"date_of_service": "3/10/2026", "modifiers": "gp", "diagnosis_codes": "M54.50"}
    items = read(ROW, ROW | forms)
    assert len(of(items, SessionLine)) == 1
    assert codes(items, Severity.ERROR) == []
    assert "INP048" in codes(items)


@pytest.mark.parametrize(
    "change", [{"minutes": "30"}, {"charge": "5.00"}, {"patient_id": "P2"}, {"onset_date": "2026-01-01"}]
)
def test_one_line_id_with_other_content_is_an_error_that_names_both_rows(change):
    items = read(ROW, ROW | {"line_id": "V1-2"}, ROW | change)
    (error,) = of(items, Finding)
    assert (error.code, error.severity, error.location.row) == ("INP040", Severity.ERROR, 3)
    assert "row 1 already" in error.message
    assert "take the other out" in error.fix
    (rejected,) = of(items, RowRejected)
    assert (rejected.row, rejected.visit_id) == (3, "V1")
    assert rejected.line is not None


def test_a_line_id_is_unique_in_its_practice_and_over_files():
    seen = SeenIds()
    both = ROW | {"practice_id": "a"}, ROW | {"practice_id": "b"}
    assert len(of(read(*both, practices=("a", "b"), seen=seen), SessionLine)) == 2
    again = list(read_sessions(rows_of(both), file="t.csv", practices=("a", "b"), seen=seen))
    assert [item.code for item in of(again, Finding)] == ["INP048"]
    assert "row 1 of s.csv" in again[0].message
    other = list(
        read_sessions(rows_of([both[0] | {"minutes": "9"}]), file="t.csv", practices=("a",), seen=seen)
    )
    assert [item.code for item in of(other, Finding)] == ["INP040"]
    assert "row 1 of s.csv" in other[0].message


def test_a_refused_row_again_is_refused_once():
    wrong = ROW | {"minutes": "x1"}
    items = read(wrong, wrong)
    assert codes(items) == ["INP026", "INP048"]
    assert items[-1] == TableSummary(file="s.csv", rows=1, rejected=1, repeated=1)


def test_a_repeated_row_takes_no_case_along():
    facts = {"case_id": "C1", "onset_date": "2026-02-02"}
    seen = SeenIds()
    read(ROW | facts, seen=seen)
    items = read(ROW | facts, ROW | facts | {"line_id": "V1-2"}, seen=seen)
    assert len(of(items, Case)) == len(of(items, SessionLine)) == 1


def test_a_refused_row_does_not_use_up_its_line_id():
    assert codes(read(ROW | {"minutes": "x1"}, ROW)) == ["INP026"]


def test_seen_ids_grow():
    seen = SeenIds()
    numbers = range(20_000)
    assert all(seen.remember("p", str(n), content=n, file=f"{n % 3}", row=n) is None for n in numbers)
    assert all(seen.remember("p", str(n), content=n) == Seen(f"{n % 3}", n, True) for n in numbers)
    assert seen.remember("p", "7", content=-7) == Seen("1", 7, False)
    assert seen.remember("q", "1") is None


def test_the_practice_is_needed_when_there_are_several():
    items = read(ROW, ROW | {"practice_id": "nowhere"}, ROW | {"practice_id": "b"}, practices=("a", "b"))
    assert codes(items) == ["INP020", "INP041"]
    assert only(items).practice_id == "b"


def test_without_practices_any_is_taken():
    assert only(read(ROW | {"practice_id": "x"}, practices=())).practice_id == "x"
    assert only(read(ROW, practices=())).practice_id == ""


@pytest.mark.parametrize("status", ["unsigned", "cancelled", "no_show", "No-Show", "Canceled"])
def test_unbilled_notes_need_only_keys_patient_and_date(status):
    bare = {"visit_id": "V1", "line_id": "1", "patient_id": "P1", "date_of_service": "2026-03-10"}
    line = only(read(bare | {"note_status": status}))
    assert not line.billable
    undated = read({**bare, "note_status": status, "date_of_service": ""})
    assert codes(undated, Severity.ERROR) == ["INP020"]


@pytest.mark.parametrize("reason", ["self_pay", "package", "courtesy", "no_charge"])
def test_do_not_bill_rows_are_kept_apart(reason):
    line = only(read({**ROW, "procedure_code": "", "treating_npi": "", "do_not_bill": reason}))
    assert line.do_not_bill == reason
    assert not line.billable


def test_modifiers_in_four_columns():
    split = {"modifiers": "", "modifier_1": "GP", "modifier_2": "59", "modifier_3": "", "modifier_4": "kx"}
    assert only(read(ROW | split)).modifiers == ("GP", "59", "KX")
    assert only(read(ROW | {"modifiers": "GP 59", "modifier_1": "GP", "modifier_2": "59"})).modifiers == (
        "GP",
        "59",
    )
    assert codes(read(ROW | {"modifiers": "GP", "modifier_1": "59"})) == ["INP043"]


# -- dates of which nobody knows which part is the month ----------------------------------------------------------


def dated(*days, **changes):
    return [
        ROW | {"visit_id": f"V{number}", "line_id": f"L{number}", "date_of_service": day, **changes}
        for number, day in enumerate(days, 1)
    ]


@pytest.mark.parametrize(
    "days",
    [
        ("13/02/2026", "03/02/2026", "20/02/2026"),
        ("03/02/2026", "13/02/2026"),
        ("03/02/2026", "02/13/2026", "13/02/2026"),
        ("3-2-26", "13-2-26"),
    ],
)
def test_a_column_that_is_day_first_refuses_what_could_be_both(days):
    rows = read(*dated(*days))
    lines, rejected = without_withdrawn(of(rows, SessionLine), of(rows, RowRejected))
    assert {line.date_of_service for line in lines} <= {date(2026, 2, 13)}
    assert {one.row for one in rejected} | {line.row for line in lines} == set(range(1, len(days) + 1))
    errors = [item for item in of(rows, Finding) if item.severity is Severity.ERROR]
    assert {(one.code, one.location.field) for one in errors} == {("INP021", "date_of_service")}
    assert len(errors) == len(rejected)
    assert all("2026-01-31" in one.fix for one in errors)
    unsure = next(one for one in errors if "month/day or day/month" in one.message)
    proof = next(number for number, day in enumerate(days, 1) if day.startswith("13"))
    assert f"Row {proof}" in unsure.message
    withdrawn = next(one for one in rejected if one.row == unsure.location.row)
    assert (withdrawn.practice_id, withdrawn.visit_id) == ("orchard", f"V{withdrawn.row}")
    assert rows[-1] == TableSummary(file="s.csv", rows=len(days), accepted=len(lines), rejected=len(rejected))


@pytest.mark.parametrize("days", [("03/02/2026",), ("03/02/2026", "02/13/2026"), ("3/2/26", "2026-02-13")])
def test_otherwise_the_month_is_first(days):
    rows = read(*dated(*days))
    assert of(rows, SessionLine)[0].date_of_service == date(2026, 3, 2)
    assert of(rows, RowRejected) == []


def test_a_date_that_is_the_same_both_ways_stays():
    rows = read(*dated("13/02/2026", "02/02/2026"))
    assert [one.row for one in of(rows, RowRejected)] == [1]


def test_each_column_and_each_file_is_by_itself():
    rows = read(*dated("03/02/2026", onset_date="13/02/2026"), *dated("04/02/2026", line_id="L9"))
    assert [(one.row, one.withdrawn) for one in of(rows, RowRejected)] == [(1, False)]
    assert of(read(*dated("03/02/2026")), RowRejected) == []


def test_a_date_of_the_case_columns_holds_its_row_too():
    facts = {"accident_type": "work", "accident_date": "03/02/2026"}
    rows = read(*dated("2026-03-10", **facts), *dated("2026-03-11", accident_date="13/02/2026", line_id="L9"))
    assert without_withdrawn(of(rows, SessionLine), of(rows, RowRejected))[0] == []
    unsure = [one.location.field for one in of(rows, Finding) if one.location.row == 1]
    assert unsure == ["accident_date"]


# -- headings ------------------------------------------------------------------------------------------------------


def csv_items(text: str, **options):
    table = read_table([text.encode()], file="s.csv", columns=options.pop("columns", None))
    return list(read_sessions(table, file="s.csv", practices=PRACTICES, **options))


HEADING = ",".join(ROW)
CELLS = ",".join(ROW.values())


def test_absent_optional_columns_are_fine():
    items = csv_items(f"{HEADING}\n{CELLS}\n")
    assert codes(items) == []
    assert only(items).row == 2


def test_absent_required_columns_are_one_error():
    items = csv_items("visit_id,charge\nV1,5\nV2,6\n")
    (finding,) = of(items, Finding)
    assert (finding.code, finding.severity, finding.location.row) == ("INP003", Severity.ERROR, 1)
    for name in ("line_id", "patient_id", "date_of_service", "treating_npi or treating_id", "procedure_code"):
        assert name in finding.message
    assert len(items) == 1


def test_an_unknown_column_is_a_warning():
    items = csv_items(f"{HEADING},unts,cats\n{CELLS},3,4\n")
    assert [(each.code, each.severity, each.fix) for each in of(items, Finding)] == [
        ("INP004", Severity.WARNING, "Did you mean units?"),
        ("INP004", Severity.WARNING, "Remove it, or map it in [practice.columns]."),
    ]
    assert only(items).units is None


def test_an_unknown_name_in_json_is_said_once():
    items = read(ROW | {"cats": "1"}, ROW | {"cats": "2", "line_id": "2"})
    assert codes(items) == ["INP004"]


def test_a_practices_own_headings():
    text = f"{HEADING}\n{CELLS}\n".replace("date_of_service", "DOS").replace("treating_npi", "Therapist NPI")
    items = csv_items(text, columns={"DOS": "date_of_service", "Therapist NPI": "treating_npi"})
    assert only(items).treating_npi == "1234567893"


def test_an_unreadable_row_is_counted_and_named():
    items = csv_items(f'{HEADING}\n{CELLS}\n"x"y,\n{CELLS.replace("V1-1", "V1-2")}\n')
    assert codes(items) == ["INP008"]
    assert of(items, RowRejected) == [RowRejected(3, "s.csv", "orchard", "")]
    assert items[-1] == TableSummary(file="s.csv", rows=3, accepted=2, rejected=1)


# -- case columns in the sessions ----------------------------------------------------------------------------------

FACTS = {"referring_npi": "1234567893", "referring_last_name": "Reed", "onset_date": "2026-02-01"}


def test_case_columns_make_a_case_once():
    items = read(ROW | FACTS | {"case_id": "C1"}, ROW | FACTS | {"case_id": "C1", "line_id": "2"})
    (case,) = of(items, Case)
    assert (case.case_id, case.patient_id, case.referring_last_name) == ("C1", "P1", "Reed")
    assert items.index(case) < items.index(of(items, SessionLine)[0])
    assert {line.case_id for line in of(items, SessionLine)} == {"C1"}


def test_case_columns_without_case_id_group_by_content():
    other = FACTS | {"onset_date": "2026-02-02"}
    items = read(ROW | FACTS, ROW | other | {"line_id": "2"}, ROW | FACTS | {"line_id": "3"})
    assert len(of(items, Case)) == 2
    first, second, third = of(items, SessionLine)
    assert first.case_id == third.case_id != second.case_id


def test_case_columns_that_disagree():
    items = read(
        ROW | FACTS | {"case_id": "C1"},
        ROW | FACTS | {"case_id": "C1", "line_id": "2", "onset_date": "2026-02-02"},
    )
    assert codes(items) == ["INP042"]
    assert len(of(items, SessionLine)) == 1


def test_a_case_of_a_refused_row_comes_with_the_next():
    items = read(ROW | FACTS | {"case_id": "C1", "minutes": "x1"}, ROW | FACTS | {"case_id": "C1"})
    assert [type(item).__name__ for item in items] == [
        "Finding", "RowRejected", "Case", "SessionLine", "TableSummary",
    ]  # fmt: skip


def test_case_columns_demand_each_other():
    items = read(ROW | {"accident_type": "auto"}, ROW | {"line_id": "2", "referring_npi": "1234567893"})
    assert [finding.location.field for finding in of(items, Finding)] == [
        "accident_date", "accident_state", "referring_last_name",
    ]  # fmt: skip


# -- PHI -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["patient_id", "line_note", "employer", "claim_number", "referring_last_name"]
)
def test_phi_is_not_echoed(name):
    items = read(ROW | {name: "1.23E+09"}, ROW | {name: "x" * 5, "minutes": "x1"})
    assert all("1.23E+09" not in item.message for item in of(items, Finding))


# -- size ----------------------------------------------------------------------------------------------------------

STREAM = """
import resource, sys
from edi.intake import read_sessions, read_table
from edi.model.session import SessionLine

def chunks(rows):
    yield b"visit_id,line_id,patient_id,date_of_service,treating_npi,procedure_code,modifiers,minutes,charge,diagnosis_codes\\n"
    for start in range(0, rows, 1000):
        yield "".join(
            f"V{n // 3},V{n // 3}-{n % 3},P{n % 9973},{1 + n % 12}/{1 + n % 28}/2026,1234567893,97110,GP59,{n % 60},"
            f"$1{n % 997}.50,M54.50\\n"
            for n in range(start, min(start + 1000, rows))
        ).encode()

rows = int(sys.argv[1])
lines = sum(type(item) is SessionLine for item in read_sessions(read_table(chunks(rows)), practices=("p",)))
print(lines, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def stream(rows: int) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", STREAM, str(rows)], capture_output=True, text=True, check=True
    )
    lines, megabytes = done.stdout.split()
    return int(lines), int(megabytes)


@pytest.mark.soak
def test_a_million_rows_stream():
    small, base = stream(1_000)
    lines, peak = stream(1_000_000)
    assert (small, lines) == (1_000, 1_000_000)
    # The line_ids seen take 32 MB at most while their table grows; nothing else stays.
    assert peak - base < 64, (base, peak)


def test_reading_is_lazy():
    """The first line comes out before the second row is asked for."""
    asked = Counter()

    def records():
        for number in itertools.count():
            asked["rows"] += 1
            yield ROW | {"line_id": str(number)}

    items = read_sessions(rows_of(records()), practices=PRACTICES)
    assert isinstance(next(items), SessionLine)
    assert asked["rows"] == 1
