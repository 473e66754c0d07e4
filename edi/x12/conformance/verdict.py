"""An engine's errors as Findings: in our words, with claim, line and the name of the field, without values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from edi.model.errors import UsageError
from edi.model.finding import Finding, Location, Severity
from edi.x12.conformance.differences import accepted
from edi.x12.conformance.engine import check
from edi.x12.conformance.errors import ConformanceError, ErrorKind, Opinion
from edi.x12.conformance.fields import field_name

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
        engine: name and version of the engine.
        opinion: whether every group of the file was judged; False is "no second opinion", never "clean".
    """

    findings: tuple[Finding, ...]
    engine: str
    opinion: bool

    @property
    def passed(self) -> bool:
        """Whether every group was judged and no error stands."""
        return self.opinion and not any(finding.severity is Severity.ERROR for finding in self.findings)


def check_bytes(data: bytes, *, engine: str = "pyx12", file: str | None = None) -> Verdict:
    """Judge a whole file in this process.

    Args:
        data: the bytes of the file.
        engine: ``pyx12``, the only one there is.
        file: name for the findings' locations.

    Raises:
        UsageError: there is no engine of that name.
    """
    if engine != "pyx12":
        raise UsageError("the only conformance engine is pyx12")
    return verdict_of(check(data), file=file)


def verdict_of(opinion: Opinion, *, file: str | None = None) -> Verdict:
    """Turn an engine's answer into a Verdict; accepted differences are applied here."""
    findings = [finding for error in opinion.errors for finding in _findings(error, file)]
    findings += [
        Finding(
            code="PYX901",
            severity=Severity.INFO,
            message=f"no second opinion: pyx12 cannot judge {what}",
            location=Location(file=file),
        )
        for what in opinion.unmapped
    ]
    if not opinion.judged and not opinion.unmapped:
        findings.append(
            Finding(
                code="PYX901",
                severity=Severity.INFO,
                message="no second opinion: the file has no functional group",
                location=Location(file=file),
            )
        )
    crashed = any(error.kind is ErrorKind.CRASH for error in opinion.errors)
    return Verdict(
        findings=tuple(findings),
        engine="pyx12 4.0.0",
        opinion=opinion.judged > 0 and not opinion.unmapped and not crashed,
    )


def merge(opinions: Iterable[Opinion]) -> Opinion:
    """Join the answers on the shards of one group: errors in order of their line."""
    every = list(opinions)
    return Opinion(
        errors=tuple(sorted([error for one in every for error in one.errors], key=lambda error: error.line)),
        unmapped=tuple(dict.fromkeys([what for one in every for what in one.unmapped])),
        judged=max((one.judged for one in every), default=0),
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
