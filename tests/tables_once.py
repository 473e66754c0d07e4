"""The tables of an empty store: the migrations make them once in each test process, and what they ran is run again.

Alembic takes five times as long to work out what to run as the database takes to run it, and the tests make
thousands of stores.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, event, inspect

from reconcile.store import migrate

_LOOKS = ("SELECT", "PRAGMA")


class Tables:
    """A stand-in for `migrate.upgrade` where there is no table yet; stores with tables are upgraded as ever."""

    def __init__(self) -> None:
        self._migrate = migrate.upgrade
        self._ran: dict[str, list[tuple[str, Any]]] = {}

    def upgrade(self, connection: Connection, to: str = "head") -> None:
        """As `migrate.upgrade`."""
        kind = connection.dialect.name
        if to != "head" or inspect(connection).get_table_names():
            self._migrate(connection, to)
        elif kind not in self._ran:
            self._ran[kind] = self._recorded(connection)
        else:
            for statement, parameters in self._ran[kind]:
                connection.exec_driver_sql(statement, parameters or None)

    def _recorded(self, connection: Connection) -> list[tuple[str, Any]]:
        """Run the migrations; what they ran, but for their looks."""
        ran: list[tuple[str, Any]] = []

        def note(
            _connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object
        ) -> None:
            if not statement.lstrip().upper().startswith(_LOOKS):
                ran.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        try:
            self._migrate(connection, "head")
        finally:
            event.remove(connection, "before_cursor_execute", note)
        return ran

    @contextlib.contextmanager
    def made_once(self) -> Iterator[None]:
        """Stand in for the migrations."""
        migrate.upgrade = self.upgrade
        try:
            yield
        finally:
            migrate.upgrade = self._migrate

    @contextlib.contextmanager
    def migrated(self) -> Iterator[None]:
        """Stand aside: the migrations themselves run."""
        migrate.upgrade = self._migrate
        try:
            yield
        finally:
            migrate.upgrade = self.upgrade
