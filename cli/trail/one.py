"""What one call of a command leaves in the audit."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from cli.trail.policy import CHANGES, DOES, FILES_TOLD, KINDS, REFUSES
from cli.trail.who import actor, digest_of_file
from edi.model.errors import ClaimloopError, SettingsError, TemporaryError
from reconcile.tally import MOST_NAMED, Tally

if TYPE_CHECKING:
    from cli.settings import Settings
    from reconcile.store.audit import Book, Draft, Head

Row = TypeVar("Row", bound=Mapping[str, Any])


class Trail:
    """What one call of a command leaves behind.

    Args:
        command: its words, ``claims list``.
        given: its parameters by name.
        arguments: the names of those that are no options.
    """

    def __init__(self, command: str, given: Mapping[str, Any], arguments: Iterable[str]) -> None:
        self.command = command
        self.run = secrets.token_hex(8)
        self._given = given
        self._arguments = tuple(arguments)
        self._book: Book | None = None
        self._required = self._changing = self._warned = False
        self._tallies = {kind: Tally() for kind in dict.fromkeys(KINDS.values())}
        self._rows = 0
        self._more: dict[str, Any] = {}
        self._pending: list[Draft] = []
        self._made: list[str] = []
        self._typed = {one.strip().casefold() for one in _texts(given.values())}
        """What a person typed may come back in an answer; the store says which of it names something."""

    # -- the store ---------------------------------------------------------------------------------------------------

    def opened(self, settings: Settings, *, changing: bool = False, anew: bool = False) -> None:
        """Note that the command begins, in the store of the settings; what is open already stays so.

        Args:
            settings: of the command.
            changing: it may change the store; else it only looks.
            anew: the head beside the store is of a chain that is no more.

        Raises:
            ClaimloopError: the audit cannot be written, and [audit] requires it, or it may be written later.
        """
        self._changing = self._changing or changing
        if self._book is not None or not self.command:
            return
        from cli.settings import AuditSettings
        from reconcile.store.audit import BEGAN, Book

        self._required = settings.table("audit", AuditSettings).required
        self._book = Book(settings.store.database, settings.beside_vault, anew=anew)
        subjects = self._files() | ({"dry_run": True} if self._given.get("dry_run") else {})
        self._write([self._draft(BEGAN, subjects)], self._words(), begins=True)

    def near(self) -> None:
        """The same for a command that can do without a store: in that of the settings, where there is one."""
        config, database = self._given.get("config"), self._given.get("database")
        from cli.settings import load_settings

        try:
            settings = load_settings(config, database=database)
        except SettingsError:
            return
        url = settings.store.database
        if url.startswith("sqlite") and not Path(url.partition(":///")[2]).is_file():
            return
        try:
            self.opened(settings)
        except TemporaryError as error:
            if self._required:
                raise
            self._leave(error)

    def restored(self, settings: Settings, *, digest: str) -> None:
        """Note that the store was filled from a backup; its chain ends with this, whatever the head beside it knew.

        Args:
            settings: of the command.
            digest: of the store when it was backed up.
        """
        from reconcile.store.audit import files_beside, read_head

        before = read_head(files_beside(settings.store.database, settings.beside_vault)[0])
        self.note(digest=digest, **({"head_before": str(before)} if before is not None else {}))
        self.opened(settings, changing=True, anew=True)

    @property
    def head(self) -> Head | None:
        """The end of the chain when this command last wrote to it."""
        return self._book.head if self._book is not None else None

    # -- what went out or was done -----------------------------------------------------------------------------------

    def row(self, row: Mapping[str, Any]) -> None:
        """Take in a row that goes out."""
        self._rows += 1
        for member, kind in KINDS.items():
            value = row.get(member)
            if isinstance(value, str) and value.casefold() not in self._typed:
                self._tallies[kind].add(value)

    def document(self, document: object) -> None:
        """Take in a document that goes out: whatever in it names claims, files or practices."""
        if isinstance(document, list | tuple):
            for part in document:
                self.document(part)
            return
        if isinstance(document, msgspec.Struct):
            document = {name: getattr(document, name) for name in document.__struct_fields__}
        if not isinstance(document, Mapping):
            return
        if not KINDS.keys().isdisjoint(document):
            self.row(document)
        for value in document.values():
            if isinstance(value, list | tuple | Mapping | msgspec.Struct):
                self.document(value)

    def note(self, **subjects: Any) -> None:
        """Say more of what the command is about: codes, counts, ids; never a name or free text."""
        self._more.update(subjects)

    def wrote(self, files: Iterable[Any]) -> None:
        """Take in files that were written, by their ``sha256``; the store knows the claims in them."""
        for one in files:
            self._made.append(one.sha256)
            self.row({"sha256": one.sha256})

    def took_in(self, files: Iterable[Any]) -> None:
        """Take in the files of a manifest: each leaves an entry of its own, with what became of it."""
        for one in files:
            if one.sha256 is None:
                continue
            claims = one.claims_new + sum(payment.claims for payment in one.payments)
            subjects = {"files": [one.sha256], "kind": one.kind or "", "outcome": one.outcome}
            self.later("changed", subjects, changed=claims + one.acknowledgments)

    def later(self, what: str, subjects: Mapping[str, Any], *, changed: int = 0) -> None:
        """An entry of its own that is written with the last one."""
        self._pending.append(self._draft(what, subjects, changed=changed))

    def step(self, what: str, subjects: Mapping[str, Any]) -> None:
        """An entry of its own, written at once; no transaction of this process may be open."""
        if self._book is not None:
            self._write([self._draft(what, subjects)])

    # -- writing -----------------------------------------------------------------------------------------------------

    def end(self, code: int, error: BaseException | None = None) -> None:
        """Note how the command ended.

        Args:
            code: what it ends with.
            error: what ended it, if it did not end by itself.
        """
        if self._book is None:
            return
        what = self._what() if error is None else "refused" if code in REFUSES else "failed"
        subjects: dict[str, Any] = dict(self._more)
        for kind, tally in self._tallies.items():
            subjects |= tally.subjects(kind)
        subjects = {**self._files(), **subjects, **self._manner()}
        counts = {"changed" if what in CHANGES else "shown": self._rows}
        self._write([*self._pending, self._draft(what, subjects, exit_code=code, **counts)], self._words())

    def _what(self) -> str:
        """What a command that went through did."""
        if self._given.get("dry_run"):
            return "saw"
        if self.command in DOES:
            return DOES[self.command]
        if self._changing:
            return "changed"
        return "exported" if self._given.get("output") is not None else "saw"

    def _manner(self) -> dict[str, Any]:
        """How the answer was asked for, where it matters."""
        manner = {name: True for name in ("show_phi", "dry_run") if self._given.get(name)}
        form = self._given.get("form")
        return manner | ({"form": form} if isinstance(form, str) and form not in ("table", "text") else {})

    def _words(self) -> list[str]:
        """What was named in the call."""
        names = (*self._arguments, "practice", "claim", "like", "proof")
        return [*_texts(self._given.get(name) for name in names), *self._made][:MOST_NAMED]

    def _files(self) -> dict[str, Any]:
        """The digests of the files that the command was given."""
        if self.command in FILES_TOLD:
            return {}
        tally = Tally()
        for name in self._arguments:
            value = self._given.get(name)
            for one in value if isinstance(value, list | tuple) else (value,):
                if isinstance(one, Path) or (self.command == "eob" and isinstance(one, str)):
                    tally.add(digest_of_file(Path(one)))
        return tally.subjects("files")

    def _draft(self, what: str, subjects: Mapping[str, Any], **more: Any) -> Draft:
        from reconcile.store.audit import Draft

        return Draft(
            at=datetime.now(UTC).replace(tzinfo=None),
            actor=actor(os.environ),
            run=self.run,
            command=self.command,
            what=what,
            subjects=dict(subjects),
            **more,
        )

    def _write(self, drafts: list[Draft], words: Iterable[str] = (), *, begins: bool = False) -> None:
        """Append, or say that it cannot be done where that is no reason to stop.

        What begins can be tried again later; of what is done the entry alone is missing, and it shows as not ended.
        """
        if self._book is None or self._warned:
            return
        try:
            self._book.write(drafts, tuple(words))
        except (ClaimloopError, OSError) as error:
            if self._required or (begins and isinstance(error, TemporaryError)):
                raise
            self._leave(error)

    def _leave(self, error: Exception) -> None:
        """Go on without the audit, and say so once."""
        if not self._warned and not self._given.get("quiet"):
            said = error.strerror if isinstance(error, OSError) else error
            print(f"claimloop: this is not in the audit: {said}", file=sys.stderr)
        self._warned = True

    def close(self) -> None:
        """Give the connection back."""
        if self._book is not None:
            self._book.close()


def _texts(values: Iterable[object]) -> Iterator[str]:
    """The texts among the values of parameters, and in their lists."""
    for value in values:
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str) and one:
                yield one


current: ContextVar[Trail | None] = ContextVar("claimloop_trail", default=None)


def trail() -> Trail:
    """The trail of the command at work; outside of commands one that leads nowhere."""
    return current.get() or Trail("", {}, ())


def noted(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows as they go out, and take them in."""
    one = trail()
    for row in rows:
        one.row(row)
        yield row
