"""Every reader of claimloop as one call on bytes, for the hunt: what it is fed, and what it says.

A reader answers with features: kinds of value and codes of Findings, which also tell the hunt whether an input showed
something new. No feature at all is a failure: an input is either read or refused with a Finding. The only exceptions
that may come are those named in ``Reader.refusals``.

Transaction sets join by themselves: whatever module of ``edi.transactions`` has a ``read``, and whatever `x12 show`,
`x12 check` and `ingest` have in their registries.
"""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

import edi.transactions
from cli.inputs import RecordFiles, load_records
from cli.jobs import archives
from cli.jobs.plain_text import is_report
from cli.jobs.scrub.check import CheckRequest, check
from cli.jobs.tables.update import UpdateRequest, update_tables
from cli.jobs.x12_check import FileCheck
from cli.jobs.x12_show import Outcome, show_json, show_text
from cli.settings import load_settings
from edi.intake import read_sessions, read_table
from edi.intake.bank_statements import read_bai2
from edi.intake.deposits import read_deposits
from edi.intake.payments import read_payments, read_toml, remittances
from edi.model.by_hand import HandRow
from edi.model.errors import ClaimloopError, InputError, SettingsError, UsageError
from edi.model.finding import Finding
from edi.payers import shipped_packs
from edi.testpayer import parse_scenario
from edi.transactions.acknowledgments import READERS as ACKNOWLEDGMENTS
from edi.x12 import conformance
from edi.x12.conformance import plain
from edi.x12.envelope import TransactionSet, read_transactions
from edi.x12.redact import Redactor
from edi.x12.tokenizer import SyntaxProblem
from tests.builders import make_directory

ROOT: Final = Path(__file__).resolve().parents[2]
TODAY: Final = date(2026, 3, 31)
_LONGEST_MESSAGE: Final = 2_000
_PRACTICES: Final = make_directory().practices


class NeitherReadNorRefusedError(AssertionError):
    """A reader said something that it must not, or nothing; ``data`` is the input if it was an earlier one."""

    def __init__(self, message: str, data: bytes | None = None) -> None:
        super().__init__(message)
        self.data = data


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """One reader.

    Attributes:
        name: what a failure is filed under.
        read: bytes and a folder for files -> features.
        seeds: names of `seeds.seeds_of`, of which its first inputs are.
        alone: the same without anything that inputs before it left behind, where ``read`` keeps something.
        refusals: exceptions that are its contract.
        share: of the time, where most readers have 1.
        patience: how many times the time of a reader it may take; more than 1 where a disk or two engines work.
    """

    name: str
    read: Callable[[bytes, Path], set[str]]
    seeds: tuple[str, ...]
    alone: Callable[[bytes, Path], set[str]] | None = None
    refusals: tuple[type[ClaimloopError], ...] = ()
    share: float = 1.0
    patience: float = 1.0


def pieces(data: bytes) -> Iterator[bytes]:
    """The bytes as a file system gives them: in blocks, whose size hangs on the content."""
    size = (1 << 16, 4_096, 997, 50)[zlib.crc32(data) % 4]
    if len(data) > 20_000:
        size = max(size, 997)
    for at in range(0, len(data), size):
        yield data[at : at + size]


def feature(value: object) -> str:
    """What a value shows: its type, or the code of a Finding that could be printed."""
    if not isinstance(value, Finding):
        return type(value).__name__
    msgspec.json.encode(value)
    if len(value.message) + len(value.fix) > _LONGEST_MESSAGE:
        raise NeitherReadNorRefusedError(f"{value.code} has a message of {len(value.message)} characters")
    return value.code


# -- X12 -----------------------------------------------------------------------------------------------------------


def sets_with(
    readers: dict[str, Callable[[TransactionSet], Iterable[Any]]],
) -> Callable[[bytes, Path], set[str]]:
    """Each transaction set of a kind by its reader, which must say something of every one."""

    def read(data: bytes, _folder: Path) -> set[str]:
        said: set[str] = set()
        for item in read_transactions(pieces(data), file="x"):
            if isinstance(item, Finding):
                said.add(feature(item))
                continue
            said.add(item.kind[:3] if item.kind in readers else "other")
            values = 0
            for value in readers.get(item.kind, lambda _ts: ("unread",))(item):
                said.add(feature(value))
                values += 1
                if values % 50 == 1:
                    msgspec.json.encode(value)
            if not values:
                raise NeitherReadNorRefusedError(f"nothing was said of a transaction set {item.kind}")
        return said

    return read


@cache
def transaction_readers() -> dict[str, Callable[[TransactionSet], Iterable[Any]]]:
    """``read`` of every module of edi.transactions that has one, by module."""
    found = {}
    for module in pkgutil.iter_modules(edi.transactions.__path__):
        loaded = importlib.import_module(f"edi.transactions.{module.name}")
        if callable(getattr(loaded, "read", None)):
            found[module.name] = loaded.read
    return found


def _kinds(module: str) -> tuple[str, ...]:
    """Kinds of transaction set that a module reads: ST01, or TA1."""
    if module == "t999":
        return ("999", "997")
    return ("TA1",) if module == "ta1" else (module[1:4],)


def _envelope(data: bytes, _folder: Path) -> set[str]:
    """The same sets and findings however the bytes are cut."""
    told = []
    for chunks in (iter((data,)), pieces(data)):
        said: list[object] = []
        for item in read_transactions(chunks, file="x"):
            if isinstance(item, Finding):
                said.append(feature(item))
            else:
                said.append((item.kind, item.control_number, sum(1 for _ in item.segments)))
        told.append(said)
    if told[0] != told[1]:
        raise NeitherReadNorRefusedError("what is read hangs on how the bytes are cut")
    return {one if isinstance(one, str) else "set" for one in told[0]}


def _conformance(data: bytes, _folder: Path) -> set[str]:
    """The fast engine says what pyx12 says."""
    fast = conformance.check(data)
    slow = plain.check(data)
    if fast != slow:
        raise NeitherReadNorRefusedError("the fast engine and pyx12 differ")
    said = {f"{error.kind}{error.code}" for error in fast.errors}
    return said | {f"unmapped{bool(fast.unmapped)}", "judged"}


def _check(data: bytes, folder: Path) -> set[str]:
    found = FileCheck(_file(data, folder))
    said = {f"{side}{feature(finding)}" for side, finding in found}
    return said | {str(found.exit_code), str(found.judgment.passed)}


def _show(data: bytes, _folder: Path) -> set[str]:
    """JSON that is JSON, and text."""
    outcome, again = Outcome(), Outcome()
    text = ""
    for piece in show_json(pieces(data), "x", show_phi=False, outcome=outcome):
        text += piece
    said = set()
    for line in text.rstrip("\n").split("\n"):
        shown = json.loads(line)
        said |= {str(shown["transaction"])[:3], *(finding["code"] for finding in shown["findings"])}
    for shown_line in show_text(pieces(data), "x", show_phi=True, outcome=again):
        if isinstance(shown_line, Finding):
            said.add(feature(shown_line))
        else:
            shown_line.encode()
    return said


def _redact(data: bytes, _folder: Path) -> set[str]:
    """The same transaction sets, where no separator had to be guessed."""
    redactor = Redactor(b"a key of the tests, no secret")
    made = list(redactor.copy(pieces(data)))
    copy = b"".join(piece for piece in made if isinstance(piece, bytes))
    said = {piece.kind for piece in made if isinstance(piece, SyntaxProblem)}
    before, after = _kinds_in(data), _kinds_in(copy)
    if before != after and None not in before:
        raise NeitherReadNorRefusedError("the copy has other transaction sets")
    return said | {"copied"} if copy else said


def _kinds_in(data: bytes) -> list[str | None]:
    """The kinds of its transaction sets, "?" for what is none and so is replaced; None where separators were guessed."""
    found: list[str | None] = []
    for item in read_transactions(pieces(data)):
        if not isinstance(item, Finding):
            found.append(item.kind if re.fullmatch(r"\d{3}", item.kind) else "?")
        elif item.code == "ENV005":
            found.append(None)
    return found


# -- archives and texts --------------------------------------------------------------------------------------------


def _file(data: bytes, folder: Path, name: str = "input.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _archive(data: bytes, _folder: Path) -> set[str]:
    source = io.BytesIO(data)
    if not archives.is_archive(data[:4]):
        return {"no archive"}
    found = archives.members(source, archives.Limits(members=100, size=1 << 20))
    if isinstance(found, str):
        return {found}
    said = {"archive"}
    opened = archives.opened(source)
    for member in found:
        try:
            size = sum(len(block) for block in archives.blocks(opened, member))
        except InputError:
            said.add("damaged")
            continue
        if size > member.size or "/" in member.name or "\\" in member.name or not member.name:
            raise NeitherReadNorRefusedError("a member is larger than said, or has a path for its name")
        said.add("member")
    return said


def _report(data: bytes, _folder: Path) -> set[str]:
    return {f"report{is_report(pieces(data))}"}


# -- tables --------------------------------------------------------------------------------------------------------


def _table_with(reader: Callable[..., Iterable[Any]], **more: Any) -> Callable[[bytes, Path], set[str]]:
    def read(data: bytes, _folder: Path) -> set[str]:
        return {
            feature(item) for item in reader(read_table(pieces(data), file="x.csv"), file="x.csv", **more)
        }

    return read


def _records(name: str) -> Callable[[bytes, Path], set[str]]:
    def read(data: bytes, folder: Path) -> set[str]:
        path = _file(data, folder, f"{name}.csv")
        found = load_records(RecordFiles(**{name: path}))
        return {feature(finding) for finding in found.findings} | {
            f"{summary.accepted > 0}{summary.rejected > 0}" for summary in found.summaries
        }

    return read


def _payments(data: bytes, _folder: Path) -> set[str]:
    """Both forms of the file, and the remittances that come of its rows."""
    said = set()
    for rows in (
        read_toml(data, file="x.toml"),
        read_table(pieces(data), file="x.csv"),
    ):
        found: list[HandRow] = []
        for item in read_payments(rows, file="x", practices=_PRACTICES, payers=shipped_packs(), today=TODAY):
            said.add(feature(item))
            if isinstance(item, HandRow):
                found.append(item)
        made = remittances(found, file="x", practices=_PRACTICES, payers=shipped_packs())
        said |= {
            f"{bool(one.findings)}remittance" if hasattr(one, "findings") else "remittance" for one in made
        }
    return said


def _bank(data: bytes, _folder: Path) -> set[str]:
    return {feature(item) for item in read_bai2(pieces(data), file="x.bai")}


def _demo(folder: Path) -> Path:
    """A practice with its records, made once in a folder."""
    home = folder / "demo"
    if not home.is_dir():
        shutil.copytree(
            ROOT / "cli" / "demo_data", home, ignore=shutil.ignore_patterns("*.py", "__pycache__")
        )
    return home


def _scrub(name: str) -> Callable[[bytes, Path], set[str]]:
    """One of the demo's files in the place of the right one, through intake, charging and every rule."""

    def read(data: bytes, folder: Path) -> set[str]:
        home = _demo(folder)
        settings = _settings(home)
        right = {
            one: home / f"{one}.csv" for one in ("sessions", "patients", "cases", "authorizations", "fees")
        }
        right[name] = _file(data, folder, f"{name}.csv")
        sessions = right.pop("sessions")
        request = CheckRequest(sessions=(sessions,), today=TODAY, records=RecordFiles(**right))
        found = check(request, settings, None)
        said = {feature(finding) for finding in found.findings}
        for claim in found.claims:
            said |= {feature(finding) for finding in claim.findings}
        return said | {f"claims{bool(found.claims)}", f"lines{bool(found.lines)}"}

    return read


@cache
def _settings(home: Path) -> Any:
    return load_settings(home / "claimloop.toml", environment={})


def _configured(name: str) -> Callable[[bytes, Path], set[str]]:
    """claimloop.toml or payers.toml in the place of the demo's."""

    def read(data: bytes, folder: Path) -> set[str]:
        home = folder / f"with {name}"
        if not home.is_dir():
            shutil.copytree(_demo(folder), home)
        _file(data, home, name)
        settings = load_settings(home / "claimloop.toml", environment={})
        with suppress(SettingsError):
            settings.need_directory()
        return {feature(finding) for finding in settings.findings} | {"settings"}

    return read


def _scenario(data: bytes, _folder: Path) -> set[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"no text"}
    return {type(parse_scenario(text)).__name__}


def _tables(data: bytes, folder: Path) -> set[str]:
    kind = "xlsx" if data.startswith(b"PK") else "csv"
    path = _file(data, folder, f"table-2026q2-f1.{kind}")
    said = set()
    for release in ("2026Q2", "2026-03-01"):
        request = UpdateRequest(
            files=(path,), folder=folder / "tables", release=release, today=TODAY, dry_run=True
        )
        try:
            done = update_tables(request)
        except (InputError, UsageError) as refusal:
            said.add(type(refusal).__name__)
            continue
        said |= {f"{one.table}{one.outcome}" for one in done.files}
    return said


def archive_of(members: dict[str, bytes]) -> bytes:
    """A zip of some members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def _of_transactions() -> Iterator[Reader]:
    for module, read in transaction_readers().items():
        kinds = _kinds(module)
        yield Reader(name=module, read=sets_with(dict.fromkeys(kinds, read)), seeds=kinds)
    yield Reader(name="acknowledgments", read=sets_with(dict(ACKNOWLEDGMENTS)), seeds=tuple(ACKNOWLEDGMENTS))


def _rows() -> Iterator[Reader]:
    yield Reader(name="sessions", read=_table_with(read_sessions), seeds=("sessions",))
    for name in ("patients", "cases", "authorizations", "fees"):
        yield Reader(name=name, read=_records(name), seeds=(name,))
    yield Reader(name="deposits", read=_table_with(read_deposits), seeds=("deposits",))
    yield Reader(name="bank statement", read=_bank, seeds=("bai2",))
    yield Reader(name="payments", read=_payments, seeds=("payments",))
    for name in ("sessions", "patients", "cases", "authorizations", "fees"):
        yield Reader(name=f"scrub {name}", read=_scrub(name), seeds=(name,))
    for name in ("claimloop.toml", "payers.toml"):
        yield Reader(name=name, read=_configured(name), seeds=(name,), refusals=(SettingsError,))
    yield Reader(name="scenario", read=_scenario, seeds=("scenario",), refusals=(UsageError,))
    yield Reader(name="tables", read=_tables, seeds=("tables",))


@cache
def readers() -> dict[str, Reader]:
    """Every reader by name."""
    x12 = ("837", "835", "999", "277", "TA1", "270", "271", "bad")
    listed = [
        Reader(name="envelope", read=_envelope, seeds=x12),
        *_of_transactions(),
        Reader(name="conformance", read=_conformance, seeds=x12, share=2.0, patience=2.0),
        Reader(name="x12 check", read=_check, seeds=x12),
        Reader(name="x12 show", read=_show, seeds=x12),
        Reader(name="redact", read=_redact, seeds=x12),
        Reader(name="archive", read=_archive, seeds=("archive",)),
        Reader(name="report", read=_report, seeds=("report", "bad")),
        *_rows(),
    ]
    return {one.name: one for one in listed}


NOW: Final = datetime(2026, 3, 31, 6, 0)
