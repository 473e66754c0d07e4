"""The conformance gate on two cores against one process; medians of interleaved runs, CPU time.

    python bench/gate.py [--claims 2400] [--sets 8] [--runs 5]

What two free cores need is the parent's CPU time (cutting, joining) plus that of the slower worker; both are measured
as the pool does them, so that neighbours on the machine do not count. The clock of the real pool is printed beside it,
and says something only where ``load`` says that the machine was idle. Workers are started before the first run, as in
a job of several files.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.write_837p import CREATED, PARTNER, SUBMITTER, claim
from cli.conformance_pool import ConformancePool, cut
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


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def divided_cpu(data: bytes) -> tuple[float, ...]:
    """CPU seconds of the parent and of each of two workers, with what passes between them."""
    start = time.process_time()
    shards = cut(data, 2)
    assert shards is not None
    sent = [pickle.dumps(shard.data) for shard in shards]
    parent = time.process_time() - start
    workers, answers = [], []
    for message in sent:
        start = time.process_time()
        answers.append(pickle.dumps(conformance.check(pickle.loads(message))))
        workers.append(time.process_time() - start)
    start = time.process_time()
    assert conformance.verdict_of(conformance.merge([pickle.loads(answer) for answer in answers])).passed
    return (parent + time.process_time() - start, *workers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=2400)
    parser.add_argument("--sets", type=int, default=8)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    data = file_of(options.claims, options.sets)
    alone: list[float] = []
    divided: list[tuple[float, ...]] = []
    clocks: dict[str, list[float]] = {"alone": [], "pool": []}
    with ConformancePool(2) as pool:
        assert pool.check(data).passed
        for _ in range(options.runs):
            start = time.perf_counter()
            alone.append(cpu(lambda: conformance.check_bytes(data)))
            clocks["alone"].append(time.perf_counter() - start)
            divided.append(divided_cpu(data))
            start = time.perf_counter()
            assert pool.check(data).passed
            clocks["pool"].append(time.perf_counter() - start)
    one = statistics.median(alone)
    parent, *workers = [statistics.median(column) for column in zip(*divided, strict=True)]
    two = parent + max(workers)
    ratio = two / (one / 2)
    met = ratio <= LIMIT
    print(
        json.dumps(
            {
                "measure": "pyx12 gate on two cores",
                "claims_per_second_alone": round(options.claims / one),
                "cpu_seconds_alone": round(one, 2),
                "cpu_seconds_two_workers": round(two, 2),
                "clock_seconds_alone": round(statistics.median(clocks["alone"]), 2),
                "clock_seconds_two_workers": round(statistics.median(clocks["pool"]), 2),
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
