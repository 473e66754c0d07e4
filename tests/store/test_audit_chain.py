"""The audit's chain: what breaks it is found and named, and no way of adding to it leaves a gap or a fork."""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from edi.model.errors import AccessError, StoreError
from reconcile.store import Store, open_store, store_digest
from reconcile.store.audit import (
    Anchor,
    Book,
    Checked,
    Draft,
    Head,
    Wanted,
    check_chain,
    copy_chain,
    entries,
    files_beside,
    hash_of,
    head,
    keep_head,
    parse_head,
    read_head,
    too_many_claims,
    waiting,
)
from reconcile.store.audit.chain import BEFORE_THE_FIRST
from reconcile.store.engine import ADVISORY_LOCK
from reconcile.tally import MOST_NAMED, Tally

on_one = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Of what no database does in a way of its own."""
AT = datetime(2026, 1, 2, 3, 4, 5, 678)


def draft(what: str = "saw", *, run: str = "r1", exit_code: int | None = 0, **more) -> Draft:
    given = {"at": AT, "actor": "ann", "command": "ledger", "subjects": {"claims": ["C1"]}, "shown": 3}
    return Draft(run=run, what=what, exit_code=exit_code, **{**given, **more})


@pytest.fixture
def store(database_url, tmp_path):
    made = open_store(database_url, tmp_path / "vault")
    yield made
    made.close()


@pytest.fixture
def book(store, database_url, tmp_path):
    made = Book(database_url, tmp_path)
    yield made
    made.close()


def checked(store: Store, *anchors: Anchor):
    with store.read() as connection:
        return check_chain(connection, anchors)


def rows(store: Store) -> list[tuple]:
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT * FROM audit_entry ORDER BY sequence"))]


def meddle(store: Store, *statements: str) -> None:
    """Change the audit as one who may do everything: the triggers are off meanwhile."""
    with store.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        else:
            for name in ("no_update", "no_delete", "next"):
                connection.exec_driver_sql(f"DROP TRIGGER audit_entry_{name}")
        for statement in statements:
            connection.exec_driver_sql(statement)


def forge(store: Store, sequence: int, *, previous: str | None = None, **columns) -> None:
    """Write an entry anew, with the hash of its new content."""
    row = dict(zip(COLUMNS, rows(store)[sequence - 1], strict=True))
    row |= columns | ({"previous": previous} if previous is not None else {})
    row["hash"] = hash_of([row[name] for name in COLUMNS[:-1]])
    sets = ", ".join(f"{name} = {'NULL' if value is None else repr(value)}" for name, value in row.items())
    meddle(store, f"UPDATE audit_entry SET {sets} WHERE sequence = {sequence}")


COLUMNS = (
    "sequence", "at", "actor", "run", "command", "what", "subjects", "shown", "changed", "exit_code", "previous", "hash",
)  # fmt: skip


def filled(book: Book, count: int = 6) -> None:
    book.write([draft(actor=f"person {number}") for number in range(1, count + 1)])


def test_an_entry_is_chained_to_the_one_before_it(store, book):
    book.write([draft("began", exit_code=None)])
    book.write([draft(subjects={"claims": ["Ü1", '"']})])
    first, second = rows(store)
    assert first[0:3] == (1, "2026-01-02T03:04:05.000678Z", "ann")
    assert first[10] == BEFORE_THE_FIRST
    assert second[10] == first[11]
    plain = b"".join(
        b"%d:%s," % (len(value), value)
        for value in ("" if one is None else str(one) for one in second[:11])
        for value in [value.encode()]
    )
    assert second[11] == hashlib.sha256(plain).hexdigest()
    assert book.head == Head(sequence=2, hash=second[11])
    found = checked(store)
    assert (found.broken, found.entries, found.head) == (None, 2, book.head)


@on_one
def test_an_empty_audit_is_whole(store):
    assert checked(store) == Checked(entries=0, head=None, broken=None, interrupted=(), anchors=())


@pytest.mark.parametrize("sequence", ["1", "2", "9", "9223372036854775807"])
def test_the_database_takes_only_the_next_entry(store, book, sequence):
    """INSERT OR REPLACE would put another in its place, and a highest number would end the chain."""
    book.write([draft(), draft(), draft()])
    before = rows(store)
    verb = "INSERT OR REPLACE" if store.engine.dialect.name == "sqlite" else "INSERT"
    values = ", ".join(name if name != "sequence" else sequence for name in COLUMNS)
    with pytest.raises(StoreError), store.write() as connection:
        connection.exec_driver_sql(
            f"{verb} INTO audit_entry SELECT {values} FROM audit_entry WHERE sequence = 2"
        )
    assert rows(store) == before
    book.write([draft()])
    assert len(rows(store)) == 4


def test_the_database_refuses_to_change_or_delete(store, book):
    filled(book)
    before = rows(store)
    statements = ["UPDATE audit_entry SET actor = 'bob'", "DELETE FROM audit_entry WHERE sequence = 6"]
    if store.engine.dialect.name == "postgresql":
        statements.append("TRUNCATE audit_entry")
    for statement in statements:
        with pytest.raises(StoreError), store.write() as connection:
            connection.exec_driver_sql(statement)
        assert rows(store) == before


SWAP = (
    "UPDATE audit_entry SET sequence = -1 WHERE sequence = 3",
    "UPDATE audit_entry SET sequence = 3 WHERE sequence = 4",
    "UPDATE audit_entry SET sequence = 4 WHERE sequence = -1",
)
SHIFTED_DOWN = tuple(f"UPDATE audit_entry SET sequence = {n - 1} WHERE sequence = {n}" for n in (4, 5, 6))
SHIFTED_UP = tuple(f"UPDATE audit_entry SET sequence = {n + 1} WHERE sequence = {n}" for n in (6, 5, 4, 3))
COPIED = (
    "INSERT INTO audit_entry SELECT 3, at, 'somebody', run, command, what, subjects, shown, changed, exit_code, previous, "
    "hash FROM audit_entry WHERE sequence = 4"
)
MEDDLED = {
    "content": (("UPDATE audit_entry SET actor = 'bob' WHERE sequence = 3",), 3, "changed"),
    "exit code": (("UPDATE audit_entry SET exit_code = NULL WHERE sequence = 3",), 3, "changed"),
    "hash": (("UPDATE audit_entry SET hash = previous WHERE sequence = 3",), 3, "changed"),
    "taken out": (("DELETE FROM audit_entry WHERE sequence = 3",), 3, "deleted"),
    "several taken out": (("DELETE FROM audit_entry WHERE sequence IN (2, 3)",), 2, "deleted"),
    "the first taken out": (("DELETE FROM audit_entry WHERE sequence = 1",), 1, "deleted"),
    "taken out and numbered anew": (("DELETE FROM audit_entry WHERE sequence = 3", *SHIFTED_DOWN), 3, "deleted"),
    "exchanged": (SWAP, 3, "reordered"),
    "put in": ((*SHIFTED_UP, COPIED), 3, "inserted"),
    "put in behind": (
        ("INSERT INTO audit_entry SELECT 9, at, actor, run, command, what, subjects, shown, changed, exit_code, "
         "previous, hash FROM audit_entry WHERE sequence = 6",),
        7,
        "deleted",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A SQLite store with six entries, to be copied."""
    folder = tmp_path_factory.mktemp("whole")
    open_store(f"sqlite:///{folder / 'a.db'}").close()
    book = Book(f"sqlite:///{folder / 'a.db'}", folder)
    filled(book)
    book.close()
    return folder / "a.db"


@pytest.fixture
def copy(whole, tmp_path):
    """A store of one's own with six entries."""
    shutil.copyfile(whole, tmp_path / "a.db")
    made = open_store(f"sqlite:///{tmp_path / 'a.db'}")
    yield made
    made.close()


def found_broken(store: Store, name: str) -> None:
    statements, sequence, kind = MEDDLED[name]
    meddle(store, *statements)
    broken = checked(store).broken
    assert broken is not None
    assert (broken.sequence, broken.kind) == (sequence, kind), broken.message


@pytest.mark.parametrize("name", MEDDLED)
def test_what_was_meddled_with_is_found_and_named(copy, name):
    assert checked(copy).broken is None
    found_broken(copy, name)


@pytest.mark.parametrize("name", ["content", "put in"])
def test_what_was_meddled_with_on_postgresql(postgres_database, tmp_path, name):
    store, book = open_store(postgres_database, tmp_path / "vault"), Book(postgres_database, tmp_path)
    filled(book)
    assert checked(store).broken is None
    found_broken(store, name)
    book.close()
    store.close()


def test_an_entry_written_anew_with_its_hash_does_not_fit_the_next(copy):
    forge(copy, 3, actor="bob")
    broken = checked(copy).broken
    assert broken is not None
    assert (broken.sequence, broken.kind) == (3, "changed")


def test_an_entry_chained_to_an_earlier_one_is_out_of_order(copy):
    forge(copy, 5, previous=rows(copy)[1][11])
    broken = checked(copy).broken
    assert broken is not None
    assert (broken.sequence, broken.kind) == (3, "reordered")


@on_one
def test_an_end_that_was_cut_off_shows_by_a_head_kept_elsewhere(store, book, tmp_path, database_url):
    filled(book)
    kept = read_head(book.head_file)
    assert kept == book.head
    assert (book.head_file.stat().st_mode & 0o777, files_beside(database_url, tmp_path)[0]) == (
        0o600,
        book.head_file,
    )
    anchor = Anchor(source="the file", sequence=kept.sequence, hash=kept.hash)
    only_hash = Anchor(source="the hash", hash=kept.hash)
    assert checked(store, anchor, only_hash).broken is None
    meddle(store, "DELETE FROM audit_entry WHERE sequence > 4")
    assert checked(store).broken is None, "without the head nothing shows"
    for one in (anchor, only_hash):
        broken = checked(store, one).broken
        assert broken is not None
        assert broken.kind == "truncated"


@on_one
def test_a_chain_written_anew_from_its_first_entry_shows_by_a_head(store, book):
    filled(book)
    anchor = Anchor(source="a manifest", sequence=book.head.sequence, hash=book.head.hash)
    meddle(store, "DELETE FROM audit_entry")
    book.write([draft(actor="bob") for _ in range(9)])
    assert checked(store).broken is None
    broken = checked(store, anchor).broken
    assert broken is not None
    assert (broken.sequence, broken.kind) == (6, "replaced")


@on_one
def test_what_began_and_did_not_end_is_listed(store, book):
    book.write([draft("began", run="r1", exit_code=None), draft("began", run="r2", exit_code=None)])
    book.write([draft("changed", run="r1", exit_code=None), draft(run="r1", exit_code=0)])
    assert [(one.sequence, one.run, one.command) for one in checked(store).interrupted] == [
        (2, "r2", "ledger")
    ]
    book.write([draft("failed", run="r2", exit_code=143)])
    assert checked(store).interrupted == ()


# -- several at once ---------------------------------------------------------------------------------------------------


def _append(url: str, folder: Path, name: str, count: int) -> None:
    """What each of several processes does: entries one by one, in transactions of their own."""
    book = Book(url, folder)
    for number in range(count):
        book.write([draft(run=f"{name}-{number}", actor=name)])
    book.close()


def _all_written(store: Store, url: str, folder: Path, count: int) -> None:
    """Everybody's entries are there, in the order in which each wrote them, in one chain."""
    late = waiting(files_beside(url, folder)[1])
    book = Book(url, folder)
    book.write([draft(run="last")])
    book.close()
    assert book.head is not None
    found = checked(store, Anchor(source="head", sequence=book.head.sequence, hash=book.head.hash))
    assert found.broken is None
    assert found.entries == len(NAMES) * count + 1, late
    told = [(row[2], int(row[3].split("-")[1])) for row in rows(store) if row[3] != "last"]
    for name in NAMES:
        assert sorted(number for who, number in told if who == name) == list(range(count))
    assert read_head(book.head_file) == book.head


NAMES = ("p0", "p1", "p2", "p3")


def test_four_at_once_append_without_gap_or_fork(store, database_url, tmp_path):
    with ThreadPoolExecutor(len(NAMES)) as pool:
        list(pool.map(lambda name: _append(database_url, tmp_path, name, 10), NAMES))
    _all_written(store, database_url, tmp_path, 10)


@pytest.mark.soak
def test_four_processes_append_without_gap_or_fork(store, database_url, tmp_path):
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_append, args=(database_url, tmp_path, name, 250)) for name in NAMES]
    for one in running:
        one.start()
    for one in running:
        one.join(120)
    assert [one.exitcode for one in running] == [0] * len(NAMES)
    _all_written(store, database_url, tmp_path, 250)


def test_a_posting_and_an_entry_do_not_wait_for_each_other_on_postgresql(postgres_database, tmp_path):
    posting = open_store(postgres_database, tmp_path / "vault")
    book = Book(postgres_database, tmp_path)
    with posting.write() as connection:
        locks = (
            connection.execute(text("SELECT objid FROM pg_locks WHERE locktype = 'advisory'")).scalars().all()
        )
        assert locks == [ADVISORY_LOCK]
        book.write([draft()])
    assert checked(posting).entries == 1
    book.close()
    posting.close()


@pytest.mark.sqlite("its writer holds up an entry, PostgreSQL's does not")
def test_an_entry_that_would_wait_for_sqlites_writer_waits_beside_the_store(tmp_path, monkeypatch):
    monkeypatch.setattr("reconcile.store.audit.book.PATIENCE_MILLISECONDS", 20)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    store = open_store(url)
    book = Book(url, tmp_path)
    beside = files_beside(url, tmp_path)[1]
    with store.write():
        book.write([draft("began", run="late", exit_code=None)])
        book.write([draft("saw", run="late")])
    assert (rows(store), waiting(beside), beside.stat().st_mode & 0o777) == ([], 2, 0o600)
    with beside.open("ab") as stream:
        stream.write(b'{"at":"2026')  # a kill cut this one off
    book.write([draft(run="next")])
    assert [row[3] for row in rows(store)] == ["late", "late", "next"]
    assert waiting(beside) == 0
    assert checked(store).broken is None


@pytest.mark.sqlite("its writer holds up an entry, PostgreSQL's does not")
def test_what_waited_is_taken_once_though_a_kill_left_it_there(tmp_path, monkeypatch):
    monkeypatch.setattr("reconcile.store.audit.book.PATIENCE_MILLISECONDS", 20)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    store = open_store(url)
    book = Book(url, tmp_path)
    beside = files_beside(url, tmp_path)[1]
    with store.write():
        book.write([draft(run="late")])
    left = beside.read_bytes()
    book.write([draft(run="next")])
    beside.write_bytes(left)
    book.write([draft(run="after")])
    assert [row[3] for row in rows(store)] == ["late", "next", "after"]


def test_a_store_that_may_not_be_written_says_so(postgres_database, tmp_path):
    store = open_store(postgres_database, tmp_path / "vault")
    with store.write() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    store.close()
    book = Book(postgres_database, tmp_path)
    with pytest.raises(AccessError, match="may not be written"):
        book.write([draft()])
    book.close()


# -- the rest ----------------------------------------------------------------------------------------------------------


def test_heads_go_only_forward_unless_the_chain_is_another(tmp_path):
    path = tmp_path / "head"
    for sequence, anew, kept in ((5, False, 5), (3, False, 5), (7, False, 7), (2, True, 2)):
        keep_head(path, Head(sequence=sequence, hash="ab" * 32), anew=anew)
        assert read_head(path) == Head(sequence=kept, hash="ab" * 32)
    assert read_head(tmp_path / "none") is None
    keep_head(tmp_path / "no folder" / "head", Head(sequence=1, hash="ab" * 32))


@pytest.mark.parametrize("text", ["", "5", "5:abc", f"x:{'a' * 64}", f"5:{'A' * 64}", f"-5:{'a' * 64}"])
def test_what_is_no_head(text):
    assert parse_head(text) is None


def test_entries_are_found_by_day_person_command_practice_and_claim(store, book):
    book.write(
        [
            draft(
                actor="ann (x@y)",
                command="claims list",
                subjects={"claims": ["C1", "C10"], "practices": ["oak"]},
            ),
            draft(actor="bob", command="claims show", subjects={"claims": ["C10"]}),
            draft(actor="bob", command="claimsx", subjects={"claims_count": 999, "claims_digest": "d"}),
            draft(actor="bob", command="ledger", at=datetime(2026, 3, 1), subjects={"claims": ["C_0"]}),
        ]
    )

    def found(**wanted) -> list[int]:
        with store.read() as connection:
            return [entry.sequence for entry, _ in entries(connection, Wanted(**wanted))]

    assert found() == [1, 2, 3, 4]
    assert found(claim="C1") == [1]
    assert found(claim="C10") == [1, 2]
    assert found(claim="C_0") == [4]
    assert found(practice="oak") == [1]
    assert found(actor="ANN") == [1]
    assert found(command="claims") == [1, 2]
    assert found(command="ledger", since=datetime(2026, 3, 1).date()) == [4]
    assert found(since=datetime(2026, 3, 2).date()) == []
    with store.read() as connection:
        assert too_many_claims(connection, Wanted(claim="C1")) == 1
        assert too_many_claims(connection, Wanted(claim="C1", actor="ann")) == 0


@on_one
def test_a_chain_goes_over_as_it_is_and_the_digest_does_not_know_it(store, book, tmp_path):
    with store.read() as connection:
        before = store_digest(connection)
    filled(book)
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    with store.read() as source, other.write() as target:
        assert store_digest(source) == before
        copy_chain(source, target)
    assert rows(other) == rows(store)
    with other.read() as connection:
        assert head(connection) == book.head


def test_a_tally_names_few_and_counts_many():
    assert Tally(["b", "a", "b", "b", ""]).subjects("claims") == {"claims": ["b", "a"]}
    names = [f"C{number}" for number in range(MOST_NAMED)]
    assert Tally(names).subjects("claims") == {"claims": names}
    many = Tally([*names, "X"]).subjects("claims")
    plain = "".join(f"{name}\n" for name in [*names, "X"])
    assert many == {"claims_count": 201, "claims_digest": hashlib.sha256(plain.encode()).hexdigest()}
    assert Tally(["JANE DOE"]).subjects("claims") == {
        "claims": [f"#{hashlib.sha256(b'JANE DOE').hexdigest()[:16]}"]
    }


@pytest.mark.sqlite("its catalogue is read; on PostgreSQL the triggers refuse as the tests above say")
def test_sqlite_knows_the_triggers_by_name(tmp_path):
    open_store(f"sqlite:///{tmp_path / 'a.db'}").close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        found = {
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        }
    connection.close()
    assert found == {"audit_entry_no_update", "audit_entry_no_delete", "audit_entry_next"}
