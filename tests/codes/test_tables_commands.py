"""`claimloop tables update` and `tables list` as a person and a script see them, and who uses what was loaded."""

from __future__ import annotations

import pytest

from tests.codes.official_files import (
    CARC_HEADER,
    CARC_ROWS,
    MUE_NAME,
    PTP_NAME,
    csv_text,
    mue_text,
    ptp_text,
)
from tests.command_line import claimloop

AS_OF = ("--as-of", "2026-11-22")


@pytest.fixture
def office(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLAIMLOOP_CONFIG", raising=False)
    assert claimloop("init").code == 0
    for part in range(1, 5):
        rows = [("97530", "97110", "", "20200101", "*", str(part % 2), "x")] if part == 4 else None
        data = ptp_text(
            [("1000" + str(part), "97124", "", "19960101", "*", "0", "x")] if rows is None else rows
        )
        (tmp_path / PTP_NAME.format(part=part)).write_bytes(data)
    (tmp_path / MUE_NAME).write_bytes(mue_text())
    (tmp_path / "carc.csv").write_bytes(csv_text(CARC_HEADER, CARC_ROWS))
    return tmp_path


def parts(*numbers):
    return [PTP_NAME.format(part=number) for number in numbers]


def test_an_update_says_what_is_in_force_and_what_changed(office):
    run = claimloop("tables", "update", *parts(1, 2, 3, 4), MUE_NAME, *AS_OF)
    assert run.code == 0
    assert "ccipra-v323r0-f4.txt: ptp 2026Q4 f4: 1 rows" in run.out
    assert "NCCI procedure-to-procedure edits, 2026Q4 (2026-10-01 to 2026-12-31): in force today" in run.out
    assert "against 2024Q3, the 122 codes that both hold: 0 added" in run.out
    assert "changed 97110 6 a day, MAI 3, now 8 a day, MAI 3" in run.out
    assert (office / "tables" / "releases.csv").is_file()
    assert "mue 2026Q4 lacks 119 of 122 rows of 2024Q3; is its file whole?" in run.err


def test_an_update_that_lacks_a_part_ends_with_3(office):
    run = claimloop("tables", "update", *parts(1, 2, 4), *AS_OF)
    assert run.code == 3
    assert "not in force, waits for f3; 2024Q3 answers until then" in run.out
    again = claimloop("tables", "update", *parts(3), "--json", *AS_OF)
    assert again.code == 0
    assert again.json["tables"][0]["missing"] == []


def test_json_has_every_change(office):
    told = claimloop("tables", "update", MUE_NAME, "--json", *AS_OF).json
    assert told["schema_version"] == 1
    assert told["changed"] is True
    assert told["files"] == [
        {
            "file": MUE_NAME,
            "table": "mue",
            "release": "2026Q4",
            "part": "",
            "outcome": "loaded",
            "rows": 3,
            "left_out": 0,
        }
    ]
    changes = told["tables"][0]["changes"]
    assert (changes["against"], changes["added"], changes["changed"]) == ("2024Q3", 0, 1)
    assert changes["by_code"]["97110"] == {"added": 0, "ended": 0, "changed": 1}
    assert 0 < len(changes["details"]) < changes["ended"] + 1, "of therapy codes alone"
    assert [one["code"] for one in changes["details"] if one["change"] == "changed"] == ["97110"]


def test_the_same_again_says_so(office):
    claimloop("tables", "update", MUE_NAME, *AS_OF)
    run = claimloop("tables", "update", MUE_NAME, *AS_OF)
    assert (run.code, "already loaded, nothing changed" in run.out) == (0, True)


def test_a_refused_file_ends_with_3_and_names_what_is_understood(office):
    (office / "fees.txt").write_text("code,price\n97110,50\n")
    run = claimloop("tables", "update", "fees.txt")
    assert run.code == 3
    assert run.out == ""
    assert "fees.txt: no header that is understood" in run.err
    assert "Practitioner Services MUE Values" in run.err
    assert not (office / "tables" / "releases.csv").exists()


def test_a_release_that_no_name_says_is_a_usage_error(office):
    (office / "edits.csv").write_bytes(mue_text())
    run = claimloop("tables", "update", "edits.csv")
    assert run.code == 2
    assert "--release" in run.err
    assert claimloop("tables", "update", "edits.csv", "--release", "2026Q4", *AS_OF).code == 0


def test_the_list(office):
    claimloop("tables", "update", *parts(1, 2, 3, 4), "--quiet", *AS_OF)
    run = claimloop("tables", "list", *AS_OF)
    assert run.code == 0
    (line,) = [line for line in run.out.splitlines() if line.startswith("ptp") and "2026Q4" in line]
    assert line.split()[:6] == ["ptp", "2026Q4", "2026-10-01", "2026-12-31", "4", "yes"]
    assert "ccipra-v323r0-f1.txt and 3 more" in line
    rows = claimloop("tables", "list", "--json", *AS_OF).json
    assert {
        "table",
        "name",
        "release",
        "valid_from",
        "valid_to",
        "rows",
        "source",
        "in_force",
        "note",
    } == set(rows[0])
    assert claimloop("tables", "list", "--format", "csv", *AS_OF).out.startswith("table,release,valid_from")


def test_the_folder_may_be_elsewhere(office):
    settings = office / "claimloop.toml"
    settings.write_text('[tables]\nfolder = "../codes of ours"\n' + settings.read_text())
    assert claimloop("tables", "update", MUE_NAME, *AS_OF).code == 0
    assert (office.parent / "codes of ours" / "releases.csv").is_file()


def test_what_was_loaded_is_what_explain_knows(office):
    assert claimloop("explain", "325").code == 2
    claimloop("tables", "update", "carc.csv", *AS_OF)
    run = claimloop("explain", "325")
    assert run.code == 0
    assert "unclassified" in run.out


def test_verify_uses_the_tables_that_made_the_books(office):
    claimloop("tables", "update", "carc.csv", *AS_OF)
    assert claimloop("verify").code == 0


def test_scrub_judges_by_what_was_loaded(office):
    before = claimloop("scrub", "sessions.csv", "--json", *AS_OF)
    claimloop("tables", "update", *parts(1, 2, 3, 4), *AS_OF)
    after = claimloop("scrub", "sessions.csv", "--json", *AS_OF)
    assert before.json["rules_version"] != after.json["rules_version"]
    assert after.json["rules_version"].startswith("2026Q4+")
