"""A store of any earlier version, with the rows that its office had by then, comes to this version whole."""

from __future__ import annotations

import io
from copy import copy
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, func, inspect, make_url, select
from sqlalchemy import column as sa_column
from sqlalchemy import table as sa_table
from typer.testing import CliRunner

from cli.app import app
from cli.jobs.verify import verify
from edi.model.errors import StoreError
from reconcile.store import Store, open_store, store_digest
from reconcile.store.backup import back_up, restore
from reconcile.store.migrate import configuration
from reconcile.store.schema import SCHEMA_VERSION
from reconcile.store.types import Table
from tests.jobs.again_desk import AgainOffice
from tests.store.grown_office import Grown

FIRST = "0001"
VERSIONS = tuple(f"{number:04d}" for number in range(1, 11))
"""Those that have data of their own; what later ones brought is empty in a store of before."""
OF_ITSELF = {"audit_entry"}
"""Tables that fill by themselves, whatever version's work is done with this one's commands; no part of the books."""
FILLED = {
    "claim",
    "denial",
    "posting",
    "claim_payment",
    "remittance",
    "file_transaction",
    "event",
    "billed_session",
}
"""Tables that no version of the office leaves empty."""


@pytest.fixture(scope="module")
def grown(tmp_path_factory) -> Grown:
    """An office that has done what each version brought."""
    return Grown(tmp_path_factory.mktemp("grown"))


@pytest.fixture(scope="module")
def office(grown) -> AgainOffice:
    """The office as the first version left it."""
    return left_by(grown, FIRST)


def left_by(grown: Grown, version: str) -> AgainOffice:
    """The office as a version left it."""
    made = copy(grown.office)
    made.folder = grown.kept[version]
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
            fill(target, rows)
    source.close()
    engine.dispose()


def fill(target: Connection, source: Connection) -> None:
    """Write the rows of the source into the tables and columns that the target has; no other table has any."""
    found = inspect(target)
    names = set(found.get_table_names()) - {"alembic_version"}
    for table in Table.metadata.sorted_tables:
        if table.name not in names:
            held = source.execute(select(func.count()).select_from(table)).scalar()
            assert not held or table.name in OF_ITSELF, table.name
            continue
        columns = [table.c[column["name"]] for column in found.get_columns(table.name)]
        rows = [dict(row._mapping) for row in source.execute(select(*columns))]
        assert rows or table.name not in FILLED, table.name
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
def before(bare_url, office) -> str:
    """The digest that the books had, in the store of the first version at ``bare_url``."""
    make_old(bare_url, office)
    return digest_of(office)


def test_an_old_store_that_holds_claims_is_brought_to_this_version(bare_url, before, office):
    store = open_store(bare_url, vault_of(office))
    assert digest(store) == before
    assert verify(store).holds
    with store.read() as connection:
        told = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    assert told == SCHEMA_VERSION
    store.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_every_version_comes_to_this_one_with_the_same_books(bare_url, grown, version):
    old = left_by(grown, version)
    make_old(bare_url, old, version)
    store = open_store(bare_url, vault_of(old))
    assert digest(store) == digest_of(old)
    assert [check.name for check in verify(store).checks if not check.holds] == []
    store.close()


def test_a_submission_that_was_left_without_its_status_gets_it(bare_url, grown):
    old = left_by(grown, VERSIONS[-1])
    make_old(bare_url, old, VERSIONS[-1])
    parsed = make_url(bare_url)
    driver = "postgresql+psycopg" if parsed.drivername.startswith("postgres") else parsed.drivername
    engine = create_engine(parsed.set(drivername=driver))
    last = "(SELECT MAX(id) FROM claim WHERE adjudications = 0)"
    with engine.begin() as connection:
        left = connection.exec_driver_sql(
            f"UPDATE claim SET status = 'submitted', acknowledged = '277CA:rejected:A3' WHERE id = {last}"
        )
        assert left.rowcount == 1
    engine.dispose()
    store = open_store(bare_url, vault_of(old))
    with store.read() as connection:
        told = connection.exec_driver_sql(f"SELECT status FROM claim WHERE id = {last}").scalar()
    assert told == "rejected"
    store.close()


def test_the_office_has_done_what_each_version_brought(grown):
    """Or the upgrades above would show less than they seem to."""
    brought = {
        "0002": "eligibility_answer",
        "0003": "resubmission",
        "0005": "deposit",
        "0006": "patient_entry journal_entry",
        "0007": "hold_release claim_alias",
    }
    for version, tables in brought.items():
        for table in tables.split():
            query = f"SELECT COUNT(*) FROM {table}"
            assert left_by(grown, version).rows(query) > [(0,)], table
            assert left_by(grown, f"{int(version) - 1:04d}").rows(query) == [(0,)], table
    assert left_by(grown, "0008").rows("SELECT id FROM event WHERE kind = 'denial'")


@pytest.mark.parametrize("options", [{"read_only": True}, {"as_it_is": True}])
def test_who_only_looks_leaves_an_old_store_and_names_what_upgrades_it(bare_url, before, office, options):
    for _ in range(2):
        with pytest.raises(StoreError, match=r"schema 0001.*claimloop verify"):
            open_store(bare_url, vault_of(office), **options)


def test_a_look_that_may_upgrade_does_so_and_stays_read_only(bare_url, before, office):
    store = open_store(bare_url, vault_of(office), read_only=True, upgrade=True)
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


def test_a_backup_of_all_that_an_office_does_goes_there_and_back(bare_url, grown, tmp_path):
    """Out of SQLite into either database, and out of that into SQLite again: the same books and files each time."""
    source = open_store(
        f"sqlite:///{grown.office.folder / 'claimloop.db'}", vault_of(grown.office), read_only=True
    )
    told, stores = digest(source), [source]
    for place, url in enumerate((bare_url, f"sqlite:///{tmp_path / 'back.db'}")):
        stream = io.BytesIO()
        back_up(stores[-1], stream, now=datetime(2026, 11, 22))
        stream.seek(0)
        stores.append(open_store(url, tmp_path / f"vault{place}"))
        assert restore(stores[-1], stream).digest == told
        assert digest(stores[-1]) == told
        assert [check.name for check in verify(stores[-1]).checks if not check.holds] == []
    for one in stores:
        one.close()
