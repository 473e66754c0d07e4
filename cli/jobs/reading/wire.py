"""Transaction sets through a pipe: batches of values, each batch led by its length; an end is said, never guessed.

A batch is as many claim payments as a job posts together, so the reader is one batch ahead: it works on the next while
the job posts the one before, and the full pipe stops it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Final

import msgspec

from cli.jobs.reading.sets import REMITTANCE, IncomingSet, Judged, JudgedClaim
from edi.model.errors import InputError, TemporaryError
from edi.model.finding import Finding
from edi.model.remittance import RemittanceHeader, RemittanceTrailer
from edi.x12.delimiters import Delimiters
from edi.x12.envelope import Envelope, TransactionSet

BATCH: Final = 2000
"""Values that go together: claim payments, findings or segments."""
_BATCH_BYTES: Final = 4 << 20
"""Bytes after which a batch goes though it has fewer, so that large claims take no more memory."""
_LENGTH: Final = 8


class ReaderEndedError(TemporaryError):
    """The other process ended in the middle of a file (it was killed, say)."""


class _Begin(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """A transaction set begins; its values, or else its segments, follow."""

    kind: str
    control_number: str
    version: str
    envelope: Envelope | None
    delimiters: Delimiters


class _Header(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    value: RemittanceHeader


class _Trailer(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    value: RemittanceTrailer


class _Found(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    value: Finding


class _Segment(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    value: list[str]


class _End(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """A transaction set ends, or with it the file; ``error`` is what reading it raised InputError with."""

    of_file: bool = False
    error: str = ""


class _Large(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """A message, as JSON, with a number of more than 64 bits: a sum of nonsense, which JSON does not limit."""

    value: bytes


_Message = _Begin | _Header | JudgedClaim | _Found | _Trailer | _Segment | _End
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Message | _Large])
_large_decoder = msgspec.json.Decoder(_Message)


def send_sets(sets: Iterable[IncomingSet | Finding], sink: IO[bytes]) -> None:
    """Write transaction sets to a pipe, to their end; OSError when nobody reads them any more."""
    batch: list[msgspec.Raw] = []
    size = 0
    for message in _messages(sets):
        part = _encoded(message)
        batch.append(msgspec.Raw(part))
        size += len(part)
        if len(batch) == BATCH or size > _BATCH_BYTES:
            _send(batch, sink)
            batch, size = [], 0
    _send(batch, sink)


def _encoded(message: _Message) -> bytes:
    try:
        return _encoder.encode(message)
    except OverflowError:
        return _encoder.encode(_Large(msgspec.json.encode(message)))


def _send(batch: list[msgspec.Raw], sink: IO[bytes]) -> None:
    data = _encoder.encode(batch)
    sink.write(len(data).to_bytes(_LENGTH, "big"))
    sink.write(data)
    sink.flush()


def _messages(sets: Iterable[IncomingSet | Finding]) -> Iterator[_Message]:
    """What says the same as the sets."""
    for item in sets:
        if isinstance(item, Finding):
            yield _Found(item)
            continue
        one = item.transaction
        yield _Begin(one.kind, one.control_number, one.version, one.envelope, one.delimiters)
        error = ""
        try:
            if item.values is None:
                yield from map(_Segment, one.segments)
            else:
                yield from map(_message, item.values)
        except InputError as problem:
            error = str(problem)
        yield _End(error=error)
    yield _End(of_file=True)


def _message(value: Judged) -> _Message:
    if isinstance(value, JudgedClaim):
        return value
    if isinstance(value, RemittanceHeader):
        return _Header(value)
    return _Found(value) if isinstance(value, Finding) else _Trailer(value)


def receive_sets(source: IO[bytes], file: str) -> Iterator[IncomingSet | Finding]:
    """Read from a pipe what ``send_sets`` wrote to it.

    Args:
        source: the pipe.
        file: name of the file, which its findings get.

    Raises:
        ReaderEndedError: the pipe ended before the file did.
    """
    messages = chain.from_iterable(_batches(source, file))
    for message in messages:
        if isinstance(message, _Found):
            yield _placed(message.value, file)
        elif isinstance(message, _Begin):
            content = _Content(messages, file)
            yield content.of(message)
            content.skip()
        else:
            return


def _batches(source: IO[bytes], file: str) -> Iterator[list[_Message]]:
    while True:
        head = source.read(_LENGTH)
        size = int.from_bytes(head, "big")
        data = source.read(size)
        if len(head) < _LENGTH or len(data) < size:
            raise ReaderEndedError(f"{file}: the process that reads it ahead ended before it was read")
        yield [
            _large_decoder.decode(one.value) if isinstance(one, _Large) else one
            for one in _decoder.decode(data)
        ]


def _placed(finding: Finding, file: str) -> Finding:
    """A finding that names its file."""
    return msgspec.structs.replace(finding, location=msgspec.structs.replace(finding.location, file=file))


class _Content:
    """What follows the beginning of one transaction set, to its end."""

    def __init__(self, messages: Iterator[_Message], file: str) -> None:
        self._messages = messages
        self._file = file
        self._open = True

    def of(self, begin: _Begin) -> IncomingSet:
        """The transaction set with this content."""
        is_read = begin.kind == REMITTANCE
        transaction = TransactionSet(
            kind=begin.kind,
            control_number=begin.control_number,
            version=begin.version,
            envelope=begin.envelope,
            delimiters=begin.delimiters,
            segments=iter(()) if is_read else self._segments(),
            file=self._file,
        )
        return IncomingSet(transaction, self._values() if is_read else None)

    def skip(self) -> None:
        """Leave what was not consumed."""
        while self._open:
            self._open = not isinstance(next(self._messages), _End)

    def _all(self) -> Iterator[_Message]:
        for message in self._messages:
            if isinstance(message, _End):
                self._open = False
                if message.error:
                    raise InputError(message.error)
                return
            yield message

    def _segments(self) -> Iterator[list[str]]:
        for message in self._all():
            if isinstance(message, _Segment):
                yield message.value

    def _values(self) -> Iterator[Judged]:
        for message in self._all():
            if isinstance(message, JudgedClaim):
                yield message
            elif isinstance(message, _Found):
                yield _placed(message.value, self._file)
            elif isinstance(message, _Header | _Trailer):
                yield message.value
