"""`scrub --fix`: mechanical repairs into new files beside the old ones, with the diff of what was changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from cli.inputs import column_mapping, read_chunks
from cli.jobs.scrub.check import Checked
from cli.jobs.scrub.edit import Change, edited
from cli.settings import Settings
from edi.intake.sessions import REPEATED
from edi.intake.table import Row, read_table
from edi.model.errors import UsageError
from edi.model.session import SessionLine
from edi.rules.repairs import Repair, repairs
from edi.transport.whole import put_whole


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was made: ``before`` and ``after`` are the column's text."""

    file: str
    row: int
    session: str
    field: str
    before: str
    after: str
    codes: tuple[str, ...]


class NotFixed(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of a mechanical kind that was left to a person, and why."""

    file: str
    row: int
    session: str
    code: str
    reason: str


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """What `--fix` did. ``files`` are the new files by the old ones; a file without a change has none."""

    fixes: tuple[Fix, ...]
    not_fixed: tuple[NotFixed, ...]
    files: dict[Path, Path]
    diff: tuple[str, ...]


def fix_targets(sessions: Sequence[Path], output: Path | None) -> dict[Path, Path]:
    """Where the new file of each sessions file goes: ``--output``, else NAME.fixed.csv beside it.

    Raises:
        UsageError: a file is there already, one name stands for several files, or --output for several.
    """
    if output is not None and len(sessions) > 1:
        raise UsageError("--output names one file; leave it out to have a .fixed file beside each")
    names = [path.name for path in sessions]
    if len(set(names)) < len(names):
        raise UsageError("two of the files have one name; mend them one at a time")
    targets = {path: output or path.with_name(f"{path.stem}.fixed{path.suffix}") for path in sessions}
    for target in targets.values():
        if target.exists():
            raise UsageError(f"{target} is there already and is not written over; name another with --output")
    return targets


def fix(
    checked: Checked,
    settings: Settings,
    targets: Mapping[Path, Path],
    *,
    practice: str | None = None,
    show_phi: bool = False,
) -> Fixed:
    """Mend what is mechanical and write each changed file anew.

    Args:
        checked: the claims and what was found of them.
        settings: payers and headings.
        targets: where the new file of each sessions file goes (`fix_targets`).
        practice: whose files they are, when there are several.
        show_phi: the diff shows cells of columns that may hold PHI.

    Raises:
        InputError, AccessError, TemporaryError: a file cannot be read or written.
    """
    judged = [(one.draft, one.findings) for one in checked.claims]
    made, left = repairs(judged, settings.payers, checked.tables, checked.history)
    columns, _ = column_mapping(settings.directory, practice)
    fixes: list[Fix] = []
    not_fixed = [_not_fixed(one.session, one.code, one.reason) for one in left]
    files: dict[Path, Path] = {}
    diff: list[str] = []
    repeated = any(found.code == REPEATED for found in checked.findings)
    for path, target in targets.items():
        changes = {_change(one): one for one in made if one.session.file == path.name and one.session.row}
        again = tuple(_again(path, made, columns)) if repeated else ()
        if not changes and not again:
            continue
        data = b"".join(read_chunks(path))
        result = edited(data, list({**changes, **dict.fromkeys(again)}), columns, show_phi=show_phi)
        refused = dict(result.refused)
        for change, one in changes.items():
            if change in refused:
                not_fixed.append(_not_fixed(one.session, one.codes[0], refused[change]))
            else:
                fixes.append(_fix(one))
        if result.hunks:
            put_whole(target, result.data)
            files[path] = target
            diff += [f"--- {path}", f"+++ {target}", *result.hunks]
    return Fixed(fixes=tuple(fixes), not_fixed=tuple(not_fixed), files=files, diff=tuple(diff))


def _again(path: Path, made: Sequence[Repair], columns: Mapping[str, str]) -> Iterator[Change]:
    """The changes that the rows of a file want which repeat the mended ones: they must stay the same."""
    by_line: dict[str, list[Repair]] = {}
    for one in made:
        by_line.setdefault(one.session.line_id, []).append(one)
    for row in read_table(read_chunks(path), columns=columns):
        if not isinstance(row, Row):
            continue
        for one in by_line.get(row.cells.get("line_id", ""), ()):
            if row.cells.get("practice_id") in (None, "", one.session.practice_id):
                yield Change(row=row.number, line_id=one.session.line_id, field=one.field, value=one.value)


def _change(one: Repair) -> Change:
    """A repair as a change to its row of the file."""
    return Change(row=one.session.row, line_id=one.session.line_id, field=one.field, value=one.value)


def _fix(one: Repair) -> Fix:
    """A repair that was made, as it is told."""
    return Fix(
        file=one.session.file,
        row=one.session.row,
        session=one.session.line_id,
        field=one.field,
        before=_text(getattr(one.session, one.field)),
        after=_text(one.value),
        codes=one.codes,
    )


def _not_fixed(session: SessionLine, code: str, reason: str) -> NotFixed:
    return NotFixed(file=session.file, row=session.row, session=session.line_id, code=code, reason=reason)


def _text(value: tuple[str, ...] | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else " ".join(value)
