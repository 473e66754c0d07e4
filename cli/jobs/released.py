"""`send --again` and `--arrived`: what a person learned of a file from the clearinghouse."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from cli.jobs.exchange import noted_move, reached
from edi.model.directory import TradingPartner
from edi.model.errors import UsageError
from edi.transport.base import Whereabouts, with_retries
from reconcile.store import Store, record_event
from reconcile.store.files import PLACED, SENDING, SENT, move_file
from reconcile.store.outgoing import UPLOADED, outgoing
from reconcile.store.totals import outbox


def release(
    store: Store,
    name: str,
    *,
    arrived: bool,
    now: datetime,
    partner: str | None = None,
    by_hand: Collection[str] = (),
) -> None:
    """Settle a file whose delivery was cut off, as a person learned from the clearinghouse; or that went by hand.

    Args:
        store: open for writing.
        name: the file's.
        arrived: whether the clearinghouse has it: it counts as sent; else the next `send` delivers it again.
        now: UTC without zone, for the event log.
        partner: whose file it is, when several have one of the name.
        by_hand: trading partners without transport, whose files a person uploads and then says so.

    Raises:
        UsageError: no file of the name is in doubt, or several are.
    """
    with store.write() as connection:
        doubtful = [
            file
            for file in outbox(connection)
            if file.outcome == SENDING or (arrived and file.outcome == PLACED and file.partner in by_hand)
        ]
        chosen = [file for file in doubtful if file.name == name and partner in (None, file.partner)]
        if len(chosen) != 1:
            names = ", ".join(file.name for file in doubtful) or "(none)"
            raise UsageError(
                f"{len(chosen)} files named {name} were cut off while being sent, or go by hand; there are: {names}"
            )
        outcome, kind = (SENT, "sent") if arrived else (PLACED, "send_again")
        noted_move(connection, chosen[0], outcome, kind, now)


def deliver_again(
    store: Store,
    name: str,
    partners: Collection[TradingPartner],
    folder: Path,
    *,
    now: datetime,
) -> None:
    """Let a file that counts as sent be sent once more, because the far side shows it no longer and never took it.

    Args:
        store: open for writing.
        name: the file's.
        partners: whose file it may be; those with a transport.
        folder: where claimloop.toml lies.
        now: UTC without zone, for the event log.

    Raises:
        UsageError: no such file that nothing has answered, several, or the far side shows something of that name.
        ClaimloopError, OSError: the far side cannot be asked.
    """
    known = {one.id: one for one in partners if one.transport}
    with store.read() as connection:
        waiting = [one for one in outgoing(connection) if one.state == UPLOADED and one.partner in known]
    chosen = [one for one in waiting if one.name == name]
    if len(chosen) != 1:
        names = ", ".join(one.name for one in waiting) or "(none)"
        raise UsageError(
            f"{len(chosen)} files named {name} were sent and not answered by anything; there are: {names}"
        )
    file = chosen[0]
    with reached(known[file.partner], folder, None) as way:
        shown = with_retries(lambda: way.transport.look(file.name, file.sha256, file.size), way.policy)
    if shown is not Whereabouts.ABSENT:
        raise UsageError(f"{name} is not gone: {file.partner} shows a file of that name; ask what it took")
    with store.write() as connection:
        if move_file(connection, file.sha256, before=SENT, outcome=PLACED):
            data = {"partner": file.partner, "name": name}
            record_event(connection, kind="send_again", subject=f"file:{file.sha256}", data=data, at=now)
