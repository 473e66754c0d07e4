"""An engine's errors as Findings: in our words, with claim, line and the name of the field, without values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from edi.model.errors import UsageError
from edi.model.finding import Finding, Location, Severity, cut
from edi.x12.conformance import fast, plain
from edi.x12.conformance.differences import accepted
from edi.x12.conformance.errors import ConformanceError, ErrorKind, ErrorStream
from edi.x12.conformance.fields import field_name
from edi.x12.conformance.state import version

ENGINES: Final[dict[str, Callable[[Iterable[bytes]], ErrorStream]]] = {
    "fast": fast.stream,
    "pyx12": plain.stream,
}
"""Engines by name; both say the same of every file. ``fast`` is the default, ``pyx12`` the oracle."""

_ELEMENT_WORDS: Final = {
    "1": "is required and missing",
    "2": "is required by another element and missing",
    "3": "is one element too many",
    "4": "is too short",
    "5": "is too long",
    "6": "has a character that is not allowed or trailing blanks",
    "7": "is not one of the allowed codes",
    "8": "is no valid date",
    "9": "is no valid time",
    "10": "must not be used here",
}
_SEGMENT_WORDS: Final = {
    "1": "is unknown or out of place",
    "2": "must not be used here",
    "3": "is required and missing",
    "4": "begins its loop more often than allowed",
    "5": "stands more often than allowed",
    "8": "has elements that do not go together",
    "SEG1": "ends in separators without data",
    "HL1": "is out of sequence (HL01)",
    "HL2": "names a parent that is none (HL02)",
    "LX": "is out of sequence (LX01)",
}
_ENVELOPE_WORDS: Final = {
    ("isa", "001"): "IEA02 is not ISA13",
    ("isa", "021"): "IEA01 is not the count of groups",
    ("isa", "023"): "the IEA is missing",
    ("isa", "024"): "a group is not closed before the IEA",
    ("isa", "025"): "ISA13 stands twice in the file",
    ("gs", "3"): "the GE is missing or a transaction set is not closed before it",
    ("gs", "4"): "GE02 is not GS06",
    ("gs", "5"): "GE01 is not the count of transaction sets",
    ("gs", "6"): "GS06 stands twice in the interchange",
    ("st", "2"): "the SE is missing",
    ("st", "3"): "SE02 is not ST02",
    ("st", "4"): "SE01 is not the count of segments",
    ("st", "23"): "ST02 stands twice in the group",
}
_LETTERS: Final = {
    ErrorKind.INTERCHANGE: "I", ErrorKind.GROUP: "G", ErrorKind.TRANSACTION: "T", ErrorKind.SEGMENT: "S",
    ErrorKind.ELEMENT: "E",
}  # fmt: skip


SEGMENT_IDS: Final = frozenset(
    {
        "AK1", "AK2", "AK3", "AK4", "AK5", "AK9", "AMT", "BHT", "BPR", "CAS", "CL1", "CLM", "CLP", "CN1", "CR1",
        "CR2", "CR3", "CR5", "CRC", "CTP", "CTX", "CUR", "DMG", "DTM", "DTP", "FRM", "GE", "GS", "HCP", "HI", "HL",
        "IEA", "IK3", "IK4", "IK5", "ISA", "K3", "LIN", "LQ", "LX", "MEA", "MIA", "MOA", "N1", "N2", "N3", "N4",
        "NM1", "NTE", "OI", "PAT", "PER", "PLB", "PRV", "PS1", "PWK", "QTY", "RDM", "REF", "SBR", "SE", "ST", "STC",
        "SV1", "SV2", "SV5", "SVC", "SVD", "TA1", "TRN", "TS2", "TS3",
    }
)  # fmt: skip
"""Identifiers of the segments of the guides. Any other may be a name that slipped there: it is not repeated."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The second opinion on one file.

    Attributes:
        findings: PYX codes. Errors are the engine's; ``PYX902`` (info) is one set aside as an accepted difference,
            ``PYX901`` (info) a group without a map, ``PYX900`` (error) a crash of the engine.
        engine: whose verdict it is, with its version.
        opinion: whether every group of the file was judged; False is "no second opinion", never "clean".
        degraded: why the fast engine left this file to pyx12; None when it did not, or was not asked.
    """

    findings: tuple[Finding, ...]
    engine: str
    opinion: bool
    degraded: str | None = None

    @property
    def passed(self) -> bool:
        """Whether every group was judged and no error stands."""
        return self.opinion and not any(finding.severity is Severity.ERROR for finding in self.findings)


class Judgment:
    """The second opinion on one file while it is read, in constant memory: Findings as they are known.

    Attributes:
        engine: whose verdict it is, with its version.
        opinion, passed, degraded: as in `Verdict`; to be asked at the end.
    """

    def __init__(self, stream: ErrorStream, file: str | None = None) -> None:
        self.engine = f"pyx12 {version()}"
        self._stream = stream
        self._file = file
        self._crashed = self._failed = False

    def __iter__(self) -> Iterator[Finding]:
        for part in self.parts():
            yield from part

    def parts(self) -> Iterator[list[Finding]]:
        """Read on by a few kilobytes at a time; yields what they gave, often nothing."""
        for errors in self._stream.parts():
            yield [finding for error in errors for finding in self._of(error)]
        tally = self._stream.tally
        unjudged = [f"pyx12 cannot judge {cut(what)}" for what in tally.unmapped]
        if not tally.judged and not unjudged:
            unjudged = ["the file has no functional group"]
        yield [
            Finding(
                code="PYX901",
                severity=Severity.INFO,
                message=f"no second opinion: {what}",
                location=Location(file=self._file),
            )
            for what in unjudged
        ]

    def _of(self, error: ConformanceError) -> Iterator[Finding]:
        self._crashed = self._crashed or error.kind is ErrorKind.CRASH
        for finding in _findings(error, self._file):
            self._failed = self._failed or finding.severity is Severity.ERROR
            yield finding

    @property
    def opinion(self) -> bool:
        """Whether every group of the file was judged."""
        tally = self._stream.tally
        return tally.judged > 0 and not tally.unmapped and not self._crashed

    @property
    def passed(self) -> bool:
        """Whether every group was judged and no error stands."""
        return self.opinion and not self._failed

    @property
    def degraded(self) -> str | None:
        """Why the fast engine left this file to pyx12."""
        return self._stream.tally.degraded


def judge(chunks: Iterable[bytes], *, engine: str = "fast", file: str | None = None) -> Judgment:
    """Judge a file while it is read.

    Args:
        chunks: its bytes, in pieces of any size.
        engine: ``fast``, or ``pyx12`` for plain pyx12; the findings are the same.
        file: name for the findings' locations.

    Raises:
        UsageError: there is no engine of that name.
    """
    if engine not in ENGINES:
        raise UsageError(f"there is no conformance engine of that name: choose one of {', '.join(ENGINES)}")
    return Judgment(ENGINES[engine](chunks), file)


def check_bytes(data: bytes, *, engine: str = "fast", file: str | None = None) -> Verdict:
    """Judge a whole file: `judge`, collected.

    Raises:
        UsageError: there is no engine of that name.
    """
    return verdict_of(judge([data], engine=engine, file=file))


def verdict_of(judgment: Judgment) -> Verdict:
    """Read a judgment to its end."""
    findings = tuple(judgment)
    return Verdict(
        findings=findings, engine=judgment.engine, opinion=judgment.opinion, degraded=judgment.degraded
    )


def _findings(error: ConformanceError, file: str | None) -> Iterator[Finding]:
    """One Finding, or one for each claim below the subscriber or patient concerned."""
    if error.segment_id not in SEGMENT_IDS:
        error = msgspec.structs.replace(error, segment_id="", element="")
    difference = accepted(error)
    for claim in error.claims or (None,):
        location = Location(
            file=file,
            segment=error.segment if error.segment is not None else error.line,
            element=error.element or error.segment_id or None,
            field=field_name(error),
            transaction=error.transaction,
            claim=claim,
            line=error.line_number,
        )
        if difference is not None:
            yield Finding(
                code="PYX902",
                severity=Severity.INFO,
                message=f"accepted difference {difference.name}: {difference.reason}",
                location=location,
            )
        elif error.kind is ErrorKind.CRASH:
            yield Finding(
                code="PYX900",
                severity=Severity.ERROR,
                message=f"pyx12 failed on this segment ({error.code}); it gives no verdict on it",
                location=location,
            )
        else:
            yield Finding(
                code=f"PYX{_LETTERS[error.kind]}{error.code}",
                severity=Severity.ERROR,
                message=_message(error),
                location=location,
            )


def _message(error: ConformanceError) -> str:
    """What is wrong in one sentence, from codes and places alone."""
    envelope = _ENVELOPE_WORDS.get((error.kind.value, error.code))
    if envelope is not None:
        return envelope
    segment = f"{error.segment_id}*{error.qualifier}" if error.qualifier else error.segment_id or "a segment"
    where = f" in loop {error.loop}" if error.loop else ""
    if error.kind is ErrorKind.ELEMENT:
        words = _ELEMENT_WORDS.get(error.code, f"has error {error.code}")
        return f"{error.element or segment} {words}{where}"
    words = _SEGMENT_WORDS.get(error.code, f"has error {error.code}")
    element = f" ({error.element})" if error.element else ""
    return f"{segment} {words}{element}{where}"
