"""`x12 check FILE`: our findings on a file's envelopes, structure and balances, and pyx12's opinion. No store.

The file is read once, in constant memory. Our readers and the second opinion take turns over the same chunks, so that
a finding of either is told while the rest is still to be read.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from cli.exits import ExitCode
from cli.jobs.x12_show import Outcome, read_chunks
from cli.jobs.x12_show_835 import judged
from cli.render import SCHEMA_VERSION, finding_json
from edi.model.finding import Finding
from edi.transactions import t277ca, t837p, t999, ta1
from edi.x12 import conformance
from edi.x12.envelope import TransactionSet, read_transactions

READERS: Final[dict[str, Callable[[TransactionSet], Iterator[Any]]]] = {
    "835": judged, "837": t837p.read, "999": t999.read, "997": t999.read, "277": t277ca.read,
    "TA1": ta1.read,
}  # fmt: skip
"""Kind of transaction set (ST01, or TA1) to the reader whose Findings count; other kinds get the envelope's only."""

Side: TypeAlias = Literal["claimloop", "pyx12"]


class FileCheck:
    """One file while it is checked: iterate over it once, then ask for the rest.

    Args:
        path: an X12 file of any kind.
        engine: of the second opinion: ``fast``, or ``pyx12`` for plain pyx12.

    Attributes:
        file: its name.
        judgment: the second opinion, complete at the end.

    Raises:
        InputError: there is no such file (when it is first read).
        UsageError: there is no engine of that name.
    """

    def __init__(self, path: Path, *, engine: str = "fast") -> None:
        self.file = str(path)
        self._kinds: dict[str, int] = {}
        self._outcome = Outcome()
        ours, theirs = itertools.tee(read_chunks(path))
        self._ours, self._theirs = _Counted(ours), _Counted(theirs)
        self.judgment = conformance.judge(self._theirs, engine=engine, file=self.file)

    def __iter__(self) -> Iterator[tuple[Side, Finding]]:
        """Yield findings, and who has found each, as they are known."""
        sides: dict[Side, tuple[_Counted, Iterator[list[Finding]]]] = {
            "claimloop": (self._ours, self._own()),
            "pyx12": (self._theirs, self.judgment.parts()),
        }
        while sides:
            behind = min(sides, key=lambda side: sides[side][0].count)
            part = next(sides[behind][1], None)
            if part is None:
                sides.pop(behind)[0].close()
                continue
            for finding in part:
                self._outcome.note(finding)
                yield behind, finding

    @property
    def transactions(self) -> dict[str, int]:
        """How many transaction sets of each kind were read, in order of the first."""
        return self._kinds

    @property
    def exit_code(self) -> ExitCode:
        """What the command ends with."""
        return self._outcome.exit_code

    def _own(self) -> Iterator[list[Finding]]:
        """What our readers find, one value of the file after the other."""
        for item in read_transactions(self._ours, file=self.file):
            if isinstance(item, Finding):
                yield [item]
                continue
            self._kinds[item.kind] = self._kinds.get(item.kind, 0) + 1
            reader = READERS.get(item.kind)
            for value in reader(item) if reader is not None else ():
                yield [value] if isinstance(value, Finding) else []


class _Counted:
    """Chunks, and how many were taken."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.count += 1
        return next(self._chunks)

    def close(self) -> None:
        """Take no more, so that nothing is kept for this side."""
        self._chunks = iter(())


def finding_line(check: FileCheck, by: Side, finding: Finding) -> dict[str, Any]:
    """Return a line of `x12 check --json`: one finding."""
    return {"schema_version": SCHEMA_VERSION, "file": check.file, "by": by, "finding": finding_json(finding)}


def summary_line(check: FileCheck) -> dict[str, Any]:
    """Return the last line of `x12 check --json`, when everything was read."""
    judgment = check.judgment
    return {
        "schema_version": SCHEMA_VERSION,
        "file": check.file,
        "transactions": check.transactions,
        "second_opinion": {
            "engine": judgment.engine,
            "given": judgment.opinion,
            "passed": judgment.passed,
            "plain_because": judgment.degraded,
        },
    }
