"""pyx12's opinion on what we are about to send, where it can stop a claim, and on what came, where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from edi.model.finding import Finding, Location, Severity
from edi.x12 import conformance
from edi.x12.conformance import Verdict

_CHUNK: Final = 1 << 18
_MOST_REMARKS: Final = 20
_MEGABYTE: Final = 1_000_000


def opinion_on(
    data: bytes, *, file: str | None = None, advance: Callable[[int], None] | None = None
) -> Verdict:
    """Judge a whole file.

    Args:
        data: its bytes.
        file: name for the findings' locations.
        advance: told how many more claims were judged, for a progress bar.
    """
    return conformance.verdict_of(conformance.judge(_told(data, advance), file=file))


def refusals(verdict: Verdict) -> tuple[Finding, ...]:
    """What a verdict says, with no second opinion as an error: a file that nobody judged is not a clean one."""
    if verdict.opinion:
        return verdict.findings
    return tuple(
        msgspec.structs.replace(found, severity=Severity.ERROR)
        if found.code in ("PYX900", "PYX901")
        else found
        for found in verdict.findings
    )


def remarks(chunks: Iterable[bytes], *, size: int, most_megabytes: int, file: str) -> list[Finding]:
    """What pyx12 says of a file that came, for information: a payer's slip is never a reason to drop a payment.

    Args:
        chunks: the bytes of the file; read in constant memory.
        size: how many there are.
        most_megabytes: a larger file is not judged, which is said; 0 judges none and says nothing.
        file: name for the findings' locations.

    Returns:
        The first findings, all of severity info, and how many more there are.
    """
    if most_megabytes == 0:
        return []
    place = Location(file=file)
    if size > most_megabytes * _MEGABYTE:
        message = f"no second opinion: the file has more than {most_megabytes} megabytes; see x12 check"
        return [Finding(code="PYX901", severity=Severity.INFO, message=message, location=place)]
    found: list[Finding] = []
    more = 0
    for finding in conformance.judge(chunks, file=file):
        if finding.severity is Severity.INFO:
            continue
        if len(found) < _MOST_REMARKS:
            found.append(msgspec.structs.replace(finding, severity=Severity.INFO))
        else:
            more += 1
    if more:
        message = f"pyx12 finds {more} more; see x12 check"
        found.append(Finding(code="ING000", severity=Severity.INFO, message=message, location=place))
    return found


def _told(data: bytes, advance: Callable[[int], None] | None) -> Iterator[bytes]:
    """The file in chunks; each tells its claims when the next one is asked for."""
    mark = b"CLM" + data[3:4]
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]
        if advance is not None:
            advance(data.count(mark, start, start + _CHUNK + len(mark) - 1))
