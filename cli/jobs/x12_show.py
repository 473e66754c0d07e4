"""`x12 show FILE`: what a file says, touching no store. One transaction set at a time, claims streamed through.

`VIEWS` holds how each kind of transaction set is shown; a kind that is not there is named and counted, with a Finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from cli.exits import ExitCode
from cli.jobs import x12_show_835, x12_show_837, x12_show_acks, x12_show_eligibility, x12_show_status
from cli.render import SCHEMA_VERSION, finding_json, to_json
from edi.model.errors import InputError
from edi.model.finding import Finding, Location, Severity
from edi.transactions import t276, t277, ta1
from edi.transactions.acknowledgments import READERS
from edi.x12.envelope import FATAL, TransactionSet, read_transactions

View: TypeAlias = Callable[[TransactionSet, bool], Iterator[str | Finding]]
"""(transaction set, show PHI) -> pieces of output in order, and findings. For JSON the pieces are members of the
object, each with its leading comma; for the terminal they are whole lines."""


class Views(msgspec.Struct, frozen=True):
    """The two ways to show one kind of transaction set."""

    json: View
    text: View


STATUS: Final = Views(x12_show_status.json_members, x12_show_status.text_lines)
"""Of a 276 and the 277 that answers it."""
VIEWS: Final[dict[str, Views]] = {
    "835": Views(x12_show_835.json_members, x12_show_835.text_lines),
    "837": Views(x12_show_837.json_members, x12_show_837.text_lines),
    **dict.fromkeys(
        ("270", "271"), Views(x12_show_eligibility.json_members, x12_show_eligibility.text_lines)
    ),
    t276.KIND: STATUS,
    **dict.fromkeys(READERS, Views(x12_show_acks.json_members, x12_show_acks.text_lines)),
}
"""Kind of transaction set (ST01, or TA1) to its views."""

_CHUNK: Final = 1 << 16


class Outcome:
    """The exit code so far: 3 when something was not read whole, 1 when there are findings to look at, else 0."""

    def __init__(self) -> None:
        self._fatal = False
        self._findings = False

    def note(self, finding: Finding) -> None:
        """Take one finding into account."""
        self._fatal = self._fatal or finding.code in FATAL
        self._findings = self._findings or finding.severity is not Severity.INFO

    @property
    def exit_code(self) -> ExitCode:
        """What the command ends with."""
        if self._fatal:
            return ExitCode.PARTLY
        return ExitCode.WORK if self._findings else ExitCode.DONE


def read_chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces.

    Raises:
        InputError: there is no such file, or it cannot be read as one.
    """
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise InputError(f"{path}: {error.strerror}; give the path of one X12 file") from None


def show_json(chunks: Iterable[bytes], file: str, *, show_phi: bool, outcome: Outcome) -> Iterator[str]:
    """Yield JSON Lines in pieces, one object a transaction set, as contract.md describes them.

    Findings about envelopes go into the object of the transaction set they follow; those before the first one into
    that one's. A file without any transaction set gives one object whose ``transaction`` is null.
    """
    waiting: list[Finding] = []
    is_open = False
    for item in read_transactions(chunks, file=file):
        if isinstance(item, Finding):
            waiting.append(item)
            continue
        if is_open:
            yield _closing(waiting, outcome)
            waiting = []
        is_open = True
        yield _opening(item, file)
        views = _views(item)
        view = views.json if views is not None else _no_view
        for piece in view(item, show_phi):
            if isinstance(piece, Finding):
                waiting.append(piece)
            else:
                yield piece
    if not is_open:
        yield _opening(None, file)
    yield _closing(waiting, outcome)


def show_text(
    chunks: Iterable[bytes], file: str, *, show_phi: bool, outcome: Outcome
) -> Iterator[str | Finding]:
    """Yield lines for the terminal, and findings where they arise."""
    for item in read_transactions(chunks, file=file):
        if isinstance(item, Finding):
            outcome.note(item)
            yield item
            continue
        yield f"{item.kind} {item.control_number} {item.version}".rstrip()
        views = _views(item)
        view = views.text if views is not None else _no_view
        for piece in view(item, show_phi):
            if isinstance(piece, Finding):
                outcome.note(piece)
            yield piece


def _views(transaction: TransactionSet) -> Views | None:
    """How a transaction set is shown; a 277 may be an acknowledgment or an answer."""
    return STATUS if t277.answers_inquiries(transaction) else VIEWS.get(transaction.kind)


def _opening(transaction: TransactionSet | None, file: str) -> str:
    """The members every object begins with, without the closing brace."""
    envelope = transaction.envelope if transaction is not None else None
    is_set = transaction is not None and transaction.kind != ta1.KIND
    members: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "transaction": transaction.kind if transaction is not None else None,
        "file": file,
        "interchange_control_number": envelope.interchange_control_number if envelope is not None else None,
        "st_control_number": transaction.control_number if transaction is not None and is_set else None,
    }
    return to_json(members)[:-1]


def _closing(findings: list[Finding], outcome: Outcome) -> str:
    for finding in findings:
        outcome.note(finding)
    return f',"findings":{to_json([finding_json(finding) for finding in findings])}}}\n'


def _no_view(transaction: TransactionSet, _show_phi: bool) -> Iterator[str | Finding]:
    """What is left to say of a kind without a view."""
    yield Finding(
        code="SHW001",
        severity=Severity.WARNING,
        message=f"a transaction set of kind {_safe(transaction.kind)} cannot be shown; only its envelope was checked",
        location=Location(file=transaction.file, transaction=transaction.control_number or None, segment=1),
    )


def _safe(kind: str) -> str:
    return kind if len(kind) == 3 and kind.isascii() and kind.isalnum() else "unknown"
