"""`held`, `unmatched`, `ledger`, `verify --proof`, `rebuild` and `replay` on the command line: codes, JSON, masks."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.builders import make_claim, make_line
from tests.command_line import claimloop
from tests.jobs.conftest import Desk
from tests.remits import claim, file_of, line, payment


@pytest.fixture
def run(tmp_path):
    """A store with a claim payment in suspense, one without a claim, and a quarantined set; commands that run on it."""
    desk = Desk(f"sqlite:///{tmp_path / 'claimloop.db'}", tmp_path)
    second = (make_line(1, "97530", line_control_number="L0000011"),)
    desk.submit(make_claim(), make_claim(patient_control_number="B0000002", lines=second))
    broken = claim("A0000001", line("97110", 5000, 4000, adjustments=["CO*45*9"]), line("97140", 5000, 4000))
    strange = claim("X99", line("97530", 5000, 4000))
    desk.ingest(file_of(payment([broken, strange])))
    desk.ingest(file_of(payment([claim("NOBODY", line("97010", 900, 900))], trace="T2", bank=800)))
    desk.store.close()
    (tmp_path / "claimloop.toml").write_text("", encoding="utf-8")

    def command(*arguments):
        return claimloop(*arguments, "--config", tmp_path / "claimloop.toml", "--database", desk.url)

    return command


def test_a_hold_is_shown_with_its_equations_and_no_name(run):
    shown = run("held", "show", "claim_payment:1", "--json")
    assert shown.code == 0
    assert [(one["code"], one["segment"], one["difference"]) for one in shown.json["equations"]] == [
        ("BAL001", 10, "-1.00"),
        ("BAL002", 8, "-1.00"),
    ]
    assert shown.json["unexplained"] == "1.00"
    assert "W123456789" not in shown.out
    text = run("held", "show", "1")
    assert "SVC03 in segment 10 is 40.00, the rest comes to 41.00: 1.00 too little" in text.out
    assert "unexplained after a release would be 1.00" in text.out
    assert "-1.00" not in text.out
    assert "PATIENT" not in text.out
    assert "W123456789" in run("held", "show", "1", "--show-phi").out
    (name,) = [one["id"] for one in run("held", "list", "--json").json if one["kind"] == "quarantined"]
    whole = run("held", "show", name, "--json").json
    assert (whole["claims"], whole["equations"][0]["code"], whole["unexplained"]) == (1, "BAL003", "-1.00")
    assert "1 claim payments" in run("held", "show", name).out


def test_a_release_is_listed_until_it_is_taken_back(run):
    dry = run("held", "release", "1", "--reason", "by phone", "--dry-run", "--json")
    assert (dry.code, dry.json["outcome"], dry.json["dry_run"]) == (1, "posted", True)
    assert run("held", "list", "--json").json[0]["kind"] == "suspense"
    made = run("held", "release", "1", "--reason", "by phone", "--by", "ANN")
    assert made.code == 1
    assert "1.00 of it is unexplained" in made.out
    (left,) = [one for one in run("held", "list", "--json").json if one["kind"] == "released"]
    assert (left["id"], left["amount"], left["detail"]) == ("claim_payment:1", "1.00", "by phone")
    assert "unexplained after releases: 1.00" in run("held", "list").out
    verified = run("verify")
    assert verified.code == 0
    assert "1.00 unexplained in 1 released hold" in verified.out
    assert "suspense 1.00" in run("claims", "show", "A0000001").out
    assert run("held", "release", "1", "--reason", "again").code == 2
    back = run("held", "release", "1", "--reason", "no", "--undo", "--json")
    assert (back.code, back.json["outcome"], back.json["unexplained"]) == (1, "suspense", "0.00")


def test_a_dismissed_payment_leaves_the_list_until_that_is_taken_back(run):
    (name,) = [one["id"] for one in run("held", "list", "--json").json if one["kind"] == "quarantined"]
    dry = run("held", "dismiss", name, "--reason", "sent by mistake", "--dry-run")
    assert (dry.code, dry.out.strip()) == (0, f"would be: {name} is dismissed now")
    made = run("held", "dismiss", name, "--reason", "sent by mistake", "--by", "ANN", "--json")
    assert (made.code, made.json["id"], made.json["outcome"]) == (0, name, "dismissed")
    assert name not in [one["id"] for one in run("held", "list", "--json").json]
    (left,) = [one for one in run("held", "list", "--all", "--json").json if one["kind"] == "dismissed"]
    assert (left["id"], left["detail"]) == (name, "sent by mistake")
    assert "dismissed: sent by mistake" in run("held", "show", name).out
    assert run("held", "show", name, "--json").json["dismissed"] == "sent by mistake"
    assert run("held", "dismiss", "claim_payment:1", "--reason", "no").code == 2
    assert run("verify").code == 0
    back = run("held", "dismiss", name, "--reason", "it was meant", "--undo")
    assert (back.code, back.out.strip()) == (0, f"{name} is quarantined now")


def test_a_wrong_id_of_a_link_points_to_its_own_list(run):
    wrong = run("unmatched", "link", "999999", "A0000001")
    assert wrong.code == 3
    assert "claimloop unmatched list shows the ids" in " ".join(wrong.err.split())
    assert "held list shows the ids" in " ".join(run("held", "show", "999999").err.split())


def test_candidates_are_ranked_and_a_link_follows_them(run):
    rows = run("unmatched", "list", "--json").json
    best = rows[0]["ranked"][0]
    assert (best["patient_control_number"], best["margin"] > 0) == ("B0000002", True)
    assert {"member_id", "charge", "dates_of_service", "lines 1 of 1"} <= set(best["evidence"])
    assert "B0000002" in run("unmatched", "list").out
    linked = run("unmatched", "link", "claim_payment:2", "B0000002", "--json")
    assert (linked.code, linked.json["outcome"], linked.json["lines"]) == (0, "posted", ["1=1"])
    assert run("unmatched", "list", "--json").json == []
    assert run("unmatched", "link", "2", "B0000002").code == 2
    ended = run("unmatched", "unlink", "2", "--reason", "another patient")
    assert (ended.code, "unmatched now" in ended.out) == (1, True)
    assert run("unmatched", "link", "2", "NOSUCH").code == 3


def test_a_proof_and_a_ledger(run):
    run("unmatched", "link", "2", "B0000002")
    proof = run("verify", "--proof", "T0001", "--json")
    assert (proof.code, proof.json["holds"], proof.json["deposit"]) == (0, True, None)
    assert "every level sums" in run("verify", "--proof", "120.00").out
    assert run("verify", "--proof", "1.23").code == 3
    rows = run("ledger", "B0000002", "--json").json
    assert [(one["account"], one["amount"], one["segment"]) for one in rows] == [
        ("charge", "50.00", None),
        ("paid", "40.00", 18),
        ("contractual", "10.00", 18),
    ]
    assert "charge 50.00 = paid 40.00 + contractual 10.00 + open 0.00" in run("ledger", "B0000002").out
    assert run("ledger", "NOSUCH").code == 3


def test_a_rebuild_and_a_replay_of_a_sound_store(run, tmp_path):
    run("held", "release", "1", "--reason", "by phone")
    run("unmatched", "link", "2", "B0000002")
    made = run("rebuild", "--json")
    assert (made.code, made.json["same"], made.json["decisions"]) == (0, True, 2)
    assert not (tmp_path / "claimloop.rebuilt.db").exists()
    replayed = run("replay", "--dry-run", "--json")
    assert (replayed.code, replayed.json) == (0, [])
    assert run("replay").code == 2
    assert "would change: nothing" in run("replay", "--dry-run").out


@pytest.mark.sqlite("files are swapped; test_bad_servers.py has the refusal of PostgreSQL")
def test_a_swap_of_a_sound_store(run, tmp_path):
    run("held", "release", "1", "--reason", "by phone")
    run("unmatched", "link", "2", "B0000002")
    swapped = run("rebuild", "--swap", "--json")
    assert (swapped.code, swapped.json["swapped"]) == (0, True)
    assert (tmp_path / "claimloop.before-rebuild.db").exists()
    assert run("verify").code == 0
    assert run("rebuild", "--swap", "--into", f"sqlite:///{tmp_path / 'x.db'}").code == 2


@pytest.mark.sqlite("files are swapped; test_bad_servers.py has the refusal of PostgreSQL")
def test_a_swap_that_changes_decisions_wants_a_word(run, tmp_path):
    """Books that other tables made: rebuilt they are others, and are only put into force when that is said."""
    run("unmatched", "link", "2", "B0000002")
    path = tmp_path / "claimloop.db"
    with closing(sqlite3.connect(path)) as books:
        books.execute("UPDATE posting SET account = 'denied' WHERE account = 'contractual'")
        books.execute("UPDATE remittance SET tables_version = 'older'")
        books.commit()
    told = run("rebuild", "--swap", "--json")
    assert (told.code, told.json["swapped"], told.json["tables_changed"]) == (1, False, True)
    assert told.json["changes"]["posting"] >= 1
    assert run("verify").code == 5
    assert run("rebuild", "--accept-changes").code == 2
    swapped = run("rebuild", "--swap", "--accept-changes")
    assert swapped.code == 1
    assert "decided otherwise: " in swapped.out
    assert "the new store is in use" in swapped.out
    assert run("verify").code == 0
    assert run("rebuild", "--json").json["same"]
