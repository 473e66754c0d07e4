"""`claimloop outbox`: each outgoing file, how far it is and since when."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from cli.exits import ExitCode, worst
from cli.jobs.lists import counted, known_word
from cli.jobs.outbox import SHOWN, look, next_step
from cli.options import AsJson, Config, Database, Output, RowFormat, end
from cli.render import Row, money, stderr, write_rows
from cli.workspace import workspace
from edi.transport.base import Whereabouts
from reconcile.store.outgoing import STATES, OutgoingFile, outgoing

COLUMNS = (
    "name", "partner", "kind", "state", "far_side", "size", "far_size", "claims", "accepted", "rejected", "adjudicated",
    "waiting", "to_correct", "charge", "next_step", "written_at", "uploaded_at", "acknowledged_at", "answered_at",
    "paid_at",
)  # fmt: skip
NARROW = ("name", "state", "next_step", "far_side", "claims", "waiting", "uploaded_at")
_CHANGED = SHOWN[Whereabouts.OTHER]


def outbox(
    everything: Annotated[
        bool, typer.Option("--all", help="Also files that nobody has to look at: all claims answered.")
    ] = False,
    state: Annotated[str | None, typer.Option(help=f"Only this state: {', '.join(STATES)}.")] = None,
    partner: Annotated[
        str | None, typer.Option("--partner", metavar="ID", help="Only this trading partner's.")
    ] = None,
    ask: Annotated[
        bool, typer.Option("--look", help="Ask the far side for files that nothing has answered yet.")
    ] = False,
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List the outgoing files: how far they are, what is next.

    A file stays in the list until all its claims or inquiries are answered, and
    claims that were rejected went out again; --all lists the others too.

    With --look the far side is asked: a file is there, staged, gone (partners
    take files away) or changed: other content stands under its name, exit 3.
    """
    if state is not None:
        state = known_word("--state", state, set(STATES))
    with workspace(config, database, read_only=True) as opened:
        partners = opened.settings.need_directory().trading_partners
        if partner is not None:
            partner = known_word("--partner", partner, set(partners))
        with opened.store.read() as connection:
            files = [
                one
                for one in outgoing(connection)
                if partner in (None, one.partner)
                and (one.state == state if state else everything or not one.is_done)
            ]
        reachable = [one for one in partners.values() if one.transport]
        shown, troubles = look(files, reachable, opened.settings.folder) if ask else ({}, [])
    changed = [one for one in files if shown.get(one.sha256) == _CHANGED]
    states = Counter(one.state for one in files)
    told = [f"{states[one]} {one}" for one in STATES if states[one]]
    waiting = f"{counted(sum(one.waiting for one in files), 'claim')} waiting"
    footer = [f"{counted(len(files), 'file')}" + (f" ({', '.join(told)})" if told else "") + f", {waiting}"]
    form = "json" if as_json else form
    sendable = {one.id for one in reachable}
    rows = [_row(one, shown.get(one.sha256, ""), by_hand=one.partner not in sendable) for one in files]
    write_rows(rows, COLUMNS, form=form, path=output, narrow=NARROW, footer=footer)
    for one in changed:
        said = f"{one.name}: the far side holds other content under this name; ask {one.partner} what it took"
        stderr().print(said, markup=False, soft_wrap=True)
    for trouble in troubles:
        stderr().print(f"{trouble.partner}: {trouble.message}", markup=False, soft_wrap=True)
    codes = [ExitCode(trouble.exit_code) for trouble in troubles]
    end(worst([*codes, *([ExitCode.PARTLY] if changed else [])]))


def _row(file: OutgoingFile, shown: str, *, by_hand: bool) -> Row:
    return {
        "name": file.name,
        "partner": file.partner,
        "kind": file.kind,
        "state": file.state,
        "far_side": shown,
        "size": file.size,
        "far_size": file.far_size,
        "claims": file.claims,
        "accepted": file.accepted,
        "rejected": file.rejected,
        "adjudicated": file.adjudicated,
        "waiting": file.waiting,
        "to_correct": file.to_correct,
        "charge": money(file.charge),
        "next_step": next_step(file, by_hand=by_hand),
        "written_at": file.written_at,
        "uploading_at": file.uploading_at,
        "uploaded_at": file.uploaded_at,
        "acknowledged_at": file.acknowledged_at,
        "answered_at": file.answered_at,
        "paid_at": file.paid_at,
        "sha256": file.sha256,
    }
