"""Settings and store of one command, opened together and closed whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cli.settings import Settings, load_settings
from reconcile.store import Store, open_store


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """What most commands work with."""

    settings: Settings
    store: Store


@contextmanager
def workspace(config: Path | None, database: str | None, *, read_only: bool = False) -> Iterator[Workspace]:
    """Open settings and store.

    Args:
        config: ``--config``.
        database: ``--database``.
        read_only: the command only looks.

    Raises:
        SettingsError, StoreUrlError, StoreError, AccessError, TemporaryError: as `load_settings` and `open_store` say.
    """
    settings = load_settings(config, database=database)
    store = open_store(settings.store.database, Path(settings.store.vault), read_only=read_only)
    try:
        yield Workspace(settings=settings, store=store)
    finally:
        store.close()
