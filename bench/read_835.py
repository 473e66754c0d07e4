"""Reading an 835 of 100,000 claims against oxedi.parse_file: CPU seconds, and the peak of memory.

    python bench/read_835.py [--claims 100000] [--runs 5] [--data FOLDER]

Two layouts: one transaction set, and a thousand. Every run is a process of its own, the two readers take turns, and
the medians count. Needs oxedi (`make bench` installs it). Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

READERS = ("oxedi", "claimloop")
LAYOUTS = {"one set": 1, "1,000 sets": 1000}
TARGET_RATIO = 2.0
TARGET_MEMORY = 300
"""MiB."""


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 16):
            yield chunk


def read_with_claimloop(path: Path) -> tuple[int, int]:
    """Read every value of the file, keeping none; returns claims and lines."""
    from edi.model.finding import Finding
    from edi.model.remittance import RemittanceTrailer
    from edi.transactions import t835
    from edi.x12.envelope import read_transactions

    claims = lines = 0
    for item in read_transactions(chunks(path)):
        if isinstance(item, Finding):
            raise SystemExit(f"unexpected finding {item.code}")
        for value in t835.read(item):
            if isinstance(value, RemittanceTrailer):
                claims += value.claims
                lines += value.lines
            elif isinstance(value, Finding):
                raise SystemExit(f"unexpected finding {value.code}")
    return claims, lines


def read_with_oxedi(path: Path) -> tuple[int, int]:
    """Parse the file into oxedi's tables; it is asked for nothing more."""
    import oxedi

    result = oxedi.parse_file(str(path))
    if result.diagnostics:
        raise SystemExit("oxedi found something wrong with the file")
    return 0, 0


def child(reader: str, path: Path) -> None:
    """One measured run, as JSON on stdout; imports are not part of it."""
    run: Callable[[Path], tuple[int, int]]
    if reader == "oxedi":
        import oxedi  # noqa: F401

        run = read_with_oxedi
    else:
        run = read_with_claimloop
    start, began = time.process_time(), time.perf_counter()
    claims, lines = run(path)
    seconds, elapsed = time.process_time() - start, time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = {"seconds": seconds, "elapsed": elapsed, "memory": memory, "claims": claims, "lines": lines}
    print(json.dumps(told))


def measure(reader: str, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", reader, str(path)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=dict(os.environ))
    result: dict[str, float] = json.loads(done.stdout)
    return result


def compare(name: str, path: Path, runs: int, claims: int) -> bool:
    """Run both readers in turns, print the medians; returns whether the targets are met."""
    results: dict[str, list[dict[str, float]]] = {reader: [] for reader in READERS}
    for _ in range(runs):
        for reader in READERS:
            results[reader].append(measure(reader, path))
    if {run["claims"] for run in results["claimloop"]} != {claims}:
        raise SystemExit("not every claim was read")
    seconds = {reader: statistics.median(run["seconds"] for run in results[reader]) for reader in READERS}
    memory = {reader: max(run["memory"] for run in results[reader]) for reader in READERS}
    ratio = seconds["claimloop"] / seconds["oxedi"]
    met = ratio <= TARGET_RATIO and memory["claimloop"] < TARGET_MEMORY
    print(
        f"{name:<12} claimloop {seconds['claimloop']:.2f} s, {memory['claimloop']} MiB; "
        f"oxedi {seconds['oxedi']:.2f} s, {memory['oxedi']} MiB; ratio {ratio:.2f} "
        f"(target {TARGET_RATIO:.1f}, {TARGET_MEMORY} MiB): {'met' if met else 'MISSED'}",
        flush=True,
    )
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--data", type=Path, default=ROOT / "bench" / "data")
    parser.add_argument("--child", nargs=2, metavar=("READER", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], Path(options.child[1]))
        return
    sys.path.insert(0, str(ROOT / "bench"))
    from generate_835 import write

    options.data.mkdir(parents=True, exist_ok=True)
    met = True
    for name, sets in LAYOUTS.items():
        path = options.data / f"{options.claims}-{sets}.835"
        if not path.exists():
            part = path.with_suffix(".part")
            count = write(part, options.claims, sets, seed=7)
            part.replace(path)
            print(f"{path.name}: {count} segments, {path.stat().st_size} bytes", flush=True)
        met = compare(name, path, options.runs, options.claims) and met
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
