"""``held dismiss`` and its ``--undo``: a person decides that a set that was put aside is never to be posted.

That is for a payment that its payer sent by mistake, or whose correction is posted. Nothing of it is in the books, so
nothing is computed: it leaves `held list`, and what waits for somebody.
"""

from __future__ import annotations

from typing import Final

from cli.jobs.holds import Decider, Decision
from edi.model.errors import UsageError
from reconcile.store import Connection
from reconcile.store.hold_lists import Hold, find_hold
from reconcile.store.holds import (
    CONFLICT,
    DISMISSED,
    QUARANTINED,
    Release,
    drop_release,
    load_release,
    save_release,
)

DISMISS: Final = "dismissal"
UNDO: Final = "dismissal_undone"
"""The kinds of event."""


def dismiss(name: str, reason: str, decider: Decider) -> Decision:
    """Dismiss a transaction set that was put aside.

    Args:
        name: its id in `held list`.
        reason: why, in the person's words; it goes into the event log, so it names no patient.
        decider: store and time.

    Raises:
        InputError: there is no such hold.
        UsageError: the reason is empty, it is a claim payment, or it is not held.
        StoreError, TemporaryError: from the store.
    """
    if not reason.strip():
        raise UsageError("--reason is empty: say why it is never to be posted; it is kept in the event log")
    with decider.deciding() as connection:
        hold = find_hold(connection, name)
        made = dismiss_hold(connection, hold, reason)
        decider.note(connection, DISMISS, hold.subject, {"reason": reason})
    return made


def undo(name: str, reason: str, decider: Decider) -> Decision:
    """Take a dismissal back: it is held again. Args and raises are those of ``dismiss``."""
    if not reason.strip():
        raise UsageError("--reason is empty: say why it is taken back; it is kept in the event log")
    with decider.deciding() as connection:
        hold = find_hold(connection, name)
        made = undo_dismissal(connection, hold)
        decider.note(connection, UNDO, hold.subject, {"reason": reason})
    return made


def dismiss_hold(connection: Connection, hold: Hold, reason: str) -> Decision:
    """Dismiss a hold in an open transaction."""
    if hold.payment is not None:
        raise UsageError(
            f"{hold.id} is a part of a payment that is posted, so its money is in the bank: "
            "claimloop held release posts it"
        )
    standing = load_release(connection, hold.subject)
    if standing is not None:
        done = "dismissed" if standing.kind == DISMISSED else "released"
        raise UsageError(f"{hold.id} is {done} already; --undo takes that back")
    if hold.outcome not in (QUARANTINED, CONFLICT):
        raise UsageError(f"{hold.id} is not held: it is {hold.outcome}")
    save_release(connection, Release(subject=hold.subject, kind=DISMISSED, cents=0, reason=reason))
    return Decision(id=hold.id, subject=hold.subject, outcome=DISMISSED, unexplained=0)


def undo_dismissal(connection: Connection, hold: Hold) -> Decision:
    """Take the dismissal of a hold back in an open transaction."""
    standing = load_release(connection, hold.subject)
    if standing is None or standing.kind != DISMISSED:
        raise UsageError(f"{hold.id} is not dismissed, so there is nothing to take back")
    drop_release(connection, hold.subject)
    return Decision(id=hold.id, subject=hold.subject, outcome=hold.outcome, unexplained=0)
