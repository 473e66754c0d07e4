"""What was fetched from trading partners whose files stay where they are, so that no night fetches them anew."""

from __future__ import annotations

from datetime import datetime

from edi.transport.base import RemoteFile
from reconcile.store import Store
from reconcile.store.arrivals import KeptThere, kept_there, note_kept_there


class Shelf:
    """Name, size, time of change and digest of each such file, as the store's log has them."""

    def __init__(self, store: Store, now: datetime) -> None:
        self._store = store
        self._now = now

    def known(self, partner: str) -> frozenset[KeptThere]:
        """The files of a partner that are here already."""
        with self._store.read() as connection:
            return kept_there(connection, partner)

    def put(self, partner: str, file: RemoteFile, sha256: str) -> None:
        """Remember a file that was fetched."""
        with self._store.write() as connection:
            note_kept_there(connection, partner, as_listed(file), sha256=sha256, at=self._now)


def as_listed(file: RemoteFile) -> KeptThere:
    """A waiting file as the shelf names it."""
    return KeptThere(file.here, file.size, file.modified)
