"""A practice's month: 20,000 session lines in, 837P files out, by `claims create`; CPU time.

    python bench/month.py [--lines 20000] [--no-pyx12]

Without the second opinion its time is set against the floor of writing alone (t837p.write of the same claims). With
it, the CPU time is set against half of plain pyx12's own on the same files, which is what two free cores would need
for pyx12 alone at best; the gate's share is the difference between the two runs. A second run must send nothing. The
clock is printed beside it, and says something only where ``load`` says that the machine was idle.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cli.jobs.create_claims import CreateRequest, CreateResult, create_claims
from cli.jobs.scrub.check import CheckRequest, check
from cli.settings import Settings, load_settings
from edi.model.claim import Claim
from edi.transactions import t837p
from edi.x12 import conformance
from fixtures.practice import AS_OF, write_practice
from reconcile.store import open_store

NOW = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12)
LIMIT = 1.2
"""At most so many times half of plain pyx12's own time."""
CORES = 2


def create(folder: Path, *, second_opinion: bool, name: str) -> tuple[CreateResult, float, float]:
    """Run the job on a store of its own; its result, CPU seconds and the clock."""
    settings = load_settings(
        folder / "claimloop.toml", environment={}, database=f"sqlite:///{folder / name}.db"
    )
    store = open_store(settings.store.database, folder / f"{name}-vault")
    request = CreateRequest(
        sessions=(folder / "sessions.csv",),
        folder=folder / f"{name}-out",
        now=NOW,
        second_opinion=second_opinion,
    )
    gc.collect()
    before, clock = time.process_time(), time.perf_counter()
    try:
        result = create_claims(request, settings, store)
    finally:
        store.close()
    return result, time.process_time() - before, time.perf_counter() - clock


def numbered(claims: list[Claim]) -> list[Claim]:
    replace = msgspec.structs.replace
    return [
        replace(
            one,
            patient_control_number=f"C{number:08d}",
            lines=tuple(
                replace(line, line_control_number=f"L{number:07d}{line.number}") for line in one.lines
            ),
        )
        for number, one in enumerate(claims)
    ]


def writing_alone(folder: Path, settings: Settings) -> float:
    """CPU seconds of writing the clean claims into one file."""
    request = CheckRequest(sessions=(folder / "sessions.csv",), today=AS_OF)
    claims = numbered([one.claim for one in check(request, settings, None).clean])
    directory = settings.need_directory()
    gc.collect()
    start = time.process_time()
    t837p.write(
        [(f"{place:04d}", claims[at : at + 500]) for place, at in enumerate(range(0, len(claims), 500), 1)],
        submitter=directory.submitter,
        partner=next(iter(directory.trading_partners.values())),
        interchange_control_number=1,
        group_control_number=1,
        created=NOW,
    )
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--no-pyx12", action="store_true", help="leave out the runs with the second opinion")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = write_practice(folder, options.lines)
        floor = writing_alone(folder, load_settings(folder / "claimloop.toml", environment={}))
        plain, without, clock = create(folder, second_opinion=False, name="plain")
        again, again_cpu, _ = create(folder, second_opinion=False, name="plain")
        assert (again.claims, again.files) == (0, ()), "the second run sends nothing"
        told = {
            "measure": "a month of session lines to 837P files",
            "lines": lines,
            "claims": plain.claims,
            "files": len(plain.files),
            "cpu_seconds_without_pyx12": round(without, 2),
            "clock_seconds_without_pyx12": round(clock, 2),
            "cpu_seconds_writing_alone": round(floor, 2),
            "ratio_to_writing_alone": round(without / floor, 1),
            "cpu_seconds_second_run": round(again_cpu, 2),
            "load": round(os.getloadavg()[0], 1),
        }
        met = True
        if not options.no_pyx12:
            files = [Path(one.path).read_bytes() for one in plain.files]
            start = time.process_time()
            for data in files:
                assert conformance.check_bytes(data, engine="pyx12").passed
            alone = time.process_time() - start
            start = time.process_time()
            for data in files:
                assert conformance.check_bytes(data).passed
            gate = time.process_time() - start
            judged, whole, clock = create(folder, second_opinion=True, name="judged")
            assert judged.claims == plain.claims
            ratio = whole / (alone / CORES)
            met = ratio <= LIMIT
            told |= {
                "cpu_seconds_pyx12_alone": round(alone, 2),
                "cpu_seconds_gate": round(gate, 2),
                "cpu_seconds_with_the_gate": round(whole, 2),
                "clock_seconds_with_the_gate": round(clock, 2),
                "share_of_the_gate": round(gate / whole, 3),
                "share_were_it_plain_pyx12": round(alone / (without + alone), 3),
                "ratio_to_half_of_pyx12": round(ratio, 2),
                "wanted": f"<= {LIMIT}",
                "met": met,
            }
    print(json.dumps(told))
    sys.exit(not met)


if __name__ == "__main__":
    main()
