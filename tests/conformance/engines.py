"""The two engines side by side: plain pyx12, which is always right, and the fast one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random

from edi.x12.conformance import fast, plain
from edi.x12.conformance.errors import Tally
from tests.conformance.documents import Document
from tests.conformance.mutations import MUTATIONS, mutated

DIFFERENCES_SHOWN = 3


def differs(data: bytes) -> bool:
    """Whether the engines answer differently; a crash of the fast one is a different answer."""
    try:
        return fast.check(data) != plain.check(data)
    except Exception:  # noqa: BLE001 - whatever it raises, plain pyx12 does not
        return True


def smallest(data: bytes, wrong: Callable[[bytes], bool] = differs) -> bytes:
    """The file without every segment that the difference can do without."""
    terminator = data[105:106]
    parts = data.split(terminator)
    size = max(1, len(parts) // 2)
    while size:
        place = 1
        while place < len(parts):
            shorter = parts[:place] + parts[place + size :]
            if wrong(terminator.join(shorter)):
                parts = shorter
            else:
                place += size
        size //= 2
    return terminator.join(parts)


def told(data: bytes) -> str:
    """A difference in words: the smallest file that shows it, and what each engine says."""
    small = smallest(data)
    try:
        answer = repr(fast.check(small))
    except Exception as crash:  # noqa: BLE001 - see differs
        answer = f"crash {type(crash).__name__}: {crash}"
    return f"{small!r}\n  plain: {plain.check(small)!r}\n  fast:  {answer}"


class Differential:
    """A comparison of many files, with what it saw.

    Attributes:
        files, segments: how many were compared.
        dirty: how many of the files pyx12 found errors in.
        kinds: how many files each kind of mutation was applied to.
        tally: how the fast engine came to its answers, in all.
        wrong: the files with different answers (at most `DIFFERENCES_SHOWN`, then it stops).
    """

    def __init__(self) -> None:
        self.files = self.segments = self.dirty = 0
        self.kinds: Counter[str] = Counter()
        self.tally = Tally()
        self.degraded = 0
        self.wrong: list[tuple[tuple[str, ...], bytes]] = []

    def compare(self, data: bytes, kinds: tuple[str, ...] = ()) -> bool:
        """Compare the answers on one file; False when they differ."""
        tally = Tally()
        right = plain.check(data)
        try:
            same = fast.check(data, tally) == right
        except Exception:  # noqa: BLE001 - see differs
            same = False
        self.files += 1
        self.dirty += bool(right.errors or right.unmapped)
        self.kinds.update(set(kinds))
        self.tally.proved += tally.proved
        self.tally.checked += tally.checked
        self.tally.stepped += tally.stepped
        self.degraded += tally.degraded is not None
        if not same:
            self.wrong.append((kinds, data))
        return same

    def compare_mutated(
        self,
        rng: Random,
        documents: tuple[Document, ...],
        count: int,
        kinds: Iterable[str] = MUTATIONS,
        stop_at: int = DIFFERENCES_SHOWN,
    ) -> None:
        """Spoil so many documents and compare each; stops early when there is enough to show."""
        chosen = tuple(kinds)
        for _ in range(count):
            spoiled = mutated(rng, rng.choice(documents), documents, chosen)
            self.compare(spoiled.data, spoiled.kinds)
            if len(self.wrong) >= stop_at:
                return

    def summary(self) -> str:
        tally = self.tally
        return (
            f"{self.files} files, {self.dirty} not clean; segments: {tally.proved} proved, {tally.checked} checked, "
            f"{tally.stepped} stepped by pyx12; {self.degraded} files left to plain pyx12"
        )

    def report(self) -> str:
        """What is wrong, for the message of a failed test."""
        return "\n".join(f"{kinds}: {told(data)}" for kinds, data in self.wrong[:DIFFERENCES_SHOWN])
