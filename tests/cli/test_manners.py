"""Manners of the command line: help, streams, forms, switches, pipes. Source: docs/contract.md."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer.main

from cli import app as shell
from tests.command_line import AS_OF, COMMAND, Office, claimloop, listing

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Office:
    """An office that went once around the loop, with some trouble in the answers; read only by these tests."""
    office = Office(tmp_path_factory.mktemp("once") / "office")
    assert office.create().code == 1
    answers = office.folder / "answers"
    assert claimloop("simulate", office.submitted, "--out", answers, "--seed", 3, "--as-of", AS_OF).code == 0
    assert office("ingest", answers).code in (0, 1, 3)
    return office


def every_command() -> list[tuple[str, ...]]:
    """The words of each command there is."""

    def below(group: Any, words: tuple[str, ...]) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = []
        for name, command in sorted(group.commands.items()):
            inner = (*words, name)
            found += below(command, inner) if hasattr(command, "commands") else [inner]
        return found

    return below(typer.main.get_command(shell.app), ())


COMMANDS = every_command()
ROWS = [one for one in COMMANDS if (one[-1] == "list" or one[0] == "report") and one[0] != "audit"]
"""Commands whose answer is rows; that of `audit list` grows with each look."""


def options_of(words: tuple[str, ...]) -> set[str]:
    command: Any = typer.main.get_command(shell.app)
    for word in words:
        command = command.commands[word]
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_help_is_there_and_short(words):
    told = claimloop(*words, "--help")
    assert (told.code, told.err) == (0, "")
    plain = _STYLE.sub("", told.out)
    assert "Usage: " in plain
    assert plain.count("\n") <= (45 if words else 60)
    description = next(line for line in plain.splitlines() if line.strip() and "Usage" not in line)
    assert len(description.strip()) > 10


def test_help_of_a_group_alone_lists_its_commands():
    for group in sorted({words[0] for words in COMMANDS if len(words) > 1}):
        told = claimloop(group)
        assert told.code == 2
        assert all(words[1] in told.out + told.err for words in COMMANDS if words[0] == group)


def test_the_contract_names_every_command():
    """A command that is not built is absent; one that is built is in the contract."""
    text = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
    for words in COMMANDS:
        assert words[0] in text
        assert words[-1] in text


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_unknown_option_is_a_usage_error(words):
    told = claimloop(*words, "--no-such-option")
    assert told.code == 2
    assert told.out == ""
    assert "--no-such-option" in told.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_answers_has_json(words):
    assert "--json" in options_of(words)


@pytest.mark.parametrize("words", ROWS, ids=" ".join)
def test_rows_come_as_table_csv_and_json_and_into_a_file(once, words, tmp_path):
    table = once(*words)
    text = once(*words, "--format", "csv")
    as_json = once(*words, "--format", "json")
    assert {table.code, text.code, as_json.code} == {0}
    assert table.err + text.err + as_json.err == ""
    assert once(*words, "--json").out == as_json.out
    document = as_json.json
    rows = document if isinstance(document, list) else document["rows"]
    read = list(csv.DictReader(io.StringIO(text.out)))
    total = isinstance(document, dict) and document.get("total") is not None
    assert len(read) == len(rows) + total
    assert not total or next(iter(read[-1].values())) == "total"
    for form, out in (("csv", text.out), ("json", as_json.out)):
        path = tmp_path / f"rows.{form}"
        told = once(*words, "--format", form, "--output", path)
        assert (told.code, told.out) == (0, "")
        assert path.read_text(encoding="utf-8") == out
    for row in rows:
        for key, value in row.items():
            if key in ("charge", "paid", "amount", "open", "denied", "contractual", "patient", "open_amount"):
                assert value is None or re.fullmatch(r"-?\d+\.\d\d", value)
            if key.startswith("date_") or key.endswith("_date"):
                assert value is None or re.fullmatch(r"\d{4}-\d\d-\d\d", value)


def test_some_list_has_rows(once):
    """The tests above say nothing on an empty store."""
    assert once("claims", "list", "--json").json
    assert once("denials", "list", "--all", "--json").json


def test_a_form_that_is_not_there_and_a_date_that_is_none(once):
    told = once("claims", "list", "--format", "word")
    assert (told.code, told.out) == (2, "")
    assert "none of table, csv, json" in _STYLE.sub("", told.err)
    told = once("claims", "create", once.sessions, "--out", once.folder / "o", "--as-of", "31.3.2026")
    assert (told.code, told.out) == (2, "")
    assert "2026-01-31" in told.err


def test_an_output_file_in_a_folder_that_is_not_there(once):
    told = once("claims", "list", "--format", "csv", "--output", once.folder / "none" / "rows.csv")
    assert told.code == 3
    assert told.out == ""
    assert "none/rows.csv" in told.err


def test_quiet_silences_stderr_and_nothing_else(tmp_path):
    office = Office(tmp_path / "office")
    loud = office.create("--dry-run")
    quiet = office.create("--dry-run", "--quiet")
    assert loud.err
    assert quiet.err == ""
    assert quiet.out == loud.out
    assert quiet.code == loud.code == 1


def test_exit_zero_turns_one_into_zero_and_nothing_else(tmp_path):
    office = Office(tmp_path / "office")
    assert office.create("--dry-run").code == 1
    assert office.create("--dry-run", "--exit-zero").code == 0
    assert office("ingest", tmp_path / "gone", "--exit-zero").code == 3
    assert office.create("--practice", "nobody", "--exit-zero").code == 2


def test_no_color_and_pipes_have_no_escapes(once):
    environment = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": ""}
    for words in (("denials", "list"), ("verify",), ("report", "denials"), ("--help",)):
        more = [] if words == ("--help",) else ["--config", str(once.folder / "claimloop.toml")]
        done = subprocess.run([COMMAND, *words, *more], capture_output=True, text=True, env=environment)
        assert done.returncode in (0, 2)
        assert "\x1b[3" not in done.stdout + done.stderr


def test_a_reader_that_leaves_early_is_no_error(once, tmp_path):
    many = tmp_path / "many.835"
    one = min((once.folder / "answers").glob("*.835")).read_bytes()
    many.write_bytes(one * 60)
    for words in (
        ["x12", "show", many],
        ["x12", "show", many, "--json"],
        ["claims", "list", "--config", once.folder / "claimloop.toml"],
        ["verify", "--config", once.folder / "claimloop.toml"],
    ):
        read, write = os.pipe()
        process = subprocess.Popen([COMMAND, *words], stdout=write, stderr=subprocess.PIPE, text=True)
        os.close(write)
        os.read(read, 1)
        os.close(read)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 1), (words, err)
        assert "Traceback" not in err
        assert "BrokenPipe" not in err


def test_the_database_by_flag_by_environment_and_by_default(tmp_path, monkeypatch):
    office = Office(tmp_path / "office")
    monkeypatch.setenv("CLAIMLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'by_environment.db'}")
    assert office.create("--quiet").code == 1
    assert (tmp_path / "by_environment.db").exists()
    assert not office.store.exists()
    assert office.create("--quiet", "--database", f"sqlite:///{tmp_path / 'by_flag.db'}").code == 1
    assert (tmp_path / "by_flag.db").exists()
    assert not office.store.exists()
    assert len(office("claims", "list", "--json").json) == 6
    monkeypatch.delenv("CLAIMLOOP_DATABASE_URL")
    assert office.create("--quiet").code == 1
    assert office.store.exists()


def test_as_of_is_the_day_that_counts(tmp_path):
    early, late = (
        Office(tmp_path / day).create("--dry-run", "--as-of", day, "--json").json
        for day in ("2026-01-01", "2026-03-31")
    )
    assert "TIM001" in [finding["code"] for finding in early["findings"]], "services of February lie ahead"
    assert "TIM001" not in [finding["code"] for finding in late["findings"]]


def test_as_of_makes_the_same_bytes(tmp_path):
    files = []
    for name in ("one", "two"):
        office = Office(tmp_path / name)
        office.create()
        files.append(office.submitted.read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("has_store", [False, True])
def test_a_dry_run_writes_nothing_anywhere(tmp_path, has_store, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    office = Office(tmp_path / "office")
    if has_store:
        assert office.create().code == 1
        (office.folder / "sessions.csv").write_text(
            office.sessions.read_text()
            .replace("V0001-", "V9001-")
            .replace("V0001,", "V9001,")
            .replace("P002,C002,2026-02-02", "P002,C002,2026-02-03")
        )
    before, files = office.digest(), listing(tmp_path)
    for more in ((), ("--json",)):
        told = office.create("--dry-run", *more)
        assert told.code == 1
        assert "would be written" in told.out or told.json["claims"] == (1 if has_store else 6)
    assert office.digest() == before
    assert listing(tmp_path) == files
    real = office.create("--json").json
    assert real["claims"] == (1 if has_store else 6)
    dry = told.json
    for key in ("claims", "lines", "charge", "held", "findings", "already_billed"):
        assert dry[key] == real[key], "a dry run says what the real one does"


def test_stdout_is_json_and_nothing_else(once):
    for words in (
        ("claims", "list"), ("held", "list"), ("unmatched", "list"), ("denials", "list"), ("report", "denials"),
        ("verify",), ("ingest", once.folder / "answers"), ("claims", "import", once.submitted),
    ):  # fmt: skip
        told = once(*words, "--json")
        assert told.out.count("\n") == 1, words
        msgspec.json.decode(told.out)
        assert told.err == "", words
    for path in sorted((once.folder / "answers").iterdir()):
        for line in once("x12", "show", path, "--json").out.splitlines():
            assert json.loads(line)["schema_version"] == 1
