"""A claim that went out again, as lists, sums and stories tell it: once in every sum."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from reconcile.store import open_store
from reconcile.store.totals import totals
from tests.command_line import claimloop
from tests.jobs.again_desk import DENIES, PAYS, AgainOffice, visit


@pytest.fixture
def office(tmp_path: Path):
    """An office whose one claim was denied, then replaced, and the replacement paid."""
    made = AgainOffice(tmp_path / "office", "acme")
    made.answer(made.create(*visit()).files[0].path, DENIES)
    again = made.correct(listed(made)[0]["patient_control_number"], force=True)
    made.answer(again.files[0].path, PAYS)
    return made


def listed(office: AgainOffice, *arguments: object):
    done = claimloop("claims", "list", "--json", *arguments, "--config", office.folder / "claimloop.toml")
    assert done.code == 0, done.err
    return done.json


def test_the_list_counts_it_once(office):
    first, second = listed(office)
    assert (first["again"], second["again"], second["frequency"]) == (None, "replacement", "7")
    assert first["patient_control_number"] == second["patient_control_number"]
    text = claimloop("claims", "list", "--config", office.folder / "claimloop.toml").out
    assert f"1 claim, 1 of them sent again, charge {first['charge']}" in text


def test_the_totals_count_it_once(office):
    first, _ = listed(office)
    with closing(open_store(f"sqlite:///{office.folder / 'claimloop.db'}")) as store, store.read() as found:
        sums = totals(found)
    assert (sums.claims, f"{sums.charge / 100:.2f}") == (1, first["charge"])
    assert sums.charge == sums.paid + sums.contractual + sums.patient + sums.denied + sums.open


def test_the_story_says_where_the_answers_are_booked(office):
    number = listed(office)[0]["patient_control_number"]
    told = claimloop("claims", "show", number, "--config", office.folder / "claimloop.toml").out
    before, after = told.split("in the place of the one above", 1)
    assert "paid" in before
    assert "booked with the first submission" in after
    assert "no answer yet" not in after


def test_a_denial_that_was_repeated_is_worked_once(tmp_path):
    made = AgainOffice(tmp_path / "office", "acme")
    made.answer(made.create(*visit()).files[0].path, DENIES)
    number = listed(made)[0]["patient_control_number"]
    made.answer(made.correct(number, force=True).files[0].path, DENIES, seed=2)
    config = ("--config", made.folder / "claimloop.toml")
    every = claimloop("denials", "list", "--json", "--all", *config).json
    assert [one["status"] for one in every] == ["open", "open"], "one row a line and cause, not one an answer"
    open_now = claimloop("denials", "list", "--json", *config).json
    (claim, _) = listed(made)
    assert f"{sum(float(one['amount']) for one in open_now):.2f}" == claim["denied"]
    assert made.broken() == []


def test_a_denied_claim_that_goes_again_as_it_was_is_warned_of(tmp_path):
    made = AgainOffice(tmp_path / "office", "acme")
    made.answer(made.create(*visit()).files[0].path, DENIES)
    number = listed(made)[0]["patient_control_number"]
    unchanged = made.correct(number, dry_run=True)
    assert "AGN017" in [one.code for one in unchanged.findings]
    changed = made.correct(number, sessions=visit(minutes="30"), dry_run=True)
    assert "AGN017" not in [one.code for one in changed.findings]
