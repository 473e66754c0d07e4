"""The second opinion in several processes: one shard of whole transaction sets for each worker.

pyx12 judges a few hundred claims a second, so a large file is cut between its transaction sets. A shard gets the
file's own ISA and GS and trailers whose counts fit; line numbers are put right afterwards, so the answer is the one a
single process gives. Only a file with a plain envelope is cut: one interchange, one group, trailers that agree.
"""

from __future__ import annotations

import itertools
import multiprocessing
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Final

import msgspec

from edi.x12 import conformance
from edi.x12.conformance import ConformanceError, Opinion, Verdict

SMALL_FILE: Final = 200_000
"""Bytes below which starting workers costs more than it saves."""
SHARDS_A_WORKER: Final = 4
"""Into how many parts for each worker a large file is cut: enough to see it go on, and to keep all workers busy."""
_ISA_LENGTH: Final = 106


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a file as a file of its own.

    ``skipped`` is how many segments stand before its first ST in the whole file and not in the shard.
    """

    data: bytes
    skipped: int


class ConformancePool:
    """Workers that keep their maps between files; started at the first large file. Use it as a context manager.

    Args:
        workers: processes; 1 judges everything in this process.
    """

    def __init__(self, workers: int = 2) -> None:
        self._workers = max(1, workers)
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> ConformancePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def check(
        self, data: bytes, *, file: str | None = None, advance: Callable[[int], None] | None = None
    ) -> Verdict:
        """Judge a whole file; the same verdict as `conformance.check_bytes`, in less time if it is large.

        Args:
            data: the bytes of the file.
            file: name for the findings' locations.
            advance: told how many more claims were judged, for a progress bar.
        """
        shards = None
        if self._workers > 1 and len(data) >= SMALL_FILE:
            shards = cut(data, self._workers * SHARDS_A_WORKER)
        if shards is None:
            verdict = conformance.check_bytes(data, file=file)
            if advance is not None:
                advance(_claims(data))
            return verdict
        executor = self._started()
        opinions = []
        for shard, opinion in zip(
            shards, executor.map(conformance.check, [shard.data for shard in shards]), strict=True
        ):
            opinions.append(
                _moved(opinion, shard.skipped, first=shard is shards[0], last=shard is shards[-1])
            )
            if advance is not None:
                advance(_claims(shard.data))
        return conformance.verdict_of(conformance.merge(opinions), file=file)

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                self._workers, mp_context=multiprocessing.get_context("spawn"), initializer=_warm
            )
        return self._executor


def _claims(data: bytes) -> int:
    """How many claims stand in a file with an ISA."""
    return data.count(b"CLM" + data[3:4])


def _warm() -> None:
    """Load pyx12 and its maps of what we write before the first shard arrives."""
    conformance.check(b"")


def cut(data: bytes, count: int) -> list[Shard] | None:
    """Cut a file into at most ``count`` files of whole transaction sets of about the same size.

    Returns:
        None when there is nothing to cut or the envelope is not plain, so that only the whole file shows what is
        wrong with it.
    """
    if len(data) < _ISA_LENGTH or not data.startswith(b"ISA"):
        return None
    element, end = re.escape(data[3:4]), re.escape(data[105:106])
    # pyx12 stops at an empty segment and at one longer than its buffer; only the whole file shows where.
    if re.search(end + rb"[\r\n]*" + end + rb"|[^" + end + rb"]{8000}", data):
        return None
    heads = list(re.finditer(rb"(?<=" + end + rb")[\r\n]*ISA" + element, data))
    groups = list(re.finditer(rb"(?<=" + end + rb")[\r\n]*GS" + element + rb"[^" + end + rb"]*" + end, data))
    starts = [found.start() for found in re.finditer(rb"(?<=" + end + rb")[\r\n]*ST" + element, data)]
    tail = re.search(
        rb"(?<=" + end + rb")[\r\n]*GE" + element + rb"(\d+)" + element + rb"(\w+)" + end
        + rb"[\r\n]*IEA" + element + rb"(\d+)" + element + rb"(\w+)" + end + rb"[\r\n]*\Z",
        data,
    )  # fmt: skip
    if heads or len(groups) != 1 or tail is None or len(starts) < 2 or starts[0] != groups[0].end():
        return None
    isa = data[:_ISA_LENGTH].split(data[3:4])
    gs = groups[0].group().rstrip(data[105:106]).split(data[3:4])
    if len(isa) < 14 or len(gs) < 7:
        return None
    plain = (int(tail[1]), tail[2], int(tail[3]), tail[4]) == (len(starts), gs[6], 1, isa[13])
    numbers = {data[start : start + 40].split(data[105:106])[0].split(data[3:4])[2:3][0] for start in starts}
    if not plain or len(numbers) != len(starts):
        return None
    return _shards(data, starts, tail.start(), count)


def _shards(data: bytes, starts: list[int], end: int, count: int) -> list[Shard]:
    """Cut between the transaction sets that begin at ``starts``, so that the parts have about the same size."""
    terminator, element = data[105:106], data[3:4]
    trailer = data[end:].split(element, 2)
    head = data[: starts[0]]
    share = (end - starts[0]) / count
    wanted = [starts[0] + share * number for number in range(1, count)]
    nearest = [min(range(1, len(starts)), key=lambda place: abs(starts[place] - at)) for at in wanted]
    cuts = sorted({0, *nearest})
    bounds = [*cuts, len(starts)]
    parts = []
    skipped = 0
    for first, after in itertools.pairwise(bounds):
        stop = starts[after] if after < len(starts) else end
        body = data[starts[first] : stop]
        ge = element.join((trailer[0], str(after - first).encode(), trailer[2]))
        parts.append(Shard(data=head + body + ge, skipped=skipped))
        skipped += body.count(terminator)
    return parts


def _moved(opinion: Opinion, skipped: int, *, first: bool, last: bool) -> Opinion:
    """Put the lines of a shard's errors where they are in the file; drop what other shards say of the envelope."""
    errors: list[ConformanceError] = []
    for error in opinion.errors:
        if error.segment_id in ("ISA", "GS"):
            if first:
                errors.append(error)
        elif error.segment_id in ("GE", "IEA"):
            if last:
                errors.append(msgspec.structs.replace(error, line=error.line + skipped))
        else:
            errors.append(msgspec.structs.replace(error, line=error.line + skipped))
    return msgspec.structs.replace(opinion, errors=tuple(errors))
