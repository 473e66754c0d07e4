"""A large file that a second process reads ahead: the same stream, the same store, and an end that is told."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.generate_835 import write as write_835
from cli.jobs.loops import MOST_SEGMENTS
from cli.jobs.reading import ahead, wire
from cli.jobs.reading.sets import JudgedClaim, read_sets
from edi.model.errors import InputError
from edi.model.finding import Finding
from edi.model.remittance import RemittanceTrailer
from reconcile.store import Kept
from tests.builders import make_claim
from tests.jobs.conftest import Desk
from tests.remits import claim, file_of, line, payment

NAME = "day.835"
GOOD = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))
UNBALANCED = claim("A0000002", line("97110", 5000, 4000), paid=4100)
WRONG = ["CLP*A0000003*1*abc*40**12*P3", "SVC*HC:97110*50*x", "DTM*472*2024130199"]
SETS = [
    payment([GOOD, UNBALANCED], control="0001"),
    payment([GOOD, WRONG, GOOD], trace="T0002", control="0002", bank=None),
    payment([UNBALANCED], trace="T0003", control="0003", bank=7),
]
MIXED = file_of(*SETS)
ENDLESS = file_of(
    payment([[*GOOD, *["REF*1*1"] * (MOST_SEGMENTS + 1)], GOOD], trace="T9"), payment([GOOD]), control=2
)
CUT = file_of(payment([GOOD, UNBALANCED], trace="T8"), control=3).partition(b"SE*")[0]


@pytest.fixture
def two_cores(monkeypatch):
    """Every file is large, there are two cores; the processes that were started."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def noted(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(ahead, "LEAST_BYTES", 1)
    monkeypatch.setattr(ahead, "_cores", lambda: 2)
    monkeypatch.setattr(ahead.subprocess, "Popen", noted)
    return started


def told(sets) -> list[Any]:
    """Everything that a stream of transaction sets says, in its order."""
    found: list[Any] = []
    for item in sets:
        if isinstance(item, Finding):
            found.append(item)
            continue
        one = item.transaction
        found.append((one.kind, one.control_number, one.version, one.envelope, one.delimiters, one.file))
        try:
            found.extend(one.segments if item.values is None else item.values)
        except InputError as error:
            found.append(str(error))
    return found


def sent(data: bytes) -> io.BytesIO:
    """What the process writes into its pipe."""
    pipe = io.BytesIO()
    wire.send_sets(read_sets([data]), pipe)
    pipe.seek(0)
    return pipe


def corpus_files(corpus_dir: Path) -> list[bytes]:
    return [
        path.read_bytes()
        for kind in ("835", "999", "277ca", "ta1", "bad")
        for path in sorted((corpus_dir / kind).iterdir())
    ]


# -- the stream ------------------------------------------------------------------------------------------------------


@pytest.mark.corpus
@pytest.mark.parametrize("batch", [1, 7, 2000])
def test_every_file_of_the_corpus_comes_through_the_pipe_as_it_is_read(monkeypatch, corpus_dir, batch):
    monkeypatch.setattr(wire, "BATCH", batch)
    files = corpus_files(corpus_dir)
    kinds = set()
    for data in files if batch == 7 else files[::5]:
        expected = told(read_sets([data], NAME))
        kinds.update(one[0] for one in expected if isinstance(one, tuple))
        assert told(wire.receive_sets(sent(data), NAME)) == expected
    assert {"835", "999"} <= kinds


@pytest.mark.parametrize("data", [MIXED, CUT, b"", b"no X12 at all", CUT + MIXED, MIXED[:-9], ENDLESS])
def test_findings_imbalances_and_broken_envelopes_come_through_the_pipe(data):
    expected = told(read_sets([data], NAME))
    assert told(wire.receive_sets(sent(data), NAME)) == expected
    if data == MIXED:
        assert len([one for one in expected if isinstance(one, JudgedClaim) and one.imbalances]) >= 3
        assert [one for one in expected if isinstance(one, Finding) and one.code.startswith("RMT")]


def test_large_claims_make_small_batches(monkeypatch):
    monkeypatch.setattr(wire, "_BATCH_BYTES", 1)
    pipe = sent(MIXED)
    assert int.from_bytes(pipe.getbuffer()[:8], "big") < len(pipe.getbuffer()) / 10
    assert told(wire.receive_sets(pipe, NAME)) == told(read_sets([MIXED], NAME))


def test_a_set_that_nobody_reads_is_skipped():
    def control_numbers(sets) -> list[str]:
        return [one.transaction.control_number for one in sets if not isinstance(one, Finding)]

    assert control_numbers(wire.receive_sets(sent(MIXED), NAME)) == ["0001", "0002", "0003"]
    half = wire.receive_sets(sent(ENDLESS + MIXED), NAME)
    first = next(one for one in half if not isinstance(one, Finding))
    assert first.values is not None
    next(first.values)
    assert len(control_numbers(half)) == 4


@pytest.mark.corpus
def test_the_process_says_what_this_one_would_read(tmp_path, two_cores, corpus_dir):
    desk = Desk(f"sqlite:///{tmp_path / 'claimloop.db'}", tmp_path)
    made = tmp_path / "made.835"
    write_835(made, 300, 3, seed=3)
    data = b"\r\n".join([*corpus_files(corpus_dir), made.read_bytes(), MIXED, ENDLESS, CUT])
    kept = desk.store.vault.keep([data])
    with ahead.incoming_sets(desk.store.vault, kept, NAME) as sets:
        found = told(sets)
    (process,) = two_cores
    assert process.poll() is not None
    assert found == told(read_sets([data], NAME))
    assert len([one for one in found if isinstance(one, JudgedClaim)]) > 300
    assert [one for one in found if isinstance(one, str)]
    desk.store.close()


# -- the store -------------------------------------------------------------------------------------------------------


def desk_of(folder: Path) -> Desk:
    folder.mkdir()
    made = Desk(f"sqlite:///{folder / 'claimloop.db'}", folder)
    made.submit(make_claim(patient_control_number="A0000001"), make_claim(patient_control_number="A0000002"))
    return made


def test_the_store_is_the_same_whoever_reads(tmp_path, two_cores, monkeypatch):
    ahead_desk = desk_of(tmp_path / "ahead")
    given = ahead_desk.ingest(MIXED + ENDLESS)
    assert len(two_cores) == 1
    monkeypatch.setattr(ahead, "_cores", lambda: 1)
    alone = desk_of(tmp_path / "alone")
    assert alone.ingest(MIXED + ENDLESS) == given
    assert len(two_cores) == 1
    assert alone.digest(with_files=True) == ahead_desk.digest(with_files=True)
    assert ahead_desk.rows("SELECT count(*) FROM claim_payment")[0][0] > 1
    assert {"ING008", "BAL002"} <= {
        one.code
        for file in given.files
        for one in (*file.findings, *(found for paid in file.payments for found in paid.findings))
    }


@pytest.mark.parametrize(
    ("share", "ending"), [(0.1, "sys.exit(1)"), (0.2, "os.kill(os.getpid(), 9)"), (0.4, "sys.exit(0)")]
)
def test_where_the_process_ends_too_early_this_one_reads_the_file_again(
    tmp_path, two_cores, monkeypatch, share, ending
):
    monkeypatch.setattr(wire, "BATCH", 1)
    prefix = tmp_path / "prefix"
    pipe = sent(MIXED).getvalue()
    prefix.write_bytes(pipe[: int(len(pipe) * share)])
    program = (
        "import os, sys\n"
        f"sys.stdout.buffer.write(open({str(prefix)!r}, 'rb').read()); sys.stdout.flush()\n{ending}"
    )
    monkeypatch.setattr(ahead, "_PROGRAM", ("-S", "-c", program))
    desk = desk_of(tmp_path / "desk")
    given = desk.ingest(desk.file(MIXED, NAME))
    assert len(two_cores) == 1
    monkeypatch.setattr(ahead, "_cores", lambda: 1)
    plain = desk_of(tmp_path / "plain")
    assert plain.ingest(plain.file(MIXED, NAME)) == given
    assert desk.digest(with_files=True) == plain.digest(with_files=True)


@pytest.mark.parametrize("reason", ["no Python", "no module"])
def test_where_no_process_can_start_this_one_reads(tmp_path, two_cores, monkeypatch, reason):
    if reason == "no Python":
        monkeypatch.setattr(ahead.sys, "executable", str(tmp_path / "missing"))
    else:
        monkeypatch.setattr(ahead, "_PROGRAM", ("-S", "-c", "import sys; sys.exit(1)"))
    desk = desk_of(tmp_path / "desk")
    given = desk.ingest(MIXED)
    assert len(two_cores) == (reason == "no module")
    monkeypatch.setattr(ahead, "_cores", lambda: 1)
    alone = desk_of(tmp_path / "alone")
    assert alone.ingest(MIXED) == given
    assert alone.digest(with_files=True) == desk.digest(with_files=True)


def test_sums_beyond_64_bits_are_quarantined_whoever_reads(tmp_path, two_cores, monkeypatch):
    """The most that one amount may be, so often that a claim's adjustments and a payment's claims pass 2^64."""
    most = "9999999999999.99"
    many = ["CAS*CO" + f"*45*{most}*" * 6] * 3_300
    data = file_of(
        payment([[f"CLP*A0000001*1*{most}*{most}**12*P1", *many], GOOD], bank=100),
        payment([GOOD], trace="T0002", control="0002"),
    )
    expected = told(read_sets([data], NAME))
    sums = [one.expected for item in expected if isinstance(item, JudgedClaim) for one in item.imbalances]
    assert max(map(abs, sums)) > 1 << 64
    assert told(wire.receive_sets(sent(data), NAME)) == expected
    ahead_desk, alone = desk_of(tmp_path / "ahead"), desk_of(tmp_path / "alone")
    given = ahead_desk.ingest(data)
    assert next(one.outcome for file in given.files for one in file.payments) == "quarantined"
    monkeypatch.setattr(ahead, "_cores", lambda: 1)
    assert alone.ingest(data) == given
    assert alone.digest(with_files=True) == ahead_desk.digest(with_files=True)


def test_totals_beyond_64_bits_come_through_the_pipe():
    trailer = RemittanceTrailer(charge_total=1 << 64, paid_total=-(1 << 70))
    message = wire._decoder.decode(wire._encoder.encode([msgspec.Raw(wire._encoded(wire._Trailer(trailer)))]))
    assert isinstance(message[0], wire._Large)
    assert wire._large_decoder.decode(message[0].value) == wire._Trailer(trailer)


# -- its end ---------------------------------------------------------------------------------------------------------


def test_an_interrupt_here_ends_the_process(tmp_path, two_cores, monkeypatch):
    monkeypatch.setattr(ahead, "_PROGRAM", ("-S", "-c", "import time; time.sleep(60)"))
    kept = Kept("0" * 64, 10, new=True)
    (tmp_path / "file").write_bytes(MIXED)

    class Folder:
        def open(self, _sha256: str):
            return (tmp_path / "file").open("rb")

        def read(self, _sha256: str):
            yield MIXED

    def interrupted():
        with ahead.incoming_sets(Folder(), kept, NAME):
            (process,) = two_cores
            assert os.getsid(process.pid) == process.pid, "an interrupt of the terminal does not go to it"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (process,) = two_cores
    assert process.poll() is not None


def test_a_process_that_nobody_reads_any_more_ends(tmp_path):
    made = tmp_path / "made.835"
    write_835(made, 200, 1, seed=random.Random(1).randrange(9))
    with made.open("rb") as source:
        process = subprocess.Popen(
            [sys.executable, *ahead._PROGRAM], stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.stderr.close()


# -- where this process reads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["small", "one core", "no file"])
def test_no_process_where_it_does_not_pay_or_the_vault_has_no_open_file(two_cores, monkeypatch, reason):
    class Sealed:
        def open(self, _sha256: str):
            return io.BytesIO(MIXED)

        def read(self, _sha256: str):
            yield MIXED

    if reason == "small":
        monkeypatch.setattr(ahead, "LEAST_BYTES", len(MIXED) + 1)
    if reason == "one core":
        monkeypatch.setattr(ahead, "_cores", lambda: 1)
    kept = Kept("0" * 64, len(MIXED), new=True)
    with ahead.incoming_sets(Sealed(), kept, NAME) as sets:
        assert told(sets) == told(read_sets([MIXED], NAME))
    assert two_cores == []
