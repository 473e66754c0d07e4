"""Scrub of 100,000 session lines with all rules and full tables, on one core; CPU time, and what each rule costs.

    python bench/scrub.py [--lines 100000] [--runs 1] [--profile]

Read, charge and judge as `claimloop scrub` does, without a store. The cost of a rule is the time of that rule alone
over the claims of the run, divided by the session lines; what rules share (a day's units) is paid by the first.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cli.jobs.scrub.check import Checked, CheckRequest, check
from cli.jobs.scrub.report import report_of
from cli.settings import Settings, load_settings
from edi.rules import RULES, RuleContext
from edi.rules.registry import KNOWN_CODES, plan_for
from fixtures.practice import AS_OF, write_practice

TARGET = 10_000
"""Session lines a second, read, charged and judged on one core."""


def rule_costs(checked: Checked, settings: Settings, lines: int) -> list[tuple[float, str, str]]:
    """Microseconds a session line, family and code of each rule, dearest first."""
    drafts = [one.draft for one in checked.claims]
    context = RuleContext(
        tables=checked.tables,
        payers=settings.payers,
        directory=settings.need_directory(),
        records=checked.records,
        today=AS_OF,
    ).with_days(drafts)
    context.kept[KNOWN_CODES] = tuple(one.code for one in RULES)
    found = []
    for one in RULES:
        judged = [draft for draft in drafts if plan_for(context.payer(draft), None, (one,))]
        start = time.process_time()
        if one.check is not None:
            for draft in judged:
                for _ in one.check(draft, context):
                    pass
        if one.check_run is not None:
            for _ in one.check_run(drafts, context):
                pass
        found.append(((time.process_time() - start) * 1e6 / lines, one.family, one.code))
    return sorted(found, reverse=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="print where the time goes, by function")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = write_practice(folder, options.lines)
        settings = load_settings(folder / "claimloop.toml", environment={})
        request = CheckRequest(sessions=(folder / "sessions.csv",), today=AS_OF)
        rates, phases = [], {}
        profiler = cProfile.Profile()
        for _ in range(options.runs):
            gc.collect()
            times: dict[str, float] = {}

            @contextmanager
            def phase(name, _total, times=times):
                start = time.process_time()
                yield lambda _count: None
                times[name] = time.process_time() - start

            if options.profile:
                profiler.enable()
            start = time.process_time()
            checked = check(request, settings, None, phase=phase)
            report = report_of(checked)
            rates.append(lines / (time.process_time() - start))
            profiler.disable()
            phases = {name: round(seconds, 2) for name, seconds in times.items()}
        if options.profile:
            pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
        costs = rule_costs(checked, settings, lines)
    rate = statistics.median(rates)
    families: dict[str, float] = {}
    for cost, family, _ in costs:
        families[family] = families.get(family, 0) + cost
    dearest = sorted(families.items(), key=lambda one: -one[1])
    print(
        json.dumps(
            {
                "measure": "scrub of session lines, all rules",
                "lines": lines,
                "claims": len(checked.claims),
                "claims_held": len(checked.held),
                "findings": len(report.findings),
                "rules": len(RULES),
                "lines_per_second": round(rate),
                "cpu_seconds_by_phase": phases,
                "microseconds_a_line_by_family": {name: round(cost, 1) for name, cost in dearest},
                "microseconds_a_line_of_the_dearest_rules": {
                    code: round(cost, 1) for cost, _, code in costs[:12]
                },
                "wanted": f">= {TARGET}",
                "met": rate >= TARGET,
            }
        )
    )
    sys.exit(rate < TARGET)


if __name__ == "__main__":
    main()
