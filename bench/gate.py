"""The conformance gate on two cores against one process; medians of interleaved runs.

    python bench/gate.py [--claims 2400] [--sets 8] [--runs 5]

Both are measured by the clock, because CPU time does not show what two processes share out; so the machine must be
otherwise idle, and ``load`` says whether it was. The workers' CPU time is printed beside it: if it is no more than one
process needs, the work was divided and not repeated. Workers are started before the first run, as in a job of several
files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.write_837p import CREATED, PARTNER, SUBMITTER, claim
from cli.conformance_pool import ConformancePool
from edi.transactions import t837p
from edi.x12 import conformance

LIMIT = 1.2
"""At most so many times half the time of one process."""


def file_of(claims: int, sets: int) -> bytes:
    rng = random.Random(11)
    made = [claim(rng, number) for number in range(claims)]
    size = -(-claims // sets)
    return t837p.write(
        [(f"{place + 1:04d}", made[place * size : (place + 1) * size]) for place in range(sets)],
        submitter=SUBMITTER,
        partner=PARTNER,
        interchange_control_number=1,
        group_control_number=1,
        created=CREATED,
    ).data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=2400)
    parser.add_argument("--sets", type=int, default=8)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    data = file_of(options.claims, options.sets)
    alone: list[float] = []
    alone_clock: list[float] = []
    clock: list[float] = []
    with ConformancePool(2) as pool:
        assert pool.check(data).passed
        for _ in range(options.runs):
            start, cpu = time.perf_counter(), time.process_time()
            assert conformance.check_bytes(data).passed
            alone.append(time.process_time() - cpu)
            alone_clock.append(time.perf_counter() - start)
            start = time.perf_counter()
            assert pool.check(data).passed
            clock.append(time.perf_counter() - start)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    one, two = statistics.median(alone_clock), statistics.median(clock)
    ratio = two / (one / 2)
    met = ratio <= LIMIT
    print(
        json.dumps(
            {
                "measure": "pyx12 gate on two cores",
                "claims_per_second_alone": round(options.claims / statistics.median(alone)),
                "seconds_alone": round(one, 2),
                "seconds_two_workers": round(two, 2),
                "cpu_seconds_of_workers_all_runs": round(children.ru_utime + children.ru_stime, 2),
                "load": round(os.getloadavg()[0], 1),
                "ratio_to_half": round(ratio, 2),
                "wanted": f"<= {LIMIT}",
                "met": met,
            }
        )
    )
    sys.exit(not met)


if __name__ == "__main__":
    main()
