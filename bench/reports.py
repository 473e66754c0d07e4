"""Every report over a store of 1,000,000 posted lines on SQLite: CPU seconds of the best of some runs.

    python bench/reports.py [--lines 1000000] [--runs 2] [--report NAME]

The store is made once and kept in bench/data under its size and the version of the schema. Each report is read as
`report NAME` reads it, first with all that is stored, then as of a day in the middle of the two years.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fixtures.report_store import build
from reconcile.reports.registry import REPORTS, Report, Scope, report
from reconcile.store import Store, open_store
from reconcile.store.schema import SCHEMA_VERSION

DATA = Path(__file__).resolve().parent / "data"
TARGET = 2.0
"""Seconds for each report."""
SCOPES = {
    "all": Scope(today=date(2026, 11, 1)),
    "as of 2025-12-01": Scope(today=date(2025, 12, 1), as_of=date(2025, 12, 1)),
}
COSTLY = {"denials": ("category", "payer", "code", "therapist", "month")}
"""Groupings that take another path each; of the other reports the first stands for all."""


def measured(store: Store, one: Report, by: str, scope: Scope, runs: int) -> float:
    """CPU seconds of the fastest of some runs."""
    took = []
    for _ in range(runs):
        with store.read() as connection:
            begin = time.process_time()
            one.read(connection, scope, by)
            took.append(time.process_time() - begin)
    return min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--report", help="only this one")
    options = parser.parse_args()
    DATA.mkdir(parents=True, exist_ok=True)
    path = DATA / f"reports-{options.lines}-{SCHEMA_VERSION}.db"
    if not path.exists():
        print(f"making a store of {options.lines:,} posted lines", flush=True)
        build(path, options.lines)
    store = open_store(f"sqlite:///{path}", path.with_suffix(".vault"), read_only=True)
    missed = []
    for name in [options.report] if options.report else REPORTS:
        one = report(name)
        if one.needs_contract:
            continue
        for by in COSTLY.get(name, (one.grouping(None),)):
            for words, scope in SCOPES.items():
                took = measured(store, one, by, scope, options.runs)
                print(f"{took:7.2f} s  {name} {by} ({words})", flush=True)
                if took > TARGET:
                    missed.append(f"{name} {by} ({words})".replace("  ", " "))
    store.close()
    print(f"aim {TARGET:.0f} s each: " + (f"missed by {', '.join(missed)}" if missed else "met"))
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
