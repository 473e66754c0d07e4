"""Errors of the database drivers as ours: class and meaning, without statement, parameter or row, which hold PHI."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Transaction
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from edi.model.errors import AccessError, ClaimloopError, StoreError, StoreUrlError, TemporaryError


class GivenUpError(TemporaryError):
    """The database gave up this transaction for the sake of another (deadlock, serialization): do all of it again."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn the driver's errors into ours: class and meaning, never a statement, a parameter or a row."""
    try:
        yield
    except ClaimloopError:
        raise
    except DBAPIError as error:
        raise _meaning(error, name) from None
    except SQLAlchemyError as error:
        raise StoreError(f"the store {name} failed: {type(error).__name__}") from None
    except _psycopg_errors() as error:
        raise _driver_meaning(error, name) from None


@contextmanager
def begun(connection: Connection, transaction: Transaction | None = None) -> Iterator[None]:
    """One transaction, a new one if no savepoint is given: committed at the end of the block, rolled back if it fails.

    Where a signal ends the block the connection is closed, and the database rolls back: the signal may have come in
    the middle of a statement, so that asking for a rollback fails, and its error would be told instead of the stop.
    """
    with transaction or connection.begin():
        try:
            yield
        except (Exception, GeneratorExit):
            raise
        except BaseException:
            connection.invalidate()
            raise


def _psycopg_errors() -> tuple[type[Exception], ...]:
    """The driver's own errors, which COPY raises without SQLAlchemy around them; none where it is not loaded."""
    driver = sys.modules.get("psycopg")
    return () if driver is None else (driver.Error,)


_SQLITE_MEANINGS: Final[tuple[tuple[str, type[ClaimloopError], str], ...]] = (
    ("readonly", AccessError, "the store {name} may not be written"),
    ("locked", TemporaryError, "the store {name} is held by another process; try again"),
    ("disk is full", TemporaryError, "no room left on the disk of the store {name}"),
    ("disk I/O error", TemporaryError, "the disk of the store {name} failed"),
    (
        "unable to open",
        AccessError,
        "the store {name} cannot be opened; SQLite keeps two files beside it, so its folder must be writable, "
        "even to read",
    ),
    ("not a database", StoreError, "{name} is not a claimloop store"),
    ("malformed", StoreError, "the store {name} is damaged; restore it and run verify"),
)
_POSTGRES_MEANINGS: Final[tuple[tuple[str, type[ClaimloopError], str], ...]] = (
    ("28", AccessError, "the server of the store {name} refuses the user or password"),
    ("3D", StoreUrlError, "the database of the store {name} does not exist"),
    ("42501", AccessError, "the user of the store {name} lacks permission"),
    ("25006", AccessError, "the store {name} may not be written"),
    ("53", TemporaryError, "the server of the store {name} has no room or connections left"),
    ("55P03", TemporaryError, "the store {name} is held by another process; try again"),
    ("40", GivenUpError, "the store {name} had to give up a transaction; try again"),
    ("57", TemporaryError, "the server of the store {name} went away; try again"),
    ("XX001", StoreError, "the store {name} is damaged; restore it and run verify"),
    ("XX002", StoreError, "the store {name} is damaged; restore it and run verify"),
)


def _meaning(error: DBAPIError, name: str) -> ClaimloopError:
    """The exception of ours for an error that SQLAlchemy wrapped."""
    return _driver_meaning(error.orig or error, name)


def _driver_meaning(original: BaseException, name: str) -> ClaimloopError:
    """The exception of ours for a driver's error; its words are read and never repeated: they may hold a row."""
    said = str(original)
    if isinstance(original, sqlite3.Error):
        for words, kind, message in _SQLITE_MEANINGS:
            if words in said:
                return kind(message.format(name=name))
        return StoreError(f"the store {name} failed: {type(original).__name__}")
    state = str(getattr(original, "sqlstate", None) or "")
    for prefix, kind, message in _POSTGRES_MEANINGS:
        if state.startswith(prefix):
            return kind(message.format(name=name))
    if not state and type(original).__name__ == "OperationalError":
        return _unreached(said, name)
    return StoreError(f"the store {name} failed: {type(original).__name__} {state}".rstrip())


def _unreached(said: str, name: str) -> ClaimloopError:
    """Why no connection came about: libpq tells it in words only."""
    if "does not exist" in said and "database" in said:
        return StoreUrlError(f"the database of the store {name} does not exist")
    if "authentication" in said or "password" in said or "role" in said:
        return AccessError(f"the server of the store {name} refuses the user or password")
    return TemporaryError(f"the server of the store {name} cannot be reached; try again later")
