"""What an engine says of a file: its errors, and the groups it has no map for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from enum import StrEnum

import msgspec


class ErrorKind(StrEnum):
    """Where an error belongs; the codes of each kind are their own."""

    INTERCHANGE = "isa"
    GROUP = "gs"
    TRANSACTION = "st"
    SEGMENT = "seg"
    ELEMENT = "ele"
    CRASH = "crash"
    """The engine itself failed; code is the name of the exception."""


class ConformanceError(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One error of the engine. Holds positions and codes only, never a value of the file but control numbers.

    Attributes:
        kind: interchange, group, transaction set, segment, element or crash.
        code: TA105, AK905, IK502, IK304 or IK403 code; SEG1, HL1, HL2 and LX are the engine's own.
        line: 1-based ordinal of the segment in the file.
        segment: 1-based ordinal in its transaction set (ST is 1), None outside one.
        segment_id: id of the segment concerned; of the missing one for code 3.
        loop: id of its loop in the map (``2010BA``), "" when the segment was not placed.
        element: X12 reference (``NM109``, ``SV101-2``), "" for the whole segment.
        qualifier: first element, where the map lists its codes (``G1`` of a REF), else "".
        entity_type: NM102 of an NM1, else "".
        transaction_kind: ST01, "" outside a transaction set.
        transaction: ST02.
        claims: CLM01 of each claim concerned: the one it stands in, or all below its subscriber or patient.
        line_number: LX01 inside a claim.
        acknowledges: whether what is missing was missed at a TA1, or right after one.
    """

    kind: ErrorKind
    code: str
    line: int
    segment: int | None = None
    segment_id: str = ""
    loop: str = ""
    element: str = ""
    qualifier: str = ""
    entity_type: str = ""
    transaction_kind: str = ""
    transaction: str | None = None
    claims: tuple[str, ...] = ()
    line_number: str | None = None
    acknowledges: bool = False


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer of an engine.

    ``unmapped`` names what it has no map for: GS08 and GS01 of a group (``005010X279A1 HS``), or why it could not
    begin. ``judged`` is the count of groups it did judge.
    """

    errors: tuple[ConformanceError, ...] = ()
    unmapped: tuple[str, ...] = ()
    judged: int = 0


class Tally(msgspec.Struct, kw_only=True):
    """What an engine counts beside the errors, while it reads.

    Attributes:
        unmapped, judged: as in `Opinion`.
        proved: segments taken without pyx12, by transition and pattern.
        checked: segments of which pyx12 saw the elements only.
        stepped: segments that went to pyx12.
        degraded: why the whole file went to plain pyx12; None when it did not.
    """

    unmapped: list[str] = []
    judged: int = 0
    proved: int = 0
    checked: int = 0
    stepped: int = 0
    degraded: str | None = None


class ErrorStream(Iterator[ConformanceError]):
    """The errors of a file in pyx12's order, while it is read.

    Args:
        parts: what was found in one part of the file after the other; often nothing.
        tally: filled on the way; complete when everything was taken.
    """

    def __init__(self, parts: Iterator[list[ConformanceError]], tally: Tally) -> None:
        self._parts = parts
        self._each = itertools.chain.from_iterable(parts)
        self.tally = tally

    def __next__(self) -> ConformanceError:
        return next(self._each)

    def parts(self) -> Iterator[list[ConformanceError]]:
        """Read on by one part of a few kilobytes at a time, whether or not something is found in it."""
        return self._parts

    def opinion(self) -> Opinion:
        """Read to the end and return the whole answer (without errors taken before)."""
        errors = tuple(self._each)
        return Opinion(errors=errors, unmapped=tuple(self.tally.unmapped), judged=self.tally.judged)
