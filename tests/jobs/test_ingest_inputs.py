"""Input that is no 835: each is named, the store keeps its books, and the rest of the run goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from cli.jobs.ingest import ingest
from edi.codes.lookup import load_tables
from edi.model.errors import AccessError, TemporaryError
from reconcile.store import open_store
from tests.remits import claim, file_of, line, payment

GOOD = file_of(payment([claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))]))
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 40
INPUTS = {
    "an empty file": (b"", "ENV001", "rejected"),
    "a PDF": (PDF, "ENV001", "rejected"),
    "a segment alone": (b"CLP*A0000001*1*100*80\n", "ENV001", "rejected"),
    "an 835 cut short": (GOOD[: GOOD.index(b"SVC*HC:97140")], "ENV012", "quarantined"),
    "an 835 cut inside a segment": (GOOD[: GOOD.index(b"SVC*HC:97140") + 7], "ENV012", "quarantined"),
    "an order": (GOOD.replace(b"ST*835", b"ST*850"), "ING004", "rejected"),
}


@pytest.mark.parametrize("name", INPUTS)
def test_input_that_is_no_payment_changes_no_books(desk, name):
    data, code, outcome = INPUTS[name]
    desk.submit()
    before = desk.digest()
    manifest = desk.ingest(data, GOOD)
    bad, good = manifest.files
    assert bad.outcome == outcome
    said = [finding.code for finding in (*bad.findings, *(one for p in bad.payments for one in p.findings))]
    assert code in said
    assert good.outcome == "posted"
    assert manifest.exit_code() == 3
    assert desk.rows("SELECT outcome FROM file ORDER BY outcome") == sorted([("posted",), (outcome,)])
    other = desk.rows("SELECT COUNT(*) FROM remittance")
    assert other == [(1,)]
    assert desk.digest() != before
    assert desk.broken() == []


@pytest.mark.parametrize("name", INPUTS)
def test_alone_it_leaves_the_digest_as_it_was(desk_lite, name):
    desk_lite.submit()
    desk_lite.ingest()
    before = desk_lite.digest()
    desk_lite.ingest(INPUTS[name][0])
    assert desk_lite.digest() == before


def test_a_file_that_is_not_there_is_named_and_the_rest_goes_on(desk_lite, tmp_path):
    desk_lite.submit()
    manifest = desk_lite.ingest(tmp_path / "gone.835", GOOD)
    assert [file.outcome for file in manifest.files] == ["rejected", "posted"]
    assert manifest.files[0].findings[0].code == "ING001"
    assert manifest.files[0].file == "gone.835"
    assert manifest.exit_code() == 3


def test_a_folder_is_taken_in_order_without_hidden_files(desk_lite, tmp_path):
    desk_lite.submit()
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "b.835").write_bytes(GOOD)
    (inbox / "a.txt").write_bytes(b"")
    (inbox / ".part").write_bytes(b"half")
    assert [file.file for file in desk_lite.ingest(inbox).files] == ["a.txt", "b.835"]


def test_a_second_run_over_the_same_files_changes_nothing(desk_lite):
    desk_lite.submit()
    files = [desk_lite.file(GOOD), desk_lite.file(INPUTS["an 835 cut short"][0]), desk_lite.file(PDF)]
    desk_lite.ingest(*files)
    before = desk_lite.digest(with_files=True)
    manifest = desk_lite.ingest(*files)
    # What was refused is read again: another command may be the one that takes it.
    assert [file.outcome for file in manifest.files] == ["duplicate", "duplicate", "rejected"]
    assert manifest.totals.posted == 0
    assert desk_lite.digest(with_files=True) == before


def test_a_read_only_store_is_refused_before_anything_is_kept(desk_lite):
    path = desk_lite.file(GOOD)
    store = open_store(desk_lite.url, desk_lite.folder / "other-vault", read_only=True)
    with pytest.raises(AccessError) as caught:
        ingest([path], store, tables=load_tables(), payers={}, now=datetime(2026, 1, 1))
    assert caught.value.exit_code == 4
    assert not (desk_lite.folder / "other-vault").exists()
    store.close()


def test_no_patient_is_in_the_manifest(desk_lite):
    marked = claim(
        "A0000001",
        line("97110", 5000, 4000, adjustments=["CO*45*9"]),
        member="MARKER1",
        patient="MARKER2*MARKER3",
    )
    manifest = desk_lite.ingest(file_of(payment([marked])))
    said = msgspec.json.encode(manifest).decode() + repr(desk_lite.rows("SELECT manifest FROM file"))
    assert "MARKER" not in said
    assert "BAL001" in said


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of two megabytes."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.sqlite("its file is on a full disk; for a server on one see test_bad_servers.py")
def test_a_full_disk_is_temporary_and_the_books_stay_whole(small_disk, tmp_path):
    store = open_store(f"sqlite:///{small_disk / 'a.db'}", tmp_path / "vault")
    rows = [claim(f"X{n:05d}", line("97110", 5000, 4000), payer_number=f"P{n}") for n in range(4000)]
    path = tmp_path / "large.835"
    path.write_bytes(file_of(payment(rows)))
    with pytest.raises(TemporaryError) as caught:
        ingest([path], store, tables=load_tables(), payers={}, now=datetime(2026, 1, 1))
    assert caught.value.exit_code == 75
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM claim_payment").scalar() == 0
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    store.close()


def test_a_full_vault_is_temporary_and_leaves_no_trace(small_disk, tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}", small_disk / "vault")
    path = tmp_path / "large.835"
    path.write_bytes(GOOD * 8000)
    with pytest.raises(TemporaryError, match="vault"):
        ingest([path], store, tables=load_tables(), payers={}, now=datetime(2026, 1, 1))
    assert [item for item in (small_disk / "vault").rglob("*") if item.is_file()] == []
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM file").scalar() == 0
    store.close()
