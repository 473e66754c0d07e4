"""``held release`` and its ``--undo``: a person decides about a claim payment in suspense or a set that was put aside.

Each decision is one event and one database transaction, and what follows from it is computed in that transaction. The
functions that take a connection do the same when `rebuild` plays the event log again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from typing import Any, Final

import msgspec

from cli.jobs import manifest
from cli.jobs.ingest_835 import Source, retake
from cli.jobs.payments import take_payments
from cli.jobs.placing import RollBackError
from cli.jobs.posting import Candidate, Tools, post_chunk, recompute, write_again
from cli.jobs.retrying import retry_for_references
from edi.model.balance import claim_imbalances
from edi.model.directory import Practice
from edi.model.errors import UsageError
from edi.model.finding import Severity
from edi.model.money import decimal_text
from edi.transactions import t835
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.accounts import unexplained
from reconcile.store import (
    POSTED,
    SUSPENSE,
    UNMATCHED,
    Connection,
    Kept,
    Store,
    Stored,
    StoredSet,
    events,
    load_file,
    load_set,
    pack_claim_payment,
    record_event,
    rematch_claim_payments,
    save_set,
)
from reconcile.store.adjudications import Waiting, waiting
from reconcile.store.files import TRUNCATED, newest_file
from reconcile.store.held_reversals import reversals_of
from reconcile.store.hold_lists import Hold, decisions_on, find_hold
from reconcile.store.holds import (
    CONFLICT,
    DISMISSED,
    QUARANTINED,
    REPLACED,
    Release,
    drop_release,
    forget_set,
    load_release,
    posted_set,
    remove_remittance,
    replacing,
    save_release,
    set_subject,
    unpost,
)
from reconcile.store.rehearsal import inside
from reconcile.store.reissues import posted_before
from reconcile.values import ClaimEvidence, ClaimMatch

RELEASE: Final = "release"
UNDO: Final = "release_undone"
"""The kinds of event."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about a hold: its id in lists, what became of it, and the cents that nothing explains.

    ``outcome`` is posted, unmatched (released, and now it waits for its claim), suspense, quarantined, conflict or
    dismissed.
    ``unexplained`` is what it leaves once it is posted. Of a released set ``held`` and ``unmatched`` count the claim
    payments that are not in the books with it.
    """

    id: str
    subject: str
    outcome: str
    unexplained: int
    replaced: str = ""
    held: int = 0
    unmatched: int = 0

    @property
    def left(self) -> int:
        """The cents that are unexplained now: nothing of what waits for its claim is in the books."""
        return 0 if self.outcome == UNMATCHED else self.unexplained


class Decider(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision works with. ``now`` is UTC without zone; ``dry_run`` walks the same path and rolls back."""

    store: Store
    tools: Tools
    now: datetime
    practices: Mapping[str, Practice] = {}
    actor: str = ""
    dry_run: bool = False

    @contextmanager
    def deciding(self) -> Iterator[Connection]:
        """One write transaction of one decision; rolled back at its end on a dry run."""
        with suppress(RollBackError), self.store.write() as connection:
            yield connection
            if self.dry_run:
                raise RollBackError

    def note(self, connection: Connection, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """Append the decision to the event log, with its place among the files: there a rebuild makes it again."""
        record_event(
            connection,
            kind=kind,
            subject=subject,
            at=self.now,
            data=data,
            actor=self.actor,
            after_file=newest_file(connection),
        )


def release(name: str, reason: str, decider: Decider) -> Decision:
    """Release a hold: post it, with what it does not explain in suspense.

    Args:
        name: its id in `held list`.
        reason: why, in the person's words; it goes into the event log, so it names no patient.
        decider: store, tools and time.

    Raises:
        InputError: there is no such hold.
        UsageError: the reason is empty, the set is truncated, or decisions about the payment that it would replace
            stand in the way, or it would post claim payments a second time.
        StoreError, AccessError, TemporaryError: from the store or the vault.
    """
    if not reason.strip():
        raise UsageError("--reason is empty: say why it is released; it is kept in the event log")
    with decider.deciding() as connection:
        hold = find_hold(connection, name)
        made, data = release_hold(connection, decider.store, hold, reason, decider.tools, decider.practices)
        decider.note(connection, RELEASE, hold.subject, data)
    return made


def undo(name: str, reason: str, decider: Decider) -> Decision:
    """Take a release back: everything stands as it did before it.

    Args and raises are those of ``release``; UsageError also where nothing was released.
    """
    if not reason.strip():
        raise UsageError("--reason is empty: say why it is taken back; it is kept in the event log")
    with decider.deciding() as connection:
        hold = find_hold(connection, name)
        made = undo_hold(connection, decider.store, hold, decider.tools, decider.practices)
        decider.note(connection, UNDO, hold.subject, {"reason": reason})
    return made


def release_hold(
    connection: Connection,
    store: Store,
    hold: Hold,
    reason: str,
    tools: Tools,
    practices: Mapping[str, Practice],
) -> tuple[Decision, dict[str, str | int]]:
    """Release a hold in an open transaction; returns what became of it, and the data of its event."""
    before = load_release(connection, hold.subject)
    if before is not None:
        if before.kind == DISMISSED:
            raise UsageError(f"{hold.id} is dismissed; held dismiss --undo takes that back")
        raise UsageError(f"{hold.id} is released already; --undo takes that back")
    if hold.payment is not None:
        made, detail = _release_payment(connection, hold, tools)
        kind = SUSPENSE
    else:
        made, kind = _release_set(connection, _Books(connection, store, tools, practices), hold)
        detail = ""
    retry_for_references(connection, tools)
    save_release(
        connection,
        Release(
            subject=hold.subject, kind=kind, cents=made.unexplained, reason=reason, replaced=made.replaced
        ),
    )
    data: dict[str, str | int] = {"kind": kind, "reason": reason, "cents": made.unexplained}
    if detail:
        data["detail"] = detail
    if made.replaced:
        data["replaced"] = made.replaced
    return made, data


def undo_hold(
    connection: Connection, store: Store, hold: Hold, tools: Tools, practices: Mapping[str, Practice]
) -> Decision:
    """Take the release of a hold back in an open transaction."""
    standing = load_release(connection, hold.subject)
    if standing is None or standing.kind == DISMISSED:
        raise UsageError(f"{hold.id} is not released, so there is nothing to take back")
    drop_release(connection, hold.subject)
    if hold.payment is not None:
        return _hold_payment(connection, hold, tools)
    return _put_aside(_Books(connection, store, tools, practices), hold, standing)


# -- claim payments ----------------------------------------------------------------------------------------------------


def candidates_of(held: list[Waiting]) -> list[Candidate]:
    """Claim payments of the store as candidates that may be posted now."""
    return [Candidate(one.id, one.remittance, one.claim, pack_claim_payment(one.claim)) for one in held]


def _release_payment(connection: Connection, hold: Hold, tools: Tools) -> tuple[Decision, str]:
    """Post a claim payment that is in suspense; returns also why it was held."""
    found = waiting(connection, SUSPENSE, tools.capitated, ids=[hold.payment or 0])
    if not found:
        raise UsageError(f"{hold.id} is not in suspense: it is {hold.outcome}")
    (one,) = found
    chunk = post_chunk(connection, candidates_of(found), tools)
    write_again(connection, chunk, tools)
    if chunk.stored[0].outcome == POSTED:
        _post_reversals(connection, one.id, tools)
    made = Decision(
        id=hold.id,
        subject=hold.subject,
        outcome=chunk.stored[0].outcome,
        unexplained=unexplained(one.claim),
    )
    return made, hold.detail


def _post_reversals(connection: Connection, answer: int, tools: Tools) -> None:
    """Post the held reversals that take a released answer back to the cent."""
    ids = reversals_of(connection, answer)
    held = waiting(connection, SUSPENSE, tools.capitated, ids=ids) if ids else []
    if held:
        chunk = post_chunk(connection, candidates_of(held), tools)
        write_again(connection, chunk, tools)


def _hold_reversals(connection: Connection, hold: Hold) -> set[int]:
    """Put the reversals of a released answer back into suspense; returns the claims they stood on.

    One that a person released or linked stays.
    """
    roots: set[int] = set()
    for number in reversals_of(connection, hold.payment or 0):
        own = find_hold(connection, f"claim_payment:{number}")
        if load_release(connection, own.subject) is not None or own.evidence == ClaimEvidence.BY_HAND:
            continue
        claim = own.value(connection)
        detail = "; ".join(
            f"{one.code} {decimal_text(one.actual - one.expected)}"
            for one in claim_imbalances(claim)
            if one.severity is Severity.ERROR
        )
        roots |= unpost(connection, [number])
        match = ClaimMatch(claim_id=None, evidence=ClaimEvidence.NONE, reason="unbalanced", detail=detail)
        rematch_claim_payments(connection, [Stored(number, claim, b"", SUSPENSE, match)])
    return roots


def _hold_payment(connection: Connection, hold: Hold, tools: Tools) -> Decision:
    """Put a released claim payment back into suspense."""
    if hold.evidence == ClaimEvidence.BY_HAND:
        raise UsageError(f"{hold.id} was linked by hand after its release: unmatched unlink it first")
    released = [one for one in events(connection, hold.subject) if one.kind == RELEASE]
    detail = str(released[-1].data.get("detail", "")) if released else ""
    roots = _hold_reversals(connection, hold)
    roots |= unpost(connection, [hold.payment or 0])
    match = ClaimMatch(claim_id=None, evidence=ClaimEvidence.NONE, reason="unbalanced", detail=detail)
    rematch_claim_payments(
        connection, [Stored(hold.payment or 0, hold.value(connection), b"", SUSPENSE, match)]
    )
    recompute(connection, roots, tools)
    return Decision(id=hold.id, subject=hold.subject, outcome=SUSPENSE, unexplained=0)


# -- transaction sets --------------------------------------------------------------------------------------------------


@contextmanager
def opened_set(
    connection: Connection, store: Store, stored: StoredSet
) -> Iterator[tuple[TransactionSet, str]]:
    """Read a transaction set from the bytes of its file; gives it with the file's name.

    Raises:
        UsageError: it is not there any more.
    """
    file = load_file(connection, stored.file_sha256)
    name = file.name if file is not None else stored.file_sha256[:12]
    position = 0
    with closing(store.vault.read(stored.file_sha256)) as blocks:
        for item in read_transactions(blocks, file=name):
            if not isinstance(item, TransactionSet):
                continue
            if position == stored.position:
                yield item, name
                return
            position += 1
    raise UsageError(f"{name} has no transaction set at place {stored.position}")


class _Books(msgspec.Struct, frozen=True):
    """What taking in a set again works with: the open transaction, its store, tables, payers and practices."""

    connection: Connection
    store: Store
    tools: Tools
    practices: Mapping[str, Practice]

    def retake(self, stored: StoredSet, *, released: bool) -> manifest.PaymentEntry:
        """Take a transaction set in again from the vault, whatever became of it before."""
        connection = self.connection
        forget_set(connection, stored.file_sha256, stored.position)
        if stored.kind != "835":
            return self._retake_by_hand(stored)
        with opened_set(connection, self.store, stored) as (transaction, name):
            source = Source(stored.file_sha256, name, stored.position)
            return retake(connection, source, t835.read(transaction), self.tools, released=released)

    def _retake_by_hand(self, stored: StoredSet) -> manifest.PaymentEntry:
        """Take a payment in again that somebody wrote down; the others of its file are known."""
        file = load_file(self.connection, stored.file_sha256)
        if file is not None:
            kept = Kept(file.sha256, file.size, new=False)
            take_payments(kept, file.name, inside(self.store, self.connection), self.tools, self.practices)
        again = load_set(self.connection, stored.file_sha256, stored.position)
        if again is None:
            raise UsageError("the file of the payment that was written down does not give it any more")
        return msgspec.json.decode(again.record, type=manifest.PaymentEntry)


def _release_set(connection: Connection, books: _Books, hold: Hold) -> tuple[Decision, str]:
    """Post a set that was quarantined, or one in the place of another of the same payment; returns also its kind."""
    stored = hold.stored
    if stored is None or stored.outcome not in (QUARANTINED, CONFLICT):
        raise UsageError(f"{hold.id} is not held: it is {hold.outcome}")
    replaced, roots = "", set[int]()
    other = posted_set(connection, stored.payment_key)
    if other is not None:
        standing = load_set(connection, *other)
        if standing is None or standing.content_digest == stored.content_digest:
            raise UsageError(
                f"{hold.id}: this payment is posted already from another file; nothing is missing"
            )
        _nothing_decided(connection, standing.payment_key)
        roots = remove_remittance(connection, *other)
        save_set(connection, msgspec.structs.replace(standing, outcome=REPLACED))
        replaced = set_subject(*other)
    entry = books.retake(stored, released=True)
    if entry.outcome != manifest.POSTED:
        if any(one.code == TRUNCATED for one in entry.findings):
            raise UsageError(
                f"{hold.id} is truncated: claims of it are missing, so it is not posted; ask for the file again"
            )
        raise UsageError(f"{hold.id} cannot be posted: it is {entry.outcome}")
    before = posted_before(connection, stored.file_sha256, stored.position)
    if before is not None:
        raise UsageError(
            f"{hold.id}: claim payments of it are posted already with a payment of this number and day, "
            f"{set_subject(*before)}; releasing it would post them a second time"
        )
    recompute(connection, roots, books.tools)
    cents = find_hold(connection, hold.id).unexplained
    made = Decision(
        id=hold.id, subject=hold.subject, outcome=entry.outcome, unexplained=cents, replaced=replaced,
        held=entry.claims_held, unmatched=entry.unmatched,
    )  # fmt: skip
    return made, stored.outcome


def _nothing_decided(connection: Connection, payment_key: str) -> None:
    """See that no decision about single claim payments of a payment stands.

    Raises:
        UsageError: one does; it names them.
    """
    held = decisions_on(connection, payment_key)
    if held:
        names = ", ".join(held)
        raise UsageError(f"decisions about claim payments of it stand: {names}; take these back first")


def _put_aside(books: _Books, hold: Hold, standing: Release) -> Decision:
    """Take a released set out of the books again, and let what it replaced stand."""
    connection, stored = books.connection, hold.stored
    if stored is None:
        raise UsageError(f"{hold.id} is not in this store")
    later = replacing(connection, hold.subject)
    if later is not None:
        raise UsageError(f"{later} was released in the place of {hold.id}: take that back first")
    _nothing_decided(connection, stored.payment_key)
    roots = remove_remittance(connection, stored.file_sha256, stored.position)
    if standing.replaced:
        digest, _, position = standing.replaced.removeprefix("transaction:").partition("/")
        before = load_set(connection, digest, int(position))
        if before is not None:
            books.retake(before, released=load_release(connection, standing.replaced) is not None)
    entry = books.retake(stored, released=False)
    recompute(connection, roots, books.tools)
    return Decision(id=hold.id, subject=hold.subject, outcome=entry.outcome, unexplained=0)


def told(made: Decision) -> str:
    """Say in a sentence what a decision did."""
    left = f"; {decimal_text(made.unexplained)} of it is unexplained" if made.left else ""
    if made.outcome == UNMATCHED:
        left = "; it waits for its claim: see unmatched list"
    instead = f", in the place of {made.replaced}" if made.replaced else ""
    waits = [
        f"{number} of its claim payments {'is' if number == 1 else 'are'} {what}: see {where} list"
        for number, what, where in (
            (made.held, "in suspense", "held"),
            (made.unmatched, "without a claim", "unmatched"),
        )
        if number
    ]
    return "; ".join([f"{made.id} is {made.outcome} now{instead}{left}", *waits])
