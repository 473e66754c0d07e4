"""``replay --dry-run``: what the rules and tables of today would decide about everything that ever came in.

The store is rebuilt into a folder that goes, by today's matching, posting and denial tables, and compared decision by
decision. Nothing is written; `rebuild --swap --accept-changes` puts the new decisions into force.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cli.jobs.rebuild import Advance, Rebuilt, rebuild
from cli.settings import Settings
from edi.codes import Tables
from reconcile.store import Store, open_store
from reconcile.store.changes import Change, changes


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to: the decisions that would change, and how the rebuild went."""

    changes: tuple[Change, ...]
    rebuilt: Rebuilt

    def counts(self) -> dict[str, int]:
        """How many decisions of each kind would change."""
        return dict(Counter(one.kind for one in self.changes))


def decisions_changed(first: Store, second: Store) -> dict[str, int]:
    """Count by kind the decisions that are others in a second store of the same payments."""
    with first.read() as before, second.read() as after:
        return dict(Counter(one.kind for one in changes(before, after)))


def replay(
    store: Store, settings: Settings, tables: Tables, advance: Advance = lambda _count: None
) -> Replayed:
    """Decide everything again, elsewhere, and compare.

    Args:
        store: the one in use; nothing of it is changed.
        settings: of the installation.
        tables: the code tables of today.
        advance: told of every file and decision that is done.

    Raises:
        StoreError: the vault lacks a file.
        AccessError, TemporaryError: a store or the vault failed.
    """
    # Beside the books and not where temporary files go: it holds the same rows, and asks for the same disk.
    with TemporaryDirectory(prefix=".claimloop-replay-", dir=settings.folder) as folder:
        into = open_store(f"sqlite:///{Path(folder) / 'claimloop.db'}", store.vault)
        try:
            made = rebuild(store, into, settings, tables, advance)
            with store.read() as first, into.read() as second:
                return Replayed(changes=tuple(changes(first, second)), rebuilt=made)
        finally:
            into.close()
