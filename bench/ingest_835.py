"""Ingest of one large 835 end to end: parse, balance, match, post, categorise, store. Seconds and peak memory.

    python bench/ingest_835.py [--claims 100000] [--sets 1] [--runs 1] [--folder DIR]

The store is filled first with the claims that the 835 answers (2.5 lines each); REF*6R is then taken out of every other
claim payment, so half of the lines are found by code, date and charge. Each run is a process of its own on a fresh
copy of that store, in turns with oxedi.parse_file on the same file. Prints one JSON document.

The target, at most 10 times oxedi.parse_file and under 300 MB, is judged on elapsed seconds: a large file is read ahead by
a second process where there is a second core (`cli.jobs.reading`). CPU seconds of both processes together, and their
ratio, are told beside it: the work is not less, it is done at the same time. So judge on an otherwise idle machine. The
megabytes are the peaks of both processes added up, though they need not fall together.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import multiprocessing.process
import os
import queue
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from bench import generate_835, read_835
from cli.jobs.ingest import ingest
from edi.codes.lookup import load_tables
from edi.model.claim import Claim, ClaimPayer, Person, Provider, ServiceLine, Subscriber
from edi.model.directory import Practice
from edi.model.remittance import ClaimPayment
from edi.transactions import t835
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store import ClaimOrigin, open_store, read_blocks, register_practices, save_claims

NPI = "1234567893"
PRACTICE = Practice(id="bench", name="EXAMPLE THERAPY", npi=NPI, tax_id="123456789")
BILLING = Provider(is_person=False, last_name="EXAMPLE THERAPY", npi=NPI, tax_id="123456789")
PAYER = ClaimPayer(name="EXAMPLE HEALTH PLAN", id="87726", key="example")
NOW = datetime(2024, 6, 3)
BLOCK = 20_000
TARGET_RATIO = 10
TARGET_MEGABYTES = 300


def submitted(payment: ClaimPayment) -> Claim:
    """The claim that a claim payment answers."""
    patient = payment.party("QC")
    person = (
        Person(last_name=patient.last_name or "", first_name=patient.first_name or "")
        if patient
        else Person()
    )
    lines = tuple(
        ServiceLine(
            number=number,
            procedure=line.procedure,
            charge=line.charge,
            units=line.units or "1",
            date_from=line.date_from,
            line_control_number=line.line_control_number or "",
        )
        for number, line in enumerate(payment.lines, 1)
    )
    return Claim(
        practice_id=PRACTICE.id,
        patient_control_number=payment.patient_control_number,
        charge=payment.charge,
        billing=BILLING,
        subscriber=Subscriber(person=person, member_id=payment.member_id or ""),
        payer=PAYER,
        lines=lines,
    )


def claims_of(path: Path) -> Iterator[Claim]:
    """The claims that an 835 answers."""
    for transaction in read_transactions(read_blocks(path)):
        if isinstance(transaction, TransactionSet):
            for value in t835.read(transaction):
                if isinstance(value, ClaimPayment):
                    yield submitted(value)


def strip_half(source: Path, target: Path) -> None:
    """Copy an 835 without the line control numbers of every other claim payment; SE01 follows."""
    claim = dropped = 0
    with source.open(encoding="ascii") as lines, target.open("w", encoding="ascii") as out:
        for line in lines:
            if line.startswith("ST*"):
                dropped = 0
            elif line.startswith("CLP*"):
                claim += 1
            elif line.startswith("REF*6R*") and claim % 2:
                dropped += 1
                continue
            elif line.startswith("SE*"):
                _, count, number = line.split("*")
                line = f"SE*{int(count) - dropped}*{number}"
            out.write(line)


def fill(url: str, vault: Path, path: Path) -> int:
    """Store the claims that the 835 answers; returns how many lines they have."""
    store = open_store(url, vault)
    lines = 0
    block: list[Claim] = []
    with store.write() as connection:
        register_practices(connection, [PRACTICE])
        for claim in claims_of(path):
            block.append(claim)
            lines += len(claim.lines)
            if len(block) == BLOCK:
                save_claims(connection, block, ClaimOrigin(source="created"))
                block = []
        save_claims(connection, block, ClaimOrigin(source="created"))
    store.close()
    return lines


def peak_megabytes(process: int | str = "self") -> int:
    """The most memory a process held. Not ``ru_maxrss``: Linux hands that of the parent on to what it starts."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return round(next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0) / 1024)


def started_by(parent: int) -> list[int]:
    """The processes that a process started and that run."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if int(path.read_text(encoding="ascii").rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return found


def watched(
    process: multiprocessing.process.BaseProcess, results: multiprocessing.Queue[dict[str, float]]
) -> dict[str, float]:
    """The figures of one run, and the peak of the process that it started, looked at from outside."""
    readers: list[int] = []
    most = 0
    while True:
        try:
            figures = results.get(timeout=0.25)
        except queue.Empty:
            if not process.is_alive():
                raise SystemExit("the ingest failed") from None
            readers = readers or started_by(process.pid or 0)
            for reader in readers:
                with contextlib.suppress(OSError):
                    most = max(most, peak_megabytes(reader))
        else:
            return figures | {
                "reader_megabytes": most,
                "both_megabytes": figures["peak_megabytes"] + most,
            }


def measure(url: str, vault: Path, path: Path, results: multiprocessing.Queue[dict[str, float]]) -> None:
    """One ingest, in a process of its own."""
    tables = load_tables()
    before, wall = os.times(), time.perf_counter()
    store = open_store(url, vault)
    manifest = ingest([path], store, tables=tables, payers={}, now=NOW)
    store.close()
    after = os.times()
    payment = manifest.totals
    assert payment.posted, payment
    assert payment.lines == payment.lines_matched, payment
    results.put(
        {
            "elapsed_seconds": round(time.perf_counter() - wall, 2),
            "cpu_seconds": round(sum(after[:4]) - sum(before[:4]), 2),
            "cpu_of_reader": round(sum(after[2:4]) - sum(before[2:4]), 2),
            "peak_megabytes": peak_megabytes(),
            "lines_matched": payment.lines_matched,
            "denials": payment.denials,
        }
    )


def run(claims: int, sets: int, runs: int, folder: Path) -> dict[str, object]:
    """Fill a store, then ingest `runs` times on copies of it."""
    whole, half = folder / "whole.835", folder / "half.835"
    generate_835.write(whole, claims, sets, seed=7)
    strip_half(whole, half)
    filled = folder / "filled.db"
    lines = fill(f"sqlite:///{filled}", folder / "vault", whole)
    context = multiprocessing.get_context("spawn")
    measured = []
    peer = []
    for number in range(runs):
        peer.append(read_835.measure("oxedi", half))
        copy = folder / f"run{number}.db"
        shutil.copy(filled, copy)
        results: multiprocessing.Queue[dict[str, float]] = context.Queue()
        process = context.Process(
            target=measure, args=(f"sqlite:///{copy}", folder / f"vault{number}", half, results)
        )
        process.start()
        measured.append(watched(process, results))
        process.join()
        copy.unlink()

    def median(name: str, figures: list[dict[str, float]]) -> float:
        return round(statistics.median(one[name] for one in figures), 2)

    ours, theirs = median("elapsed_seconds", measured), median("elapsed", peer)
    cpu, their_cpu = median("cpu_seconds", measured), median("seconds", peer)
    most = max(one["both_megabytes"] for one in measured)
    return {
        "claims": claims,
        "sets": sets,
        "stored_lines": lines,
        "elapsed_seconds": ours,
        "oxedi_elapsed_seconds": theirs,
        "ratio_elapsed": round(ours / theirs, 1),
        "ratio_of_each_run": [
            round(one["elapsed_seconds"] / other["elapsed"], 1)
            for one, other in zip(measured, peer, strict=True)
        ],
        "cpu_seconds": cpu,
        "oxedi_cpu_seconds": their_cpu,
        "ratio_cpu": round(cpu / their_cpu, 1),
        "both_megabytes": most,
        "wanted": f"elapsed at most {TARGET_RATIO} times oxedi's, under {TARGET_MEGABYTES} MB",
        "runs": measured,
        "load": round(os.getloadavg()[0], 1),
        "met": ours <= TARGET_RATIO * theirs and most < TARGET_MEGABYTES,
        "measured_on": date.today().isoformat(),
    }


def main() -> None:
    """Parse the command line and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--sets", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        figures = run(options.claims, options.sets, options.runs, options.folder)
    else:
        with tempfile.TemporaryDirectory(prefix="claimloop-bench-") as name:
            figures = run(options.claims, options.sets, options.runs, Path(name))
    print(json.dumps(figures, indent=2))
    sys.exit(0 if figures["met"] else 1)


if __name__ == "__main__":
    main()
