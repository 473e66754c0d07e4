"""The hunt: breaks files, hands them to readers, and writes down each input that a reader did not stand.

    python -m tests.fuzz.hunt --seconds 300 --seed 1 --corpus DIR --out DIR

An input that shows something new (a kind of value or a Finding that its reader had not said before, alone or together
with others) becomes one of those from which the next are made. An input fails when an exception comes that is no part
of the reader's contract, when it takes more than a second of CPU for each 100 kB, when it takes more than 200 MB, or
when nothing is said of it. Each failure is made smaller and written to its own file, beside how to repeat it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, zip_longest
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from tests.fuzz.mutators import mutated
from tests.fuzz.readers import ROOT, NeitherReadNorRefusedError, Reader, readers
from tests.fuzz.seeds import seeds_of
from tests.fuzz.stores import in_stores

SECONDS_A_BLOCK: Final = 1.0
"""Of CPU, for each block of input that was begun."""
BLOCK: Final = 100_000
MEGABYTES: Final = 200
_KEPT: Final = 300
_LARGEST_KEPT: Final = 20_000
_SLICE: Final = 0.4
_SMALLER_FOR: Final = 10.0
_HEADROOM: Final = 1_500 << 20


class TooSlowError(BaseException):
    """The time of an input is over; no reader catches it."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with an input.

    Attributes:
        kind: ``exception``, ``slow``, ``memory`` or ``silent``.
        place: what tells one cause from another: the exception and the last lines of claimloop under it.
        told: the traceback, or how much was taken.
        data: the input, where it is one before the one at hand.
    """

    kind: str
    place: str
    told: str
    data: bytes | None = None


class Tried(msgspec.Struct, frozen=True):
    """What came of one input: what it showed, or how it failed."""

    features: frozenset[str] = frozenset()
    failure: Failure | None = None


class Tally(msgspec.Struct):
    """Of one reader: inputs, CPU seconds, inputs kept because they were new, the slowest and the largest."""

    inputs: int = 0
    seconds: float = 0.0
    kept: int = 0
    slowest: float = 0.0
    megabytes: float = 0.0


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Raise `TooSlowError` in here after so much CPU."""

    def over(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _forget_peak() -> None:
    """Let the kernel count the highest memory anew; where it cannot, the peak of the whole run counts."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _memory(name: str) -> float:
    """Megabytes: ``VmRSS`` now, ``VmHWM`` at most."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition(f"{name}:")[2].split(maxsplit=1)[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def attempt(
    reader: Reader, data: bytes, folder: Path, tally: Tally | None = None, *, alone: bool = False
) -> Tried:
    """Hand one input to a reader.

    Args:
        reader: the reader.
        data: the input.
        folder: for its files.
        tally: to be counted in.
        alone: without anything that inputs before it left behind.
    """
    read = (alone and reader.alone) or reader.read
    allowed = SECONDS_A_BLOCK * (1 + len(data) // BLOCK) * reader.patience
    _forget_peak()
    before = _memory("VmRSS")
    began = time.process_time()
    try:
        with _bounded(allowed):
            features = frozenset(read(data, folder))
    except TooSlowError as error:
        failure = Failure(kind="slow", place=_place(error), told=f"more than {allowed:g} s of CPU")
        return Tried(failure=failure)
    except reader.refusals as refusal:
        features = frozenset((type(refusal).__name__,))
    except NeitherReadNorRefusedError as error:
        told = traceback.format_exc()
        return Tried(
            failure=Failure(
                kind="silent", place=re.sub(r"\d+", "N", str(error))[:200], told=told, data=error.data
            )
        )
    except Exception as error:  # noqa: BLE001 (this is what is looked for)
        return Tried(failure=Failure(kind="exception", place=_place(error), told=traceback.format_exc()))
    seconds, taken = time.process_time() - began, _memory("VmHWM") - before
    if tally is not None:
        tally.inputs += 1
        tally.seconds += seconds
        tally.slowest, tally.megabytes = max(tally.slowest, seconds), max(tally.megabytes, taken)
    if taken > MEGABYTES:
        return Tried(failure=Failure(kind="memory", place="", told=f"{taken:.0f} megabytes"))
    if not features:
        return Tried(failure=Failure(kind="silent", place="", told="neither read nor refused"))
    return Tried(features)


def _place(error: BaseException) -> str:
    """The exception and where it was raised: the innermost lines of claimloop, without its message."""
    frames = [
        f"{Path(frame.filename).relative_to(ROOT)}:{frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(str(ROOT))
        and "/tests/" not in frame.filename
        and "/.venv" not in frame.filename
    ]
    return " ".join([type(error).__name__, *frames[-2:]])


def smaller(
    reader: Reader, data: bytes, failure: Failure, folder: Path, seconds: float = _SMALLER_FOR
) -> bytes:
    """The input without what its failure does not need: halves, then ever smaller pieces, as long as there is time."""
    until = time.monotonic() + seconds
    size = max(1, len(data) // 2)
    while time.monotonic() < until:
        at, changed = 0, False
        while at < len(data) and time.monotonic() < until:
            less = data[:at] + data[at + size :]
            found = attempt(reader, less, folder, alone=True).failure
            if found is not None and (found.kind, found.place) == (failure.kind, failure.place):
                data, changed = less, True
            else:
                at += size
        if size == 1 and not changed:
            break
        size = max(1, size // 2)
    return data


class Hunt:
    """A run over some readers with one seed.

    Args:
        listed: the readers, which share the time.
        corpus: shared/corpus, or None.
        out: where failures are written.
        seed: of all chance.
    """

    def __init__(self, listed: Sequence[Reader], corpus: Path | None, out: Path, seed: int) -> None:
        self._listed = listed
        self._out = out
        self._seed = seed
        self._rng = random.Random(seed)
        self._inputs = {
            one.name: [data for kind in one.seeds for data in seeds_of(kind, corpus)] for one in listed
        }
        self._met: dict[str, set[object]] = {one.name: set() for one in listed}
        self.tallies = {one.name: Tally() for one in listed}
        self.failures: dict[tuple[str, str, str], Path] = {}

    def run(self, seconds: float, told: Callable[[str], None] = print) -> None:
        """Hunt for so many seconds by the clock: one first input for each reader, the others for half of it."""
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + _HEADROOM, resource.RLIM_INFINITY))
        with tempfile.TemporaryDirectory(prefix="claimloop-hunt-") as name:
            folder = Path(name)
            until = time.monotonic() + seconds
            seeds = [[(one, data) for data in self._inputs[one.name]] for one in self._listed]
            in_turn = filter(None, chain.from_iterable(zip_longest(*seeds)))
            for place, (reader, data) in enumerate(in_turn):
                if place < len(seeds) or time.monotonic() < until - seconds / 2:
                    self._try(reader, data, folder, told, keep=False)
            while time.monotonic() < until:
                for reader in self._listed:
                    self._slice(reader, folder, min(until, time.monotonic() + _SLICE * reader.share), told)

    def _slice(self, reader: Reader, folder: Path, until: float, told: Callable[[str], None]) -> None:
        inputs = self._inputs[reader.name]
        while time.monotonic() < until:
            recent = inputs[-40:] if self._rng.random() < 0.4 else inputs
            self._try(reader, mutated(self._rng.choice(recent), inputs, self._rng), folder, told)

    def _try(
        self, reader: Reader, data: bytes, folder: Path, told: Callable[[str], None], *, keep: bool = True
    ) -> None:
        """Try one input; keep it when it is new, write it down when it fails."""
        tried = attempt(reader, data, folder, self.tallies[reader.name])
        if tried.failure is not None:
            self._fail(reader, data, tried.failure, folder, told)
            return
        met = self._met[reader.name]
        new = {tried.features, *tried.features} - met
        if new and keep and len(data) <= _LARGEST_KEPT:
            inputs = self._inputs[reader.name]
            if any(isinstance(one, str) for one in new) or len(inputs) < _KEPT:
                inputs.append(data)
                self.tallies[reader.name].kept += 1
        met |= new

    def _fail(
        self, reader: Reader, data: bytes, failure: Failure, folder: Path, told: Callable[[str], None]
    ) -> None:
        key = (reader.name, failure.kind, failure.place)
        if key in self.failures:
            return
        data = failure.data or data
        again = attempt(reader, data, folder, alone=True).failure
        if again is None and failure.kind in ("slow", "memory"):
            return  # the machine was busy
        less = smaller(reader, data, failure, folder) if again is not None else data
        name = f"{reader.name.replace(' ', '-')}-{failure.kind}-{hashlib.sha256(less).hexdigest()[:12]}"
        self._out.mkdir(parents=True, exist_ok=True)
        path = self._out / f"{name}.bin"
        path.write_bytes(less)
        (self._out / f"{name}.whole").write_bytes(data)
        text = f"reader: {reader.name}\nseed: {self._seed}\nkind: {failure.kind}\nplace: {failure.place}\n"
        path.with_suffix(".txt").write_text(
            f"{text}repeat: python -m tests.fuzz.hunt --again {path}\n\n{failure.told}", encoding="utf-8"
        )
        self.failures[key] = path
        told(f"{failure.kind} in {reader.name}: {failure.place} ({len(less)} bytes) {path}")


def _address_space() -> int:
    """Bytes of address space that are taken now."""
    return int(_memory("VmSize") * (1 << 20))


def every_reader() -> dict[str, Reader]:
    """The readers of bytes, and those of a whole store."""
    return {**readers(), **in_stores()}


def main() -> int:
    """Hunt, or repeat one failure; prints one JSON object at the end. Ends with 1 when something failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--only", action="append", help="a reader; may be given again")
    parser.add_argument("--again", type=Path, help="the .bin of a failure")
    given = parser.parse_args()
    known = every_reader()
    if given.again is not None:
        text = given.again.with_suffix(".txt").read_text(encoding="utf-8")
        name = text.partition("reader: ")[2].partition("\n")[0]
        with tempfile.TemporaryDirectory(prefix="claimloop-hunt-") as folder:
            tried = attempt(known[name], given.again.read_bytes(), Path(folder), alone=True)
        print(tried.failure.told if tried.failure is not None else sorted(tried.features))
        return int(tried.failure is not None)
    hunt = Hunt([known[name] for name in given.only or known], given.corpus, given.out, given.seed)
    hunt.run(given.seconds, lambda text: print(text, flush=True))
    print(
        json.dumps(
            {
                "readers": {name: msgspec.to_builtins(tally) for name, tally in hunt.tallies.items()},
                "failures": [str(path) for path in hunt.failures.values()],
            }
        )
    )
    return int(bool(hunt.failures))


if __name__ == "__main__":
    raise SystemExit(main())
