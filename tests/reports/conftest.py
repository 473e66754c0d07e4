"""A store that the loop itself filled, for every test of the reports."""

from __future__ import annotations

import pytest

from cli.jobs.demo import demo
from reconcile.store import open_store


@pytest.fixture(scope="session")
def looped_folder(tmp_path_factory):
    """The demo's folder: its claims went out, were answered, and were booked by the loop."""
    folder = tmp_path_factory.mktemp("reports") / "demo"
    demo(folder)
    return folder


@pytest.fixture
def looped(looped_folder):
    """The demo's store, to be read."""
    store = open_store(f"sqlite:///{looped_folder / 'claimloop.db'}", looped_folder / "vault", read_only=True)
    yield store
    store.close()
