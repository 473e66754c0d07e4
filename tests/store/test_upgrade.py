"""A store that the first version made, with rows in every table it had, comes to this version whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, inspect, make_url, select
from sqlalchemy import column as sa_column
from sqlalchemy import table as sa_table
from typer.testing import CliRunner

from cli.app import app
from cli.jobs.verify import verify
from edi.model.errors import StoreError
from reconcile.store import Store, open_store, store_digest
from reconcile.store.migrate import configuration
from reconcile.store.schema import SCHEMA_VERSION
from reconcile.store.types import Table
from tests.jobs.again_desk import DENIES, AgainOffice, visit

FIRST, AGAIN = "0001", "0003"
"""The version of the first loop, and the one that knew claims again."""
LATER = {
    FIRST: {"eligibility_inquiry", "eligibility_answer", "resubmission", "work_item"},
    AGAIN: set(),
}
"""The tables that a version did not have, but for those of ``SINCE``."""
SINCE = {"deposit", "patient_entry", "journal_entry", "hold_release", "claim_alias"}
"""The tables that both of them did not have."""
QUIET = {"claim_finding", "provider_adjustment"}
"""Tables that the little world below puts nothing into."""


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> AgainOffice:
    """An office with a claim that was answered, and nothing that only later versions know."""
    made = AgainOffice(tmp_path_factory.mktemp("world") / "office", "acme")
    result = made.create(*visit())
    made.answer(result.files[0].path, DENIES)
    return made


@pytest.fixture(scope="module")
def again(tmp_path_factory) -> AgainOffice:
    """The same with the claim sent again."""
    made = AgainOffice(tmp_path_factory.mktemp("again") / "office", "acme")
    made.answer(made.create(*visit()).files[0].path, DENIES)
    assert len(made.correct("1").sent) == 1
    return made


def vault_of(office: AgainOffice) -> Path:
    return office.folder / "vault"


def make_old(url: str, office: AgainOffice, version: str = FIRST) -> None:
    """Make the tables of a version and fill them with the rows of the office's store."""
    parsed = make_url(url)
    if parsed.drivername.startswith("postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    source = open_store(f"sqlite:///{office.folder / 'claimloop.db'}", vault_of(office), read_only=True)
    with engine.connect() as target, target.begin():
        command.upgrade(configuration(target), version)
        with source.read() as rows:
            fill(target, rows, LATER[version])
    source.close()
    engine.dispose()


def fill(target: Connection, source: Connection, later: set[str]) -> None:
    found = inspect(target)
    names = set(found.get_table_names()) - {"alembic_version"}
    assert set(Table.metadata.tables) - names == later | SINCE
    for table in Table.metadata.sorted_tables:
        if table.name not in names:
            continue
        columns = [table.c[column["name"]] for column in found.get_columns(table.name)]
        rows = [dict(row._mapping) for row in source.execute(select(*columns))]
        if later:
            assert bool(rows) != (table.name in QUIET), table.name
        if rows:
            old = sa_table(table.name, *(sa_column(one.name, one.type) for one in columns))
            target.execute(old.insert(), rows)


def digest(store: Store) -> str:
    with store.read() as connection:
        return store_digest(connection, with_files=True)


def digest_of(office: AgainOffice) -> str:
    source = open_store(f"sqlite:///{office.folder / 'claimloop.db'}", vault_of(office), read_only=True)
    told = digest(source)
    source.close()
    return told


@pytest.fixture
def before(database_url, office) -> str:
    """The digest that the books had, in the store of the first version at ``database_url``."""
    make_old(database_url, office)
    return digest_of(office)


def test_an_old_store_that_holds_claims_is_brought_to_this_version(database_url, before, office):
    store = open_store(database_url, vault_of(office))
    assert digest(store) == before
    assert verify(store).holds
    with store.read() as connection:
        told = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    assert told == SCHEMA_VERSION
    store.close()


def test_a_store_with_claims_sent_again_is_brought_to_this_version(database_url, again):
    make_old(database_url, again, AGAIN)
    store = open_store(database_url, vault_of(again))
    assert digest(store) == digest_of(again)
    assert verify(store).holds
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT kind FROM resubmission").scalar() == "replacement"
    store.close()


@pytest.mark.parametrize("options", [{"read_only": True}, {"as_it_is": True}])
def test_who_only_looks_leaves_an_old_store_and_names_what_upgrades_it(database_url, before, office, options):
    for _ in range(2):
        with pytest.raises(StoreError, match=r"schema 0001.*claimloop verify"):
            open_store(database_url, vault_of(office), **options)


def test_a_look_that_may_upgrade_does_so_and_stays_read_only(database_url, before, office):
    store = open_store(database_url, vault_of(office), read_only=True, upgrade=True)
    assert (store.read_only, digest(store)) == (True, before)
    store.close()


def test_verify_is_the_command_that_upgrades(tmp_path, office):
    url = f"sqlite:///{tmp_path / 'old.db'}"
    make_old(url, office)
    given = ["--config", str(office.folder / "claimloop.toml"), "--database", url]
    refused = CliRunner().invoke(app, ["claims", "list", *given])
    assert isinstance(refused.exception, StoreError)
    assert CliRunner().invoke(app, ["verify", *given]).exit_code == 0
    assert CliRunner().invoke(app, ["claims", "list", *given]).exit_code == 0
