"""Alembic's entry: runs the scripts on the connection it is given, or on ``sqlalchemy.url`` for a new revision."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

import reconcile.store.schema  # noqa: F401 (fills the metadata)
from reconcile.store.types import Table


def run(connection: Connection) -> None:
    """Run what is asked for, in one transaction, in batch mode (SQLite cannot alter a table in place)."""
    context.configure(
        connection=connection, target_metadata=Table.metadata, render_as_batch=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "sqlite://")
    with engine.connect() as fresh:
        run(fresh)
