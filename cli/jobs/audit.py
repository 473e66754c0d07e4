"""The audit as the command line tells it: its entries as rows, whether its chain is whole, and where it ends."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.jobs.run.settings import RunSettings
from cli.privacy import lock_of
from cli.private import SEALED
from cli.render import SCHEMA_VERSION, Row
from cli.settings import Settings
from edi.model.errors import AccessError, UsageError
from edi.transport.locked import AgeLock, is_locked
from reconcile.store import Connection
from reconcile.store.audit import (
    Anchor,
    Checked,
    Head,
    Wanted,
    check_chain,
    entries,
    files_beside,
    head,
    parse_head,
    read_head,
    too_many_claims,
    waiting,
)
from reconcile.store.audit.chain import BEFORE_THE_FIRST

COLUMNS: Final = ("sequence", "at", "actor", "command", "what", "rows", "exit_code", "about")
CSV: Final = (
    "sequence", "at", "actor", "run", "command", "what", "shown", "changed", "exit_code", "claims", "practices",
    "files", "subjects", "previous", "hash",
)  # fmt: skip
NARROW: Final = ("sequence", "at", "command", "what", "about")
MOST_MANIFESTS: Final = 30
"""Manifests of runs, the newest ones, whose heads are compared."""
_NAMED: Final = 3
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Entries as rows; ``perhaps`` counts those that speak of more claims than they name, when one was asked for."""

    rows: list[dict[str, Any]]
    perhaps: int = 0


def listed(connection: Connection, wanted: Wanted) -> Listed:
    """The entries that are asked for, in order."""
    rows = [
        {**msgspec.structs.asdict(entry), "subjects": about} for entry, about in entries(connection, wanted)
    ]
    return Listed(rows=rows, perhaps=too_many_claims(connection, wanted) if wanted.claim is not None else 0)


def table_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Entries as a screen has them."""
    for row in rows:
        yield {
            **{name: row.get(name) for name in COLUMNS},
            "at": str(row["at"])[:19].replace("T", " "),
            "rows": row["changed"] or row["shown"] or None,
            "about": "; ".join(_about(row["subjects"])),
        }


def csv_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Entries as files have them: what they name in columns of its own, all subjects as JSON."""
    for row in rows:
        named = {kind: list(row["subjects"].get(kind, ())) for kind in ("claims", "practices", "files")}
        packed = msgspec.json.encode(row["subjects"], order="sorted").decode()
        yield {**row, **named, "subjects": packed}


def _count(number: int, word: str = "") -> str:
    return f"{number} {word}{'entry' if number == 1 else 'entries'}"


def _about(subjects: Mapping[str, Any]) -> Iterator[str]:
    """What an entry is about, in short."""
    for name, value in subjects.items():
        if name.endswith("_digest"):
            continue
        if isinstance(value, list):
            short = [str(one)[:12] if name == "files" else str(one) for one in value[:_NAMED]]
            more = [f"and {len(value) - _NAMED} more"] if len(value) > _NAMED else []
            yield f"{name} {' '.join([*short, *more])}"
        elif isinstance(value, bool):
            yield name
        elif isinstance(value, dict):
            yield ", ".join(f"{what} {count}" for what, count in value.items())
        else:
            yield f"{name} {value}"


def footer(found: Listed, shown: int) -> list[str]:
    """What stands under a table."""
    lines = [f"{_count(len(found.rows))}" + (f", the last {shown} shown" if shown < len(found.rows) else "")]
    return [*lines, *perhaps(found)]


def perhaps(found: Listed) -> list[str]:
    """What the filter for one claim cannot tell."""
    if not found.perhaps:
        return []
    return [
        f"{_count(found.perhaps, 'further ')} of these speak of more claims than they name "
        "and may mean it too"
    ]


# -- whether it is whole -----------------------------------------------------------------------------------------------


def check(connection: Connection, settings: Settings, given: Sequence[str]) -> Checked:
    """Walk the chain, and compare the heads that were kept outside.

    Args:
        connection: a read transaction.
        settings: say where the head beside the store and the manifests of runs are.
        given: ``--head``: files or hashes.

    Raises:
        UsageError: one is neither.
    """
    beside, _ = _files(settings)
    anchors = [*_beside(beside), *_manifests(settings), *(_anchor(one) for one in given)]
    return check_chain(connection, anchors)


def waits(settings: Settings) -> int:
    """How many entries wait beside the store for the chain."""
    return waiting(_files(settings)[1])


def _files(settings: Settings) -> tuple[Path, Path]:
    return files_beside(settings.store.database, settings.beside_vault)


def _beside(path: Path) -> list[Anchor]:
    found = read_head(path)
    return [] if found is None else [Anchor(source=path.name, sequence=found.sequence, hash=found.hash)]


def _manifests(settings: Settings) -> list[Anchor]:
    """The heads in the newest manifests of runs."""
    folder = settings.folder / settings.table("run", RunSettings).manifests
    newest = sorted((*folder.glob("*Z.json"), *folder.glob(f"*Z.json{SEALED}")))[-MOST_MANIFESTS:]
    lock = lock_of(settings) if any(path.suffix == SEALED for path in newest) else None
    found = [one for path in newest if (one := _of_file(path, lock)) is not None]
    return [msgspec.structs.replace(one, of_run=True) for one in found]


def _anchor(given: str) -> Anchor:
    """A head that was named: a file that holds one, SEQUENCE:HASH, or a hash."""
    path = Path(given)
    if path.is_file():
        found = _of_file(path)
        if found is None:
            raise UsageError(f"--head: {path.name} holds no head of an audit")
        return found
    text = given.strip().lower()
    parsed = parse_head(text)
    if parsed is not None:
        return Anchor(source="--head", sequence=parsed.sequence, hash=parsed.hash)
    if not _HASH.fullmatch(text):
        raise UsageError(
            "--head: neither a file nor a hash of 64 hex digits; claimloop audit head prints one"
        )
    return Anchor(source="--head", hash=text)


class _Manifest(msgspec.Struct):
    """What of a run's manifest, or of the answer of `audit head --json`, says where the chain ended."""

    audit_head: str = ""
    sequence: int | None = None
    hash: str = ""


def _of_file(path: Path, lock: AgeLock | None = None) -> Anchor | None:
    """The head that a file holds, opened with the installation's key; None when it holds none.

    Raises:
        AccessError: it is encrypted, and not for a key that is at hand.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if is_locked(data):
        if lock is None:
            raise AccessError(f"{path.name} is encrypted; [privacy] key_file or key_env names its key")
        with lock.opening(io.BytesIO(data)) as plain:
            data = plain.read()
    try:
        found = msgspec.json.decode(data, type=_Manifest)
        text = found.audit_head or f"{found.sequence}:{found.hash}"
    except msgspec.MsgspecError:
        text = data.decode(errors="replace")
    parsed = parse_head(text)
    return None if parsed is None else Anchor(source=path.name, sequence=parsed.sequence, hash=parsed.hash)


def checked_json(checked: Checked, late: int) -> dict[str, Any]:
    """The answer of `audit verify` as the contract has it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "whole": checked.broken is None,
        "entries": checked.entries,
        "head": checked.head,
        "broken": checked.broken,
        "interrupted": checked.interrupted,
        "anchors": checked.anchors,
        "waiting": late,
    }


def checked_lines(checked: Checked, late: int) -> Iterator[str]:
    """The same in lines."""
    if checked.broken is None:
        yield f"whole: {_count(checked.entries)}, each chained to the one before it"
    else:
        yield f"broken at entry {checked.broken.sequence} ({checked.broken.kind}): {checked.broken.message}"
    if checked.anchors:
        yield f"compared with {', '.join(checked.anchors)}"
    else:
        yield "no head was kept outside, so an end that was cut off would not show; give one with --head"
    for one in checked.interrupted:
        yield (
            f"interrupted, or still at work: entry {one.sequence}, {one.command}, by {one.actor}, "
            f"{one.at[:19].replace('T', ' ')} UTC"
        )
    if late:
        yield f"{_count(late)} beside the store wait for the next command"


def end_of_chain(connection: Connection) -> Head:
    """The last entry; of a store without entries what its first one will be chained to."""
    return head(connection) or Head(sequence=0, hash=BEFORE_THE_FIRST)
