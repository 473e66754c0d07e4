"""`demo`: the whole loop on shipped data against the test payer, offline, every step through the real jobs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from importlib.resources import files as package_files
from pathlib import Path
from typing import Final

import msgspec

from cli.inputs import RecordFiles
from cli.jobs.create_claims import CreateRequest, CreateResult, create_claims
from cli.jobs.exchange import fetch, send
from cli.jobs.exchanged import Exchange
from cli.jobs.ingest import ingest
from cli.jobs.manifest import Manifest
from cli.jobs.simulate import simulate
from cli.jobs.tables.store import tables_of
from cli.jobs.verify import Verification, verify
from cli.privacy import store_of
from cli.private import write_private
from cli.settings import load_settings
from edi.model.errors import InputError
from edi.transport.whole import private_folder
from reconcile.reports import denials
from reconcile.reports.registry import Row, Scope
from reconcile.store import Store
from reconcile.store.totals import Totals, totals

DAY: Final = date(2026, 3, 31)
"""The demo's today; its sessions are of the two months before."""
SEED: Final = 7
TO_PAYER: Final = "clearinghouse/to"
FROM_PAYER: Final = "clearinghouse/from"
Step = Callable[[str], None]


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the demo. ``troubles`` of either exchange are in ``sent`` and ``fetched``."""

    folder: Path
    created: CreateResult
    sent: Exchange
    fetched: Exchange
    manifest: Manifest
    verification: Verification
    totals: Totals
    denials: tuple[Row, ...]
    visits: int
    practices: int
    payers: int


def fresh_folder(parent: Path) -> Path:
    """Return the first of claimloop-demo, claimloop-demo-2 … that is not there yet."""
    candidate = parent / "claimloop-demo"
    number = 1
    while candidate.exists():
        number += 1
        candidate = parent / f"claimloop-demo-{number}"
    return candidate


def demo(folder: Path, *, seed: int = SEED, step: Step | None = None) -> Demo:
    """Run the loop once in a folder.

    Args:
        folder: made by the demo; must be empty if it is there.
        seed: what the test payer draws from.
        step: told the name of each step as it begins.

    Raises:
        InputError: the folder holds something already.
        ClaimloopError: what any of the steps raises.
    """
    say = step or (lambda _name: None)
    say("laying out practices, patients and sessions")
    _lay_out(folder)
    settings = load_settings(folder / "claimloop.toml", environment={})
    store = store_of(settings)
    try:
        return _round(folder, store, seed, say)
    finally:
        store.close()


def _lay_out(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name a new folder for the demo")
    private_folder(folder)
    for source in sorted(package_files("cli").joinpath("demo_data").iterdir(), key=lambda one: one.name):
        if source.is_file() and not source.name.startswith((".", "_")):
            write_private(folder / source.name, source.read_bytes())
    for name in (TO_PAYER, FROM_PAYER):
        private_folder(folder / name)


def _round(folder: Path, store: Store, seed: int, say: Step) -> Demo:
    settings = load_settings(folder / "claimloop.toml", environment={})
    directory = settings.need_directory()
    tables = tables_of(settings)
    now = datetime.combine(DAY, time(12))
    say("checking sessions, writing 837P claims, asking pyx12")
    sessions = folder / "sessions.csv"
    request = CreateRequest(
        sessions=(sessions,), folder=folder / "out", now=now, records=RecordFiles.beside(sessions)
    )
    created = create_claims(request, settings, store)
    partners = list(directory.trading_partners.values())
    say("sending to the clearinghouse folder")
    sent = send(store, partners, folder, now=now)
    say("the test payer answers: TA1, 999, 277CA, 835")
    for file in sorted((folder / TO_PAYER).glob("*.837")):
        _answered(file, folder, seed)
    say("fetching and ingesting what came back")
    fetched = fetch(partners, folder, folder / "inbox")
    manifest = ingest(
        [Path(one.file) for one in fetched.fetched],
        store,
        tables=tables,
        payers=settings.payers,
        practices=tuple(directory.practices.values()),
        now=datetime.now(UTC).replace(tzinfo=None),
        second_opinion_megabytes=settings.ingest.second_opinion_megabytes,
    )
    say("verifying every equation")
    with store.read() as connection:
        sums = totals(connection)
        groups, _ = denials.groups(connection, Scope(today=DAY), "category")
    visits, practices, payers = _counts(sessions, folder)
    return Demo(
        folder=folder,
        created=created,
        sent=sent,
        fetched=fetched,
        manifest=manifest,
        verification=verify(store, tables=tables),
        totals=sums,
        denials=tuple(groups),
        visits=visits,
        practices=practices,
        payers=payers,
    )


def _answered(file: Path, folder: Path, seed: int) -> None:
    """Let the test payer answer; its truth goes beside the demo's folders, not to the clearinghouse."""
    answered = simulate(file, out=folder / FROM_PAYER, seed=seed, today=DAY)
    truth = folder / "truth"
    private_folder(truth)
    for path in map(Path, answered.truths):
        path.replace(truth / path.name)


def _counts(sessions: Path, folder: Path) -> tuple[int, int, int]:
    """Visits, practices and payers of the shipped data."""
    with sessions.open(encoding="utf-8", newline="") as stream:
        rows = [(row["practice_id"], row["visit_id"]) for row in csv.DictReader(stream)]
    with (folder / "patients.csv").open(encoding="utf-8", newline="") as stream:
        payers = {row["payer"] for row in csv.DictReader(stream) if row.get("coverage_rank") == "1"}
    return len(set(rows)), len({practice for practice, _ in rows}), len(payers - {"SELF", ""})
