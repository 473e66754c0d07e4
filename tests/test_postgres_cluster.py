"""The fixtures of conftest.py: a private server, and an empty database for each test."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy


@pytest.mark.postgres
def test_the_private_server_answers(postgres_cluster):
    with psycopg.connect(postgres_cluster.dsn("postgres")) as connection:
        assert connection.execute("SELECT 1 + 1").fetchone() == (2,)


@pytest.mark.postgres
@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_database_of_its_own(postgres_database, turn):
    engine = sqlalchemy.create_engine(postgres_database)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE mine (cents BIGINT)"))
    engine.dispose()


def test_a_store_is_empty_on_each_kind_of_database(database_url):
    engine = sqlalchemy.create_engine(database_url)
    assert sqlalchemy.inspect(engine).get_table_names() == []
    engine.dispose()
