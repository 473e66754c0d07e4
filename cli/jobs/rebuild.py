"""``rebuild``: a new store out of the vault, what was submitted, and the event log, compared with the one in use.

Every file that came in is read again in the order in which it was first seen, and between the files the decisions of
people are made again, each where it was made. A store that follows from its sources gives the same digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.jobs import deposits, dismissing, holds, linking, payments
from cli.jobs.ingest import ingest_kept, take_again
from cli.jobs.posting import Tools, recompute
from cli.jobs.retrying import retry_for_claims
from cli.jobs.untied import tie_to_imported
from cli.settings import Settings
from edi.codes import Tables
from edi.model.directory import Practice
from edi.model.errors import InputError, TemporaryError, UsageError
from reconcile.store import Connection, DatabaseVault, Kept, Place, Store, Vault, by_roots, open_store
from reconcile.store.alone import alone, write_back
from reconcile.store.audit import copy_chain, last_entry_of
from reconcile.store.claim_status.tying import tie_again
from reconcile.store.digest import store_digest, table_digests
from reconcile.store.events import Event
from reconcile.store.files import TAKEN_AGAIN, taken_again
from reconcile.store.hold_lists import find_hold
from reconcile.store.holds import payment_of_subject
from reconcile.store.journal_copy import carry_over
from reconcile.store.sources import (
    Decisions,
    SourceFile,
    begin_copy,
    copy_claims,
    copy_file,
    end_copy,
    source_files,
    submission_named,
)
from reconcile.store.vault.moving import copy_missing

DECISIONS: Final = (
    holds.RELEASE, holds.UNDO, dismissing.DISMISS, dismissing.UNDO, linking.LINK, linking.UNLINK, TAKEN_AGAIN,
)  # fmt: skip
"""The kinds of event that are played; all others are only copied."""
Advance = Callable[[int], None]


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild came to.

    ``differs`` names the tables whose rows are others than before; ``tables_changed`` says that the code tables are
    others than those of the books in use, which explains it. ``unplayed`` are decisions that could not be made again.
    """

    into: str
    claims: int
    files: int
    decisions: int
    differs: tuple[str, ...]
    unplayed: tuple[str, ...]
    tables_changed: bool
    source_digest: str = ""
    """Of the store in use, with its files, as it was read."""

    @property
    def same(self) -> bool:
        """Whether the new store holds the same rows."""
        return not self.differs and not self.unplayed


def rebuild(
    store: Store, into: Store, settings: Settings, tables: Tables, advance: Advance = lambda _count: None
) -> Rebuilt:
    """Build a new store and compare it.

    Args:
        store: the one in use; nothing of it is changed. Its vault is the source of every file.
        into: an empty store on the same vault, or with one of its own in its database.
        settings: of the installation.
        tables: the code tables.
        advance: told of every file and decision that is done.

    Raises:
        StoreError: the new store is not empty, or the vault lacks a file.
        AccessError, TemporaryError: a store or the vault failed.
    """
    tools = Tools(tables, settings.payers)
    with store.read() as source:
        if isinstance(into.vault, DatabaseVault):
            copy_missing(store.vault, into.vault)
        with into.write() as target:
            begin_copy(source, target)
        files = source_files(source)
        decisions = Decisions(source, DECISIONS, files)
        made = len(decisions)
        unplayed: list[str] = []
        play = partial(
            _play,
            files={one.sha256: one for one in files},
            into=into,
            settings=settings,
            tools=tools,
            advance=advance,
        )
        for place, one in enumerate(files):
            unplayed += play(decisions.before(place))
            _submissions(one, source, into, tools)
            if one.comes_in:
                _take(one, into, settings, tools)
            advance(1)
        unplayed += play(decisions.before(len(files)))
        with into.write() as target:
            end_copy(source, target)
            carry_over(source, target)
        with into.read() as target:
            before, after = table_digests(source), table_digests(target)
        digest = store_digest(source, with_files=True)
        versions = _versions(source)
        claims = int(source.exec_driver_sql("SELECT COUNT(*) FROM claim").scalar_one())
    return Rebuilt(
        into=into.name,
        claims=claims,
        files=sum(1 for one in files if one.comes_in),
        decisions=made,
        differs=tuple(name for name in before if before[name] != after[name]),
        unplayed=tuple(unplayed),
        tables_changed=bool(versions - {"", tables.version}),
        source_digest=digest,
    )


def steps(store: Store) -> int:
    """How many files and decisions a rebuild of a store has to do."""
    with store.read() as source:
        files = source_files(source)
        return len(files) + len(Decisions(source, DECISIONS, files))


def _versions(source: Connection) -> set[str]:
    """The versions of the code tables that made the books."""
    query = "SELECT DISTINCT tables_version FROM claim UNION SELECT DISTINCT tables_version FROM remittance"
    return {str(row[0]) for row in source.exec_driver_sql(query)}


def _submissions(one: SourceFile, source: Connection, into: Store, tools: Tools) -> None:
    """Copy the claims that a file carried, and the file itself where it is not read again."""
    with into.write() as target:
        if not one.comes_in:
            copy_file(source, target, one.sha256)
        if one.submits:
            copied = copy_claims(source, target, one.sha256)
            recompute(target, copied.extended, tools)
            retry_for_claims(target, copied.new, tools)
            if one.direction == "in":
                tie_again(target)
                tie_to_imported(target, into.vault, tools, (one.sha256,))


def practices_of(settings: Settings) -> Mapping[str, Practice]:
    """The practices of claimloop.toml by id; none without it."""
    return settings.directory.practices if settings.directory is not None else {}


def _take(one: SourceFile, into: Store, settings: Settings, tools: Tools) -> None:
    """Take a file in again as the command that took it did."""
    kept = Kept(one.sha256, one.size, new=False)
    practices = practices_of(settings)
    if one.kind in deposits.KINDS:
        take_again(into, kept, one.name, one.first_seen, lambda: deposits.take_deposits(
            kept, one.name, into, settings.deposits, practices
        ))  # fmt: skip
    elif one.kind == payments.KIND:
        take_again(into, kept, one.name, one.first_seen, lambda: payments.take_payments(
            kept, one.name, into, tools, practices
        ))  # fmt: skip
    else:
        take_again(into, kept, one.name, one.first_seen, lambda: ingest_kept(
            into, kept, one.name, tools, settings.ingest, one.first_seen
        ))  # fmt: skip


def _play(
    events: Iterable[Event],
    files: Mapping[str, SourceFile],
    into: Store,
    settings: Settings,
    tools: Tools,
    advance: Advance,
) -> Iterator[str]:
    """Make decisions again, and take files again that came again; yields why a decision could not be made."""
    for event in events:
        if event.kind == TAKEN_AGAIN:
            _take(files[taken_again(event)], into, settings, tools)
        else:
            yield from _decide(event, into, tools, practices_of(settings))
        advance(1)


def _decide(event: Event, into: Store, tools: Tools, practices: Mapping[str, Practice]) -> Iterable[str]:
    """Make a decision again, in one transaction; returns why it could not be made."""
    try:
        with into.write() as connection:
            name = event.subject
            if name.startswith("claim_payment:"):
                number = payment_of_subject(connection, name)
                if number is None:
                    raise UsageError("its claim payment is not there")
                name = f"claim_payment:{number}"
            hold = find_hold(connection, name)
            if event.kind == holds.RELEASE:
                reason = str(event.data["reason"])
                holds.release_hold(connection, into, hold, reason, tools, practices)
            elif event.kind == holds.UNDO:
                holds.undo_hold(connection, into, hold, tools, practices)
            elif event.kind == dismissing.DISMISS:
                dismissing.dismiss_hold(connection, hold, str(event.data["reason"]))
            elif event.kind == dismissing.UNDO:
                dismissing.undo_dismissal(connection, hold)
            elif event.kind == linking.UNLINK:
                linking.unlink_payment(connection, hold, tools)
            else:
                _link(connection, hold, event.data, tools)
    except (InputError, UsageError) as error:
        return [f"{event.kind} {event.subject}: {error}"]
    return []


def _link(connection: Connection, hold: Any, data: dict[str, Any], tools: Tools) -> None:
    """Link a claim payment to the very submission that the event names."""
    found = submission_named(connection, data["practice"], data["claim"], data["sequence"])
    if found is None:
        raise UsageError("the claim that it was linked to is not there")
    number, root = found
    submissions = [one for one in by_roots(connection, [root]).chains[root] if one.id == number]
    ties = {int(place) - 1: numbers for place, numbers in data["lines"].items()}
    linking.link_payment(connection, hold, submissions, ties, tools)


# -- files of SQLite ---------------------------------------------------------------------------------------------------


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite store, None for other databases."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def open_beside(store_url: str, vault: Path | Vault, into: str | None) -> tuple[Store, str]:
    """Open the empty store to build into: ``into``, else a file beside the one in use, left over ones removed.

    It works on the vault of the one in use; on a copy in its own tables where that vault is in the database.

    Raises:
        UsageError: the database in use is no file, and nothing was named.
    """
    if into is not None:
        if isinstance(vault, DatabaseVault) and sqlite_file(into) is None:
            return open_store(into, Place(None, vault.lock)), into
        return open_store(into, vault), into
    current = sqlite_file(store_url)
    if current is None:
        raise UsageError("name an empty database with --into: the store in use is not a file")
    path = current.with_suffix(".rebuilt.db")
    remove_sqlite(path)
    url = f"sqlite:///{path}"
    return open_store(url, vault), url


def remove_sqlite(path: Path) -> None:
    """Remove a SQLite file and the two that it keeps beside it, if they are there."""
    for name in sqlite_files(path):
        name.unlink(missing_ok=True)


def sqlite_files(path: Path) -> Sequence[Path]:
    """A SQLite file and the two that it keeps beside it."""
    return [path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")]


def swap(store: Store, rebuilt: Path, digest: str) -> Path:
    """Put the new store in the place of the one in use; returns where the old one went.

    The logs of both are written back first, so one rename puts the whole new store in place. The audit goes with it.

    Args:
        store: the one in use, a file; it is closed.
        rebuilt: the new one, closed.
        digest: of the one in use when it was read.

    Raises:
        TemporaryError: it has changed since, a send or run is at work on it, or another command has it open.
    """
    current = Path(store.engine.url.database or "")
    with alone(store):
        with store.read() as connection:
            if store_digest(connection, with_files=True) != digest:
                raise TemporaryError("the store changed while the new one was built: rebuild it again")
            _carry_audit(connection, rebuilt, store.vault)
        store.close()
        for one in (current, rebuilt):
            write_back(one)
        if last_entry_of(current) != last_entry_of(rebuilt):
            raise TemporaryError("somebody looked at the store while it was swapped: rebuild it again")
        kept = current.with_suffix(".before-rebuild.db")
        remove_sqlite(kept)
        kept.hardlink_to(current)
        rebuilt.replace(current)
    return kept


def _carry_audit(source: Connection, rebuilt: Path, vault: Vault) -> None:
    """The audit follows from nothing: its chain goes over as it is."""
    target = open_store(f"sqlite:///{rebuilt}", vault)
    try:
        with target.write() as connection:
            copy_chain(source, connection)
    finally:
        target.close()
