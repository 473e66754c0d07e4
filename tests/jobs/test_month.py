"""A practice's month at its size: everything comes out once, however often it is run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from cli.jobs.create_claims import CreateRequest, create_claims
from cli.jobs.scrub.check import CheckRequest, check
from cli.settings import load_settings
from fixtures.practice import AS_OF, write_practice
from reconcile.store import open_store, store_digest

SIZES = [600, pytest.param(20_000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])]


@pytest.mark.parametrize("lines", SIZES)
def test_a_month_comes_out_once(tmp_path, lines):
    assert write_practice(tmp_path, lines) == lines
    settings = load_settings(tmp_path / "claimloop.toml", environment={})
    sessions = (tmp_path / "sessions.csv",)
    expected = check(CheckRequest(sessions=sessions, today=AS_OF), settings, None)
    store = open_store(settings.store.database, Path(settings.store.vault))
    request = CreateRequest(
        sessions=sessions,
        folder=tmp_path / "out",
        now=datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12),
        second_opinion=False,
    )
    told: list[str] = []
    try:
        first = create_claims(request, settings, store)
        with store.read() as connection:
            digest = store_digest(connection, with_files=True)
        written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
        again = create_claims(request, settings, store)
        with store.read() as connection:
            told = [digest, store_digest(connection, with_files=True)]
    finally:
        store.close()
    assert first.claims == len(expected.clean) > lines // 3
    assert len(first.held) == len(expected.held)
    assert sum(data.count(b"~\nCLM*") for data in written.values()) == first.claims
    assert (again.claims, again.files, again.put_back) == (0, (), ())
    assert len(again.held) == len(first.held)
    billed = {line for one in expected.clean for session in one.sessions for line in [session.line_id]}
    assert again.already_billed == len(billed)
    assert told[0] == told[1]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == written
