"""The conformance gate: the fast engine against plain pyx12 with cached maps, in one process; medians of CPU time.

    python bench/conformance.py [--claims 4000] [--plain 400] [--runs 5]

Both give the same errors, which is asserted on every file before the clock starts. pyx12 judges a smaller file of the
same shape, in turns with ours, and rates are by claim. The cold figure is a process of its own, from its start to the
verdict on 10,000 claims; the memory figure another one that judges a file of 50 megabytes from disk.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import generate_835
from bench.write_837p import CREATED, PARTNER, SUBMITTER, claim
from edi.transactions import t837p
from edi.x12.conformance import fast, plain

WANTED = {
    "clean 837P": 40,
    "clean 835": 30,
    "837P, 1 bad claim in 100": 30,
    "837P, an error in every claim": 0,
}
COLD_CLAIMS = 10_000
COLD_WANTED = 20
LARGE = 50_000_000
LARGE_WANTED = 150
_SET = 500
_COLD = "import sys; from edi.x12 import conformance as c; assert c.check_bytes(open(sys.argv[1], 'rb').read()).passed"


def claims_file(claims: int) -> bytes:
    """A clean 837P of claims like those of `bench.write_837p`."""
    rng = random.Random(11)
    made = [claim(rng, number) for number in range(claims)]
    sets = [made[at : at + _SET] for at in range(0, claims, _SET)]
    return t837p.write(
        [(f"{place:04d}", one) for place, one in enumerate(sets, 1)],
        submitter=SUBMITTER,
        partner=PARTNER,
        interchange_control_number=1,
        group_control_number=1,
        created=CREATED,
    ).data


def with_errors(data: bytes, every: int) -> bytes:
    """The file with the LX of each so many claims wrong, or, of each claim, a date."""
    parts = data.split(b"\nCLM*")
    for at in range(1, len(parts), every):
        parts[at] = (
            parts[at].replace(b"\nLX*1~", b"\nLX*7~", 1)
            if every > 1
            else parts[at].replace(b"DTP*472*D8*2026", b"DTP*472*D8*2O26", 1)
        )
    return b"\nCLM*".join(parts)


def payments_file(claims: int, folder: Path) -> bytes:
    """A clean 835."""
    path = folder / f"{claims}.835"
    generate_835.write(path, claims, max(1, claims // 2500), seed=7)
    return path.read_bytes()


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def turns(small: bytes, few: int, large: bytes, many: int, runs: int) -> dict[str, float]:
    """Claims a second of both engines in turns, and how many times pyx12's ours are."""
    assert fast.check(small) == plain.check(small)
    slow, quick = [], []
    for _ in range(runs):
        slow.append(cpu(lambda: plain.check(small)))
        quick.append(cpu(lambda: fast.check(large)))
    pyx12, ours = few / statistics.median(slow), many / statistics.median(quick)
    return {
        "pyx12_claims_a_second": round(pyx12),
        "claims_a_second": round(ours),
        "ratio": round(ours / pyx12, 1),
    }


def cold(folder: Path, runs: int) -> float:
    """CPU seconds of a process from its start to the verdict on ten thousand claims."""
    path = folder / "cold.837"
    path.write_bytes(claims_file(COLD_CLAIMS))
    taken = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", _COLD, str(path)], check=True, cwd=Path(__file__).parents[1])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(taken)


def memory(folder: Path) -> int:
    """Peak megabytes of a process that judges a file of fifty megabytes while it reads it."""
    path = folder / "large.835"
    claims = 75_000
    generate_835.write(path, claims, 30, seed=7)
    while path.stat().st_size < LARGE:
        claims += 5_000
        generate_835.write(path, claims, 30, seed=7)
    code = (
        "import resource, sys; from edi.x12 import conformance as c; "
        "f = open(sys.argv[1], 'rb'); j = c.judge(iter(lambda: f.read(65536), b'')); assert not list(j) and j.passed; "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    return int(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=4000)
    parser.add_argument("--plain", type=int, default=400)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    few, many, runs = options.plain, options.claims, options.runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = claims_file(few), claims_file(many)
        pairs = {
            "clean 837P": (small, large),
            "clean 835": (payments_file(few, folder), payments_file(many, folder)),
            "837P, 1 bad claim in 100": (with_errors(small, 100), with_errors(large, 100)),
            "837P, an error in every claim": (with_errors(small, 1), with_errors(large, 1)),
        }
        figures = {what: turns(one, few, other, many, runs) for what, (one, other) in pairs.items()}
        cold_seconds = cold(folder, runs)
        megabytes = memory(folder)
    cold_ratio = COLD_CLAIMS / cold_seconds / figures["clean 837P"]["pyx12_claims_a_second"]
    met = (
        all(figures[what]["ratio"] >= wanted for what, wanted in WANTED.items())
        and cold_ratio >= COLD_WANTED
        and megabytes < LARGE_WANTED
    )
    print(
        json.dumps(
            {
                "measure": "conformance by the fast engine against plain pyx12",
                **figures,
                "cold_cpu_seconds": round(cold_seconds, 2),
                "cold_ratio": round(cold_ratio, 1),
                "megabytes_for_50_mb": megabytes,
                "wanted": {**WANTED, "cold": COLD_WANTED, "megabytes": f"< {LARGE_WANTED}"},
                "met": met,
            }
        )
    )
    sys.exit(not met)


if __name__ == "__main__":
    main()
