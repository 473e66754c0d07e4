"""Every measurement of bench/RESULTS.md, one after the other: `make bench`.

Each script takes turns with its peer in one run and prints medians, its target and whether it was met. The machine
should be otherwise idle. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = (
    ("bench/read_835.py", "--runs", "5"),
    ("bench/ingest_835.py", "--runs", "5"),
    ("bench/write_837p.py", "--runs", "5"),
    ("bench/conformance.py", "--runs", "5"),
    ("bench/scrub.py",),
    ("bench/month.py",),
    ("bench/reports.py",),
)


def main() -> None:
    missed = []
    for script, *options in SCRIPTS:
        print(f"== {script}", flush=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, str(ROOT / script), *options, *sys.argv[1:]], env=environment, check=False
        )
        if done.returncode:
            missed.append(script)
    print(f"missed: {', '.join(missed)}" if missed else "every target met")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
