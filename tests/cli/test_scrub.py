"""`claimloop scrub`: what it tells in each form, what it mends, and what it does not touch."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import date

import pytest

from cli.jobs.scrub.check import CheckRequest, check
from cli.jobs.scrub.report import report_of
from cli.jobs.scrub.text import report_lines
from cli.settings import load_settings
from tests.command_line import AS_OF, DEMO, Office, claimloop, listing

NO_CHANGE = "0 cells mended"


@pytest.fixture
def office(tmp_path) -> Office:
    """An office without a store, with lines that have something to be told of."""
    made = Office(tmp_path / "office")
    rows = made.sessions.read_text(encoding="utf-8").splitlines()
    rows[1] = rows[1].replace(",GP,", ",GP GP,", 1)
    made.sessions.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return made


@pytest.fixture
def demo(tmp_path) -> Office:
    """The whole demo."""
    made = Office(tmp_path / "demo")
    made.sessions.write_bytes((DEMO / "sessions.csv").read_bytes())
    return made


def scrub(office, *more):
    return office("scrub", office.sessions, "--as-of", AS_OF, *more)


# -- what is told ----------------------------------------------------------------------------------------------------


def test_the_table_names_code_place_message_reason_fix_and_carc(office):
    told = scrub(office)
    assert told.code == 1
    for text in (
        "error MOD002  A line has the same modifier twice.",
        "holds 1 claim of",
        "would come back as CARC 4",
        "why: A repeated modifier",
        "fix: Give each modifier once.",
        "sessions.csv:2",
        "modifiers  97",
        "1 claim held by errors",
    ):
        assert text in told.out


def test_nothing_is_written_with_or_without_a_store(office):
    before = listing(office.folder)
    without = scrub(office)
    assert listing(office.folder) == before, "no store is made"
    assert office.create().code == 1
    before, digest = listing(office.folder), office.digest()
    after = scrub(office)
    assert (listing(office.folder), office.digest()) == (before, digest)
    assert "already billed" in after.out
    assert "already billed" not in without.out


def test_it_finds_what_claims_create_finds(demo):
    scrubbed = scrub(demo, "--json")
    created = demo(
        "claims", "create", demo.sessions, "--out", demo.folder / "out", "--as-of", AS_OF, "--json"
    )
    left, right = scrubbed.json, created.json
    assert scrubbed.code == created.code == 3
    assert left["held"] == right["held"]
    assert (left["claims_clean"], left["charge_clean"]) == (right["claims"], right["charge"])
    told = [{key: one[key] for key in ("code", "severity", "message")} for one in left["findings"]]
    wanted = [{key: one[key] for key in ("code", "severity", "message")} for one in right["findings"]]
    assert sorted(told, key=str) == sorted(wanted, key=str)


def test_json_counts_agree_and_every_finding_is_whole(demo):
    document = scrub(demo, "--json").json
    assert document["schema_version"] == 1
    assert sum(one["count"] for one in document["by_code"]) == len(document["findings"])
    held = sum(int(one["charge"].replace(".", "")) for one in document["held"])
    assert f"{held // 100}.{held % 100:02d}" == document["charge_held"]
    assert len(document["held"]) == document["claims_held"]
    for one in document["findings"]:
        assert one["code"]
        assert one["message"]
        if one["severity"] != "info":
            assert one["fix"], one
            assert one["why"], one
        if one["severity"] == "error" or one.get("session"):
            assert one["file"], one
            assert one["row"], one
            assert one["field"], one


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        (("--select", "MOD002"), {"MOD002"}),
        (("--select", "UNT,MOD", "--ignore", "UNT01"), {"MOD002", "UNT003"}),
        (("--select", "UNT003", "--ignore", "UNT"), {"UNT003"}),
        (("--select", "CHG", "--severity", "error"), {"CHG007", "CHG017"}),
        (("--select", "UNT", "--select", "TIM", "--severity", "error"), {"UNT003", "TIM001"}),
    ],
)
def test_select_ignore_and_severity(demo, options, codes):
    told = scrub(demo, "--json", *options)
    assert {one["code"] for one in told.json["findings"]} == codes
    assert told.json["claims_held"] > 10, "what is not shown holds its claim all the same"
    assert told.json["findings_left_out"] > 0


def test_what_is_left_out_does_not_make_an_exit_code(office):
    assert scrub(office, "--select", "TIM").code == 0
    codes = {one["code"] for one in scrub(office, "--json").json["findings"] if one["severity"] != "info"}
    assert scrub(office, "--ignore", ",".join(sorted(codes))).code == 0
    assert scrub(office).code == 1
    assert scrub(office, "--exit-zero").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--select", "MOX002"), "did you mean MOD002"),
        (("--ignore", "nothing"), "no finding has such a code"),
        (("--severity", "bad"), "write error, warning or info"),
        (("--format", "xlsx"), "needs --output"),
        (("--fix", "--format", "sarif"), "--fix tells what it did as table or json"),
    ],
)
def test_usage_errors(office, options, said):
    told = scrub(office, *options)
    assert told.code == 2
    assert said in told.err
    assert told.out == ""


def test_csv_has_a_row_a_finding(demo):
    rows = list(csv.DictReader(io.StringIO(scrub(demo, "--format", "csv").out)))
    assert len(rows) == len(scrub(demo, "--json").json["findings"])
    assert {one["code"] for one in rows} >= {"UNT003", "MOD002", "INP023"}


@pytest.mark.parametrize("columns", ["60", "200"])
def test_narrow_and_wide(demo, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert "97124 15 min = 1 (midpoint, code by code); billed 97124 ×3" in scrub(demo).out


def test_no_colour_codes_in_a_pipe(demo):
    assert "\x1b" not in scrub(demo).out


# -- SARIF -----------------------------------------------------------------------------------------------------------


def sarif(office):
    return json.loads(scrub(office, "--format", "sarif").out)


def test_sarif_has_what_the_schema_asks_for(demo):
    log = sarif(demo)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "claimloop"
    for rule in rules:
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", rule["name"])
        for key in ("shortDescription", "fullDescription", "help"):
            assert rule[key]["text"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert len(run["results"]) == len(scrub(demo, "--json").json["findings"])
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["level"] in ("error", "warning", "note")
        assert one["message"]["text"]
        for place in one.get("locations", ()):
            physical = place["physicalLocation"]
            assert physical["artifactLocation"]["uri"]
            assert " " not in physical["artifactLocation"]["uri"]
            assert physical.get("region", {}).get("startLine", 1) >= 1


def test_sarif_lines_are_those_of_the_file_and_fingerprints_are_stable(demo):
    results = sarif(demo)["runs"][0]["results"]
    text = demo.sessions.read_text(encoding="utf-8").splitlines()
    for one in results:
        session = one["properties"].get("session")
        if session and one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith(
            "sessions.csv"
        ):
            line = one["locations"][0]["physicalLocation"]["region"]["startLine"]
            assert f",{session}," in text[line - 1]
    prints = [one["partialFingerprints"]["claimloopFinding/v1"] for one in results]
    assert len(set(prints)) == len(prints)
    # A line more above them moves every row and no fingerprint of a session line.
    moved = "\n".join([text[0], "# a comment", *text[1:]]) + "\n"
    demo.sessions.write_text(moved, encoding="utf-8")
    again = sarif(demo)["runs"][0]["results"]
    of_sessions = {
        one["partialFingerprints"]["claimloopFinding/v1"]
        for one in results
        if one["properties"].get("session")
    }
    assert of_sessions <= {one["partialFingerprints"]["claimloopFinding/v1"] for one in again}


# -- the workbook ----------------------------------------------------------------------------------------------------


def sheets(path):
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name).decode() for name in book.namelist()}


def test_the_workbook_has_strings_and_no_formula(demo):
    text = demo.sessions.read_text(encoding="utf-8")
    demo.sessions.write_text(text.replace("V0032-1", "=1+1"), encoding="utf-8")
    told = scrub(demo, "--format", "xlsx", "--output", demo.folder / "a.xlsx")
    assert (told.code, told.out) == (3, "")
    parts = sheets(demo.folder / "a.xlsx")
    findings = parts["xl/worksheets/sheet1.xml"]
    assert "=1+1" in parts["xl/sharedStrings.xml"]
    assert "<f>" not in findings
    for mark in ('state="frozen"', "<autoFilter", "<cols>"):
        assert mark in findings
    assert [name for name in parts if name.startswith("xl/worksheets/sheet")] == [
        f"xl/worksheets/sheet{number}.xml" for number in (1, 2, 3)
    ]


def test_the_same_workbook_twice(office):
    made = []
    for name in ("a.xlsx", "b.xlsx"):
        scrub(office, "--format", "xlsx", "--output", office.folder / name)
        made.append((office.folder / name).read_bytes())
    assert made[0] == made[1]


# -- --fix -----------------------------------------------------------------------------------------------------------


def findings(office, path, *codes):
    told = office("scrub", path, "--as-of", AS_OF, "--json")
    return [one for one in told.json["findings"] if one["code"] in codes]


def test_fix_mends_what_is_mechanical_into_a_new_file(demo):
    before = demo.sessions.read_bytes()
    assert len(findings(demo, demo.sessions, "MOD002", "UNT003")) == 7
    told = scrub(demo, "--fix")
    fixed = demo.folder / "sessions.fixed.csv"
    assert told.code == 3
    assert demo.sessions.read_bytes() == before
    assert "7 cells mended" in told.err
    assert findings(demo, fixed, "MOD002", "UNT003") == []
    changed = [
        (old, new)
        for old, new in zip(before.splitlines(), fixed.read_bytes().splitlines(), strict=True)
        if old != new
    ]
    assert len(changed) == 7
    lines = told.out.splitlines()
    assert lines[:2] == [f"--- {demo.sessions}", f"+++ {fixed}"]
    assert (
        sum(line.startswith("-") for line in lines[2:])
        == sum(line.startswith("+") for line in lines[2:])
        == 7
    )
    assert "P001" not in told.out, "patient ids are hidden"


def test_the_diff_applies_where_everything_is_shown(demo):
    told = scrub(demo, "--fix", "--show-phi")
    text = demo.sessions.read_text(encoding="utf-8").splitlines()
    for head, old, new in zip(*[iter(told.out.splitlines()[2:])] * 3, strict=True):
        line = int(re.match(r"@@ -(\d+) ", head)[1])
        assert text[line - 1] == old[1:]
        text[line - 1] = new[1:]
    assert (demo.folder / "sessions.fixed.csv").read_text(encoding="utf-8").splitlines() == text


def test_a_second_fix_changes_nothing(demo):
    scrub(demo, "--fix")
    fixed = demo.folder / "sessions.fixed.csv"
    again = demo("scrub", fixed, "--as-of", AS_OF, "--fix")
    assert NO_CHANGE in again.err
    assert again.out == ""
    assert not (demo.folder / "sessions.fixed.fixed.csv").exists()


def test_fix_as_json_tells_the_changes_and_what_is_left(demo):
    told = scrub(demo, "--fix", "--json").json
    assert {(one["field"], one["before"], one["after"]) for one in told["fixes"]} == {
        ("modifiers", "GP GP", "GP"),
        ("units", "3", "1"),
    }
    assert list(told["fixed_files"].values()) == [str(demo.folder / "sessions.fixed.csv")]
    assert not {"MOD002", "UNT003"} & {one["code"] for one in told["findings"]}


def test_fix_never_writes_over_a_file(office):
    target = office.folder / "sessions.fixed.csv"
    target.write_text("mine", encoding="utf-8")
    told = scrub(office, "--fix")
    assert told.code == 2
    assert "is there already" in told.err
    assert target.read_text(encoding="utf-8") == "mine"
    named = scrub(office, "--fix", "--output", office.sessions)
    assert named.code == 2
    other = scrub(office, "--fix", "--output", office.folder / "other.csv")
    assert "1 cell mended" in other.err
    assert (office.folder / "other.csv").exists()


def test_a_clean_file_is_not_written_again(office):
    office.sessions.write_text(
        office.sessions.read_text(encoding="utf-8").replace("GP GP", "GP"), encoding="utf-8"
    )
    told = scrub(office, "--fix")
    assert NO_CHANGE in told.err
    assert not (office.folder / "sessions.fixed.csv").exists()


# -- bad input -------------------------------------------------------------------------------------------------------


def test_an_empty_file(office):
    office.sessions.write_bytes(b"")
    told = scrub(office)
    assert told.code == 3
    assert "INP001" in told.out
    assert "sessions.csv" in told.out


def test_a_pdf(office):
    office.sessions.write_bytes(b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n")
    told = scrub(office)
    assert told.code == 3
    assert "the file is a PDF" in told.out
    assert "Save it as CSV" in told.out


def test_missing_files(office):
    gone = office("scrub", office.folder / "none.csv")
    assert (gone.code, gone.out) == (3, "")
    assert "none.csv: no such file" in gone.err
    (office.folder / "patients.csv").unlink()
    told = scrub(office)
    assert told.code == 3
    assert "patients.csv: no such file beside sessions.csv" in told.err
    assert "--patients" in told.err


def test_one_wrong_row_is_named_with_its_field_and_fix(office):
    text = office.sessions.read_text(encoding="utf-8").splitlines()
    text[2] = text[2].replace("2026-", "2026/99/", 1)
    office.sessions.write_text("\n".join(text) + "\n", encoding="utf-8")
    told = scrub(office)
    assert told.code == 3
    assert re.search(r"sessions\.csv:3 .*date_of_service", told.out)
    assert "fix: Write 2026-01-03, or month/day/year." in told.out


def test_no_settings(tmp_path, monkeypatch):
    (tmp_path / "sessions.csv").write_text("visit_id\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    told = claimloop("scrub", "sessions.csv")
    assert told.code == 2
    assert "claimloop init" in told.err


# -- on a terminal ---------------------------------------------------------------------------------------------------


def lines_of(demo, width, most=None):
    request = CheckRequest(sessions=(demo.sessions,), today=date.fromisoformat(AS_OF))
    settings = load_settings(demo.folder / "claimloop.toml", environment={})
    return [
        text for text, _ in report_lines(report_of(check(request, settings, None)), width=width, most=most)
    ]


def test_a_terminal_folds_with_an_indent_and_a_pipe_does_not(demo):
    narrow, wide, piped = lines_of(demo, 80), lines_of(demo, 140), lines_of(demo, None)
    assert max(map(len, narrow)) <= 80
    assert max(map(len, wide)) <= 140
    assert max(map(len, piped)) > 140
    assert len(narrow) > len(wide) > len(piped)
    assert sum(line.startswith("  sessions.csv:") for line in narrow) == sum(
        line.startswith("  sessions.csv:") for line in piped
    )
    folded = [line for line in narrow if line and not line.startswith(" ")]
    known = ("error ", "warning ", "info ", "severity ")
    assert all(line.startswith(known) or line[0].isdigit() for line in folded)


def test_a_terminal_counts_what_it_does_not_list(demo):
    short = lines_of(demo, 100, most=2)
    assert any(line.startswith("  … and ") for line in short)
    assert sum(line.startswith("  sessions.csv:") for line in short) < sum(
        line.startswith("  sessions.csv:") for line in lines_of(demo, 100)
    )


# -- PHI -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["table", "csv", "json", "sarif", "--fix"])
def test_no_form_shows_who_a_patient_is(demo, form):
    with (demo.folder / "patients.csv").open(encoding="utf-8", newline="") as stream:
        patients = list(csv.DictReader(stream))
    private = ("last_name", "member_id", "birth_date", "address_1", "phone")
    values = {row[name] for row in patients for name in private if row[name]}
    options = ("--fix",) if form == "--fix" else ("--format", form)
    told = scrub(demo, *options)
    assert len(told.out) > 1000
    assert [one for one in values if one in told.out + told.err] == []


# -- what the settings lack is told once -------------------------------------------------------------------------------


def test_lines_of_one_unknown_payer_are_told_together_and_listed_in_json(office):
    patients = office.folder / "patients.csv"
    text = patients.read_text(encoding="utf-8")
    patients.write_text(re.sub(r",1,[a-z_]+,", ",1,nowhere-plan,", text), encoding="utf-8")
    told, listed = scrub(office), scrub(office, "--json", "--select", "CHG002")
    found = listed.json["findings"]
    assert len({one["visit"] for one in found}) > 1
    shown = [line for line in told.out.splitlines() if "nowhere-plan" in line]
    assert len(shown) == 1
    assert f"({len(found)} lines)" in shown[0]
    created = office("claims", "create", office.sessions, "--out", office.folder / "out", "--as-of", AS_OF)
    assert sum("nowhere-plan" in line for line in created.err.splitlines()) == 1


def test_held_lines_are_told_with_their_charge(office):
    rows = office.sessions.read_text(encoding="utf-8").splitlines()
    place = rows[0].split(",").index("treating_npi")
    cells = rows[1].split(",")
    cells[place] = "1234567893"
    office.sessions.write_text("\n".join([rows[0], ",".join(cells), *rows[2:]]) + "\n", encoding="utf-8")
    report = scrub(office, "--json").json
    assert report["held_lines"] >= 1
    assert float(report["held_lines_charge"]) > 0
    assert (report["rejected_rows_charge"], report["lines_without_charge"]) == ("0.00", 0)
    wanted = f"held before they became a claim, {float(report['held_lines_charge']):,.2f}"
    assert wanted in scrub(office).out.replace("\n", " ")
    created = office("claims", "create", office.sessions, "--out", office.folder / "out", "--as-of", AS_OF)
    assert wanted in created.out
