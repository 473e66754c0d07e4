"""`send` and `fetch`: files to and from trading partners, with retries; one partner's trouble stops only that one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, cast

import msgspec

from edi.model.directory import TradingPartner
from edi.model.errors import ClaimloopError, SettingsError
from edi.transport.base import RetryPolicy, Transport, with_retries
from edi.transport.folder import AfterFetch, FolderTransport
from reconcile.store import Store, Vault, finish_file, record_event
from reconcile.store.totals import OutboxFile, outbox

SENT: Final = "sent"
"""Outcome of a file that the far side was seen to hold whole."""
Note = Callable[[str], None]
"""Told what is being retried, in words without PHI."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the trading partner holds. ``already_there``: an earlier, interrupted run had delivered it."""

    file: str
    partner: str
    claims: int
    already_there: bool


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is now here, whole."""

    file: str
    partner: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why a partner's exchange stopped. ``exit_code`` is the error's own."""

    partner: str
    message: str
    exit_code: int


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """What went over, and which partners had trouble."""

    sent: tuple[Sent, ...] = ()
    fetched: tuple[Fetched, ...] = ()
    troubles: tuple[Trouble, ...] = ()


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

    A kill after the delivery and before the note is repaired by the next run: the file is found there.

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
        waiting = [file for file in outbox(connection) if file.partner in known]
    sent: list[Sent] = []
    troubles: list[Trouble] = []
    for name, files in _by_partner(waiting).items():
        try:
            transport = transport_of(known[name], folder)
            for file in files:
                there = (
                    False
                    if dry_run
                    else _send_one(store, transport, file, now, policy or RetryPolicy(), note)
                )
                sent.append(Sent(file=file.name, partner=name, claims=file.claims, already_there=there))
        except ClaimloopError as error:
            troubles.append(Trouble(partner=name, message=str(error), exit_code=error.exit_code))
    return Exchange(sent=tuple(sent), troubles=tuple(troubles))


def _by_partner(files: Sequence[OutboxFile]) -> dict[str, list[OutboxFile]]:
    groups: dict[str, list[OutboxFile]] = {}
    for file in files:
        groups.setdefault(file.partner, []).append(file)
    return groups


def _send_one(
    store: Store,
    transport: Transport,
    file: OutboxFile,
    now: datetime,
    policy: RetryPolicy,
    note: Note | None,
) -> bool:
    """Deliver one file and note it; return whether it was there already."""
    source = Vault(store.vault).path(file.sha256)
    delivery = with_retries(
        lambda: transport.put(file.name, source, file.sha256), policy, on_retry=_said(note, file.name)
    )
    with store.write() as connection:
        finish_file(connection, file.sha256, kind="837P", outcome=SENT, manifest="")
        record_event(
            connection,
            kind="sent",
            subject=f"file:{file.sha256}",
            data={"partner": file.partner, "name": file.name, "size": delivery.size},
            at=now,
        )
    return delivery.already_there


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
    with_retries(lambda: transport.settle(name), policy, on_retry=_said(note, name))
    return path


def _said(note: Note | None, what: str) -> Callable[[int, str], None]:
    def say(attempt: int, kind: str) -> None:
        if note is not None:
            note(f"{what}: attempt {attempt} failed ({kind}); trying again")

    return say
