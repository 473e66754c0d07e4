"""`send` and `fetch`: files to and from trading partners, with retries; one partner's trouble stops only that one.

Partners take files away as soon as they see them, so that a file is not there says nothing about whether it ever was.
Therefore a file is noted as ``sending`` before its delivery: one that a killed run left so, and that is not there to be
seen, is never sent a second time unless a person says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, cast

import msgspec

from cli.jobs.placing import PLACED
from edi.model.directory import TradingPartner
from edi.model.errors import ClaimloopError, SettingsError, TemporaryError, UsageError
from edi.transport.base import RetryPolicy, Transport, with_retries
from edi.transport.folder import AfterFetch, FolderTransport
from edi.transport.whole import digest_of
from reconcile.store import Connection, Store, Vault, record_event
from reconcile.store.files import move_file
from reconcile.store.totals import OutboxFile, outbox

SENT: Final = "sent"
"""Outcome of a file that the far side was seen to hold whole."""
SENDING: Final = "sending"
"""Outcome of a file whose delivery has begun; it stays so when the run ends in the middle of it."""
_PARTLY: Final = 3
Note = Callable[[str], None]
"""Told what is being retried, in words without PHI."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the trading partner holds: claims, or inquiries about coverage.

    ``already_there``: an earlier, interrupted run had delivered it.
    """

    file: str
    partner: str
    claims: int
    already_there: bool
    inquiries: int = 0


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is now here, whole."""

    file: str
    partner: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why a partner's exchange stopped. ``exit_code`` is the error's own."""

    partner: str
    message: str
    exit_code: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A file that no run sends: its trading partner was not among those asked."""

    file: str
    partner: str


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """What went over, which partners had trouble, and which files wait for partners that were not asked."""

    sent: tuple[Sent, ...] = ()
    fetched: tuple[Fetched, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    waiting: tuple[Waiting, ...] = ()


def transport_of(partner: TradingPartner, folder: Path) -> Transport:
    """Return the transport a trading partner's profile names.

    Args:
        partner: ``transport`` has ``kind`` (folder), ``outbound``, ``inbound`` and ``after_fetch``.
        folder: where claimloop.toml lies; relative paths start there.

    Raises:
        SettingsError: no transport, an unknown kind, or a folder that is not named or not there.
    """
    at = f"claimloop.toml: trading_partner {partner.id}: transport"
    if not partner.transport:
        raise SettingsError(
            f'{at} is not set; write transport = {{ kind = "folder", outbound = …, inbound = … }}'
        )
    kind = partner.transport.get("kind", "folder")
    if kind != "folder":
        raise SettingsError(f"{at}.kind is {kind!r}; this version knows folder")
    paths = {}
    for key in ("outbound", "inbound"):
        value = partner.transport.get(key)
        if not isinstance(value, str) or not value:
            raise SettingsError(f"{at}.{key} names no folder")
        paths[key] = folder / value
        if not paths[key].is_dir():
            raise SettingsError(f"{at}.{key}: there is no folder {value}; make it or correct the path")
    after = partner.transport.get("after_fetch", "archive")
    if after not in ("archive", "delete", "keep"):
        raise SettingsError(f"{at}.after_fetch is {after!r}; write archive, delete or keep")
    return FolderTransport(paths["outbound"], paths["inbound"], after_fetch=cast("AfterFetch", after))


def send(
    store: Store,
    partners: Iterable[TradingPartner],
    folder: Path,
    *,
    now: datetime,
    policy: RetryPolicy | None = None,
    note: Note | None = None,
    dry_run: bool = False,
) -> Exchange:
    """Deliver every file that is written and not yet sent; each is noted as sent once the far side holds it.

    A file that an ended run left in the middle of its delivery is noted as sent if it is there; if not, it is a
    trouble for a person (`release`), and the other files go on.

    Args:
        store: open for writing.
        partners: whose files to send.
        folder: where claimloop.toml lies.
        now: UTC without zone, for the event log.
        policy: attempts and waits.
        note: told about retries.
        dry_run: only say what would go.
    """
    known = {partner.id: partner for partner in partners}
    with store.read() as connection:
        everything = outbox(connection)
    sent: list[Sent] = []
    troubles: list[Trouble] = []
    for name, files in _by_partner([file for file in everything if file.partner in known]).items():
        try:
            sender = _Sender(store, transport_of(known[name], folder), now, policy or RetryPolicy(), note)
            for file in files:
                there = sender.look(file) if dry_run else sender.send(file)
                if there is None:
                    troubles.append(Trouble(partner=name, message=_in_doubt(file.name), exit_code=_PARTLY))
                else:
                    sent.append(
                        Sent(
                            file=file.name,
                            partner=name,
                            claims=file.claims,
                            already_there=there,
                            inquiries=file.inquiries,
                        )
                    )
        except ClaimloopError as error:
            troubles.append(Trouble(partner=name, message=str(error), exit_code=error.exit_code))
    left = [Waiting(file=one.name, partner=one.partner) for one in everything if one.partner not in known]
    return Exchange(sent=tuple(sent), troubles=tuple(troubles), waiting=tuple(left))


def release(store: Store, name: str, *, arrived: bool, now: datetime, partner: str | None = None) -> None:
    """Settle a file whose delivery was cut off, as a person learned from the clearinghouse.

    Args:
        store: open for writing.
        name: the file's.
        arrived: whether the clearinghouse has it: it counts as sent; else the next `send` delivers it again.
        now: UTC without zone, for the event log.
        partner: whose file it is, when several have one of the name.

    Raises:
        UsageError: no file of the name is in doubt, or several are.
    """
    with store.write() as connection:
        doubtful = [file for file in outbox(connection) if file.outcome == SENDING]
        chosen = [file for file in doubtful if file.name == name and partner in (None, file.partner)]
        if len(chosen) != 1:
            names = ", ".join(file.name for file in doubtful) or "(none)"
            raise UsageError(
                f"{len(chosen)} files named {name} were cut off while being sent; there are: {names}"
            )
        outcome, kind = (SENT, "sent") if arrived else (PLACED, "send_again")
        _move(connection, chosen[0], outcome, kind, now)


def _in_doubt(name: str) -> str:
    return (
        f"{name} was being sent when the run ended; confirm with the clearinghouse, then claimloop send --again "
        f"{name} if it did not arrive, or claimloop send --arrived {name} if it did"
    )


def _by_partner(files: Sequence[OutboxFile]) -> dict[str, list[OutboxFile]]:
    groups: dict[str, list[OutboxFile]] = {}
    for file in files:
        groups.setdefault(file.partner, []).append(file)
    return groups


def _move(connection: Connection, file: OutboxFile, outcome: str, kind: str, now: datetime) -> bool:
    """Note a file's next outcome with its event; False, and nothing noted, when another run took it elsewhere."""
    moved = move_file(connection, file.sha256, before=file.outcome, outcome=outcome)
    if moved:
        record_event(
            connection,
            kind=kind,
            subject=f"file:{file.sha256}",
            data={"partner": file.partner, "name": file.name},
            at=now,
        )
    return moved


class _Sender:
    """Delivers the files of one partner."""

    def __init__(
        self, store: Store, transport: Transport, now: datetime, policy: RetryPolicy, note: Note | None
    ) -> None:
        self._store = store
        self._transport = transport
        self._now = now
        self._policy = policy
        self._note = note

    def look(self, file: OutboxFile) -> bool | None:
        """What `send` would answer, without doing anything."""
        if file.outcome != SENDING:
            return False
        return self._is_there(file) or None

    def send(self, file: OutboxFile) -> bool | None:
        """Deliver one file and note it; return whether it was there already, None when nobody can tell."""
        under_way = msgspec.structs.replace(file, outcome=SENDING)
        if file.outcome == SENDING:
            return self._noted(under_way) if self._is_there(file) else None
        with self._store.write() as connection:
            if not _move(connection, file, SENDING, "sending", self._now):
                raise TemporaryError(f"{file.name}: another run is sending it; look again later")
        source = Vault(self._store.vault).path(file.sha256)
        try:
            delivery = with_retries(
                lambda: self._transport.put(file.name, source, file.sha256),
                self._policy,
                on_retry=_said(self._note, file.name),
            )
        except Exception:
            # A put that raises has not shown the file under its name, so the next run may try again.
            with self._store.write() as connection:
                _move(connection, under_way, file.outcome, "not_sent", self._now)
            raise
        self._noted(under_way)
        return delivery.already_there

    def _is_there(self, file: OutboxFile) -> bool:
        return with_retries(
            lambda: self._transport.holds(file.name, file.sha256),
            self._policy,
            on_retry=_said(self._note, file.name),
        )

    def _noted(self, file: OutboxFile) -> bool:
        with self._store.write() as connection:
            _move(connection, file, SENT, "sent", self._now)
        return True


def fetch(
    partners: Iterable[TradingPartner],
    folder: Path,
    into: Path,
    *,
    policy: RetryPolicy | None = None,
    note: Note | None = None,
) -> Exchange:
    """Bring every waiting file here, whole, into a folder of the partner's; then archive, delete or keep it there.

    Args:
        partners: whose files to fetch.
        folder: where claimloop.toml lies.
        into: a folder for each partner is made in it.
        policy: attempts and waits.
        note: told about retries.
    """
    fetched: list[Fetched] = []
    troubles: list[Trouble] = []
    for partner in partners:
        try:
            transport = transport_of(partner, folder)
            target = into / partner.id
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in _listing(transport, policy or RetryPolicy(), note):
                path = _fetch_one(transport, name, target, policy or RetryPolicy(), note)
                fetched.append(Fetched(file=str(path), partner=partner.id))
        except ClaimloopError as error:
            troubles.append(Trouble(partner=partner.id, message=str(error), exit_code=error.exit_code))
    return Exchange(fetched=tuple(fetched), troubles=tuple(troubles))


def _listing(transport: Transport, policy: RetryPolicy, note: Note | None) -> list[str]:
    files = with_retries(transport.listing, policy, on_retry=_said(note, "the list of files"))
    return [file.name for file in files]


def _fetch_one(transport: Transport, name: str, target: Path, policy: RetryPolicy, note: Note | None) -> Path:
    path = with_retries(lambda: transport.get(name, target), policy, on_retry=_said(note, name))
    digest = digest_of(path)
    with_retries(lambda: transport.settle(name, digest), policy, on_retry=_said(note, name))
    return path


def _said(note: Note | None, what: str) -> Callable[[int, str], None]:
    def say(attempt: int, kind: str) -> None:
        if note is not None:
            note(f"{what}: attempt {attempt} failed ({kind}); trying again")

    return say
