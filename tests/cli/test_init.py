"""A new installation: what `init` writes works as it stands, and with its example rows uncommented makes a claim."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.jobs.init import initialise
from edi.model.errors import UsageError


def invoke(*words: str):
    return CliRunner().invoke(app, list(words))


def uncommented(folder: Path) -> None:
    for table in folder.glob("*.csv"):
        table.write_text(table.read_text(encoding="utf-8").replace("\n# ", "\n"), encoding="utf-8")


def test_the_example_rows_make_a_clean_claim(tmp_path):
    folder = tmp_path / "office"
    assert invoke("init", str(folder)).exit_code == 0
    uncommented(folder)
    result = invoke(
        "claims", "create", str(folder / "sessions.csv"), "--out", str(folder / "out"), "--as-of", "2026-01-10",
        "--config", str(folder / "claimloop.toml"), "--json",
    )  # fmt: skip
    document = json.loads(result.stdout)
    errors = [one for one in document["findings"] if one["severity"] == "error"]
    assert (document["claims"], errors, document["held"]) == (1, [], [])
    assert document["charge"] == "120.00"
    assert len(list((folder / "out").glob("*.837"))) == 1


def test_commented_rows_make_no_claim_and_no_error(tmp_path):
    initialise(tmp_path)
    result = invoke(
        "claims", "create", str(tmp_path / "sessions.csv"), "--out", str(tmp_path / "out"),
        "--config", str(tmp_path / "claimloop.toml"), "--json",
    )  # fmt: skip
    document = json.loads(result.stdout)
    assert (document["session_lines"], document["claims"], document["rejected_rows"]) == (0, 0, 0)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "fees.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"fees\.csv"):
        initialise(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fees.csv"]


def test_the_example_payments_are_taken_in(tmp_path):
    initialise(tmp_path)
    uncommented(tmp_path)
    words = (
        "payments",
        "add",
        str(tmp_path / "payments.csv"),
        "--config",
        str(tmp_path / "claimloop.toml"),
        "--json",
    )
    document = json.loads(invoke(*words).stdout)
    assert (document["totals"]["posted"], document["totals"]["patient_entries"]) == (1, 1)
    errors = [one for file in document["files"] for one in file["findings"] if one["severity"] == "error"]
    assert errors == []
