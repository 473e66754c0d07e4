"""Claims of another system that came by `claims import`: a TA1, 999 or 277CA of all of them finds them as ours."""

from __future__ import annotations

import io
import re
from datetime import date, datetime

import pytest

from cli.jobs.backup import read_backup
from cli.privacy import store_of
from reconcile.store import Place, backup, open_store, store_digest
from reconcile.store.backup import back_up, restore
from reconcile.store.rejections import rejections
from reconcile.store.report_rows.acknowledged import rejections_of
from reconcile.store.report_rows.scope import Scope
from reconcile.store.second_path import declared_only, submission_references
from tests.builders import PRACTICE_NPI, make_claim
from tests.jobs.acks import HEAD, claim_answer, from_partner, functional_answer, sent_file, whole_answer
from tests.jobs.test_rebuild import rebuilt, settings_of
from tests.loop.loop_stage import write_837

FIRST, SECOND = "ABC123", "ABC124"


def made_elsewhere(number: int, reference: str, *claims: str) -> bytes:
    """An 837P with a BHT03 that says nothing of its control numbers."""
    data = write_837([make_claim(patient_control_number=one) for one in claims], number)
    return re.sub(rb"(BHT\*0019\*00\*)[^*]*", rb"\g<1>" + reference.encode(), data)


def to_them(data: bytes) -> bytes:
    """An answer in the envelope that answers these files."""
    data = data.replace(b"*ZZ*HOUSE          *ZZ*PRACTICE       ", b"*ZZ*MEADOWGATE     *ZZ*DEMO           ")
    return data.replace(b"*HOUSE*PRACTICE*", b"*MEADOWGATE*DEMO*")


def refused_interchange(number: int) -> bytes:
    return (HEAD.format(9) + f"\nTA1*{number:09d}*260320*1200*R*006~\nIEA*0*000000009~").encode()


def two_files(desk):
    """Two files, of two claims and of one, imported."""
    for number, reference, claims in ((1, FIRST, ("A0000001", "A0000002")), (2, SECOND, ("B0000001",))):
        desk.import_claims(desk.file(made_elsewhere(number, reference, *claims), f"{reference}.837"))
    return desk


@pytest.fixture
def imported(desk_lite):
    return two_files(desk_lite)


def statuses(desk) -> list[str]:
    return [row[0] for row in desk.rows("SELECT status FROM claim ORDER BY patient_control_number")]


FIRST_ONLY = ["rejected", "rejected", "submitted"]


@pytest.mark.parametrize(
    "answer",
    [
        whole_answer(FIRST),
        whole_answer(FIRST, npi=PRACTICE_NPI),
        functional_answer("R", "1"),
        refused_interchange(1),
    ],
    ids=["277CA", "277CA provider", "999", "TA1"],
)
def test_what_rejects_an_imported_file_rejects_its_claims(imported, answer):
    (file,) = imported.ingest(to_them(answer)).files
    assert file.acknowledgments_matched > 0
    assert file.findings == ()
    assert statuses(imported) == FIRST_ONLY
    with imported.store.read() as connection:
        told = rejections(connection)
    assert [one.patient_control_number for one in told if one.answers] == ["A0000001", "A0000002"]
    assert imported.broken() == []


def test_a_file_of_one_claim_and_a_reference_of_one_letter(imported):
    imported.import_claims(imported.file(made_elsewhere(3, "7", "C0000001"), "c.837"))
    imported.ingest(to_them(whole_answer("7")))
    assert statuses(imported) == ["submitted"] * 3 + ["rejected"]


def test_a_reference_that_several_files_have_is_not_guessed_at(imported):
    imported.import_claims(imported.file(made_elsewhere(3, FIRST, "C0000001"), "c.837"))
    (file,) = imported.ingest(to_them(whole_answer(FIRST))).files
    assert [one.code for one in file.findings] == ["ACK005"]
    assert statuses(imported) == ["submitted"] * 4


def test_our_own_numbers_name_no_file_of_others(desk_lite):
    """Another system's file has the control numbers that our BHT03 is made of: only ours is meant."""
    desk_lite.import_claims(desk_lite.file(made_elsewhere(1, FIRST, "A0000001"), "a.837"))
    desk_lite.ingest(to_them(whole_answer("0000000010001")))
    assert statuses(desk_lite) == ["submitted"]
    sent_file(desk_lite, "meadowgate", "B0000001")
    desk_lite.ingest(from_partner(whole_answer("0000000010001", day="20260321"), "meadowgate"))
    assert statuses(desk_lite) == ["submitted", "rejected"]


def test_a_backup_and_the_digest_have_the_reference(imported, tmp_path):
    imported.ingest(to_them(whole_answer(FIRST)))
    told = imported.digest(with_files=True)
    stream = io.BytesIO()
    back_up(imported.store, stream, now=datetime(2026, 11, 22))
    stream.seek(0)
    back = open_store(f"sqlite:///{tmp_path / 'back.db'}", tmp_path / "other")
    restore(back, stream)
    with back.read() as connection:
        assert store_digest(connection, with_files=True) == told
    back.close()
    imported.sql("UPDATE claim SET submission_reference = 'GONE' WHERE submission_reference = 'ABC124'")
    assert imported.digest() != told


def test_a_rebuild_ties_it_again(desk_lite):
    desk_lite.import_claims(desk_lite.file(made_elsewhere(1, FIRST, "A0000001", "A0000002"), "a.837"))
    desk_lite.ingest(to_them(whole_answer(FIRST)))
    made, (digest, _), _ = rebuilt(desk_lite)
    assert made.same
    assert digest == desk_lite.digest()


def as_before(desk) -> None:
    """Bring the store to the schema before."""
    desk.sql(
        "UPDATE acknowledgment SET group_control_number = '' WHERE kind = '277CA'",
        "UPDATE acknowledgment SET interchange_control_number = '' WHERE group_control_number <> ''",
        "DROP INDEX ix_acknowledgment_untied",
        "DROP INDEX ix_claim_submission_reference",
        "ALTER TABLE claim DROP COLUMN submission_reference",
        "ALTER TABLE event DROP COLUMN after_file",
        "UPDATE alembic_version SET version_num = '0015'",
    )


def test_an_older_backup_gets_the_references_from_its_files(imported, tmp_path, monkeypatch):
    told = imported.digest(with_files=True)
    as_before(imported)
    stream = io.BytesIO()
    with monkeypatch.context() as older:
        older.setattr(backup, "SCHEMA_VERSION", "0015")
        older.setattr(backup, "store_digest", lambda *_, **__: "")
        back_up(imported.store, stream, now=datetime(2026, 11, 22))
    stream.seek(0)
    back = open_store(f"sqlite:///{tmp_path / 'back.db'}", tmp_path / "other")
    assert restore(back, stream).schema == "0015"
    with back.read() as connection:
        assert store_digest(connection, with_files=True) == told
    back.close()


def test_an_older_store_gets_the_references_from_its_vault(desk):
    imported = two_files(desk)
    told = imported.digest(with_files=True)
    as_before(imported)
    imported.store.close()
    imported.store = open_store(imported.url, imported.folder / "vault")
    assert imported.digest(with_files=True) == told
    imported.ingest(to_them(whole_answer(FIRST)))
    assert statuses(imported) == FIRST_ONLY


def test_an_older_store_gets_the_references_of_files_that_declare_no_separators(desk_lite):
    narrow = re.sub(rb" +\*", b"*", made_elsewhere(1, FIRST, "A0000001", "A0000002"))
    desk_lite.import_claims(desk_lite.file(narrow, "narrow.837"))
    told = desk_lite.digest(with_files=True)
    as_before(desk_lite)
    desk_lite.store.close()
    desk_lite.store = store_of(settings_of(desk_lite))
    assert desk_lite.digest(with_files=True) == told
    assert list(desk_lite.rows("SELECT DISTINCT submission_reference FROM claim")) == [(FIRST,)]


def test_references_are_read_by_control_numbers():
    other = made_elsewhere(2, SECOND, "B0000001")
    bare = re.sub(rb"BHT\*[^~]*~\s*", b"", made_elsewhere(3, "X", "C0000001"))
    found = submission_references([made_elsewhere(1, FIRST, "A0000001"), b"\n", other, bare], declared_only)
    assert found == {("000000001", "1", "0001"): FIRST, ("000000002", "2", "0001"): SECOND}


# -- one interchange with two groups: ST02 begins anew in each ---------------------------------------------------------


def two_groups() -> bytes:
    """One interchange with groups 1 and 2, and a transaction set 0001 in each, under BHT03 of their own."""
    first = made_elsewhere(1, FIRST, "A0000001", "A0000002").decode()
    other = made_elsewhere(1, SECOND, "B0000001", "B0000002").decode()
    head, rest = first[: first.index("IEA*")], other[other.index("GS*") : other.index("IEA*")]
    rest = re.sub(r"(GS(?:\*[^*]*){5}\*)1", r"\g<1>2", rest).replace("GE*1*1~", "GE*1*2~")
    return f"{head}{rest}IEA*2*000000001~".encode()


@pytest.fixture
def grouped(desk_lite):
    desk_lite.import_claims(desk_lite.file(two_groups(), "groups.837"))
    desk_lite.ingest(to_them(whole_answer(FIRST)))
    assert statuses(desk_lite) == GROUP_ONE_OUT
    return desk_lite


GROUP_ONE_OUT = ["rejected", "rejected", "submitted", "submitted"]


@pytest.mark.parametrize("answer", [functional_answer("A", "2"), claim_answer("B0000001", "A2")])
def test_a_rejected_group_rejects_no_other_one(grouped, answer):
    grouped.ingest(to_them(answer))
    assert statuses(grouped)[:3] == ["rejected", "rejected", "accepted"]
    assert "rejected" not in statuses(grouped)[2:]
    with grouped.store.read() as connection:
        assert {one.patient_control_number for one in rejections(connection)} == {"A0000001", "A0000002"}
        refused = rejections_of(connection, Scope(today=date(2026, 12, 31), as_of=date(2026, 12, 31)))
        assert len(refused) == 2
    assert grouped.broken() == []


def test_one_reference_in_two_groups_is_not_guessed_at(desk_lite):
    desk_lite.import_claims(desk_lite.file(two_groups().replace(SECOND.encode(), FIRST.encode()), "x.837"))
    (file,) = desk_lite.ingest(to_them(whole_answer(FIRST))).files
    assert [one.code for one in file.findings] == ["ACK005"]
    assert statuses(desk_lite) == ["submitted"] * 4


def test_a_999_speaks_of_one_interchange_of_a_file(desk_lite):
    """Two interchanges of a file, each with its group 1, to two partners: the answer of one is not the other's."""
    other = made_elsewhere(1, SECOND, "B0000001", "B0000002").replace(b"000000001", b"000000002")
    other = other.replace(b"MEADOWGATE", b"ELSEWHERE ").replace(b"*DEMO*ELSEWHERE *", b"*DEMO*ELSEWHERE*")
    both = made_elsewhere(1, FIRST, "A0000001", "A0000002") + b"\n" + other
    desk_lite.import_claims(desk_lite.file(both, "both.837"))
    (file,) = desk_lite.ingest(to_them(functional_answer("R", "1"))).files
    assert file.findings == ()
    assert statuses(desk_lite) == GROUP_ONE_OUT
    desk_lite.ingest(to_them(claim_answer("B0000001", "A2")))
    with desk_lite.store.read() as connection:
        refused = rejections_of(connection, Scope(today=date(2026, 12, 31), as_of=date(2026, 12, 31)))
    assert len(refused) == 2


# -- answers that came before the claims, or before the store could tell -----------------------------------------------

EARLY = {
    "277CA": whole_answer(FIRST),
    "277CA provider": whole_answer(FIRST, npi=PRACTICE_NPI),
    "999": functional_answer("R", "1"),
    "TA1": refused_interchange(1),
    "277CA claims": claim_answer("A0000001", "A3"),
}


@pytest.mark.parametrize("kind", EARLY)
def test_an_answer_that_came_before_the_import_is_tied_by_it(desk_lite, kind):
    desk = desk_lite
    answer = to_them(EARLY[kind])
    (file,) = desk.ingest(answer).files
    assert file.acknowledgments_matched == 0
    two_files(desk)
    assert statuses(desk) == (["rejected", "submitted", "submitted"] if "claims" in kind else FIRST_ONLY)
    (again,) = desk.ingest(answer + b"\n").files
    assert again.outcome == "duplicate"
    assert desk.broken() == []
    if kind == "277CA provider":
        made, _, _ = rebuilt(desk)
        assert made.same


def test_claims_of_ours_are_not_tied_to_what_came_before_them(desk_lite):
    """What a former system was told of a number of its own says nothing of claims that are created later."""
    desk_lite.ingest(from_partner(functional_answer("R", "1"), "meadowgate"))
    sent_file(desk_lite, "meadowgate", "B0000001", "B0000002")
    two_files(desk_lite)
    assert statuses(desk_lite) == ["submitted"] * 5


def test_an_import_reads_no_file_again_whose_answers_name_others(desk_lite, monkeypatch):
    desk_lite.ingest(to_them(functional_answer("R", "99")), to_them(claim_answer("Z0000001", "A3")))
    monkeypatch.setattr("cli.jobs.untied.tie_untied", lambda *_: pytest.fail("none of these claims is named"))
    two_files(desk_lite)


@pytest.mark.parametrize("answer", [whole_answer(FIRST), whole_answer(FIRST, npi=PRACTICE_NPI)])
def test_an_upgrade_ties_what_the_older_store_could_not(desk, answer):
    imported = two_files(desk)
    imported.sql("UPDATE claim SET submission_reference = ''")
    imported.ingest(to_them(answer))
    assert statuses(imported) == ["submitted"] * 3
    as_before(imported)
    imported.store.close()
    imported.store = store_of(settings_of(imported))
    assert statuses(imported) == FIRST_ONLY
    assert imported.broken() == []
    if imported.url.startswith("sqlite"):
        made, _, _ = rebuilt(imported)
        assert made.same


def test_an_upgrade_completes_the_numbers_of_what_was_tied(imported):
    """A 999 gets its ISA13, and a 277CA of a whole submission of ours its GS06."""
    imported.ingest(to_them(functional_answer("R", "1")))
    sent_file(imported, "meadowgate", "C0000001", "C0000002")
    imported.ingest(from_partner(whole_answer("0000000010001"), "meadowgate"))
    numbers = "SELECT interchange_control_number, group_control_number FROM acknowledgment WHERE claims > 0"
    assert set(imported.rows(numbers)) == {("000000001", "1")}
    told = imported.digest(with_files=True)
    as_before(imported)
    imported.store.close()
    imported.store = store_of(settings_of(imported))
    assert imported.digest(with_files=True) == told


def older_backup(desk, path, monkeypatch) -> None:
    """A backup of schema 0015 in which a 277CA of a whole submission is tied to nothing."""
    desk.sql("UPDATE claim SET submission_reference = ''")
    desk.ingest(to_them(whole_answer(FIRST)))
    as_before(desk)
    with monkeypatch.context() as older, path.open("wb") as sink:
        older.setattr(backup, "SCHEMA_VERSION", "0015")
        older.setattr(backup, "store_digest", lambda *_, **__: "")
        back_up(desk.store, sink, now=datetime(2026, 11, 22))


@pytest.mark.postgres
def test_an_older_backup_is_completed_in_a_vault_of_the_database_too(
    imported, postgres_store, tmp_path, monkeypatch
):
    older_backup(imported, kept := tmp_path / "older.backup", monkeypatch)
    back = open_store(postgres_store, Place(None))
    read_backup(back, settings_of(imported), kept)
    with back.read() as connection:
        found = connection.exec_driver_sql("SELECT status FROM claim ORDER BY patient_control_number")
        assert list(found.scalars()) == FIRST_ONLY
    back.close()


def test_an_older_backup_is_completed_in_the_transaction_that_restores_it(imported, tmp_path, monkeypatch):
    older_backup(imported, kept := tmp_path / "older.backup", monkeypatch)
    settings = settings_of(imported)
    back = open_store(f"sqlite:///{tmp_path / 'back.db'}", tmp_path / "other")

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr("cli.jobs.untied.tie_to_imported", die)
        with pytest.raises(KeyboardInterrupt):
            read_backup(back, settings, kept)
    with back.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM claim").scalar() == 0
    assert not list(back.vault.digests())
    assert read_backup(back, settings, kept).schema == "0015"
    with back.read() as connection:
        found = connection.exec_driver_sql("SELECT status FROM claim ORDER BY patient_control_number")
        assert list(found.scalars()) == FIRST_ONLY
    back.close()
