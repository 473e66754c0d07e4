"""`send` and `fetch`: files to and from trading partners, with retries; one partner's trouble stops only that one.

Partners take files away as soon as they see them, so that a file is not there says nothing about whether it ever was.
Therefore a file is noted as ``uploading`` while it goes over under a temporary name, and as ``sending`` just before it
gets its own. A run that ended in the first state begins again; one that ended in the second looks: the file is there,
or what was staged still is, or else it is never sent a second time unless its acknowledgment or a person says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from cli.clock import VARIABLE, rehearsed
from cli.jobs.exchanged import Exchange, Fetched, Sent, Trouble, Waiting
from cli.jobs.shelf import Shelf, as_listed
from cli.jobs.taking import LARGEST
from cli.jobs.transports import Partner, partner_of
from edi.model.directory import TradingPartner
from edi.model.errors import AccessError, ClaimloopError, InputError, SettingsError, TemporaryError
from edi.transport.base import (
    DamagedTransferError,
    InDoubtError,
    LoginRefusedError,
    NameTakenError,
    RemoteFile,
    RetryPolicy,
    Whereabouts,
    with_retries,
)
from edi.transport.whole import digest_of, private_folder
from reconcile.store import Connection, Store, record_event
from reconcile.store.alone import Hold, LostHoldError
from reconcile.store.files import PLACED, SENDING, SENT, move_file
from reconcile.store.totals import OutboxFile, outbox
from reconcile.store.vault import KeptFile

Result = TypeVar("Result")

UPLOADING: Final = "uploading"
"""Outcome of a file that goes over under a temporary name; nobody at the far side has seen it."""
_PARTLY: Final = 3
Note = Callable[[str], None]
"""Told what is being retried, in words without PHI."""


def send(
    store: Store,
    partners: Iterable[TradingPartner],
    folder: Path,
    *,
    now: datetime,
    policy: RetryPolicy | None = None,
    note: Note | None = None,
    dry_run: bool = False,
    hold: Hold | None = None,
) -> Exchange:
    """Deliver every file that is written and not yet sent; each is noted as sent once the far side holds it.

    A file that an ended run left in the middle of its delivery is noted as sent if it is there; if not, it is a
    trouble for a person (`cli.jobs.released`), and the other files go on.

    Args:
        store: open for writing.
        partners: whose files to send.
        folder: where claimloop.toml lies.
        now: UTC without zone, for the event log.
        policy: attempts and waits, instead of the profile's.
        note: told about retries.
        dry_run: only say what would go.
        hold: the job's lock, asked before each file and before it gets its name; LostHoldError once it is lost.
    """
    known = {partner.id: partner for partner in partners}
    with store.read() as connection:
        everything = outbox(connection)
    sent: list[Sent] = []
    troubles: list[Trouble] = []
    for name, files in _by_partner([file for file in everything if file.partner in known]).items():
        try:
            if not dry_run:
                _refuse_rehearsal(known[name])
            with reached(known[name], folder, policy) as partner:
                sender = _Sender(store, partner, now, note, hold)
                for file in files:
                    try:
                        there = sender.look(file) if dry_run else sender.send(file)
                    except NameTakenError as error:
                        troubles.append(msgspec.structs.replace(trouble_of(name, error), sha256=file.sha256))
                        continue
                    if there is None:
                        said = _in_doubt(file.name)
                        troubles.append(
                            Trouble(partner=name, message=said, exit_code=_PARTLY, sha256=file.sha256)
                        )
                    else:
                        sent.append(_told(file, already_there=there))
        except LostHoldError:
            raise
        except (ClaimloopError, OSError) as error:
            troubles.append(trouble_of(name, error))
    left = [Waiting(file=one.name, partner=one.partner) for one in everything if one.partner not in known]
    return Exchange(sent=tuple(sent), troubles=tuple(troubles), waiting=tuple(left))


def trouble_of(partner: str, error: ClaimloopError | OSError) -> Trouble:
    """What stopped a partner's exchange, or one of its files; a disk's or share's own error may pass."""
    if isinstance(error, ClaimloopError):
        return Trouble(partner=partner, message=str(error), exit_code=error.exit_code)
    kind = AccessError if isinstance(error, PermissionError) else TemporaryError
    said = error.strerror or type(error).__name__
    return Trouble(
        partner=partner,
        message=f"{Path(error.filename).name}: {said}" if isinstance(error.filename, str) else said,
        exit_code=kind.exit_code,
    )


def _refuse_rehearsal(partner: TradingPartner) -> None:
    """SettingsError where the clock was set by hand and a clearinghouse would take what it dates for real claims."""
    if rehearsed() is not None and partner.usage == "P" and partner.transport.get("kind") == "sftp":
        raise SettingsError(
            f'{VARIABLE} is set, and usage = "P" sends real claims; unset it, or rehearse with usage = "T"'
        )


def _check(hold: Hold | None) -> None:
    """LostHoldError when another job may be at work by now."""
    if hold is not None:
        hold.check()


def _told(file: OutboxFile, *, already_there: bool) -> Sent:
    return Sent(
        file=file.name,
        partner=file.partner,
        claims=file.claims,
        already_there=already_there,
        inquiries=file.inquiries,
    )


@contextmanager
def reached(partner: TradingPartner, folder: Path, policy: RetryPolicy | None) -> Iterator[Partner]:
    """The way to a partner, closed at the end; ``policy`` instead of the profile's where one is given."""
    way = partner_of(partner, folder)
    try:
        yield way if policy is None else msgspec.structs.replace(way, policy=policy)
    finally:
        way.transport.close()


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


def noted_move(connection: Connection, file: OutboxFile, outcome: str, kind: str, now: datetime) -> bool:
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
        self, store: Store, partner: Partner, now: datetime, note: Note | None, hold: Hold | None
    ) -> None:
        self._hold = hold
        self._store = store
        self._partner = partner
        self._transport = partner.transport
        self._now = now
        self._note = note

    def look(self, file: OutboxFile) -> bool | None:
        """What `send` would answer, without doing anything."""
        if file.outcome != SENDING:
            return False
        where = self._where(file)
        return None if where is Whereabouts.ABSENT else where is Whereabouts.THERE

    def send(self, file: OutboxFile) -> bool | None:
        """Deliver one file and note it; return whether it was there already, None when nobody can tell."""
        _check(self._hold)
        if file.outcome == SENDING:
            return self._resume(file)
        uploading = self._move(file, UPLOADING)
        try:
            where = self._where(file)
            if where is Whereabouts.OTHER:
                raise NameTakenError(
                    f"{file.name}: the far side holds other content under this name; nothing was overwritten"
                )
            if where is Whereabouts.THERE:
                self._move(self._move(uploading, SENDING), SENT)
                return True
            source = KeptFile(self._store.vault, file.sha256)
            self._tries(file.name, lambda: self._transport.stage(file.name, source, file.sha256))
        except Exception:
            # Nothing was shown under the file's name yet, so the next run may try again.
            self._move(uploading, file.outcome if file.outcome != UPLOADING else PLACED)
            raise
        _check(self._hold)
        return self._reveal(self._move(uploading, SENDING))

    def _resume(self, file: OutboxFile) -> bool | None:
        """Go on with a file that was about to get its name when its run ended."""
        where = self._where(file)
        if where is Whereabouts.STAGED:
            return self._reveal(file)
        if where is Whereabouts.THERE:
            self._move(file, SENT)
            return True
        return None

    def _reveal(self, file: OutboxFile) -> bool | None:
        try:
            self._tries(file.name, lambda: self._transport.reveal(file.name, file.sha256))
        except InDoubtError:
            return None
        self._move(file, SENT)
        return False

    def _where(self, file: OutboxFile) -> Whereabouts:
        return self._tries(file.name, lambda: self._transport.look(file.name, file.sha256, file.size))

    def _tries(self, what: str, action: Callable[[], Result]) -> Result:
        return with_retries(action, self._partner.policy, on_retry=_said(self._note, what))

    def _move(self, file: OutboxFile, outcome: str) -> OutboxFile:
        """Note the next outcome of a file; TemporaryError when another run took it elsewhere."""
        with self._store.write() as connection:
            if not noted_move(connection, file, outcome, _EVENTS.get(outcome, "not_sent"), self._now):
                raise TemporaryError(f"{file.name}: another run is sending it; look again later")
        return msgspec.structs.replace(file, outcome=outcome)


_EVENTS: Final = {UPLOADING: "uploading", SENDING: "sending", SENT: "sent"}


def fetch(
    partners: Iterable[TradingPartner],
    folder: Path,
    into: Path,
    *,
    policy: RetryPolicy | None = None,
    note: Note | None = None,
    sleep: Callable[[float], None] = time.sleep,
    hold: Hold | None = None,
    largest: int = LARGEST,
    shelf: Shelf | None = None,
) -> Exchange:
    """Bring every waiting file here, whole, into a folder of the partner's; then archive, delete or keep it there.

    A file that cannot be had, or not be moved there afterwards, is a trouble; the partner's other files go on.

    Args:
        partners: whose files to fetch.
        folder: where claimloop.toml lies.
        into: a folder for each partner is made in it.
        policy: attempts and waits, instead of the profile's.
        note: told about retries.
        sleep: how to wait until files are quiet.
        hold: the job's lock, asked before each file is brought and before it is moved there; LostHoldError once lost.
        largest: megabytes; a larger file is left there, and is a trouble.
        shelf: remembers what was fetched from partners that keep their files; without one they are fetched anew.
    """
    fetched: list[Fetched] = []
    troubles: list[Trouble] = []
    for partner in partners:
        try:
            with reached(partner, folder, policy) as way:
                target = into / partner.id
                private_folder(target)
                for file in _waiting(way, note, sleep, shelf):
                    try:
                        _check(hold)
                        path = _get(way, file, target, largest, note)
                        fetched.append(Fetched(file=str(path), partner=partner.id))
                        _check(hold)
                        if _settle(way, file, path, note) and way.keeps and shelf is not None:
                            shelf.put(way.id, file, digest_of(path))
                    except (LoginRefusedError, LostHoldError):
                        raise
                    except _OF_ONE_FILE as error:
                        troubles.append(trouble_of(partner.id, error))
        except LostHoldError:
            raise
        except (ClaimloopError, OSError) as error:
            troubles.append(trouble_of(partner.id, error))
    return Exchange(fetched=tuple(fetched), troubles=tuple(troubles))


def _waiting(
    way: Partner, note: Note | None, sleep: Callable[[float], None], shelf: Shelf | None
) -> list[RemoteFile]:
    """The files to fetch: of the profile's patterns, not fetched before, and no longer growing."""
    known = shelf.known(way.id) if way.keeps and shelf is not None else frozenset()

    def look() -> list[RemoteFile]:
        found = with_retries(way.transport.listing, way.policy, on_retry=_said(note, "the list of files"))
        return [
            one
            for one in found
            if any(fnmatchcase(one.name, pattern) for pattern in way.patterns) and as_listed(one) not in known
        ]

    return quiet(look, way.quiet_seconds, sleep)


def quiet(
    look: Callable[[], list[Result]],
    seconds: float,
    sleep: Callable[[float], None],
    young: Callable[[Result], bool] = lambda _file: True,
) -> list[Result]:
    """The files that ``look`` lists and, where one of them is ``young``, lists unchanged after those seconds again."""
    files = look()
    if not seconds or not any(young(one) for one in files):
        return files
    sleep(seconds)
    again = set(look())
    return [one for one in files if one in again]


_OF_ONE_FILE: Final = (DamagedTransferError, InputError, AccessError, FileNotFoundError)
"""What concerns one waiting file alone: it grows on and on, was taken away, or may not be read or moved."""


def _get(way: Partner, file: RemoteFile, target: Path, largest: int, note: Note | None) -> Path:
    if file.size > largest << 20:
        raise InputError(
            f"{file.here}: the file has more than {largest} megabytes and was left there; raise [ingest] "
            "largest_megabytes in claimloop.toml if it is what it should be"
        )
    return with_retries(lambda: way.transport.get(file, target), way.policy, on_retry=_said(note, file.here))


def _settle(way: Partner, file: RemoteFile, path: Path, note: Note | None) -> bool:
    digest = digest_of(path)
    return with_retries(
        lambda: way.transport.settle(file, digest), way.policy, on_retry=_said(note, file.here)
    )


def _said(note: Note | None, what: str) -> Callable[[int, str], None]:
    def say(attempt: int, kind: str) -> None:
        if note is not None:
            note(f"{what}: attempt {attempt} failed ({kind}); trying again")

    return say
