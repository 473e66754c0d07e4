"""What somebody else wrote into a name or a note is never run by a spreadsheet; amounts stay numbers."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.jobs.export import COLUMNS as EXPORTED
from cli.render import csv_cells
from cli.render.csv_text import harmless
from tests.command_line import AS_OF, Office, claimloop

BAD = [
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "-",
    "-1e5",
    "--1",
]
GOOD = ["", "1", "-1", "-85.00", "-0.01", "a=b", "V0001-1", "'=1", "2026-01-31", "5 - 3"]
STARTS = ("=", "+", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@pytest.mark.parametrize("text", BAD)
def test_what_begins_like_a_formula_gets_an_apostrophe(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", GOOD)
def test_what_does_not_stays(text):
    assert harmless(text) == text


@given(st.text())
def test_no_cell_begins_like_a_formula(text):
    cell = harmless(text)
    assert not cell.startswith(STARTS)
    assert not cell.startswith("-") or re.fullmatch(r"-[0-9]+(\.[0-9]+)?", cell)
    assert cell in (text, f"'{text}")


def test_an_export_goes_through_the_same_door():
    row = {**dict.fromkeys(EXPORTED, "=1+1"), "amount": "-85.00"}
    cells = dict(zip(EXPORTED, csv_cells(row, EXPORTED), strict=True))
    assert cells.pop("amount") == "-85.00"
    assert set(cells.values()) == {"'=1+1"}


def test_every_csv_writer_of_the_command_line_is_known():
    """A new one goes through `csv_cells`, or is added here with a reason."""
    root = Path(__file__).resolve().parents[2] / "cli"
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(
            r"csv\.(writer|DictWriter)\(|add_worksheet|write_string\(|\.write_formula\(",
            path.read_text(encoding="utf-8"),
        )
    }
    assert found == {
        "render/csv_text.py",
        "jobs/export.py",  # its cells are csv_cells
        "render/sheets.py",
        "jobs/scrub/workbook.py",  # its cells are write_text
        "jobs/tables/store.py",  # public code tables, for ourselves
    }


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> Office:
    """An office whose payer has a name that begins like a formula, as have the owners of its denials."""
    made = Office(tmp_path_factory.mktemp("formulas") / "office")
    assert made.create().code == 1
    answers = made.folder / "answers"
    assert claimloop("simulate", made.submitted, "--out", answers, "--seed", 3, "--as-of", AS_OF).code == 0
    for path in answers.glob("*.835"):
        path.write_bytes(re.sub(rb"N1\*PR\*[^*~]+", b"N1*PR*=HYPERLINK(1)", path.read_bytes()))
    made("ingest", answers)
    assert made("denials", "assign", "--state", "open", "--yes", "--to", "@SUM(1)").code == 0
    return made


DENIALS = ("denials", "list", "--all")
ROWS = [
    DENIALS, ("report", "payments"), ("report", "collections", "--by", "payer"), ("ledger", "{claim}"), ("audit", "list"),
    ("scrub", "{sessions}", "--as-of", AS_OF),
]  # fmt: skip


def cells_of(office: Office, words: tuple[str, ...], form: str, path: Path) -> bytes:
    claim = office("claims", "list", "--json").json[0]["patient_control_number"]
    given = [word.format(claim=claim, sessions=office.sessions) for word in words]
    run = office(*given, "--format", form, "--output", path)
    assert run.code in (0, 1), run
    return path.read_bytes()


@pytest.mark.parametrize("words", ROWS, ids=" ".join)
def test_no_cell_of_a_csv_is_a_formula(office, words, tmp_path):
    text = cells_of(office, words, "csv", tmp_path / "rows.csv").decode()
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(STARTS)]
    assert all(re.fullmatch(r"-\d+(\.\d+)?", cell) for cell in cells if cell.startswith("-"))


@pytest.mark.parametrize("words", [DENIALS, ROWS[-1]], ids=" ".join)
def test_no_cell_of_a_workbook_is_a_formula(office, words, tmp_path):
    data = cells_of(office, words, "xlsx", tmp_path / "rows.xlsx")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        pages = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
        shared = book.read("xl/sharedStrings.xml").decode()
    assert pages
    assert not any("<f>" in page or "hyperlink" in page.lower() for page in pages)
    if words is DENIALS:
        assert ">=HYPERLINK(1)<" in shared, "it is there, as a text"
        assert ">@SUM(1)<" in shared


def test_the_names_do_reach_the_files(office, tmp_path):
    text = cells_of(office, DENIALS, "csv", tmp_path / "rows.csv").decode()
    assert "'=HYPERLINK(1)" in text
    assert "'@SUM(1)" in text
