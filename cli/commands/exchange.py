"""`claimloop send` and `claimloop fetch`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cli.exits import ExitCode, worst
from cli.jobs.exchange import Note
from cli.jobs.exchange import fetch as fetch_files
from cli.jobs.exchange import send as send_files
from cli.jobs.exchanged import Exchange
from cli.jobs.lists import counted
from cli.jobs.released import deliver_again, release
from cli.jobs.shelf import Shelf
from cli.options import AsJson, Config, Database, DryRun, Quiet, end, utc_now
from cli.render import SCHEMA_VERSION, stderr, stdout, write_json
from cli.trail import trail
from cli.workspace import workspace
from edi.model.directory import Directory, TradingPartner
from edi.model.errors import UsageError
from reconcile.store.alone import alone

Partner = Annotated[str | None, typer.Option("--partner", metavar="ID", help="Only this trading partner.")]


Again = Annotated[
    str | None,
    typer.Option("--again", metavar="NAME", help="Send a file whose delivery was cut off once more."),
]
Arrived = Annotated[
    str | None,
    typer.Option(
        "--arrived", metavar="NAME", help="Count a file that was cut off, or uploaded by hand, as sent."
    ),
]


Gone = Annotated[
    bool,
    typer.Option(
        "--gone",
        help="With --again: a file that counts as sent, that the far side shows no longer, and never took.",
    ),
]


def send(
    partner: Partner = None,
    again: Again = None,
    gone: Gone = False,
    arrived: Arrived = None,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Deliver the written 837P files; each counts as sent once the far side was seen to hold the whole file."""
    if dry_run and (again or arrived):
        raise UsageError("--again and --arrived write to the store; leave out --dry-run")
    if gone and again is None:
        raise UsageError("--gone says why a file is sent --again; name the file with it")
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        partners = _partners(opened.settings.need_directory(), partner)
        everyone = opened.settings.need_directory().trading_partners.values()
        by_hand = [one.id for one in everyone if not one.transport]
        if gone and again is not None:
            deliver_again(opened.store, again, partners, opened.settings.folder, now=utc_now())
        for name, there in ((None if gone else again, False), (arrived, True)):
            if name is not None:
                release(opened.store, name, arrived=there, now=utc_now(), partner=partner, by_hand=by_hand)
        with nullcontext() if dry_run else alone(opened.store) as hold:
            exchange = send_files(
                opened.store,
                partners,
                opened.settings.folder,
                now=utc_now(),
                note=_note(quiet),
                dry_run=dry_run,
                hold=hold,
            )
    if partner is not None:
        exchange = msgspec.structs.replace(exchange, waiting=())
    _answer(exchange, as_json=as_json, word="would go" if dry_run else "sent")


def fetch(
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Default: inbox/ beside claimloop.toml.")
    ] = None,
    partner: Partner = None,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
) -> None:
    """Bring the clearinghouse's waiting files here; `claimloop ingest` takes them in."""
    with workspace(config, database, quiet=quiet) as opened:
        folder = opened.settings.folder
        partners = _partners(opened.settings.need_directory(), partner)
        with alone(opened.store) as hold:
            exchange = fetch_files(
                partners,
                folder,
                into or folder / "inbox",
                note=_note(quiet),
                hold=hold,
                largest=opened.settings.ingest.largest_megabytes,
                shelf=Shelf(opened.store, utc_now()),
            )
    _answer(exchange, as_json=as_json, word="fetched")


def _partners(directory: Directory, wanted: str | None) -> list[TradingPartner]:
    if wanted is None:
        return [one for one in directory.trading_partners.values() if one.transport]
    if wanted not in directory.trading_partners:
        raise UsageError(f"no trading partner {wanted}; there are: {', '.join(directory.trading_partners)}")
    return [directory.trading_partners[wanted]]


def _note(quiet: bool) -> Note | None:
    if quiet:
        return None
    console = stderr()
    return lambda text: console.print(text, markup=False, soft_wrap=True)


def _answer(exchange: Exchange, *, as_json: bool, word: str) -> None:
    partners = {one.partner for one in exchange.sent} | {one.partner for one in exchange.fetched}
    files = len(exchange.sent) + len(exchange.fetched)
    counts = {"files": files, "claims": sum(one.claims for one in exchange.sent)}
    trail().note(partners=sorted(partners), counts=counts)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, **_document(exchange)})
    else:
        console = stdout()
        for file in exchange.sent:
            more = " (was there already)" if file.already_there else ""
            held = _inquiries(file.inquiries) if file.inquiries else counted(file.claims, "claim")
            console.print(f"{word} {file.file} to {file.partner}: {held}{more}", markup=False)
        for got in exchange.fetched:
            console.print(f"{word} {got.file} from {got.partner}", markup=False, soft_wrap=True)
        for left in exchange.waiting:
            text = (
                f"{left.file} waits for {left.partner}, a trading partner without transport in claimloop.toml"
            )
            console.print(text, markup=False, soft_wrap=True)
        if not (exchange.sent or exchange.fetched or exchange.troubles or exchange.waiting):
            console.print("nothing was waiting", markup=False)
    for trouble in exchange.troubles:
        stderr().print(f"{trouble.partner}: {trouble.message}", markup=False, soft_wrap=True)
    end(worst(ExitCode(trouble.exit_code) for trouble in exchange.troubles))


def _inquiries(number: int) -> str:
    """How many inquiries, about coverages or claims, a file holds."""
    return f"{number} {'inquiry' if number == 1 else 'inquiries'}"


def _document(exchange: Exchange) -> dict[str, object]:
    return {
        "sent": exchange.sent,
        "fetched": exchange.fetched,
        "troubles": exchange.troubles,
        "waiting": exchange.waiting,
    }
