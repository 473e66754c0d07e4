"""`claims correct`, `void`, `secondary` and `work` on the command line: exit codes, JSON, and what is never printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import claimloop
from tests.jobs.again_desk import DENIES, PAYS, AgainOffice, visit

NUMBER = "C17WDRQP"


@pytest.fixture
def desk(tmp_path: Path):
    """Makes an office with one answered claim."""

    def make(*coverages: str, scenario: str) -> AgainOffice:
        made = AgainOffice(tmp_path / "office", *coverages)
        made.answer(made.create(*visit()).files[0].path, scenario)
        return made

    return make


def run(office: AgainOffice, *arguments: object):
    """A command of that office; what it prints of the patient would be a leak."""
    group, *rest = arguments
    done = claimloop(
        *str(group).split(), *rest, "--config", office.folder / "claimloop.toml",
        *(() if str(group).startswith("work") else ("--as-of", office.day.date())),
    )  # fmt: skip
    for secret in ("Tester", "TESTER", "1EG4TE5MK73", "1950-05-17", "Example Street"):
        assert secret not in done.out + done.err
    return done


def test_a_correction_in_json(desk):
    office = desk("acme", scenario=DENIES)
    done = run(office, "claims correct", NUMBER, "--out", office.out, "--json")
    assert done.code == 1
    (sent,) = done.json["sent"]
    assert sent == {
        "claim": NUMBER,
        "kind": "replacement",
        "practice_id": "orchard",
        "payer": "acme",
        "frequency": "7",
        "patient_control_number": NUMBER,
        "original_reference": "P000001000001",
        "lines": 2,
        "charge": "120.00",
    }
    assert [Path(file["file"]).exists() for file in done.json["files"]] == [True]
    again = run(office, "claims correct", NUMBER, "--out", office.out, "--json")
    assert (again.code, again.json["sent"]) == (1, [])
    (found,) = [one for one in again.json["findings"] if one["code"] == "AGN002"]
    assert again.json["refused"] == [{name: found[name] for name in ("code", "claim", "message", "fix")}]
    assert found["claim"] == NUMBER
    assert found["fix"]


def test_corrected_rows_and_a_dry_run(desk):
    office = desk("acme", scenario=DENIES)
    rows = office.write("corrected", visit(minutes="30"))
    before = office.written()
    dry = run(office, "claims correct", NUMBER, "--out", office.out, "--sessions", rows, "--dry-run")
    assert "180.00 would be sent" in dry.out
    assert office.written() == before
    done = run(office, "claims correct", NUMBER, "--out", office.out, "--sessions", rows)
    assert "replacement to acme, frequency 7, 2 lines, 180.00 written" in done.out
    assert len(office.written()) == len(before) + 1


def test_an_unknown_claim_ends_3(desk):
    office = desk("acme", scenario=DENIES)
    for command in ("correct", "void", "secondary"):
        done = run(office, f"claims {command}", "NOBODY", "--out", office.out, "--json")
        assert (done.code, done.json["unknown"]) == (3, ["NOBODY"])


def test_a_missing_file_ends_3_and_changes_nothing(desk):
    office = desk("acme", scenario=DENIES)
    before = office.digest()
    done = run(
        office, "claims correct", NUMBER, "--out", office.out, "--sessions", office.folder / "none.csv"
    )
    assert done.code == 3
    assert "none.csv" in done.err
    assert office.digest() == before


def test_medicare_makes_work_that_is_listed_and_done(desk):
    office = desk("federal", scenario=DENIES)
    done = run(office, "claims correct", NUMBER, "--out", office.out)
    assert done.code == 1
    assert "reopening" in done.out
    listed = run(office, "work list", "--json")
    (item,) = listed.json
    assert (item["claim"], item["kind"], item["status"], item["payer"]) == (
        NUMBER,
        "reopening",
        "open",
        "federal",
    )
    assert item["due_date"] == "2027-03-27"
    assert run(office, "work done", "99").code == 3
    done = run(office, "work done", item["id"], "--note", "asked by phone", "--json")
    assert (done.code, done.json["status"]) == (0, "done")
    assert run(office, "work list", "--json").json == []
    assert [one["status"] for one in run(office, "work list", "--status", "all", "--json").json] == ["done"]
    assert run(office, "work list", "--status", "nonsense").code == 2


def test_a_void_in_words(desk):
    office = desk("acme", scenario=PAYS)
    done = run(office, "claims void", NUMBER, "--out", office.out)
    assert "void to acme, frequency 8, 2 lines, 120.00 written" in done.out
    assert "AGN005" in run(office, "claims void", NUMBER, "--out", office.out).err


def test_what_is_due_goes_once(desk):
    office = desk("acme", "beacon", scenario=PAYS)
    done = run(office, "claims secondary", "--due", "--out", office.out, "--json")
    assert [(one["kind"], one["payer"]) for one in done.json["sent"]] == [("secondary", "beacon")]
    again = run(office, "claims secondary", "--due", "--out", office.out, "--json")
    assert (again.code, again.json["sent"], again.json["refused"]) == (0, [], [])


def test_secondary_wants_a_claim_or_due(desk):
    office = desk("acme", "beacon", scenario=PAYS)
    assert run(office, "claims secondary", "--out", office.out).code == 2
    both = run(office, "claims secondary", "--due", "--bypass-primary", "law", "--out", office.out)
    assert both.code == 2
