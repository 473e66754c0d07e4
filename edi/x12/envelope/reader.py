"""The walk through the tokens of a file, which keeps the counts of its envelopes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from edi.model.finding import Finding, Location, Severity
from edi.x12.delimiters import ISA_LENGTH, Delimiters, Heading
from edi.x12.envelope.values import Envelope, TransactionSet
from edi.x12.tokenizer import SyntaxProblem, tokens

_PROBLEMS: Final = {
    "empty": ("ENV001", Severity.ERROR, "the file is empty"),
    "not_x12": ("ENV001", Severity.ERROR, "the file is not X12: no ISA, GS or ST was found"),
    "skipped": ("ENV002", Severity.WARNING, "text that is not X12 was skipped"),
    "unreadable": ("ENV003", Severity.ERROR, "an interchange cannot be read"),
    "unfinished": ("ENV006", Severity.ERROR, "the data ends inside a segment; that segment is not read"),
    "too_long": (
        "ENV007",
        Severity.ERROR,
        "a segment exceeds 1 MiB; its terminator is missing, it is not read",
    ),
    "controls": ("ENV008", Severity.WARNING, "control characters that delimit nothing were left out"),
}
_CONTROL: Final = frozenset({"SE", "ST", "GS", "GE", "IEA"})


class Reader:
    """Walks through the tokens of one file and keeps the counts."""

    def __init__(self, chunks: Iterable[bytes], file: str | None, block_size: int) -> None:
        self._tokens = tokens(chunks, block_size=block_size)
        self._file = file
        self._batch: Iterator[str] = iter(())
        self._held: Heading | SyntaxProblem | None = None
        self._unread: list[str] | None = None
        self._findings: deque[Finding] = deque()
        self._delimiters = Delimiters()
        self._isa: tuple[str, ...] = ()
        self._gs: list[str] | None = None
        self._envelope: Envelope | None = None
        self._groups = 0
        self._sets = 0
        self._position = 0
        self._empty = True

    # -- the walk -----------------------------------------------------------------------------------------------

    def read(self) -> Iterator[TransactionSet | Finding]:
        """Yield transaction sets and findings in the order of the file."""
        while (segment := self._next_segment()) is not None:
            if self._findings:
                yield from self._take_findings()
            tag = segment[0]
            self._empty = self._empty and tag not in ("ST", "TA1")
            if tag == "ST":
                transaction = self._open_set(segment)
                yield from self._take_findings()
                yield transaction
                for _ in transaction.segments:
                    pass
            elif tag == "TA1":
                yield self._interchange_acknowledgment(segment)
            else:
                self._control(tag, segment)
            yield from self._take_findings()
        self._end_interchange()
        if self._empty and self._position:
            self._add("ENV021", Severity.ERROR, "there is no transaction set in the envelopes")
        yield from self._take_findings()

    def _take_findings(self) -> Iterator[Finding]:
        while self._findings:
            yield self._findings.popleft()

    def _next_segment(self) -> list[str] | None:
        """The next segment outside a transaction set, or None at the end; handles what is no segment on the way."""
        if self._unread is not None:
            segment, self._unread = self._unread, None
            self._position += 1
            return segment
        while True:
            for raw in self._batch:
                self._position += 1
                return raw.split(self._delimiters.element)
            if not self._refill():
                if self._held is None:
                    return None
                token, self._held = self._held, None
                if isinstance(token, Heading):
                    self._begin_interchange(token)
                else:
                    self._problem(token)

    def _refill(self) -> bool:
        """Fetch the next batch of segments. False if something else comes first (then it is held) or nothing."""
        if self._held is not None:
            return False
        token = next(self._tokens, None)
        while isinstance(token, SyntaxProblem) and token.kind == "too_long":
            self._problem(token)
            token = next(self._tokens, None)
        if isinstance(token, list):
            self._batch = iter(token)
            return True
        self._held = token
        return False

    def _stream(self, first: list[str]) -> Iterator[list[str]]:
        """Yield the segments of one transaction set, and check its SE when it comes."""
        yield first
        count = 1
        element = self._delimiters.element
        more = True
        while more:
            for raw in self._batch:
                segment = raw.split(element)
                if segment[0] in _CONTROL:
                    self._position += count - 1
                    if segment[0] == "SE":
                        self._position += 1
                        self._check_se(first, segment, count + 1)
                        yield segment
                    else:
                        self._unread = segment
                        self._missing_se(first, count)
                    return
                count += 1
                yield segment
            more = self._refill()
        self._position += count - 1
        self._missing_se(first, count)

    # -- envelopes ----------------------------------------------------------------------------------------------

    def _begin_interchange(self, heading: Heading) -> None:
        self._end_interchange()
        self._delimiters = heading.delimiters
        self._isa = heading.isa
        self._groups = 0
        if not heading.isa:
            self._add("ENV005", Severity.WARNING, "no ISA: the separators were guessed")
        else:
            self._position += 1
            if heading.length != ISA_LENGTH:
                self._add(
                    "ENV004", Severity.WARNING, f"the ISA has {heading.length} characters, not {ISA_LENGTH}"
                )
            if not heading.component_given:
                self._add("ENV004", Severity.WARNING, "the component separator is missing", "ISA16")
        self._envelope = self._describe()

    def _end_interchange(self) -> None:
        """Whatever is still open here has no trailer."""
        self._end_group()
        if self._isa:
            self._add("ENV018", Severity.WARNING, "IEA missing: the interchange has no trailer", "IEA")
        self._isa = ()
        self._envelope = None

    def _end_group(self) -> None:
        if self._gs is not None:
            self._add("ENV015", Severity.WARNING, "GE missing: the functional group has no trailer", "GE")
        self._gs = None

    def _control(self, tag: str, segment: list[str]) -> None:
        if tag == "GS":
            self._end_group()
            self._gs = segment
            self._groups += 1
            self._sets = 0
            self._envelope = self._describe()
        elif tag == "GE" and self._gs is not None:
            self._check_count("ENV013", "GE01", segment, self._sets, "transaction sets in the group")
            if not _same_number(_element(segment, 2), _element(self._gs, 6)):
                self._add(
                    "ENV014", Severity.WARNING, "GE02 does not repeat the control number of GS06", "GE02"
                )
            self._gs = None
            self._envelope = self._describe()
        elif tag == "IEA" and self._isa:
            self._end_group()
            self._check_count(
                "ENV016", "IEA01", segment, self._groups, "functional groups in the interchange"
            )
            if not _same_number(_element(segment, 2), self._isa[13]):
                self._add(
                    "ENV017", Severity.WARNING, "IEA02 does not repeat the control number of ISA13", "IEA02"
                )
            self._isa = ()
            self._envelope = None
        else:
            if tag == "IEA":
                self._end_group()
            name = tag if tag in _CONTROL else "a segment"
            self._add("ENV019", Severity.WARNING, f"{name} stands outside what it belongs to and is not read")

    def _describe(self) -> Envelope | None:
        isa, gs = self._isa, self._gs
        if not isa and gs is None:
            return None
        group = gs or []
        return Envelope(
            interchange_control_number=_element(isa, 13),
            sender_id=_element(isa, 6),
            receiver_id=_element(isa, 8),
            test=_element(isa, 15) == "T",
            interchange_date=_short_date(_element(isa, 9)),
            functional_id=_element(group, 1),
            application_sender=_element(group, 2),
            application_receiver=_element(group, 3),
            group_control_number=_element(group, 6),
            version=_element(group, 8),
        )

    # -- transaction sets ---------------------------------------------------------------------------------------

    def _open_set(self, segment: list[str]) -> TransactionSet:
        self._sets += 1
        if self._isa and self._gs is None:
            self._add(
                "ENV020", Severity.WARNING, "a transaction set stands outside any functional group", "ST"
            )
        version = self._envelope.version if self._envelope else None
        return TransactionSet(
            kind=_element(segment, 1) or "",
            control_number=_element(segment, 2) or "",
            version=version or _element(segment, 3) or "",
            envelope=self._envelope,
            delimiters=self._delimiters,
            segments=self._stream(segment),
            file=self._file,
        )

    def _interchange_acknowledgment(self, segment: list[str]) -> TransactionSet:
        return TransactionSet(
            kind="TA1",
            control_number=_element(segment, 1) or "",
            version="",
            envelope=self._envelope,
            delimiters=self._delimiters,
            segments=iter([segment]),
            file=self._file,
        )

    def _check_se(self, st: list[str], se: list[str], count: int) -> None:
        declared = _element(se, 1) or ""
        number = _element(st, 2)
        if not (declared.isdecimal() and int(declared[:12]) == count):
            said = int(declared[:12]) if declared.isdecimal() else "not a number"
            self._add_to_set(
                "ENV010",
                f"SE01 is {said} but the transaction set has {count} segments",
                "SE01",
                number,
                count,
            )
        if _element(se, 2) != number:
            self._add_to_set(
                "ENV011", "SE02 does not repeat the control number of ST02", "SE02", number, count
            )

    def _missing_se(self, st: list[str], count: int) -> None:
        message = f"SE missing: the transaction set ends after {count} segments without its trailer"
        self._add_to_set("ENV012", message, "SE", _element(st, 2), count)

    # -- findings -----------------------------------------------------------------------------------------------

    def _check_count(self, code: str, element: str, segment: list[str], count: int, what: str) -> None:
        declared = _element(segment, 1) or ""
        if not (declared.isdecimal() and int(declared[:12]) == count):
            said = int(declared[:12]) if declared.isdecimal() else "not a number"
            self._add(code, Severity.WARNING, f"{element} is {said} but there are {count} {what}", element)

    def _problem(self, problem: SyntaxProblem) -> None:
        code, severity, message = _PROBLEMS[problem.kind]
        detail = f": {problem.detail}" if problem.kind == "unreadable" else ""
        self._add(code, severity, message + detail)

    def _add(self, code: str, severity: Severity, message: str, element: str | None = None) -> None:
        where = Location(file=self._file, segment=self._position or None, element=element)
        self._findings.append(Finding(code=code, severity=severity, message=message, location=where))

    def _add_to_set(self, code: str, message: str, element: str, number: str | None, count: int) -> None:
        where = Location(file=self._file, segment=count, element=element, transaction=number)
        self._findings.append(Finding(code=code, severity=Severity.ERROR, message=message, location=where))


def _element(segment: list[str] | tuple[str, ...], index: int) -> str | None:
    """The element without surrounding blanks; None when absent or empty."""
    return (segment[index].strip() or None) if len(segment) > index else None


def _same_number(first: str | None, second: str | None) -> bool:
    """Whether two control numbers are the same; leading zeros do not count, as they are numbers (type N0)."""
    return (first or "").strip().lstrip("0") == (second or "").strip().lstrip("0")


def _short_date(text: str | None) -> date | None:
    """ISA09 (YYMMDD, of this century) as a date, or None."""
    if text is None or len(text) != 6 or not text.isdecimal():
        return None
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
