"""`doctor`: is this installation sound: settings, store, vault, disk, clock, who may read, partners, pyx12.

It changes nothing. A check that cannot be made says so; it is never counted as sound.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from cli.clock import VARIABLE, rehearsal_warning
from cli.exits import ExitCode, worst
from cli.jobs.lists import counted
from cli.jobs.run.settings import NotifySettings, RunSettings, run_settings
from cli.jobs.tables.listing import SHIPPED, TableRow, list_tables
from cli.jobs.tables.store import tables_of
from cli.jobs.tables.update import NAMES
from cli.jobs.transports import partner_of
from cli.privacy import key_file_of, place_of
from cli.settings import IN_DATABASE, Settings
from edi.model.errors import ClaimloopError, StoreMissingError
from edi.model.finding import Severity
from edi.x12.conformance.state import engine_state
from reconcile.store import Store, open_store
from reconcile.store.events import latest_event
from reconcile.store.vault.moving import state_of

SOUND: Final = "sound"
NOTE: Final = "note"
"""What claimloop cannot see, and somebody else must see to; it is no work."""
WARNING: Final = "warning"
BROKEN: Final = "broken"
_SAMPLE: Final = 50
_LEAST_FREE: Final = 1 << 30
_CLOCK: Final = timedelta(minutes=10)
_MOST: Final = 1_000
"""Files of a folder that are looked at; their folder shuts others out of all of them."""
_DAY: Final = 86_400
_BACKUPS: Final = "backups"
_SECRETS: Final = ("key_file", "password_file", "passphrase_file")


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found: ``sound``, ``note``, ``warning`` or ``broken``, in words, and what to do."""

    check: str
    state: str
    message: str
    fix: str = ""
    exit_code: int = 0


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """What is examined. ``now`` is UTC without zone; ``offline`` leaves the partners alone."""

    settings: Settings
    environment: Mapping[str, str]
    now: datetime
    offline: bool = False


Check = Callable[[Patient], Iterator[Examined]]


def examine(patient: Patient) -> list[Examined]:
    """Make every check; an error of ours inside one, or of the system, is what it found."""
    found: list[Examined] = []
    for name, check in _CHECKS.items():
        try:
            found += check(patient)
        except ClaimloopError as error:
            found.append(Examined(check=name, state=BROKEN, message=str(error), exit_code=error.exit_code))
        except OSError as error:
            said = f"{error.filename}: {error.strerror}" if error.filename else type(error).__name__
            found.append(Examined(check=name, state=BROKEN, message=said, exit_code=ExitCode.ACCESS))
    return found


def exit_of(found: list[Examined]) -> ExitCode:
    """The worst of what was found; a warning is work."""
    codes = [ExitCode(one.exit_code or ExitCode.PARTLY) for one in found if one.state == BROKEN]
    return worst([*codes, *(ExitCode.WORK for one in found if one.state == WARNING)])


def _settings(patient: Patient) -> Iterator[Examined]:
    settings = patient.settings
    run_settings(settings)
    notify = settings.table("notify", NotifySettings)
    rehearsal = rehearsal_warning(patient.environment)
    if rehearsal:
        yield Examined(check="clock", state=WARNING, message=rehearsal, fix=f"unset {VARIABLE}")
    for finding in settings.findings:
        state = BROKEN if finding.severity is Severity.ERROR else WARNING
        place = ": ".join(part for part in (finding.location.file, finding.location.field) if part)
        yield Examined(check="settings", state=state, message=f"{place}: {finding.message}", fix=finding.fix)
    if notify.webhook_env and not patient.environment.get(notify.webhook_env):
        message = f"the environment has no {notify.webhook_env}, where [notify] expects the webhook"
        yield Examined(check="settings", state=BROKEN, message=message, exit_code=ExitCode.ACCESS)
    if settings.directory is None:
        yield Examined(
            check="settings",
            state=WARNING,
            message="no claimloop.toml was found",
            fix="claimloop init makes one",
        )
    elif not settings.findings:
        partners = counted(len(settings.directory.trading_partners), "trading partner")
        practices = counted(len(settings.directory.practices), "practice")
        yield Examined(check="settings", state=SOUND, message=f"{practices}, {partners}")


def _store(patient: Patient) -> Iterator[Examined]:
    settings = patient.settings
    try:
        place = place_of(settings, patient.environment)
        store = open_store(settings.store.database, place, read_only=True)
    except StoreMissingError as error:
        yield Examined(check="store", state=WARNING, message=str(error))
        return
    try:
        yield Examined(check="store", state=SOUND, message=f"{store.name} is of this version")
        yield from _clock(patient, store)
        yield from _vault(store)
        yield from _sealed(store)
        yield Examined(
            check="encryption",
            state=NOTE,
            message="claimloop never encrypts the rows of the database: its disk, or its server's, must be encrypted",
        )
    finally:
        store.close()


def _clock(patient: Patient, store: Store) -> Iterator[Examined]:
    """Events of other machines show when this one's clock is behind."""
    with store.read() as connection:
        latest = latest_event(connection)
    if latest is not None and latest - patient.now > _CLOCK:
        message = f"the store has an event of {latest:%Y-%m-%d %H:%M} UTC; the clock says {patient.now:%Y-%m-%d %H:%M}"
        yield Examined(check="clock", state=BROKEN, message=message, fix="set the clock; use NTP")
    else:
        yield Examined(check="clock", state=SOUND, message="not behind the last event of the store")


def _vault(store: Store) -> Iterator[Examined]:
    """The newest files of the vault against the digests that are their names."""
    vault = store.vault
    digests = vault.newest(_SAMPLE)
    damaged = [one for one in digests if not vault.intact(one)]
    for one in damaged:
        yield Examined(
            check="vault",
            state=BROKEN,
            message=f"the file {one[:12]}… is not what it was",
            fix="restore it from a backup; claimloop verify names every one",
            exit_code=ExitCode.UNBALANCED,
        )
    if not damaged:
        newest = counted(len(digests), "file")
        yield Examined(check="vault", state=SOUND, message=f"the newest {newest} read and found whole")


def _sealed(store: Store) -> Iterator[Examined]:
    """Whether the vault is encrypted, all of it, for the key of now."""
    state = state_of(store.vault)
    if not state.key:
        yield Examined(
            check="encryption",
            state=NOTE,
            message="the vault is not encrypted: files in and out lie in it as they came",
            fix="claimloop vault key FILE, then [privacy] key_file, then claimloop vault rekey; or encrypt its disk",
        )
    if state.stale:
        files = counted(state.stale, "file")
        yield Examined(
            check="encryption",
            state=WARNING,
            message=f"{files} of the vault are held otherwise than new ones: plain, or for another key",
            fix="claimloop vault rekey",
        )
    elif state.key:
        yield Examined(
            check="encryption", state=SOUND, message=f"the vault is encrypted for the key {state.key}"
        )


def _disk(patient: Patient) -> Iterator[Examined]:
    for name in _places(patient.settings):
        free = shutil.disk_usage(name).free
        if free < _LEAST_FREE:
            message = f"{free >> 20} MB are free where {name} lies"
            yield Examined(
                check="disk", state=WARNING, message=message, fix="make room", exit_code=ExitCode.TEMPORARY
            )
            return
    yield Examined(check="disk", state=SOUND, message="more than 1 GB is free")


def _places(settings: Settings) -> list[Path]:
    """The folders that grow, as far as they are there."""
    return [folder for folder in (settings.folder, *_vault_folder(settings)) if folder.is_dir()]


def _vault_folder(settings: Settings) -> list[Path]:
    """The vault where it is a folder."""
    return [] if settings.store.vault == IN_DATABASE else [Path(settings.store.vault)]


def _permissions(patient: Patient) -> Iterator[Examined]:
    """What holds PHI, money or a secret is for its owner alone."""
    loose = [path for path in _private(patient.settings) if _is_loose(path)]
    for path in loose:
        mode = "700" if path.is_dir() else "600"
        yield Examined(
            check="permissions",
            state=WARNING,
            message=f"{path} can be read by others",
            fix=f"chmod {mode} {path}",
        )
    if not loose:
        yield Examined(
            check="permissions",
            state=SOUND,
            message="store, vault, folders of the runs and secret files are their owner's alone",
        )


def _left_behind(patient: Patient) -> Iterator[Examined]:
    """Temporary folders of commands that were killed; those of the last day may be somebody's work."""
    old = patient.now.replace(tzinfo=UTC).timestamp() - _DAY
    for folder in {patient.settings.folder, patient.settings.beside_vault}:
        for path in sorted(folder.glob(".claimloop-*")):
            if path.is_dir() and path.stat().st_mtime < old:
                yield Examined(
                    check="leftovers",
                    state=WARNING,
                    message=f"a command that was killed left {path}",
                    fix=f"rm -r {path}",
                )


def _is_loose(path: Path) -> bool:
    """Whether others than its owner may do anything with what is there; what went meanwhile is not."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except FileNotFoundError:
        return False


def _private(settings: Settings) -> Iterator[Path]:
    """The store, the folders that are for their owner alone with the files right in them, and the secret files."""
    run = settings.table("run", RunSettings)
    named = [settings.folder / one for one in (run.inbox, run.out, run.manifests, _BACKUPS)]
    for folder in (*_vault_folder(settings), *named):
        if folder.is_dir():
            yield folder
    for folder in named:
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if path.is_file())[:_MOST]
    database = settings.store.database
    if database.startswith("sqlite:///"):
        path = Path(database.removeprefix("sqlite:///"))  # SQLite gives the files beside it the same mode
        if path.exists():
            yield path
    yield from (path for path in _secret_files(settings) if path.exists())


def _secret_files(settings: Settings) -> Iterator[Path]:
    """The files that hold keys and passwords, as the settings name them."""
    key = key_file_of(settings)
    if key is not None:
        yield key
    partners = settings.directory.trading_partners.values() if settings.directory is not None else ()
    for partner in partners:
        for name in _SECRETS:
            value = (partner.transport or {}).get(name)
            if isinstance(value, str) and value:
                yield settings.folder / Path(value).expanduser()


def _partners(patient: Patient) -> Iterator[Examined]:
    directory = patient.settings.directory
    for partner in directory.trading_partners.values() if directory is not None else ():
        if not partner.transport:
            message = f"{partner.id} has no transport; its files are yours to upload"
            yield Examined(check="partners", state=SOUND, message=message)
            continue
        try:
            way = partner_of(partner, patient.settings.folder, patient.environment)
            if patient.offline:
                yield Examined(
                    check="partners", state=SOUND, message=f"{partner.id}: settings and secrets are there"
                )
                continue
            try:
                waiting = way.transport.listing()
            finally:
                way.transport.close()
            yield Examined(
                check="partners",
                state=SOUND,
                message=f"{partner.id} answers; {counted(len(waiting), 'file')} waiting",
            )
        except (ClaimloopError, OSError) as error:
            said = str(error) if isinstance(error, ClaimloopError) else error.strerror or type(error).__name__
            code = error.exit_code if isinstance(error, ClaimloopError) else ExitCode.TEMPORARY
            yield Examined(check="partners", state=BROKEN, message=f"{partner.id}: {said}", exit_code=code)


def _newer(row: TableRow) -> str:
    """How a table is brought up to date."""
    if row.table in NAMES:
        return "claimloop tables update FILE"
    return f"it comes with {'claimloop' if row.source == SHIPPED else row.source}: update that"


def _tables(patient: Patient) -> Iterator[Examined]:
    rows = list_tables(tables_of(patient.settings), patient.now.date())
    old = [row for row in rows if row.note]
    for row in old:
        yield Examined(
            check="tables",
            state=WARNING,
            message=f"{row.name} {row.release}: {row.note}",
            fix=_newer(row),
        )
    if not old:
        yield Examined(check="tables", state=SOUND, message=f"{counted(len(rows), 'table')}, none old")


def _conformance(_patient: Patient) -> Iterator[Examined]:
    state = engine_state()
    if state.fast:
        yield Examined(
            check="conformance", state=SOUND, message=f"pyx12 {state.version}, through the fast engine"
        )
    else:
        yield Examined(
            check="conformance",
            state=WARNING,
            message=f"plain pyx12 judges every file, slowly: {state.reason}",
            fix="install the pyx12 that the lock names",
        )


_CHECKS: Final[dict[str, Check]] = {
    "settings": _settings,
    "store": _store,
    "disk": _disk,
    "permissions": _permissions,
    "leftovers": _left_behind,
    "partners": _partners,
    "tables": _tables,
    "conformance": _conformance,
}
