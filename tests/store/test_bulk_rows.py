"""Rows straight to SQLite's driver: what comes back is what went in, whatever is NULL in how many rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, event

from reconcile.store import bulk
from reconcile.store.schema import ServicePaymentRow

DAYS = st.none() | st.dates(date(1999, 1, 1), date(2031, 1, 1))
IDS = st.none() | st.integers(0, 2**62)


def row(ordinal: int, day: date | None, allowed: int | None, twin: bool, runner_up: int | None) -> bulk.Row:
    """A service line of a claim payment, columns in schema order."""
    return (
        1, ordinal, "97110", "GP", "", 4000, -2500, "2", day, "", allowed, "N130", 7, "7", "line_number", twin, "",
        runner_up, 0,
    )  # fmt: skip


def stored(rows: list[bulk.Row], bound: list[tuple[Any, ...]] | None = None) -> list[bulk.Row]:
    """What a new table of SQLite holds after an insert of rows; ``bound`` gets what the driver was given."""
    engine = create_engine("sqlite://")
    table = bulk.table_of(ServicePaymentRow)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE claim_payment (id INTEGER PRIMARY KEY)")
        table.create(connection)
        if bound is not None:
            event.listen(
                connection,
                "before_cursor_execute",
                lambda _c, _cursor, _sql, values, _context, _many: bound.extend(values),
            )
        bulk.insert(connection, ServicePaymentRow, rows)
        found = read(connection)
    engine.dispose()
    return found


def read(connection: Connection) -> list[bulk.Row]:
    """All rows as the schema reads them, truth values and dates among them."""
    table = bulk.table_of(ServicePaymentRow)
    return [tuple(one) for one in connection.execute(table.select().order_by(table.c.ordinal))]


@given(
    cases=st.lists(st.tuples(DAYS, IDS, st.booleans(), IDS), max_size=130),
    empty=st.sets(st.sampled_from([0, 1, 3])),
)
def test_rows_come_back_as_they_went_in(
    cases: list[tuple[date | None, int | None, bool, int | None]], empty: set[int]
) -> None:
    """Of 52 rows and more whole blocks go with one statement, in which a column of nothing but NULL has no place."""
    rows = [
        row(ordinal, *[None if place in empty else value for place, value in enumerate(case)])  # type: ignore[arg-type]
        for ordinal, case in enumerate(cases)
    ]
    assert stored(rows) == rows


def test_numbers_and_texts_alone_are_bound() -> None:
    """Python's driver asks its adapters about anything else, and those of dates are deprecated from 3.12 on."""
    block = bulk.PLACES // len(bulk.columns_of(ServicePaymentRow))
    bound: list[tuple[Any, ...]] = []
    rows = [row(ordinal, date(2024, 5, 1), None, ordinal % 2 == 0, None) for ordinal in range(2 * block + 2)]
    assert stored(rows, bound) == rows
    assert len(bound) == 4
    assert {type(value) for values in bound for value in values} == {int, str}


def test_a_block_with_one_number_among_nulls_keeps_it() -> None:
    """A column is left out only where all of the block is NULL in it."""
    block = bulk.PLACES // len(bulk.columns_of(ServicePaymentRow))
    rows = [row(ordinal, None, None, False, None) for ordinal in range(3 * block)]
    rows[block + 3] = row(block + 3, date(2024, 5, 1), 900, True, 12)
    assert stored(rows) == rows
