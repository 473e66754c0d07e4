"""Settings and store of one command, opened together and closed whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cli.jobs.tables.store import tables_of
from cli.render import print_findings, stderr
from cli.settings import Settings, load_settings
from edi.codes import Tables
from edi.model.errors import StoreMissingError
from reconcile.store import Store, open_store


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
    if not read_only and not quiet and settings.findings:
        print_findings(settings.findings, stderr())
    with ExitStack() as stack:
        store = _opened(settings, stack, read_only=read_only, dry_run=dry_run, upgrade=upgrade)
        stack.callback(store.close)
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
    if not quiet and settings.findings:
        print_findings(settings.findings, stderr())
    try:
        store = open_store(settings.store.database, Path(settings.store.vault), read_only=True)
    except StoreMissingError:
        yield settings, None
        return
    with ExitStack() as stack:
        stack.callback(store.close)
        yield settings, store


def _opened(settings: Settings, stack: ExitStack, *, read_only: bool, dry_run: bool, upgrade: bool) -> Store:
    """The store; for a dry run without one, an empty one in a folder that goes when the stack closes."""
    vault = Path(settings.store.vault)
    try:
        return open_store(
            settings.store.database, vault, read_only=read_only, as_it_is=dry_run, upgrade=upgrade
        )
    except StoreMissingError:
        if not dry_run:
            raise
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="claimloop-dry-run-")))
    return open_store(f"sqlite:///{folder / 'claimloop.db'}", folder / "vault")
