"""What commands leave in the audit, and the commands that show and check it."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import typer.main
from sqlalchemy import create_engine, text

from cli import app as shell
from cli.trail import NOT_AUDITED, WITHOUT_STORE, actor
from edi.model.errors import AccessError, TemporaryError
from reconcile.store import open_store
from reconcile.store.audit import BEGAN
from tests.command_line import AS_OF, Office, Run, claimloop

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Office:
    """An office that went once around the loop."""
    office = Office(tmp_path_factory.mktemp("once") / "office")
    assert office.create().code == 1
    answers = office.folder / "answers"
    assert claimloop("simulate", office.submitted, "--out", answers, "--seed", 3, "--as-of", AS_OF).code == 0
    assert office("ingest", answers).code in (0, 1, 3)
    return office


@pytest.fixture(scope="module")
def created(tmp_path_factory) -> Office:
    """An office that made its claims, to be copied."""
    office = Office(tmp_path_factory.mktemp("created") / "office")
    assert office.create().code == 1
    return office


@pytest.fixture
def office(created, tmp_path) -> Office:
    """An office of one's own that made its claims."""
    shutil.copytree(created.folder, tmp_path / "office")
    return Office(tmp_path / "office")


@pytest.fixture(scope="module")
def claim(once) -> str:
    """A claim of the office that went around."""
    return numbers(once)[0]


def entries(office: Office, *more: object) -> list[dict]:
    run = office("audit", "list", "--json", *more)
    assert run.code == 0, run
    return [one for one in run.json if one["command"] != "audit list"]


def last(office: Office) -> tuple[dict, dict]:
    """The two entries of the last command."""
    began, ended = entries(office)[-2:]
    assert (began["what"], began["exit_code"], began["run"]) == (BEGAN, None, ended["run"])
    return began, ended


def numbers(office: Office) -> list[str]:
    return [row["patient_control_number"] for row in office("claims", "list", "--json").json]


# -- every command -----------------------------------------------------------------------------------------------------


def leaves() -> list[tuple[str, object]]:
    def below(group, words):
        for name, command in group.commands.items():
            inner = (*words, name)
            if hasattr(command, "commands"):
                yield from below(command, inner)
            else:
                yield " ".join(inner), command

    return list(below(typer.main.get_command(shell.app), ()))


def test_every_command_is_audited_or_has_a_reason_why_not():
    found = dict(leaves())
    assert len(found) > 50
    audited = {name for name, command in found.items() if command.callback.__code__.co_name == "audited"}
    assert found.keys() - audited == NOT_AUDITED.keys()
    assert all(len(reason) > 10 for reason in NOT_AUDITED.values())
    assert audited >= WITHOUT_STORE


LOOKS = [
    ("claims", "list"), ("claims", "show", "{claim}"), ("ledger", "{claim}"), ("eob", "{claim}"), ("denials", "list"),
    ("work", "list"), ("held", "list"),
    ("report", "payments"), ("report", "aging"), ("verify",), ("verify", "--proof", "1.00"),
    ("scrub", "{sessions}", "--as-of", AS_OF), ("x12", "show", "{file}"),
    ("x12", "check", "{file}"), ("eob", "{remittance}"), ("denials", "note", "--category", "coding", "--text", "x"),
]  # fmt: skip


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_who_looks_is_noted(once, claim, words, monkeypatch):
    monkeypatch.setenv("CLAIMLOOP_CONFIG", str(once.folder / "claimloop.toml"))
    monkeypatch.setenv("CLAIMLOOP_ACTOR", "ann")
    remittance = min((once.folder / "answers").glob("*.835"))
    places = {"claim": claim, "sessions": once.sessions, "file": once.submitted, "remittance": remittance}
    given = [word.format(**places) for word in words]
    run = claimloop(*given)
    began, ended = last(once)
    assert ended["what"] in ("saw", "refused"), run
    assert (ended["exit_code"], ended["changed"]) == (run.code, 0)
    assert ended["actor"].startswith("ann (")
    assert began["command"] == ended["command"]
    assert " ".join(given).startswith(ended["command"])
    if "{claim}" in words:
        assert began["subjects"]["claims"] == ended["subjects"]["claims"] == [claim]
    for name in ("sessions", "file", "remittance"):
        if f"{{{name}}}" in words:
            digest = hashlib.sha256(Path(places[name]).read_bytes()).hexdigest()
            assert digest in began["subjects"]["files"]


def test_a_list_names_what_it_showed(once):
    shown = numbers(once)
    _, ended = last(once)
    assert (ended["command"], ended["what"], ended["shown"]) == ("claims list", "saw", len(shown))
    assert ended["subjects"]["claims"] == shown
    assert ended["subjects"]["practices"]
    once("claims", "list")
    assert last(once)[1]["subjects"]["claims"] == shown


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "json"])
def test_what_goes_into_a_file_is_exported(once, tmp_path, form):
    claims = sorted(numbers(once))
    assert once("claims", "list", "--format", form, "--output", tmp_path / "out").code == 0
    ended = last(once)[1]
    assert (ended["what"], ended["shown"], ended["subjects"]["form"]) == ("exported", len(claims), form)
    assert sorted(ended["subjects"]["claims"]) == claims
    assert str(tmp_path) not in msgspec.json.encode(ended).decode()


def test_what_changes_the_store_is_noted_with_its_files_and_claims(office):
    sent = hashlib.sha256(office.submitted.read_bytes()).hexdigest()
    began, ended = last(office)
    assert (began["command"], ended["what"], ended["exit_code"]) == ("claims create", "changed", 1)
    assert sorted(ended["subjects"]["claims"]) == sorted(numbers(office))
    assert sent in ended["subjects"]["files"]
    answers = office.answer()
    office("ingest", answers)
    told = [one for one in entries(office) if one["command"] == "ingest"]
    assert [one["what"] for one in told] == [BEGAN, *["changed"] * len(list(answers.iterdir())), "changed"]
    assert len({one["run"] for one in told}) == 1
    paid = [one for one in told if one["subjects"].get("kind") == "835"]
    assert {(one["subjects"]["outcome"], one["exit_code"]) for one in paid} == {("posted", None)}
    assert sum(one["changed"] for one in paid) == 6
    batch = office("export", "postings", "--dry-run")
    assert batch.code == 0
    ended = last(office)[1]
    assert (ended["what"], ended["subjects"]["dry_run"]) == ("saw", True)
    assert office("export", "postings").code == 0
    ended = last(office)[1]
    assert (ended["what"], ended["subjects"]["batch"]) == ("exported", 1)
    assert sorted(ended["subjects"]["claims"]) == sorted(numbers(office))


def test_what_a_person_typed_is_noted_only_when_the_store_knows_it(once):
    assert once("claims", "show", "JANE DOE").code == 3
    began, ended = last(once)
    assert (began["subjects"], ended["subjects"]) == ({}, {})
    assert (ended["what"], ended["exit_code"]) == ("refused", 3)
    once("denials", "note", "QZXNAME", "--text", "JANE DOE called", "--by", "JANE DOE")
    once("claims", "list", "--format", "csv", "--output", once.folder / "JANE DOE.csv")
    rows = msgspec.json.encode(entries(once)).decode()
    assert "JANE" not in rows
    assert "QZXNAME" not in rows


def test_names_in_full_are_noted_as_such(once, claim):
    once("claims", "show", claim, "--show-phi")
    assert last(once)[1]["subjects"]["show_phi"] is True


def test_a_command_that_fails_or_is_stopped_has_its_end(once, claim, monkeypatch):
    def fail(error):
        def failing(*_args, **_given):
            raise error

        return failing

    for error, what, code in (
        (ValueError("JANE DOE"), "failed", 70),
        (TemporaryError("busy"), "failed", 75),
        (AccessError("no"), "refused", 4),
        (shell.Stopped(shell.ExitCode.TERMINATED), "failed", 143),
    ):
        monkeypatch.setattr("cli.commands.ledger.ledger_rows", fail(error))
        assert once("ledger", claim).code == code
        ended = last(once)[1]
        assert (ended["what"], ended["exit_code"]) == (what, code)
    assert "JANE" not in once("audit", "list", "--json").out


KILLED = """
import os, signal, sys
from cli import app
import cli.commands.ledger as at_work
at_work.ledger_rows = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["claimloop", *sys.argv[1:]]
app.main()
"""


def test_a_command_that_was_killed_is_listed_as_interrupted(once, claim):
    config = ["--config", str(once.folder / "claimloop.toml")]
    done = subprocess.run([sys.executable, "-c", KILLED, "ledger", claim, *config], check=False)
    assert done.returncode == -signal.SIGKILL
    found = once("audit", "verify", "--json")
    assert found.code == 0
    assert [one["command"] for one in found.json["interrupted"]] == ["ledger"]
    assert "interrupted, or still at work" in once("audit", "verify").out


# -- where the audit cannot be written ---------------------------------------------------------------------------------


@pytest.fixture
def closed(monkeypatch):
    """No entry can be written."""

    def refuse(*_args, **_given):
        raise AccessError("the store x may not be written")

    monkeypatch.setattr("reconcile.store.audit.Book.write", refuse)


def test_a_store_that_may_not_be_written_warns_once(once, closed):
    run = once("claims", "list", "--json")
    assert (run.code, len(run.json)) == (0, 6)
    assert run.err == "claimloop: this is not in the audit: the store x may not be written\n"


def test_a_required_audit_stops_the_command_before_its_work(tmp_path, closed, once):
    settings = tmp_path / "claimloop.toml"
    settings.write_text(
        (once.folder / "claimloop.toml").read_text(encoding="utf-8") + "\n[audit]\nrequired = true\n"
    )
    (tmp_path / "payers.toml").write_bytes((once.folder / "payers.toml").read_bytes())
    database = f"sqlite:///{once.store}"
    run = claimloop("claims", "list", "--config", settings, "--database", database)
    assert (run.code, run.out) == (4, "")


def test_a_busy_audit_is_a_temporary_failure(once, monkeypatch):
    def busy(*_args, **_given):
        raise TemporaryError("busy")

    monkeypatch.setattr("reconcile.store.audit.Book.write", busy)
    run = once("claims", "list")
    assert (run.code, run.out) == (75, "")


def test_what_is_done_stays_done_when_only_its_end_cannot_be_noted(once, monkeypatch):
    written: list[str] = []

    def once_only(_book, drafts, _words=()):
        if written:
            raise TemporaryError("gone")
        written.extend(draft.what for draft in drafts)

    monkeypatch.setattr("reconcile.store.audit.Book.write", once_only)
    run = once("claims", "list", "--json")
    assert (run.code, len(run.json), written) == (0, 6, [BEGAN])
    assert run.err == "claimloop: this is not in the audit: gone\n"


def test_files_are_looked_at_without_a_store_nearby(tmp_path, once, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert claimloop("x12", "show", once.submitted).code == 0
    assert list(tmp_path.iterdir()) == []


# -- list, head, verify ------------------------------------------------------------------------------------------------


def test_entries_are_listed_by_claim_command_and_person(once, claim):
    once("ledger", claim)
    for entry in entries(once, "--claim", claim):
        assert claim in entry["subjects"]["claims"]
    assert {one["command"] for one in entries(once, "--command", "claims")} >= {
        "claims list",
        "claims create",
    }
    assert entries(once, "--actor", "nobody") == []
    assert entries(once, "--since", "2999-01-01") == []
    rows = list(csv.DictReader(io.StringIO(once("audit", "list", "--claim", claim, "--format", "csv").out)))
    assert claim in rows[-1]["claims"].split()
    assert msgspec.json.decode(rows[-1]["subjects"])["claims"]
    table = once("audit", "list").out
    assert "entries" in table.splitlines()[-1]
    assert "ledger" in table


def test_the_head_is_kept_and_compared(once, tmp_path):
    printed = once("audit", "head").out.strip()
    as_json = once("audit", "head", "--json")
    assert f"{as_json.json['sequence']}:{as_json.json['hash']}" == printed
    kept = tmp_path / "head.json"
    kept.write_text(as_json.out)
    once("claims", "list")
    for given in (printed, printed.split(":")[1], kept):
        found = once("audit", "verify", "--head", given, "--json")
        assert (found.code, found.json["whole"]) == (0, True)
    assert (once.folder / "claimloop.db.audit-head").stat().st_mode & 0o777 == 0o600
    wrong = f"{printed.split(':')[0]}:{'0' * 64}"
    found = once("audit", "verify", "--head", wrong)
    assert (found.code, "replaced" in found.out) == (5, True)
    assert once("audit", "verify", "--head", "f" * 64).code == 5
    assert once("audit", "verify", "--head", "tomorrow").code == 2
    assert once("audit", "verify", "--head", once.sessions).code == 2


def cut(office: Office) -> None:
    """Cut the last entries off, as one who may do everything."""
    store = open_store(f"sqlite:///{office.store}")
    with store.write() as connection:
        lite = connection.dialect.name == "sqlite"
        off = "DROP TRIGGER audit_entry_no_delete" if lite else "ALTER TABLE audit_entry DISABLE TRIGGER ALL"
        connection.exec_driver_sql(off)
        connection.exec_driver_sql("DELETE FROM audit_entry WHERE sequence > 2")
    store.close()


def test_a_run_keeps_the_head_in_its_manifest(office):
    run = office("run", "--json", "--as-of", AS_OF)
    steps = [one for one in entries(office) if one["command"] == "run"]
    assert (steps[0]["what"], steps[-1]["what"]) == (BEGAN, "ended")
    assert {one["subjects"].get("step") for one in steps[1:-1]} <= {
        "fetch",
        "ingest",
        "send",
        "claims create",
    }
    assert len(steps) > 2
    failed = {
        (one["subjects"]["step"], practice)
        for one in steps
        if one["what"] == "failed"
        for practice in one["subjects"]["practices"]
    }
    told = {(one["step"], one["partner"], one["practices"]) for one in run.json["failed_practices"]}
    assert told == {("fetch", "meadowgate", 3), ("send", "meadowgate", 3)}
    assert len(failed) == 6, "three practices, whose clearinghouse has no folder, at fetch and send"
    assert run.json["audit_head"] == f"{steps[-1]['sequence'] - 1}:{steps[-1]['previous']}"
    (manifest,) = (office.folder / "runs").glob("*Z.json")
    checked = office("audit", "verify", "--json").json
    assert checked["anchors"] == ["claimloop.db.audit-head", manifest.name]
    (office.folder / "claimloop.db.audit-head").unlink()
    cut(office)
    found = office("audit", "verify", "--json")
    assert (found.code, found.json["broken"]["kind"]) == (5, "truncated")
    assert manifest.name in found.json["broken"]["message"]
    assert "broken at entry 3 (truncated)" in office("audit", "verify").out


# -- the store goes elsewhere ------------------------------------------------------------------------------------------


def chain(office: Office) -> list[tuple]:
    store = open_store(f"sqlite:///{office.store}", read_only=True)
    with store.read() as connection:
        rows = [tuple(row) for row in connection.execute(text("SELECT * FROM audit_entry ORDER BY sequence"))]
    store.close()
    return rows


@pytest.mark.sqlite("files are swapped; test_bad_servers.py has the refusal of PostgreSQL")
def test_a_rebuilt_store_keeps_the_audit(office):
    before = chain(office)
    swapped = office("rebuild", "--swap", "--json")
    assert (swapped.code in (0, 1), swapped.json["swapped"]) == (True, True), swapped
    after = chain(office)
    assert after[: len(before)] == before
    assert [row[4:6] for row in after[len(before) :]] == [("rebuild", BEGAN), ("rebuild", "saw")]
    assert office("audit", "verify").code == 0


def test_a_backup_carries_the_audit_and_a_restore_is_noted(office, tmp_path, postgres_database):
    assert office("backup", tmp_path / "kept").code == 0
    before = chain(office)[:-1]
    assert chain(office)[-1][5] == "exported"
    there = ("--database", postgres_database)
    restored = office("restore", tmp_path / "kept", *there)
    assert restored.code == 0, restored
    told = [one for one in office("audit", "list", "--json", *there).json if one["command"] != "audit list"]
    assert [one["hash"] for one in told[: len(before)]] == [row[-1] for row in before]
    assert [(one["command"], one["what"]) for one in told[len(before) :]] == [
        ("restore", BEGAN), ("restore", "changed"),
    ]  # fmt: skip
    assert len(told[-1]["subjects"]["digest"]) == 64
    found = office("audit", "verify", "--json", *there)
    assert (found.code, found.json["whole"]) == (0, True)


def test_a_restore_in_the_place_of_a_lost_store_begins_a_new_head(office, tmp_path):
    assert office("backup", tmp_path / "kept").code == 0
    for _ in range(3):
        office("claims", "list")
    lost = office("audit", "head").out.strip()
    for path in office.folder.glob("claimloop.db*"):
        if not path.name.endswith("audit-head"):
            path.unlink()
    assert office("restore", tmp_path / "kept").code == 0
    assert entries(office)[-1]["subjects"]["head_before"] == lost
    assert office("audit", "verify").code == 0
    assert office("audit", "verify", "--head", lost).code == 5


def test_a_store_in_which_somebody_only_looked_is_restored_into(office, tmp_path, database_url):
    assert office("backup", tmp_path / "kept").code == 0
    there = ("--database", database_url)
    open_store(database_url, tmp_path / "fresh").close()
    assert office("claims", "list", *there).code == 0
    before = office("audit", "head", "--json", *there).json
    assert before["sequence"] > 0
    restored = office("restore", tmp_path / "kept", *there)
    assert restored.code == 0, restored
    told = office("audit", "list", "--command", "claims list", "--json", *there).json
    mine = [one for one in told if "before_restore" in one["subjects"]]
    assert [one["what"] for one in mine] == ["began", "saw"]
    assert mine[-1]["subjects"]["before_restore"] == f"{before['sequence']}:{before['hash']}"
    assert office("audit", "verify", *there).code == 0
    assert office("restore", tmp_path / "kept", *there).code == 2, "it holds rows now"


def test_the_heads_of_runs_that_a_restore_put_away_are_no_alarm(office, tmp_path):
    assert office("backup", tmp_path / "kept").code == 0
    assert office("run", "--as-of", AS_OF).code == 2, "the clearinghouse has no folder"
    office("audit", "head")
    for path in office.folder.glob("claimloop.db*"):
        if not path.name.endswith("audit-head"):
            path.unlink()
    assert office("restore", tmp_path / "kept").code == 0
    found = office("audit", "verify", "--json")
    assert (found.code, found.json["broken"]) == (0, None)


def test_sealed_manifests_are_heads_too(office):
    """What was cut off shows by the manifest of a run though nobody can read it but with the key."""
    assert claimloop("vault", "key", office.folder / "key").code == 0
    with (office.folder / "claimloop.toml").open("a", encoding="utf-8") as stream:
        stream.write('[privacy]\nkey_file = "key"\nencrypt_outputs = true\n')
    assert office("run", "--as-of", AS_OF).code == 2, "the clearinghouse has no folder"
    assert list((office.folder / "runs").glob("*Z.json.age"))
    (office.folder / "claimloop.db.audit-head").unlink()
    with (
        closing(open_store(f"sqlite:///{office.folder / 'claimloop.db'}")) as store,
        store.write() as connection,
    ):
        connection.exec_driver_sql(
            "ALTER TABLE audit_entry DISABLE TRIGGER ALL"
            if connection.dialect.name == "postgresql"
            else "DROP TRIGGER audit_entry_no_delete"
        )
        connection.exec_driver_sql("DELETE FROM audit_entry WHERE sequence > 3")
    (office.folder / "claimloop.db.audit-head").unlink(missing_ok=True)
    found = office("audit", "verify", "--json")
    assert (found.code, found.json["broken"]["kind"]) == (5, "truncated")


# -- who, and by outsiders ---------------------------------------------------------------------------------------------


def test_the_actor_is_the_account_and_what_it_says_of_itself():
    alone = actor({})
    assert re.fullmatch(r"\S+@\S+", alone)
    assert actor({"USER": "mallory", "LOGNAME": "mallory"}) == alone, "the environment names no account"
    assert actor({"CLAIMLOOP_ACTOR": " ann\n  lee "}) == f"ann lee ({alone})"
    assert len(actor({"CLAIMLOOP_ACTOR": "x" * 999})) < 200


def snippet() -> str:
    """The Python of docs/operations.md that checks a chain without claimloop."""
    document = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (found,) = [
        part for part in re.findall(r"```python\n(.*?)```", document, re.DOTALL) if "audit_entry" in part
    ]
    return found


def outside(source: str) -> Run:
    done = subprocess.run(
        [sys.executable, "-I", "-c", snippet(), source], capture_output=True, text=True, check=False
    )
    return Run(done.returncode, done.stdout, done.stderr)


def test_an_outsider_can_check_the_chain(office, postgres_database, postgres_cluster):
    assert len(snippet().splitlines()) <= 22
    for url in (f"sqlite:///{office.store}", postgres_database):
        database = ("--database", url)
        open_store(url, office.folder / "vault").close()
        assert office("claims", "list", *database).code == 0
        name = postgres_database.split("/")[3].split("?")[0]
        lite = url.startswith("sqlite") and office.store.read_bytes()[:6] == b"SQLite"
        if url.startswith("sqlite") and not lite:
            continue
        source = str(office.store) if lite else postgres_cluster.dsn(name)
        run = outside(source)
        assert (run.code, run.out.strip()) == (0, office("audit", "head", *database).out.strip()), run
        engine = create_engine(url)
        with engine.begin() as connection:
            off = (
                "DROP TRIGGER audit_entry_no_update"
                if lite
                else "ALTER TABLE audit_entry DISABLE TRIGGER ALL"
            )
            connection.execute(text(off))
            connection.execute(text("UPDATE audit_entry SET actor = 'bob' WHERE sequence = 2"))
        engine.dispose()
        run = outside(source)
        assert run.code == 1
        assert "entry 2" in run.err
