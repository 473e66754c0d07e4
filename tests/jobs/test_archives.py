"""Zip archives, text reports and hostile input: kept and named, or refused before anything is unpacked or kept."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile

import pytest

from cli.jobs import archives, loops
from cli.jobs.archives import Limits, members
from cli.jobs.ingest import ingest
from cli.jobs.plain_text import is_report
from cli.jobs.rebuild import rebuild
from cli.settings import load_settings
from edi.codes.lookup import load_tables
from edi.model.finding import Finding
from edi.transactions import t835
from edi.transactions.acknowledgments import READERS
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store import open_store
from tests.jobs.acks import claim_answer, enveloped
from tests.jobs.conftest import NOW
from tests.remits import claim, file_of, line, payment

GOOD = file_of(payment([claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))]))
REPORT = b"Daily report\r\nNo claims were rejected.\r\n"


def packed(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return sink.getvalue()


def entries(manifest) -> list[tuple]:
    return [(one.file, one.kind, one.outcome, one.archive) for one in manifest.files]


# -- what is taken ---------------------------------------------------------------------------------------------------


def test_the_members_of_an_archive_are_taken_in_one_by_one(desk):
    desk.submit()
    data = packed(
        ("in/a.835", GOOD), ("b.txt", REPORT), ("in/", b""), ("c.277", claim_answer("A0000001", "A2"))
    )
    path = desk.file(data, "day.zip")
    manifest = desk.ingest(path)
    assert entries(manifest) == [
        ("day.zip", "zip", "kept", None),
        ("a.835", "835", "posted", "day.zip"),
        ("b.txt", "report", "kept", "day.zip"),
        ("c.277", "277CA", "posted", "day.zip"),
    ]
    assert (manifest.exit_code(), manifest.totals.kept, manifest.totals.posted) == (0, 2, 1)
    kept = set(desk.store.vault.digests())
    assert {one.sha256 for one in manifest.files} <= kept
    before = desk.digest(with_files=True)
    again = desk.ingest(path, GOOD)
    assert [one.outcome for one in again.files] == ["duplicate", "duplicate"]
    assert desk.digest(with_files=True) == before
    assert desk.broken() == []


def test_an_archive_whose_run_was_ended_is_taken_up_again(desk_lite, monkeypatch):
    desk_lite.submit()
    path = desk_lite.file(packed(("a.txt", REPORT), ("b.835", GOOD)), "day.zip")

    def end(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("cli.jobs.incoming.ingest_judged", end)
        with pytest.raises(KeyboardInterrupt):
            desk_lite.ingest(path)
    assert [one.outcome for one in desk_lite.ingest(path).files] == ["kept", "duplicate", "posted"]


def test_a_rebuild_of_archives_and_reports_gives_the_same(desk_lite):
    desk_lite.submit()
    nested = packed(("inner.zip", PLAIN), ("a.835", GOOD), ("b.txt", REPORT))
    desk_lite.ingest(nested, packed(("../x", REPORT)), b"a note")
    config = desk_lite.folder / "claimloop.toml"
    config.write_text("[store]\n", encoding="utf-8")
    into = open_store(f"sqlite:///{desk_lite.folder / 'again.db'}", desk_lite.store.vault)
    try:
        made = rebuild(desk_lite.store, into, load_settings(config, environment={}), load_tables())
    finally:
        into.close()
    assert (made.differs, made.unplayed) == ((), ())


@pytest.mark.parametrize(
    "text", [REPORT, "Zahlung über 5 €".encode(), b"caf\xe9 closed, see you on monday\n"]
)
def test_a_text_is_kept_as_a_report_and_is_no_error(desk_lite, text):
    manifest = desk_lite.ingest(text)
    (file,) = manifest.files
    assert (file.kind, file.outcome, [one.code for one in file.findings]) == ("report", "kept", ["ING005"])
    assert manifest.exit_code() == 0
    assert desk_lite.ingest(text).files[0].outcome == "duplicate"
    assert desk_lite.import_claims(desk_lite.file(text)).files[0].outcome == "rejected"


@pytest.mark.parametrize(
    "data", [b"", b" \r\n", b"\x00\x01\x02", b"%PDF-1.7\n", bytes(range(128, 256)) * 9, b"text\nCLP*A*1*5*5~", b"NM1*QC*1*A", b"A" * 20_000]
)  # fmt: skip
def test_what_is_binary_or_has_a_segment_is_no_report(data):
    assert not is_report([data])
    assert not is_report([data[:3], data[3:]])


# -- what is refused -------------------------------------------------------------------------------------------------


def forged(data: bytes, *, field: int, value: int) -> bytes:
    """The archive with a 4-byte field of its first directory entry changed."""
    place = data.index(b"PK\x01\x02") + field
    return data[:place] + struct.pack("<I", value) + data[place + 4 :]


PLAIN = packed(("a.txt", REPORT))
LINK = zipfile.ZipInfo("a.txt")
LINK.external_attr = 0o120777 << 16


def with_link() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(LINK, b"/etc/passwd")
    return sink.getvalue()


def overlapping() -> bytes:
    """Two entries of the directory that are the same bytes of the file."""
    data = packed(("a.txt", bytes(range(256)) * 40), method=zipfile.ZIP_STORED)
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry = data[start:end]
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, 2 * len(entry))
    return data[:end] + entry + bytes(tail)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (packed(("zeros", bytes(40 << 20))), "more than 200 times"),
        (forged(PLAIN, field=24, value=3 << 30), "more than 2048 megabytes"),
        (packed(*((f"{number}.txt", b"x") for number in range(10_001))), "more than 10000 members"),
        (packed(("../../a.txt", REPORT)), "points out of the archive"),
        (packed(("/a.txt", REPORT)), "points out of the archive"),
        (packed(("..\\a.txt", REPORT)), "points out of the archive"),
        (packed(("c:a.txt", REPORT)), "points out of the archive"),
        (packed(("a\nb.txt", REPORT)), "points out of the archive"),
        (with_link(), "points out of the archive"),
        (forged(PLAIN, field=8, value=1 | zipfile.ZIP_DEFLATED << 16), "encrypted"),
        (packed(("a.txt", REPORT), method=zipfile.ZIP_LZMA), "packed in a way"),
        (overlapping(), "overlap"),
        (PLAIN[:-30], "damaged"),
        (PLAIN[:10] + PLAIN[30:], "damaged"),  # its members would begin before it does
        (b"PK\x03\x04" + bytes(200), "damaged"),
        (PLAIN[:-22] + b"PK\x06\x07" + bytes(16) + PLAIN[-22:], "zip64"),
    ],
)
def test_a_bomb_or_a_trick_is_refused_before_it_is_unpacked(desk_lite, monkeypatch, data, why):
    monkeypatch.setattr(archives, "blocks", lambda *_: pytest.fail("it was unpacked"))
    manifest = desk_lite.ingest(desk_lite.file(data, "bad.zip"))
    (file,) = manifest.files
    assert (file.kind, file.outcome, file.findings[0].code) == ("zip", "rejected", "ING007")
    assert why in file.findings[0].message
    assert manifest.exit_code() == 3


def test_an_archive_in_an_archive_is_not_opened(desk_lite):
    inner = packed(("a.835", GOOD))
    manifest = desk_lite.ingest(desk_lite.file(packed(("inner.zip", inner), ("b.txt", REPORT)), "outer.zip"))
    assert entries(manifest) == [
        ("outer.zip", "zip", "kept", None),
        ("inner.zip", "zip", "rejected", "outer.zip"),
        ("b.txt", "report", "kept", "outer.zip"),
    ]
    taken = desk_lite.ingest(desk_lite.file(inner, "inner.zip"))
    assert [one.outcome for one in taken.files] == ["kept", "posted"]


def test_a_damaged_member_is_named_and_the_rest_goes_on(desk_lite):
    data = bytearray(packed(("a.txt", REPORT), ("b.txt", REPORT + b"!"), method=zipfile.ZIP_STORED))
    data[data.index(b"Daily")] ^= 1
    manifest = desk_lite.ingest(desk_lite.file(bytes(data), "day.zip"))
    assert [one.outcome for one in manifest.files] == ["kept", "rejected", "kept"]
    assert "damaged" in manifest.files[1].findings[0].message


def test_the_limits_are_what_is_allowed():
    path = io.BytesIO(packed(("a", b"12345678"), ("b", b"1"), method=zipfile.ZIP_STORED))
    assert len(members(path, Limits(members=2, size=9))) == 2
    assert isinstance(members(path, Limits(members=1, size=9)), str)
    assert isinstance(members(path, Limits(members=2, size=8)), str)


# -- size ------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_too_large_is_not_kept(desk_lite):
    path = desk_lite.folder / "large.835"
    with path.open("wb") as sink:
        sink.truncate((1 << 20) + 1)
    for wanted, code in ((1, "ING006"), (2, "ENV001")):
        manifest = ingest(
            [path], desk_lite.store, tables=load_tables(), payers={}, now=NOW, largest_megabytes=wanted
        )
        assert (manifest.files[0].outcome, manifest.files[0].findings[0].code) == ("rejected", code)
        assert len(list(desk_lite.store.vault.digests())) == wanted - 1


def test_a_file_that_grows_while_it_is_read_is_given_up(desk_lite, monkeypatch):
    def endless(_path):
        while True:
            yield bytes(1 << 19)

    monkeypatch.setattr("cli.jobs.taking.read_blocks", endless)
    path = desk_lite.file(b"small")
    manifest = ingest([path], desk_lite.store, tables=load_tables(), payers={}, now=NOW, largest_megabytes=4)
    assert "more than 4 megabytes" in manifest.files[0].findings[0].message
    assert list(desk_lite.store.vault.digests()) == []
    assert not list((desk_lite.folder / "vault").glob(".part-*"))


# -- one endless loop ------------------------------------------------------------------------------------------------


def endless_835(count: int) -> bytes:
    return GOOD.replace(b"SVC*", b"NTE*ADD*X~" * count + b"SVC*", 1)


def endless_277(count: int) -> bytes:
    return claim_answer("A0000001", "A2").replace(
        b"REF*1K", b"STC*A2:20:PR*20260320*WQ*100~" * count + b"REF*1K"
    )


def endless_999(count: int) -> bytes:
    errors = ["IK3*NM1*8**8"] * count
    body = [
        "ST*999*0001*005010X231A1",
        "AK1*HC*7*005010X222A1",
        "AK2*837*0001*005010X222A1",
        *errors,
        "IK5*R*5",
    ]
    return enveloped("FA", "005010X231A1", [*body, "AK9*R*1*1*0"])


@pytest.mark.parametrize("made", [endless_835, endless_277, endless_999])
def test_a_loop_without_end_is_refused_and_leaves_no_trace_in_the_books(desk_lite, monkeypatch, made):
    desk_lite.submit()
    before = desk_lite.digest()
    monkeypatch.setattr(loops.bounded, "__defaults__", (500,))
    manifest = desk_lite.ingest(made(600))
    (file,) = manifest.files
    assert (file.outcome, manifest.exit_code()) == ("rejected", 3)
    assert "ING008" in [one.code for one in file.findings]
    assert desk_lite.digest() == before
    assert desk_lite.ingest(made(100)).files[0].outcome != "rejected"


def drained(data: bytes) -> tuple[float, int]:
    """Seconds and peak bytes of reading a file by its reader, up to the limit."""
    tracemalloc.start()
    begun = time.process_time()
    for item in read_transactions([data]):
        if isinstance(item, Finding):
            continue
        assert isinstance(item, TransactionSet)
        read = t835.read if item.kind == "835" else READERS[item.kind]
        for _ in read(loops.bounded(item, most=10**7)):
            pass
    took = time.process_time() - begun
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return took, peak


@pytest.mark.soak
@pytest.mark.parametrize("made", [endless_835, endless_277, endless_999])
def test_reading_a_long_loop_is_linear(made):
    small, large = drained(made(20_000)), drained(made(loops.MOST_SEGMENTS))
    assert large[0] < 12 * small[0] + 1
    assert large[1] < 200 << 20


def test_the_directory_of_an_archive_is_read_twice_however_many_members_it_has(desk_lite, monkeypatch):
    """Once to judge it and once to take it: to read it for each member is quadratic."""
    path = desk_lite.folder / "many.zip"
    path.write_bytes(packed(*((f"report{number}.txt", REPORT + b"%d" % number) for number in range(40))))
    opened = []
    first = zipfile.ZipFile.__init__
    monkeypatch.setattr(zipfile.ZipFile, "__init__", lambda *given: opened.append(1) or first(*given))
    assert len(desk_lite.ingest(path).files) == 41
    assert len(opened) == 3, "to judge it, to list it, and to take it"
