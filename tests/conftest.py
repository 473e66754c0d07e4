"""Fixtures that more than one folder of tests uses.

What a test needs and this machine lacks is a skip with its reason, and a failure when CI is set: a check that
silently did not run is worth less than none.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine

from reconcile.store import engine
from tests.on_postgres import TEMPLATE, Stores, everywhere
from tests.postgres_cluster import PostgresCluster, postgres_tools
from tests.tables_once import Tables

ROOT = Path(__file__).resolve().parents[1]
GOLDENS = ROOT / "tests" / "goldens"

hypothesis.settings.register_profile("ci", max_examples=50, derandomize=True, print_blob=True, deadline=None)
hypothesis.settings.register_profile("soak", max_examples=2000, print_blob=True, deadline=None)
hypothesis.settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("claimloop")
    group.addoption(
        "--update-goldens", action="store_true", help="write tests/goldens again instead of comparing"
    )
    group.addoption("--seed", type=int, default=20261122, help="seed of the tests that draw their own cases")
    group.addoption(
        "--store",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="where stores are that a test opens by an SQLite URL; with postgresql in a database of their own",
    )


def pytest_configure(config: pytest.Config) -> None:
    """With --store postgresql: tests that let go of a store as a kill does are warned of by the driver alone."""
    if config.getoption("--store") == "postgresql":
        config.addinivalue_line("filterwarnings", "ignore:<psycopg.Connection:ResourceWarning")
        config.addinivalue_line(
            "filterwarnings", "ignore:.*BaseConnection.__del__:pytest.PytestUnraisableExceptionWarning"
        )


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {config.getoption('--seed')} (repeat with --seed)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --update-goldens, only the tests that own a golden run; with --store postgresql, none on SQLite."""
    if config.getoption("--store") == "postgresql":
        _without_sqlite(config, items)
    if not config.getoption("--update-goldens"):
        return
    owners = [item for item in items if "golden" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in owners])
    items[:] = owners


def _without_sqlite(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a URL fixture would run on SQLite, and skip what is about SQLite, with the reason it gives."""

    def is_lite(item: pytest.Item) -> bool:
        params = getattr(getattr(item, "callspec", None), "params", {})
        return "sqlite" in (params.get("database_url"), params.get("bare_url"))

    config.hook.pytest_deselected(items=[item for item in items if is_lite(item)])
    items[:] = [item for item in items if not is_lite(item)]
    for item in items:
        marker = item.get_closest_marker("sqlite")
        if marker is not None:
            item.add_marker(pytest.mark.skip(reason=f"SQLite alone: {marker.args[0]}"))


def lacking(reason: str) -> NoReturn:
    """Skip for want of something; with CI set, fail instead."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{reason} (with CI set this is a failure)", pytrace=False)
    pytest.skip(reason)


# -- data beside the repository ------------------------------------------------------------------------------------


def _shared_folder(variable: str, name: str) -> Path:
    folder = Path(os.environ.get(variable) or ROOT.parent / "shared" / name)
    if not folder.is_dir():
        lacking(f"no folder {name}: set {variable}")
    return folder


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """The folder of real X12 files, with its INDEX.tsv."""
    return _shared_folder("CLAIMLOOP_CORPUS", "corpus")


@pytest.fixture(scope="session")
def facts_dir() -> Path:
    """The folder of facts: code tables, acceptance cases, test payer scenarios."""
    return _shared_folder("CLAIMLOOP_FACTS", "facts")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The run's seed; printed, so that a failure names what repeats it."""
    value: int = request.config.getoption("--seed")
    print(f"seed: {value}")
    return value


@pytest.fixture
def rng(seed: int) -> random.Random:
    """Chance that the run's seed decides, the same whatever other tests run before."""
    return random.Random(seed)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/goldens/NAME; with --update-goldens, write it."""
    update: bool = request.config.getoption("--update-goldens")

    def compare(name: str, text: str) -> None:
        path = (GOLDENS / name).resolve()
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        assert path.is_file(), f"no golden {name}: run `make goldens`, read the diff, add it"
        assert text == path.read_bytes().decode(), f"{name} differs: `make goldens`, then read the diff"

    return compare


# -- PostgreSQL ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A server of the tests' own, one for each test process."""
    tools = postgres_tools()
    if tools is None:
        lacking("no PostgreSQL server: initdb is neither on PATH nor under /usr/lib/postgresql")
    cluster = PostgresCluster(tools)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres_cluster: PostgresCluster) -> str:
    """The URL of the server's maintenance database; a test's own is `postgres_database`."""
    return postgres_cluster.url("postgres")


@pytest.fixture
def postgres_database(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped after the test."""
    with postgres_cluster.database() as name:
        yield postgres_cluster.url(name)


on_each_database = pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
)


@pytest.fixture
def postgres_store(postgres_cluster: PostgresCluster, stores_on_postgres: Stores) -> Iterator[str]:
    """The URL of an empty store on PostgreSQL, its tables made, dropped after the test."""
    with postgres_cluster.database(TEMPLATE) as name:
        yield postgres_cluster.url(name)


@on_each_database
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store; a test that takes it runs once on each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'claimloop.db'}"
    url: str = request.getfixturevalue("postgres_store")
    return url


@on_each_database
def bare_url(request: pytest.FixtureRequest, tmp_path: Path, tables_once: Tables) -> Iterator[str]:
    """The URL of a database without a table, of each kind; the migrations themselves make them in such a test."""
    with tables_once.migrated():
        if request.param == "sqlite":
            yield f"sqlite:///{tmp_path / 'claimloop.db'}"
        else:
            yield request.getfixturevalue("postgres_database")


@pytest.fixture(scope="session", autouse=True)
def tables_once() -> Iterator[Tables]:
    """The migrations of an empty store run once for each kind of database."""
    tables = Tables()
    with tables.made_once():
        yield tables


@pytest.fixture(scope="session", autouse=True)
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """No file or SQLite store is synced in the tests' own process: a kill of a process loses nothing by it."""
    made = engine._engine

    def unsynced(url: URL, *, read_only: bool) -> Engine:
        one = made(url, read_only=read_only)
        if one.dialect.name == "sqlite":
            event.listen(one, "connect", lambda driver, _record: driver.execute("PRAGMA synchronous = OFF"))
        return one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        patch.setattr(engine, "_engine", unsynced)
        yield


@pytest.fixture(scope="session")
def stores_on_postgres(postgres_cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """The template of empty stores, and with --store postgresql the databases behind SQLite URLs."""
    stores = Stores(postgres_cluster, engine)
    stores.prepare(tmp_path_factory.mktemp("template"))
    return stores


@pytest.fixture(scope="session", autouse=True)
def _store_kind(request: pytest.FixtureRequest) -> Iterator[None]:
    """With --store postgresql, every store is there."""
    if request.config.getoption("--store") == "sqlite":
        yield
        return
    with everywhere(
        request.getfixturevalue("stores_on_postgres"), request.getfixturevalue("postgres_cluster")
    ):
        yield


@pytest.fixture(autouse=True)
def _databases_dropped(request: pytest.FixtureRequest) -> Iterator[None]:
    """With --store postgresql, the databases of a test go when it ends."""
    if request.config.getoption("--store") == "sqlite" or "tmp_path" not in request.fixturenames:
        yield
        return
    stores: Stores = request.getfixturevalue("stores_on_postgres")
    folder: Path = request.getfixturevalue("tmp_path")
    yield
    stores.drop_below(folder)
