"""`x12 check FILE`: our findings on a file's envelopes, structure and balances, and pyx12's opinion. No store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.conformance_pool import ConformancePool
from cli.exits import ExitCode
from cli.jobs.x12_show import Outcome, read_chunks
from cli.jobs.x12_show_835 import judged
from cli.render import SCHEMA_VERSION, finding_json
from edi.model.finding import Finding
from edi.transactions import t277ca, t837p, t999, ta1
from edi.x12.conformance import Verdict
from edi.x12.envelope import TransactionSet, read_transactions

READERS: Final[dict[str, Callable[[TransactionSet], Iterator[Any]]]] = {
    "835": judged, "837": t837p.read, "999": t999.read, "997": t999.read, "277": t277ca.read,
    "TA1": ta1.read,
}  # fmt: skip
"""Kind of transaction set (ST01, or TA1) to the reader whose Findings count; other kinds get the envelope's only."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `x12 check` found: our own findings in the file's order, and the second opinion."""

    file: str
    transactions: tuple[str, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    exit_code: ExitCode


def check(path: Path, *, workers: int = 2) -> CheckResult:
    """Check one file.

    Args:
        path: an X12 file of any kind.
        workers: processes for the second opinion on a large file.

    Raises:
        InputError: there is no such file.
    """
    data = b"".join(read_chunks(path))
    name = str(path)
    outcome = Outcome()
    kinds: list[str] = []
    findings: list[Finding] = []
    for item in read_transactions([data], file=name):
        if isinstance(item, Finding):
            findings.append(item)
            continue
        kinds.append(item.kind)
        reader = READERS.get(item.kind)
        if reader is not None:
            findings.extend([value for value in reader(item) if isinstance(value, Finding)])
    with ConformancePool(workers) as pool:
        verdict = pool.check(data, file=name)
    for finding in (*findings, *verdict.findings):
        outcome.note(finding)
    return CheckResult(
        file=name,
        transactions=tuple(kinds),
        findings=tuple(findings),
        verdict=verdict,
        exit_code=outcome.exit_code,
    )


def check_json(result: CheckResult) -> dict[str, Any]:
    """Return the document of `x12 check --json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "file": result.file,
        "transactions": list(result.transactions),
        "findings": [finding_json(finding) for finding in result.findings],
        "second_opinion": {
            "engine": result.verdict.engine,
            "given": result.verdict.opinion,
            "passed": result.verdict.passed,
            "findings": [finding_json(finding) for finding in result.verdict.findings],
        },
    }
