"""Settings and store of one command, opened together and closed whatever happens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cli.clock import rehearsal_warning
from cli.jobs.tables.store import tables_of
from cli.privacy import lock_of, store_of
from cli.private import seal_outputs
from cli.render import print_findings, stderr
from cli.settings import Settings, load_settings
from cli.trail import trail
from edi.codes import Tables
from edi.model.errors import StoreMissingError
from reconcile.store import Place, Store, open_store


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """What most commands work with."""

    settings: Settings
    store: Store

    @property
    def tables(self) -> Tables:
        """The code tables of the installation."""
        return tables_of(self.settings)


@contextmanager
def workspace(
    config: Path | None,
    database: str | None,
    *,
    read_only: bool = False,
    dry_run: bool = False,
    quiet: bool = False,
    upgrade: bool = False,
) -> Iterator[Workspace]:
    """Open settings and store. Commands that work say on stderr what is odd about the settings.

    Args:
        config: ``--config``.
        database: ``--database``.
        read_only: the command only looks.
        dry_run: the command rolls back what it writes; where there is no store yet, on one that is thrown away.
        quiet: nothing on stderr.
        upgrade: a command that only looks brings the tables of an older store to this version first.

    Raises:
        SettingsError, StoreUrlError, StoreError, AccessError, TemporaryError: as `load_settings` and `open_store` say.
    """
    settings = load_settings(config, database=database)
    seal_outputs(settings)
    if not quiet:
        _warn_of_rehearsal()
    if not read_only and not quiet and settings.findings:
        print_findings(settings.findings, stderr())
    with ExitStack() as stack:
        store, is_real = _opened(settings, stack, read_only=read_only, dry_run=dry_run, upgrade=upgrade)
        stack.callback(store.close)
        if is_real:
            trail().opened(settings, changing=not read_only and not dry_run)
        yield Workspace(settings=settings, store=store)


@contextmanager
def looking(
    config: Path | None, database: str | None, *, quiet: bool = False
) -> Iterator[tuple[Settings, Store | None]]:
    """Open settings, and the store to look at if there is one; None where none was made yet.

    Raises:
        SettingsError, StoreUrlError, StoreError, AccessError, TemporaryError: as for `workspace`.
    """
    settings = load_settings(config, database=database)
    seal_outputs(settings)
    if not quiet:
        _warn_of_rehearsal()
    if not quiet and settings.findings:
        print_findings(settings.findings, stderr())
    try:
        store = store_of(settings, read_only=True)
    except StoreMissingError:
        yield settings, None
        return
    with ExitStack() as stack:
        stack.callback(store.close)
        trail().opened(settings)
        yield settings, store


def _warn_of_rehearsal() -> None:
    """Say that the clock is not the machine's."""
    said = rehearsal_warning()
    if said:
        stderr().print(said, markup=False, soft_wrap=True)


def _opened(
    settings: Settings, stack: ExitStack, *, read_only: bool, dry_run: bool, upgrade: bool
) -> tuple[Store, bool]:
    """The store and True; for a dry run without one, an empty one in a folder that goes when the stack closes."""
    try:
        return store_of(settings, read_only=read_only, as_it_is=dry_run, upgrade=upgrade), True
    except StoreMissingError:
        if not dry_run:
            raise
    # On the disk that is meant for the books, where it can be.
    beside = settings.folder if os.access(settings.folder, os.W_OK) else None
    folder = Path(stack.enter_context(TemporaryDirectory(prefix=".claimloop-dry-run-", dir=beside)))
    place = Place(folder / "vault", lock_of(settings))
    return open_store(f"sqlite:///{folder / 'claimloop.db'}", place), False
