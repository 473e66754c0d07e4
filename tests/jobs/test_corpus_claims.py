"""Every real 837P through the commands that read one: counted as its index says, and what is wrong with it is said."""

from __future__ import annotations

import contextlib
import csv
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from reconcile.store import open_store
from tests.command_line import claimloop
from tests.conftest import ROOT

CORPUS = Path(os.environ.get("CLAIMLOOP_CORPUS") or ROOT.parent / "shared" / "corpus")
ENVELOPE = {"SE01": "ENV010", "SE02!=ST02": "ENV011", "GE01": "ENV013"}
"""What a note of the index calls a broken envelope, and the finding that says it."""


def rows() -> list[dict[str, str]]:
    """The index's rows of 837P files; none without the corpus, which `corpus_dir` reports."""
    index = CORPUS / "INDEX.tsv"
    if not index.is_file():
        return []
    with index.open(encoding="utf-8") as stream:
        found = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in found if row["local_file"].startswith("837p/")]


def noted(notes: str) -> dict[str, int]:
    """The findings that a file must have by its notes, and how many at least."""
    found: Counter[str] = Counter()
    if unbalanced := re.search(r"UNBALANCED-CLM x(\d+)", notes):
        found["SUB004"] = int(unbalanced[1])
    if undecided := re.search(r"UNBALANCED-SVD x(\d+)", notes):
        found["SUB012"] = int(undecided[1])
    if broken := re.search(r"ENVELOPE\[(.*?)\]", notes):
        found.update(ENVELOPE[one.split()[0]] for one in broken[1].split("; "))
    return found


def codes(findings) -> Counter[str]:
    return Counter(one["code"] for one in findings)


def lacking(notes: str, found: Counter[str]) -> dict[str, int]:
    return {code: found[code] for code, least in noted(notes).items() if found[code] < least}


@pytest.mark.corpus
def test_there_are_files(corpus_dir):
    assert (CORPUS, len(rows())) == (corpus_dir, 65)
    named = {code for row in rows() for code in noted(row["notes"])}
    assert named == {"SUB004", "SUB012", *ENVELOPE.values()}


@pytest.mark.corpus
@pytest.mark.parametrize("row", rows(), ids=lambda row: row["local_file"].partition("/")[2])
def test_show_counts_what_the_index_counts(row):
    shown = claimloop("x12", "show", CORPUS / row["local_file"], "--json").json_lines
    claims = [claim for one in shown for claim in one.get("claims", ())]
    lines = sum(len(claim["lines"]) for claim in claims)
    assert (len(claims), lines) == (int(row["n_claims"]), int(row["n_lines"]))
    found = codes(finding for one in shown for finding in one["findings"])
    assert lacking(row["notes"], found) == {}


@pytest.mark.corpus
@pytest.mark.parametrize("row", rows(), ids=lambda row: row["local_file"].partition("/")[2])
def test_import_keeps_what_the_index_counts(row, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = tmp_path / "a.db"
    run = claimloop(
        "claims", "import", CORPUS / row["local_file"], "--database", f"sqlite:///{store}", "--json"
    )
    (entry,) = run.json["files"]
    assert entry["outcome"] in ("posted", "partial")
    assert entry["claims_new"] + entry["claims_known"] == int(row["n_claims"])
    with (
        contextlib.closing(open_store(f"sqlite:///{store}", read_only=True)) as held,
        held.read() as connection,
    ):
        claims = connection.exec_driver_sql("SELECT COUNT(*) FROM claim").scalar()
        lines = connection.exec_driver_sql("SELECT COUNT(*) FROM service_line").scalar()
    assert claims == entry["claims_new"]
    if entry["claims_known"]:
        assert lines < int(row["n_lines"]), "a claim that stands twice is stored once"
    else:
        assert lines == int(row["n_lines"])
    assert lacking(row["notes"], codes(entry["findings"])) == {}
