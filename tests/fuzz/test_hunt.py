"""Ten minutes of broken files for every reader, and proof that the hunt sees what it is looking for."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edi.model.errors import InputError
from tests.fuzz.hunt import Hunt, attempt, every_reader, smaller
from tests.fuzz.mutators import LARGEST, counted, mutated
from tests.fuzz.readers import NeitherReadNorRefusedError, Reader, archive_of, readers, transaction_readers
from tests.fuzz.seeds import seeds_of
from tests.fuzz.stores import Broken
from tests.jobs.acks import functional_answer
from tests.jobs.broken_claims import file_of_two
from tests.remits import claim, file_of, line, payment

SECONDS = float(os.environ.get("FUZZ_SECONDS", "600"))
"""Of hunting in all; each process has its part of it."""
PROCESSES = 2
PAID = file_of(payment([claim("A0000001", line("97110", 5000, 4000))]))


# -- the run -----------------------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.timeout(2400)
def test_ten_minutes_of_broken_files(tmp_path, seed, corpus_dir):
    """`FUZZ_SECONDS` is how long; every reader has its share, and each failure is left as a file with its seed."""
    out = Path(os.environ.get("FUZZ_OUT", str(tmp_path / "failures")))
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.hunt",
        "--seconds",
        str(SECONDS / PROCESSES),
        "--out",
        str(out),
    ]
    workers = [
        subprocess.Popen(
            [*command, "--corpus", str(corpus_dir), "--seed", str(seed + place)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        for place in range(PROCESSES)
    ]
    told = [worker.communicate()[0] for worker in workers]
    results = [json.loads(text.splitlines()[-1]) for text in told]
    print("\n".join(_figures(results)))
    assert [path for result in results for path in result["failures"]] == [], "\n".join(told)
    assert all(worker.returncode == 0 for worker in workers)
    tried = {name: sum(one["readers"][name]["inputs"] for one in results) for name in every_reader()}
    assert min(tried.values()) > SECONDS / 60, tried


def _figures(results: list[dict]) -> list[str]:
    lines = [f"{'reader':20} {'inputs':>8} {'a CPU second':>12} {'kept':>6} {'slowest':>8} {'MB':>5}"]
    for name in results[0]["readers"]:
        tallies = [one["readers"][name] for one in results]
        inputs, seconds = (sum(one[field] for one in tallies) for field in ("inputs", "seconds"))
        slowest, megabytes = (max(one[field] for one in tallies) for field in ("slowest", "megabytes"))
        kept = sum(one["kept"] for one in tallies)
        rate = inputs / max(seconds, 0.001)
        lines.append(f"{name:20} {inputs:8} {rate:12.0f} {kept:6} {slowest:8.2f} {megabytes:5.0f}")
    return lines


# -- what it looks for -------------------------------------------------------------------------------------------------


def reader(read, **more) -> Reader:
    return Reader(name="planted", read=read, seeds=("835",), **more)


def crashes(data, _folder):
    if b"SVC" in data:
        raise KeyError("SVC")
    return {"read"}


def hangs(data, _folder):
    while b"SVC" in data:
        pass
    return {"read"}


def sleeps(data, _folder):
    """A wait costs no CPU, so it is none of the reader's time."""
    time.sleep(0.05)
    return {"read"}


def swells(data, _folder):
    return {str(len(bytearray(300 << 20)))} if b"SVC" in data else {"read"}


def is_silent(data, _folder):
    return set() if b"SVC" in data else {"read"}


def refuses(_data, _folder):
    raise InputError("not this one")


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        (crashes, "exception"),
        (hangs, "slow"),
        (swells, "memory"),
        (is_silent, "silent"),
        (refuses, "exception"),
    ],
)
def test_what_is_wrong_is_seen_and_what_is_not_is_not(tmp_path, planted, kind):
    assert attempt(reader(planted), PAID, tmp_path).failure.kind == kind
    if planted is not refuses:
        assert attempt(reader(planted), b"ISA", tmp_path).failure is None


def test_a_wait_is_no_hang_and_a_refusal_of_the_contract_no_failure(tmp_path):
    assert attempt(reader(sleeps), PAID, tmp_path).failure is None
    assert attempt(reader(refuses, refusals=(InputError,)), PAID, tmp_path).features == {"InputError"}


def test_a_failure_is_made_small_and_written_down(tmp_path):
    hunt = Hunt([reader(crashes)], None, tmp_path / "out", 1)
    hunt.run(0.3, lambda _text: None)
    (path,) = hunt.failures.values()
    assert path.read_bytes() == b"SVC"
    told = path.with_suffix(".txt").read_text()
    assert "reader: planted" in told
    assert "seed: 1" in told
    assert "KeyError" in told


def test_only_what_the_failure_needs_is_left(tmp_path):
    failure = attempt(reader(crashes), PAID, tmp_path).failure
    assert smaller(reader(crashes), PAID, failure, tmp_path) == b"SVC"


def test_the_input_that_broke_a_store_is_found_among_those_before_it(tmp_path, monkeypatch):
    """`verify` runs every few inputs: the one to blame is not the last."""

    def take(desk, path):
        if path.read_bytes() == b"bad":
            desk.sql("UPDATE claim SET charge = charge + 1")
        yield "taken"

    monkeypatch.setattr("tests.fuzz.stores._INPUTS_A_VERIFY", 3)
    store = Broken(take, ".835")
    assert store.read(b"good", tmp_path) == {"taken"}
    store.read(b"bad", tmp_path)
    with pytest.raises(NeitherReadNorRefusedError) as raised:
        store.read(b"also good", tmp_path)
    assert raised.value.data == b"bad"


# -- mutators, seeds, registry -----------------------------------------------------------------------------------------


def test_the_same_chance_breaks_a_file_the_same_way():
    made = [[mutated(PAID, [PAID], random.Random(number)) for number in range(200)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 150
    assert max(map(len, made[0])) <= LARGEST


def test_counts_are_made_right():
    broken = PAID.replace(b"SVC*", b"SVC*HC~SVC*", 1)
    assert counted(PAID) == PAID
    (before,), (after,) = (
        [one for one in data.split(b"~") if one.strip().startswith(b"SE*")]
        for data in (broken, counted(broken))
    )
    assert int(after.split(b"*")[1]) == int(before.split(b"*")[1]) + 1


def test_every_reader_has_inputs_and_reads_them(tmp_path):
    for name, one in readers().items():
        inputs = [data for kind in one.seeds for data in seeds_of(kind, None)]
        assert inputs, name
        for data in inputs[:3]:
            assert attempt(one, data, tmp_path).failure is None, name


def test_every_reader_of_transaction_sets_is_hunted():
    """A module of edi.transactions that has a ``read`` is among the readers as soon as it is there."""
    assert {"t270", "t271", "t277ca", "t835", "t837p", "t999", "ta1"} <= set(transaction_readers())
    assert set(transaction_readers()) <= set(readers())


# -- what the hunt has found, mended -----------------------------------------------------------------------------------

HEAD = PAID[:106]
EMPTY_SETS = {kind: HEAD + f"ST*{kind}*0001~".encode() for kind in ("270", "271", "277", "276")}
LONG = "9" * 5_000
MENDED = [
    ("t270", EMPTY_SETS["270"], "ENV022"),
    ("t271", EMPTY_SETS["271"], "ENV022"),
    ("t277ca", EMPTY_SETS["277"], "ENV022"),
    ("t276", EMPTY_SETS["276"], "ENV022"),
    ("report", b"\n" * 30_000 + b"x", "reportTrue"),
    ("sessions", b"," * 60_000 + b"a\n", "INP005"),
    ("patients", b"patient_id," + b"," * 3_000 + b"a\n1\n", "INP005"),
    ("fees", b"kind,code,basis,amount,from," + b"x" * 70_000 + b"\n", "INP004"),
    ("fees", b"kind,code,basis,amount,from\n,,,41111111111111,\n", "INP024"),
    ("fees", "kind,code,basis,amount,from\n,,,１２,\n".encode(), "INP024"),
    ("deposits", b"deposit_date,amount\n2026-03-20,11111111111111111\n", "INP024"),
    ("payments", b"kind,date,amount,adjustments\npatient,2026-03-20,1,CO-45=" + b"1" * 20 + b"\n", "PAY003"),
    ("payments", b"kind,date,amount,units\npatient,2026-03-20,1\n", "RefusedRow"),
    ("payments", f"[[payment]]\nunits = {LONG}\n".encode(), "PAY004"),
    ("payments", b"[[payment]]\nx = " + b"[" * 20_000, "PAY004"),
    ("scenario", f"a = {LONG}\n".encode(), "UsageError"),
    ("claimloop.toml", f"a = {LONG}\n".encode(), "SettingsError"),
    ("claimloop.toml", b"a = " + b"[" * 20_000, "SettingsError"),
    ("redact", HEAD + b"ST*835*1~N3*" + b"A" * 60_000 + b"~SE*3*1~", "copied"),
    ("archive", archive_of({"a.835": PAID}).replace(b"PK\x03\x04", b"PK\x03", 1), "no archive"),
    ("archive", archive_of({"ok/a\\b.835": PAID}), "member"),
    ("redact", b"ISA" + b"*" * 16 + b"~ST~", "copied"),
    ("t837p", b"ISA" + PAID[3:106] + b"ST*837*1~CLM*A1*1~LX*1~SV1*HC:97110*1*UN*1***" + LONG.encode() + b"~SE*" + LONG.encode() + b"*1~", "Claim"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "shown"), MENDED)
def test_what_the_hunt_found_is_mended(tmp_path, name, data, shown):
    tried = attempt(readers()[name], data, tmp_path)
    assert tried.failure is None
    assert shown in tried.features


def test_a_member_whose_place_in_the_archive_is_wrong_is_damaged(tmp_path):
    """Its own header lies before the beginning of the file: the library seeks below zero."""
    data = archive_of({"a.835": PAID, "b.txt": b"text"})
    cut = data[:4] + data[60:]
    assert attempt(readers()["archive"], cut, tmp_path).features == {"it is damaged"}


@pytest.mark.parametrize(
    "data",
    [
        PAID.replace(b"SVC*", b"LX*2~SVC*", 1),  # a line that no claim owns, told by RMT007
        b"ISA*00* *00* *ZZ*PAYER 101*0*P*:~" + PAID[PAID.index(b"GS*") :],  # separators are guessed
        PAID[PAID.index(b"ST*") : PAID.index(b"GE*")].replace(b":", b"|").replace(b"*", b":"),
        PAID.replace(b"~\n", b"\r\n").replace(b"*1**50", b"*1*\r*50"),
        re.sub(rb"\b20\d{6}\b", b"99991231", PAID),
        re.sub(rb"\b20\d{6}\b", b"00010101", PAID),
    ],
    ids=[
        "a line without a claim",
        "an ISA that cannot be read",
        "no ISA",
        "a stray line break",
        "the last day",
        "the first day",
    ],
)
def test_verify_holds_after_a_garbled_remittance(tmp_path, data):
    assert attempt(every_reader()["ingest"], counted(data), tmp_path, alone=True).failure is None


def test_an_acknowledgment_that_says_nothing_is_refused_with_a_finding(tmp_path):
    data = functional_answer().replace(b"AK", b"XX").replace(b"IK5", b"XX5")
    tried = attempt(every_reader()["ingest"], EMPTY_SETS["277"], tmp_path, alone=True)
    assert {"ENV022", "277rejected"} <= tried.features
    assert "ACK002" in attempt(every_reader()["ingest"], data, tmp_path, alone=True).features


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("deposits import", b"deposit_date,amount\n9999-12-31,5\n"),
        ("deposits import", "deposit_date\u2028,amount,bank_reference\n2026-03-20,100.00,R1\n".encode()),
        (
            "deposits import",
            b'deposit_date,amount,bank_reference\n2026-03-19,1,a"b\n2026-03-20,",}2\n2026-03-21,"1,250.10",R3\n',
        ),
        ("claims import", file_of_two().replace("***1~", f"***{'9' * 30}~").encode()),
    ],
)
def test_verify_holds_after_odd_rows(tmp_path, name, data):
    assert attempt(every_reader()[name], data, tmp_path, alone=True).failure is None
