"""Claims of another system that came by `claims import`: a TA1, 999 or 277CA of all of them finds them as ours."""

from __future__ import annotations

import io
import re
from datetime import datetime

import pytest

from reconcile.store import backup, open_store, store_digest
from reconcile.store.backup import back_up, restore
from reconcile.store.rejections import rejections
from reconcile.store.second_path import submission_references
from tests.builders import PRACTICE_NPI, make_claim
from tests.jobs.acks import HEAD, from_partner, functional_answer, sent_file, whole_answer
from tests.jobs.test_rebuild import rebuilt
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
        "DROP INDEX ix_claim_submission_reference",
        "ALTER TABLE claim DROP COLUMN submission_reference",
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


def test_references_are_read_by_control_numbers():
    other = made_elsewhere(2, SECOND, "B0000001")
    bare = re.sub(rb"BHT\*[^~]*~\s*", b"", made_elsewhere(3, "X", "C0000001"))
    found = submission_references([made_elsewhere(1, FIRST, "A0000001"), b"\n", other, bare])
    assert found == {("000000001", "1", "0001"): FIRST, ("000000002", "2", "0001"): SECOND}
