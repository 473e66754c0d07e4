"""Bad input and a broken edge: a clear message, the right exit code, no traceback, and the books as they were."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cli.jobs import ingest as ingest_job
from reconcile.store import FolderVault, open_store
from tests.command_line import AS_OF, COMMAND, Office, listing
from tests.conftest import lacking

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n"
WORKBOOK = b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)) * 8


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Office:
    """An office whose claims were sent, and answered but not yet taken in."""
    office = Office(tmp_path_factory.mktemp("whole") / "office")
    assert office.create().code == 1  # the shipped NCCI edits are of an older quarter: a warning
    office.answer()
    return office


@pytest.fixture
def office(whole, tmp_path) -> Office:
    """A copy of it, that a test may break."""
    subprocess.run(["cp", "-a", str(whole.folder), str(tmp_path / "office")], check=True)
    return Office(tmp_path / "office")


@pytest.fixture
def remittance(office) -> Path:
    return office.folder / "answers" / "remittance-000001-0001.835"


def no_x12(name: str, office: Office) -> Path:
    """A file that is no X12, or not whole, by the name of its trouble."""
    remittance = (office.folder / "answers" / "remittance-000001-0001.835").read_bytes()
    made = {
        "empty": b"",
        "blank": b" \r\n\r\n",
        "pdf": PDF,
        "binary": bytes(range(256)) * 40,
        "no_terminator": remittance[:106] + b"A" * 5_000_000,
        "no_isa_no_terminator": b"A" * 5_000_000,
        "half_an_isa": remittance[:60],
    }[name]
    path = office.folder / f"{name}.835"
    path.write_bytes(made)
    return path


NO_X12 = {
    "empty": "ENV001",
    "blank": "ENV001",
    "pdf": "ENV001",
    "binary": "ENV001",
    "no_terminator": "ENV007",
    "no_isa_no_terminator": "ENV001",
    "half_an_isa": "ENV",
}


@pytest.mark.parametrize("command", [("ingest",), ("claims", "import")])
@pytest.mark.parametrize(("trouble", "code"), NO_X12.items())
def test_a_file_that_is_no_x12_is_kept_named_and_rejected(office, command, trouble, code):
    before, path = office.digest(), no_x12(trouble, office)
    told = office(*command, path)
    assert told.code == 3
    assert f"rejected    -      {path.name}" in told.out
    assert code in told.err
    assert path.name in told.err
    assert office.digest() == before
    assert office.outcomes()[path.name] == "rejected"
    assert len(list(FolderVault(office.folder / "vault").digests())) == 2
    again = office(*command, path, "--json")
    assert again.code == 3, "a file that was rejected is not a duplicate the next time"
    assert again.err == ""
    (file,) = again.json["files"]
    assert (file["outcome"], file["payments"]) == ("rejected", [])
    assert any(finding["code"].startswith(code) for finding in file["findings"])
    assert office.digest() == before


@pytest.mark.parametrize(("trouble", "code"), NO_X12.items())
def test_x12_show_and_check_say_what_a_file_is_not(office, trouble, code):
    path = no_x12(trouble, office)
    for command in ("show", "check"):
        told = office("x12", command, path)
        assert told.code == 3
        assert code in told.out
        as_json = office("x12", command, path, "--json")
        assert as_json.code == 3
        assert as_json.err == ""
        *lines, last = as_json.json_lines
        findings = last["findings"] if command == "show" else [one["finding"] for one in lines]
        assert any(finding["code"].startswith(code) for finding in findings)


@pytest.mark.parametrize("share", [0.15, 0.5, 0.97])
def test_a_truncated_835_is_quarantined_whole(office, remittance, share):
    before = office.digest()
    data = remittance.read_bytes()
    path = office.folder / "truncated.835"
    path.write_bytes(data[: int(len(data) * share)])
    told = office("ingest", path, "--json")
    assert told.code == 3
    (file,) = told.json["files"]
    assert file["outcome"] in ("quarantined", "partial")
    assert file["payments"][-1]["outcome"] == "quarantined"
    assert any(finding["code"] == "ENV012" for finding in file["findings"]), "the SE is missing"
    again = office("ingest", path)
    assert "duplicate" in again.out
    assert "held list" in again.err, "what was not posted the first time is not forgotten"
    held = office("held", "list", "--json").json
    assert [one["kind"] for one in held if one["file"] == path.name]
    if len(file["payments"]) == 1:
        assert office.digest() == before
    whole = office("ingest", remittance)
    assert "posted" in whole.out, "the whole file still comes in"
    assert office("verify").code == 0


def test_a_truncated_837_is_not_taken_in(office):
    before = office.digest()
    data = office.submitted.read_bytes()
    path = office.folder / "truncated.837"
    path.write_bytes(data[: len(data) // 2])
    told = office("claims", "import", path, "--json")
    assert told.code == 3
    assert told.json["files"][0]["outcome"] == "rejected"
    assert told.json["totals"]["claims_new"] == 0
    assert office.digest() == before


@pytest.mark.parametrize("command", [("ingest",), ("claims", "import")])
def test_a_file_that_is_not_there_is_named_and_the_rest_goes_on(office, remittance, command):
    before = office.digest()
    wanted = remittance if command == ("ingest",) else office.submitted
    told = office(*command, office.folder / "gone.835", wanted, "--json")
    assert told.code == 3
    gone, rest = told.json["files"]
    assert (gone["file"], gone["outcome"], gone["sha256"]) == ("gone.835", "rejected", None)
    assert gone["findings"][0]["message"] == "no such file, or it went away"
    assert rest["outcome"] == ("posted" if command == ("ingest",) else "duplicate")
    assert "gone.835" not in office.outcomes()
    assert (office.digest() == before) is (command != ("ingest",))


def test_a_file_that_vanishes_between_listing_and_reading(office, remittance, monkeypatch):
    listed = ingest_job.files_of

    def then_gone(*named):
        found = list(listed(*named))
        remittance.unlink()
        return iter(found)

    monkeypatch.setattr(ingest_job, "files_of", then_gone)
    told = office("ingest", office.folder / "answers", "--json")
    assert told.code == 3
    outcomes = {file["file"]: file["outcome"] for file in told.json["files"]}
    assert outcomes.pop(remittance.name) == "rejected"
    assert set(outcomes.values()) == {"posted"}
    assert remittance.name not in office.outcomes()


@pytest.mark.parametrize(
    "command",
    [
        ("x12", "show"),
        ("x12", "check"),
        ("simulate", "--out", "nowhere"),
        ("claims", "create", "--out", "nowhere"),
    ],
)
@pytest.mark.parametrize("what", ["missing", "folder"])
def test_a_missing_file_or_a_folder_where_one_file_is_asked_for(office, command, what, monkeypatch):
    monkeypatch.chdir(office.folder)
    path = office.folder / what
    if what == "folder":
        path.mkdir()
    before = office.digest()
    told = office(*command, path)
    assert told.code == 3
    assert told.out == ""
    assert told.err.startswith("claimloop: ")
    assert what in told.err
    assert told.err.count("\n") == 1
    assert office.digest() == before
    assert not (office.folder / "nowhere").exists()


def test_an_empty_folder_is_no_error_but_said(office):
    (office.folder / "inbox").mkdir()
    told = office("ingest", office.folder / "inbox")
    assert (told.code, told.out) == (0, "")
    assert "no file" in told.err
    assert office("ingest", office.folder / "inbox", "--quiet").err == ""


def test_the_same_file_twice_changes_nothing(office, remittance):
    assert office("ingest", remittance).code == 0
    before = office.digest()
    copy = remittance.with_name("copy-of-it.835")
    copy.write_bytes(remittance.read_bytes())
    for path in (remittance, copy):
        told = office("ingest", path, "--json")
        assert told.code == 0
        assert told.json["files"][0]["outcome"] == "duplicate"
    told = office("claims", "import", office.submitted, "--json")
    assert (told.code, told.json["files"][0]["outcome"]) == (0, "duplicate")
    assert office.digest() == before


def test_a_file_given_to_the_wrong_command_first_still_comes_in(office, remittance, tmp_path):
    told = office("claims", "import", remittance)
    assert told.code == 3
    assert "ING004" in told.err
    assert office("ingest", remittance).code == 0
    other = Office(tmp_path / "other")
    refused = other("ingest", office.submitted)
    assert refused.code == 3
    assert "claims import takes it" in refused.err
    taken = other("claims", "import", office.submitted, "--json")
    assert taken.json["totals"]["claims_new"] == 6


# -- sessions and settings -----------------------------------------------------------------------------------------

TABLES = {
    "empty": (b"", 3, "INP001"),
    "workbook": (WORKBOOK, 3, "INP002"),
    "pdf": (PDF, 3, "INP002"),
    "binary": (bytes(range(256)) * 40, 3, "INP002"),
    "an_835": (b"ISA*00*          *00*", 3, "INP002"),
    "columns_missing": (
        b"practice_id,visit_id,line_id,note_status,patient_id\nquill,V1,V1-1,signed,P001\n",
        3,
        "INP003",
    ),
}


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(("data", "code", "finding"), TABLES.values(), ids=TABLES)
def test_sessions_that_are_no_table(office, data, code, finding, dry_run):
    before, path = office.digest(), office.folder / "other.csv"
    path.write_bytes(data)
    more = ["--dry-run"] if dry_run else []
    told = office("claims", "create", path, "--out", office.folder / "new", "--as-of", AS_OF, *more)
    assert told.code == code
    assert finding in told.err
    assert "other.csv" in told.err
    as_json = office(
        "claims", "create", path, "--out", office.folder / "new", "--as-of", AS_OF, "--json", *more
    )
    assert as_json.code == code
    assert as_json.err == ""
    assert finding in [one["code"] for one in as_json.json["findings"]]
    assert office.digest() == before
    assert not (office.folder / "new").exists() or not dry_run


def test_sessions_with_a_heading_only_are_nothing_to_do(office):
    path = office.folder / "other.csv"
    path.write_text(office.sessions.read_text().splitlines(keepends=True)[0])
    told = office("claims", "create", path, "--out", office.folder / "out", "--as-of", AS_OF)
    assert told.code == 0
    assert told.out.startswith("0 session lines read")


@pytest.mark.parametrize("name", ["patients.csv", "fees.csv"])
def test_records_that_are_no_table(office, name):
    (office.folder / name).write_bytes(WORKBOOK)
    told = office.create()
    assert told.code == 3
    assert "INP002" in told.err
    assert name in told.err


@pytest.mark.parametrize("name", ["--patients", "--cases", "--authorizations", "--fees"])
def test_records_that_are_not_there(office, name):
    told = office.create(name, office.folder / "gone.csv")
    assert (told.code, told.out) == (3, "")
    assert told.err == "claimloop: gone.csv: no such file\n"


def _settings(change) -> str:
    return change((Path(__file__).parents[2] / "cli" / "demo_data" / "claimloop.toml").read_text())


SETTINGS = {
    "typo in a table": (lambda text: text.replace("[submitter]", "[submiter]"), "Did you mean submitter?"),
    "not TOML": (lambda text: text + "\n[store\n", "not TOML"),
    "wrong type": (lambda text: text + '\n[posting]\ncents_tolerance = "many"\n', "cents_tolerance"),
    "not UTF-8": (lambda text: text.replace("Demo Billing Office", "Büro"), "not UTF-8"),
}


@pytest.mark.parametrize(("change", "words"), SETTINGS.values(), ids=SETTINGS)
def test_settings_with_an_error_end_before_any_work(office, remittance, change, words):
    before = office.digest()
    text = _settings(change)
    (office.folder / "claimloop.toml").write_bytes(text.encode("latin-1" if "ü" in text else "utf-8"))
    for command in (
        ("claims", "create", office.sessions, "--out", office.folder / "new"),
        ("ingest", remittance),
        ("claims", "import", office.submitted),
        ("denials", "list"),
        ("verify",),
    ):
        told = office(*command)
        assert (told.code, told.out) == (2, "")
        assert words in told.err
        assert "claimloop.toml" in told.err
    assert office.digest() == before


def test_odd_settings_are_said_once_and_do_not_stop_the_work(office, remittance):
    with (office.folder / "claimloop.toml").open("a") as stream:
        stream.write("\n[stroe]\nvault = 'x'\n")
    told = office("ingest", remittance)
    assert told.code == 0
    assert "Did you mean store?" in told.err
    assert office("ingest", remittance, "--quiet").err == ""
    assert office("denials", "list").err == ""


def test_no_settings(office, remittance, tmp_path, monkeypatch):
    (office.folder / "claimloop.toml").unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLAIMLOOP_CONFIG", raising=False)
    told = office("ingest", remittance)
    assert (told.code, told.out) == (2, "")
    assert "no such file" in told.err
    told = office(
        "claims", "create", office.sessions, "--out", tmp_path / "o", "--config", tmp_path / "none.toml"
    )
    assert told.code == 2
    assert "claimloop init" in told.err


def test_a_practice_that_is_not_there(office):
    told = office.create("--practice", "nobody")
    assert (told.code, told.out) == (2, "")
    assert told.err == "claimloop: no practice nobody; there are: quill, marrow, saltmarsh\n"


# -- the store -----------------------------------------------------------------------------------------------------


def commands(office: Office) -> list[tuple[object, ...]]:
    """One command of each kind that opens the store: three that write, three that look."""
    return [
        ("ingest", office.folder / "answers"),
        ("claims", "import", office.submitted),
        ("claims", "create", office.sessions, "--out", office.folder / "new", "--as-of", AS_OF),
        ("verify",),
        ("denials", "list"),
        ("claims", "list", "--json"),
    ]


WORD = "SECRETWORD"
URLS = {
    "not a url": ("claimloop.db", 2, "cannot be read"),
    "other database": ("mysql://example.com/claims", 2, "mysql"),
    "no file named": ("sqlite://", 2, "names no file"),
    "no such folder": ("sqlite:////no/such/folder/claimloop.db", 2, "/no/such/folder"),
    "nobody listens": (f"postgresql://clerk:{WORD}@127.0.0.1:1/claims", 75, "cannot be reached"),
    "no such host": (f"postgresql://clerk:{WORD}@host.invalid/claims", 75, "cannot be reached"),
}


@pytest.mark.parametrize("by", ["flag", "environment"])
@pytest.mark.parametrize(("url", "code", "words"), URLS.values(), ids=URLS)
def test_a_wrong_database_url(office, url, code, words, by, monkeypatch):
    before = office.digest()
    for command in commands(office):
        if by == "flag":
            told = office(*command, "--database", url)
        else:
            monkeypatch.setenv("CLAIMLOOP_DATABASE_URL", url)
            told = office(*command)
        assert (told.code, told.out) == (code, "")
        assert words in told.err
        assert "SECRETWORD" not in told.err
    monkeypatch.delenv("CLAIMLOOP_DATABASE_URL", raising=False)
    assert office.digest() == before
    assert not (office.folder / "new").exists()


@pytest.mark.postgres
def test_a_postgresql_database_that_is_not_there(office, postgres_url):
    url = postgres_url.replace("/postgres?", "/no_such_database?")
    for command in commands(office):
        told = office(*command, "--database", url)
        assert (told.code, told.out) == (2, "")
        assert "does not exist" in told.err


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_looking_makes_no_store(office, request, url):
    wanted = office.folder / "new.db"
    address = f"sqlite:///{wanted}"
    if url == "postgresql":
        address = request.getfixturevalue("postgres_database")
    for command in (
        ("verify",),
        ("denials", "list"),
        ("held", "list"),
        ("unmatched", "list"),
        ("claims", "list"),
    ):
        told = office(*command, "--database", address)
        assert (told.code, told.out) == (2, "")
        assert "there is no store" in told.err
    assert not wanted.exists()


def test_a_newer_schema_is_left_alone(office):
    with contextlib.closing(open_store(f"sqlite:///{office.store}")) as store, store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = listing(office.folder)
    for command in commands(office):
        told = office(*command)
        assert (told.code, told.out) == (3, "")
        assert "written by a newer claimloop (schema 9999)" in told.err
    assert listing(office.folder) == before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(PDF * 100), "not a claimloop store"),
        (
            lambda path: sqlite3.connect(path).executescript("CREATE TABLE theirs (x);").close(),
            "not claimloop's",
        ),
    ],
    ids=["a PDF", "another program's database"],
)
def test_a_file_that_is_not_our_store_is_left_alone(office, make, words):
    with contextlib.suppress(FileNotFoundError):
        office.store.unlink()
    make(office.store)
    before = office.store.read_bytes()
    for command in commands(office):
        told = office(*command)
        assert (told.code, told.out) == (3, "")
        assert words in told.err
    assert office.store.read_bytes()[100:] == before[100:]


@pytest.mark.sqlite("its file is overwritten; for the server's tables see test_bad_servers.py")
def test_a_damaged_store_is_said_to_be_damaged(office, remittance):
    with office.store.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * 200_000)
    told = office("ingest", remittance)
    assert told.code == 3
    assert "damaged" in told.err


# -- the disk ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Something mounted on a folder while the block runs; a skip where that is not allowed."""
    if os.geteuid() != 0:
        lacking("only root may mount")
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        lacking(f"mount is refused here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that nobody can write to, root included."""
    with mounted(folder, "--bind", str(folder)):
        done = subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], capture_output=True, text=True)
        if done.returncode:
            lacking(f"remount is refused here: {done.stderr.strip()}")
        yield


@pytest.mark.sqlite("its folder is read-only; for a database that is see test_bad_servers.py")
def test_a_read_only_store(office):
    before = listing(office.folder)
    with read_only(office.folder):
        for command in commands(office):
            told = office(*command)
            assert (told.code, told.out) == (4, "")
            assert "claimloop.db" in told.err
            assert "writable" in told.err
    assert listing(office.folder) == before


def test_a_read_only_vault(office):
    before = office.digest()
    with read_only(office.folder / "vault"):
        for command in (("ingest", office.folder / "answers"), ("claims", "import", office.submitted)):
            told = office(*command)
            assert (told.code, told.out) == (4, "")
            assert "vault" in told.err
    assert office.digest() == before
    assert office("verify").code == 0


def test_a_read_only_folder_for_the_837s(office, tmp_path):
    (tmp_path / "out").mkdir()
    fresh = Office(tmp_path / "fresh")
    with read_only(tmp_path / "out"):
        told = fresh("claims", "create", fresh.sessions, "--out", tmp_path / "out", "--as-of", AS_OF)
        assert told.code == 4
        assert "out" in told.err
    again = fresh("claims", "create", fresh.sessions, "--out", tmp_path / "out", "--as-of", AS_OF)
    assert "put back" in again.out, "the claims are stored, and their file is written by the next run"
    assert len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.sqlite("its file is on a full disk; for a server on one see test_bad_servers.py")
def test_a_full_disk_under_the_store(office, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    room = office.store.stat().st_size // 4096 * 4 + 80
    with mounted(small, "-t", "tmpfs", "-o", f"size={room}k", "tmpfs"):
        (small / "claimloop.db").write_bytes(office.store.read_bytes())
        before = office.digest()
        url = f"sqlite:///{small / 'claimloop.db'}"
        told = office("ingest", office.folder / "answers", "--database", url)
        assert told.code == 75
        assert "no room left" in told.err
        again = office("ingest", office.folder / "answers", "--database", url)
        assert again.code == 75, "the same answer the second time"
        with (
            contextlib.closing(sqlite3.connect(small / "claimloop.db")) as full,
            contextlib.closing(sqlite3.connect(office.folder / "copy.db")) as copy,
        ):
            full.backup(copy)
    assert office.digest() == before
    url = f"sqlite:///{office.folder / 'copy.db'}"
    assert office("verify", "--database", url).code == 0, "what was done is whole"
    rest = office("ingest", office.folder / "answers", "--database", url)
    assert rest.code == 0
    assert office("ingest", office.folder / "answers").code == 0
    office.store = office.folder / "copy.db"
    through_a_full_disk = office.digest()
    office.store = office.folder / "claimloop.db"
    assert office.digest() == through_a_full_disk


@pytest.mark.parametrize("command", ["ingest", "create"])
def test_a_full_disk_under_the_vault_or_the_outbox(office, tmp_path, command, remittance):
    small = tmp_path / "small"
    small.mkdir()
    with mounted(small, "-t", "tmpfs", "-o", "size=8k", "tmpfs"):
        (small / "filler").write_bytes(b"x" * 4096)
        if command == "ingest":
            before = office.digest()
            big = office.folder / "big.835"
            big.write_bytes(remittance.read_bytes() * 20)
            with (office.folder / "claimloop.toml").open("a") as settings:
                settings.write(f"\n[store]\nvault = '{small}'\n")
            told = office("ingest", big)
            assert "vault" in told.err
            assert office.digest() == before
            assert not list(small.glob(".part-*"))
        else:
            fresh = Office(tmp_path / "fresh")
            told = fresh("claims", "create", fresh.sessions, "--out", small, "--as-of", AS_OF)
            assert [one.name for one in small.iterdir()] == ["filler"]
        assert told.code == 75
        assert "No space left" in told.err


# -- stopped on the way --------------------------------------------------------------------------------------------


_FILES = 150


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_ingest_leaves_the_store_whole(office, remittance, number, code):
    # Many files of one payment each: the signal arrives somewhere between the first and the last.
    inbox = office.folder / "inbox"
    inbox.mkdir()
    data = remittance.read_bytes()
    for place in range(_FILES):
        (inbox / f"{place:04d}.835").write_bytes(data + b"\n" * place)
    process = subprocess.Popen(
        [COMMAND, "ingest", inbox, "--config", office.folder / "claimloop.toml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while "0003.835" not in office.outcomes() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == ""
    assert err == f"claimloop: {'interrupted' if code == 130 else 'terminated'}; what was done is whole\n"
    assert len(office.outcomes()) < _FILES
    assert office("verify").code == 0
    rest = office("ingest", inbox, "--json")
    assert rest.code == 0
    assert rest.json["totals"]["files"] == _FILES
    once = office.digest()
    assert office("ingest", remittance).code == 0
    assert office.digest() == once


def test_every_message_is_one_json_document_or_none(office, remittance):
    """With --json, stdout is one document or empty, whatever goes wrong."""
    for command in (
        ("ingest", no_x12("pdf", office), office.folder / "gone", remittance, "--json"),
        ("claims", "import", remittance, "--json"),
        ("claims", "show", "NOSUCHCLAIM", "--json"),
        ("verify", "--json"),
        ("verify", "no_such_check", "--json"),
        ("held", "list", "--json"),
        ("unmatched", "list", "--json"),
        ("denials", "list", "--json", "--database", "sqlite://"),
        ("report", "denials", "--json"),
    ):
        told = office(*command)
        if told.out:
            msgspec.json.decode(told.out)
        else:
            assert told.code in (2, 3)
            assert told.err.startswith("claimloop: ")
