"""A store rebuilt from vault, submissions and event log has the same digest; one that was tampered with has not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from cli.jobs.closing import close_month
from cli.jobs.deposits import ImportRequest, import_deposits
from cli.jobs.holds import release, undo
from cli.jobs.linking import link, unlink
from cli.jobs.rebuild import open_beside, rebuild, sqlite_files, steps, swap
from cli.jobs.replay import replay
from cli.settings import Settings, StoreSettings, load_settings
from edi.codes.lookup import load_tables
from edi.model.errors import StoreError, TemporaryError, UsageError
from reconcile.store import open_store, store_digest
from reconcile.store.alone import alone
from reconcile.store.journal import Dating
from tests.builders import make_claim, make_directory, make_line
from tests.jobs.again_desk import DENIES, AgainOffice, visit
from tests.jobs.conftest import NOW, Desk
from tests.jobs.hand_desk import PAYERS, add, both_lines, opening, patient, table
from tests.jobs.test_held_release import decider
from tests.remits import claim, file_of, line, payment


def lines(start, *codes):
    return tuple(
        make_line(place, code, line_control_number=f"L{start + place:07d}")
        for place, code in enumerate(codes, 1)
    )


@pytest.fixture
def decided(desk_lite):
    """Releases of each kind, one taken back, links and followers, one link ended."""
    desk = desk_lite
    desk.submit(
        make_claim(),
        make_claim(patient_control_number="B0000002", lines=lines(10, "97530")),
        make_claim(patient_control_number="C0000003", lines=lines(20, "97110", "97140")),
    )
    broken = claim("A0000001", line("97110", 5000, 4000, adjustments=["CO*45*9"]), line("97140", 5000, 4000))
    strange = claim("X99", line("97530", 5000, 4000), payer_number="P1")
    desk.ingest(file_of(payment([broken, strange])))
    first = claim("C0000003", line("97110", 5000, 4000), line("97140", 5000, 4000))
    second = claim("C0000003", line("97110", 5000, 5000), line("97140", 5000, 3000, adjustments=["PR*1*20"]))
    desk.ingest(file_of(payment([first], trace="T2")), file_of(payment([second], trace="T2"), control=2))
    later = claim("X99", line("97530", 5000, 500, adjustments=["OA*23*45"]), payer_number="P2")
    desk.ingest(file_of(payment([later], trace="T3", day="20260402")))
    (conflict,) = desk.rows("SELECT file_sha256, position FROM file_transaction WHERE outcome = 'conflict'")
    release("1", "by phone", decider(desk))
    undo("1", "wait", decider(desk))
    release("1", "again by phone", decider(desk, actor="ANN"))
    release(f"transaction:{conflict[0]}/{conflict[1]}", "the second is right", decider(desk))
    number = desk.rows("SELECT id FROM claim_payment WHERE payer_claim_control_number = 'P1'")[0][0]
    link(str(number), "B0000002", decider(desk))
    unlink(str(number), "wrong", decider(desk))
    link(str(number), "B0000002", decider(desk))
    assert desk.broken() == []
    return desk


def settings_of(desk):
    return Settings(
        folder=desk.folder,
        store=StoreSettings(database=desk.url, vault=str(desk.folder / "vault")),
        directory=make_directory(),
    )


def rebuilt(desk, into=None, payers=None):
    target, url = open_beside(desk.url, desk.folder / "vault", into)
    settings = msgspec.structs.replace(settings_of(desk), payers=payers or {})
    try:
        made = rebuild(desk.store, target, settings, load_tables())
        with target.read() as connection:
            digests = store_digest(connection), store_digest(connection, with_files=True)
    finally:
        target.close()
    return made, digests, url


def test_decisions_and_files_give_the_same_store_again(decided):
    made, (digest, with_files), _ = rebuilt(decided)
    assert (made.differs, made.unplayed) == ((), ())
    assert made.same
    assert (made.claims, made.files, made.decisions) == (3, 4, 7)
    assert steps(decided.store) == 11
    assert digest == decided.digest()
    assert with_files == decided.digest(with_files=True)


def test_a_store_whose_rows_do_not_follow_is_told(decided):
    decided.sql("UPDATE posting SET cents = cents + 1 WHERE account = 'contractual'")
    made, _, _ = rebuilt(decided)
    assert made.differs == ("posting",)
    assert not made.tables_changed


def test_a_decision_that_cannot_be_made_again_is_told(decided):
    decided.sql("UPDATE event SET subject = 'claim_payment:gone#1' WHERE id = (SELECT MAX(id) FROM event)")
    made, _, _ = rebuilt(decided)
    assert not made.same
    assert made.unplayed == ("link claim_payment:gone#1: its claim payment is not there",)


def test_books_of_other_tables_explain_a_difference(decided):
    decided.sql("UPDATE claim SET tables_version = 'older' WHERE tables_version <> ''")
    made, _, _ = rebuilt(decided)
    assert made.tables_changed
    assert made.differs == ("claim",)


def test_a_store_that_is_not_empty_is_not_built_into(decided):
    with pytest.raises(StoreError, match="not empty"):
        rebuilt(decided, decided.url)
    assert decided.broken() == []


def test_a_rebuild_that_was_cut_off_starts_again(decided):
    target, _ = open_beside(decided.url, decided.folder / "vault", None)
    with target.write() as connection:
        connection.exec_driver_sql("INSERT INTO practice (id, name, source) VALUES ('x', '', '')")
    target.close()
    made, _, _ = rebuilt(decided)
    assert made.same


def test_another_database_is_built_into(database_url, tmp_path):
    (tmp_path / "source").mkdir()
    desk = Desk(f"sqlite:///{tmp_path / 'source' / 'claimloop.db'}", tmp_path / "source")
    desk.submit(make_claim())
    good = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 0, adjustments=["CO*197*50"]))
    desk.ingest(file_of(payment([good], plb=[("WO:1", 100)])))
    made, (digest, _), _ = rebuilt(desk, database_url)
    assert made.same
    assert digest == desk.digest()
    desk.store.close()


def test_without_a_file_a_database_must_be_named(tmp_path):
    with pytest.raises(UsageError, match="--into"):
        open_beside("postgresql://somewhere/db", tmp_path, None)


@pytest.mark.sqlite("files are swapped; test_bad_servers.py has the refusal of PostgreSQL")
def test_a_swap_keeps_the_old_store(decided):
    made, (digest, _), url = rebuilt(decided)
    built = Path(url.removeprefix("sqlite:///"))
    kept = swap(decided.store, built, made.source_digest)
    assert kept.exists()
    assert not any(name.exists() for name in sqlite_files(built))
    for path in (decided.url, f"sqlite:///{kept}"):
        store = open_store(path, decided.folder / "vault")
        with store.read() as connection:
            assert store_digest(connection) == digest
        store.close()
    assert made.same


@pytest.mark.sqlite("files are swapped; test_bad_servers.py has the refusal of PostgreSQL")
def test_a_swap_is_refused_while_others_work_on_the_store_or_when_it_has_changed(decided):
    made, _, url = rebuilt(decided)
    built = Path(url.removeprefix("sqlite:///"))
    with alone(decided.store), pytest.raises(TemporaryError, match="another send or run"):
        swap(decided.store, built, made.source_digest)
    other = open_store(decided.url, decided.folder / "vault")
    with other.read() as connection:
        assert store_digest(connection)
        with pytest.raises(TemporaryError, match=r"has the store claimloop\.db open"):
            swap(decided.store, built, made.source_digest)
    other.close()
    decided.sql("UPDATE file SET outcome = 'other' WHERE kind = '835'")
    with pytest.raises(TemporaryError, match="changed while"):
        swap(decided.store, built, made.source_digest)
    assert built.exists()
    assert not Path(decided.url.removeprefix("sqlite:///")).with_suffix(".before-rebuild.db").exists()


def test_created_claims_and_claims_again_are_rebuilt(tmp_path):
    office = AgainOffice(tmp_path / "office", "acme")
    office.answer(office.create(*visit()).files[0].path, DENIES)
    assert len(office.correct("1").sent) == 1
    vault = office.folder / "vault"
    url = f"sqlite:///{office.folder / 'claimloop.db'}"
    store = open_store(url, vault, read_only=True)
    target, _ = open_beside(url, vault, None)
    settings = load_settings(office.folder / "claimloop.toml", environment={})
    made = rebuild(store, target, settings, load_tables())
    assert (made.differs, made.unplayed) == ((), ())
    store.close()
    target.close()


def test_a_replay_by_the_same_tables_changes_nothing(decided):
    before = decided.digest(with_files=True)
    assert replay(decided.store, settings_of(decided), load_tables()).changes == ()
    assert decided.digest(with_files=True) == before


def test_a_replay_shows_what_would_be_decided_otherwise(desk_lite):
    desk_lite.submit(make_claim())
    good = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 0, adjustments=["CO*197*50"]))
    desk_lite.ingest(file_of(payment([good])))
    desk_lite.sql(
        "UPDATE denial SET category = 'other', next_action = 'call'",
        "UPDATE posting SET account = 'patient' WHERE reason = '45'",
        "UPDATE service_payment SET line_id = NULL WHERE ordinal = 1",
        "UPDATE claim_payment SET outcome = 'unmatched', reason = 'no_claim', claim_id = NULL",
    )
    before = desk_lite.digest()
    made = replay(desk_lite.store, settings_of(desk_lite), load_tables())
    assert made.counts() == {"match": 1, "line": 1, "posting": 1, "denial": 1}
    told = {one.kind: one for one in made.changes}
    assert (told["match"].before, told["match"].after) == ("unmatched no_claim", "posted A0000001 1")
    assert (told["line"].line, told["line"].before, told["line"].after) == (2, "", "A0000001 2")
    assert (told["posting"].codes, told["posting"].before, told["posting"].after) == (
        "CO 45",
        "patient 10.00",
        "contractual 10.00",
    )
    assert told["denial"].before.startswith("other")
    assert told["denial"].patient_control_number == "A0000001"
    assert desk_lite.digest() == before


def test_payments_by_hand_deposits_and_closed_months_are_rebuilt(desk_lite):
    """Whatever else came in is read again; the journal, which people were told, is carried over."""
    desk = desk_lite
    desk.submit()
    add(desk, both_lines())
    add(desk, table(patient("10.00"), opening("100.00")), "more.csv")
    remit = payment([claim("OLD1", line("97110", 10000, 8000, day="20251103"))], trace="T5")
    desk.ingest(file_of(remit), payers=PAYERS)
    rows = b"deposit_date,amount,trace_number\n2026-03-22,80.00,T5\n"
    request = ImportRequest(paths=(desk.file(rows, "bank.csv"),), now=NOW, today=date(2026, 4, 1))
    import_deposits(request, desk.store)
    through, dating = date(2026, 3, 31), Dating(today=date(2026, 4, 10))
    close_month(desk.store, ["orchard"], through, dating, known=desk.practices, now=NOW)
    assert desk.rows("SELECT COUNT(*) > 0 FROM journal_entry") == [(1,)]
    settings = msgspec.structs.replace(settings_of(desk), payers=PAYERS)
    target, _ = open_beside(desk.url, desk.folder / "vault", None)
    made = rebuild(desk.store, target, settings, load_tables())
    target.close()
    assert (made.differs, made.unplayed, made.files) == ((), (), 4)
