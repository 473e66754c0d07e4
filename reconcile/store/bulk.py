"""Rows as tuples straight to the driver: executemany on SQLite, COPY on PostgreSQL; ids in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from itertools import chain, groupby, islice
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import Boolean, Column, Connection, Date
from sqlalchemy import Table as SqlTable
from sqlmodel import SQLModel

Row: TypeAlias = tuple[Any, ...]
T = TypeVar("T")

IN_LIST: Final = 2000
"""How many keys go into one IN list."""


def table_of(model: type[SQLModel]) -> SqlTable:
    """The table behind a schema class."""
    table: SqlTable = model.__table__  # type: ignore[attr-defined]
    return table


def columns_of(model: type[SQLModel]) -> tuple[str, ...]:
    """The column names of a schema class, in the order in which rows give them."""
    return tuple(column.name for column in table_of(model).columns)


PLACES: Final = 1000
"""Placeholders of one INSERT on SQLite, which takes many rows at once: stepping through them singly costs a third more.
It takes 32,766 of them since 3.32; more than this gains nothing."""


@cache
def _statement(
    model: type[SQLModel], dialect: str, suffix: str, rows: int = 1, absent: frozenset[int] = frozenset()
) -> str:
    """INSERT for whole rows, in the driver's own placeholders; columns at the ``absent`` places are NULL."""
    columns = columns_of(model)
    mark = "?" if dialect == "sqlite" else "%s"
    names = ", ".join(f'"{name}"' for name in columns)
    row = ", ".join(["NULL" if place in absent else mark for place in range(len(columns))])
    marks = ", ".join([f"({row})"] * rows)
    return f"INSERT INTO {table_of(model).name} ({names}) VALUES {marks}{suffix}"  # noqa: S608


def insert(connection: Connection, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert whole rows, columns in schema order."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        _insert_into_sqlite(connection, model, rows, "")
        return
    names = ", ".join(f'"{name}"' for name in columns_of(model))
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table_of(model).name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def insert_new(connection: Connection, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert whole rows, leaving alone those whose key is there already."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        _insert_into_sqlite(connection, model, rows, _LEAVE)
    else:
        connection.exec_driver_sql(_statement(model, connection.dialect.name, _LEAVE), list(rows))


_LEAVE: Final = " ON CONFLICT DO NOTHING"


def _insert_into_sqlite(
    connection: Connection, model: type[SQLModel], rows: Sequence[Row], suffix: str
) -> None:
    """Insert whole rows, as many with one statement as ``PLACES`` allows, and what is left one by one."""
    block = max(PLACES // len(columns_of(model)), 1)
    whole = len(rows) - len(rows) % block
    blocks = [_plain_columns(model, rows[start : start + block]) for start in range(0, whole, block)]
    for absent, alike in groupby(blocks, key=lambda one: one[0]):
        statement = _statement(model, "sqlite", suffix, block, absent)
        connection.exec_driver_sql(
            statement, [tuple(chain.from_iterable(zip(*given, strict=True))) for _, given in alike]
        )
    if whole < len(rows):
        absent, given = _plain_columns(model, rows[whole:])
        connection.exec_driver_sql(
            _statement(model, "sqlite", suffix, absent=absent), list(zip(*given, strict=True))
        )


def _plain_columns(model: type[SQLModel], rows: Sequence[Row]) -> tuple[frozenset[int], list[Sequence[Any]]]:
    """Rows as columns of what SQLite's driver binds as it is: which are NULL in every row, and the other ones.

    It asks its registry of adapters about each None, truth value and date, at up to ten times the price of a number
    or a text. Times of day, of which there are few, go by the adapter that the engine registers.
    """
    absent: list[int] = []
    given: list[Sequence[Any]] = []
    for place, (column, plain) in enumerate(zip(zip(*rows, strict=True), _plain_forms(model), strict=True)):
        if column[0] is None and column.count(None) == len(rows):
            absent.append(place)
        else:
            given.append(column if plain is None else list(map(plain, column)))
    return frozenset(absent), given


@cache
def _plain_forms(model: type[SQLModel]) -> tuple[Callable[[Any], Any] | None, ...]:
    """By column, what makes its values plain; None where they are."""
    forms: dict[type[Any], Callable[[Any], Any]] = {Boolean: _number, Date: _iso}
    return tuple(forms.get(type(column.type)) for column in table_of(model).columns)


def _number(value: bool | None) -> int | None:
    """A truth value as SQLite keeps it."""
    return None if value is None else int(value)


@lru_cache(maxsize=4096)
def _iso(value: date | None) -> str | None:
    """A date as SQLite keeps it."""
    return None if value is None else value.isoformat()


def update(connection: Connection, model: type[SQLModel], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Set columns of rows by their key: each tuple gives the values of ``names`` and then of the primary key."""
    if not rows:
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    table = table_of(model)
    keys: list[Column[Any]] = list(table.primary_key.columns)
    sets = ", ".join(f'"{name}" = {mark}' for name in names)
    where = " AND ".join(f'"{column.name}" = {mark}' for column in keys)
    connection.exec_driver_sql(f"UPDATE {table.name} SET {sets} WHERE {where}", list(rows))  # noqa: S608


def delete(connection: Connection, model: type[SQLModel], column: str, values: Iterable[Any]) -> None:
    """Delete the rows whose column has one of the values."""
    table = table_of(model)
    for some in chunks(values, IN_LIST):
        connection.execute(table.delete().where(table.c[column].in_(some)))


def next_id(connection: Connection, model: type[SQLModel]) -> int:
    """The first free id of a table. The write transaction keeps other writers out, so a block from it is ours."""
    found = connection.exec_driver_sql(f"SELECT max(id) FROM {table_of(model).name}").scalar()  # noqa: S608
    return int(found or 0) + 1


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of at most ``size``."""
    source = iter(values)
    while block := list(islice(source, size)):
        yield block


def fetch(connection: Connection, query: str, values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Rows of a query for many keys, as the driver gives them (dates as ``day`` reads them).

    Args:
        connection: any transaction.
        query: SQL with ``{keys}`` after the column that the keys are compared with (``WHERE id {keys}``).
        values: the keys; they go in by ``IN_LIST`` at a time.
    """
    sqlite = connection.dialect.name == "sqlite"
    for some in chunks(values, IN_LIST):
        if sqlite:
            cursor = connection.exec_driver_sql(query.format(keys=_marks(len(some))), tuple(some)).cursor
        else:
            cursor = connection.exec_driver_sql(query.format(keys="= ANY(%s)"), (some,)).cursor
        yield from cursor.fetchall()


@cache
def _marks(count: int) -> str:
    """An IN list of placeholders."""
    return f"IN ({', '.join('?' * count)})"


@lru_cache(maxsize=4096)
def day(value: str | date | None) -> date | None:
    """A date as the driver gives it: a date, or SQLite's ISO text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
