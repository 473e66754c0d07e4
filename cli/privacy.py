"""[privacy]: the key that vault, backups and outputs are encrypted for, where it is, and stores opened with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cli.settings import IN_DATABASE, Settings
from edi.model.errors import AccessError, SettingsError
from reconcile.store import Connection, Place, Store, Vault, open_store

if TYPE_CHECKING:
    from edi.transport.locked import AgeLock
    from reconcile.store.references import Completing


class PrivacySettings(msgspec.Struct, frozen=True, kw_only=True):
    """[privacy].

    Attributes:
        recipients: public age keys that every backup is encrypted to; without them, the key below.
        key_env: the environment variable that holds this installation's secret age key, or several, one a line: the
            first one encrypts, all of them open.
        key_file: a file with the same, 0600; relative to claimloop.toml.
        encrypt_vault: with a key, whether new files of the vault are encrypted; old ones are opened either way.
        encrypt_outputs: with a key, whether files that commands write for people are encrypted (FILE.age).
    """

    recipients: tuple[str, ...] = ()
    key_env: str = ""
    key_file: str = ""
    encrypt_vault: bool = True
    encrypt_outputs: bool = False


def privacy_of(settings: Settings) -> PrivacySettings:
    """The table [privacy]; SettingsError when a key or value of it is wrong."""
    return settings.table("privacy", PrivacySettings)


def key_file_of(settings: Settings) -> Path | None:
    """Where the secret key lies, None where the environment holds it or there is none."""
    named = privacy_of(settings).key_file
    return settings.folder / Path(named).expanduser() if named else None


def lock_of(settings: Settings, environment: Mapping[str, str] | None = None) -> AgeLock | None:
    """What encrypts and opens with this installation's key; None where [privacy] names no key.

    Args:
        settings: of the installation.
        environment: the process's when None.

    Raises:
        SettingsError: [privacy] names both an environment variable and a file.
        AccessError: the environment lacks the variable, the file cannot be read or is open to others, or holds no key.
    """
    wanted = privacy_of(settings)
    path = key_file_of(settings)
    if not wanted.key_env and path is None:
        return None
    if wanted.key_env and path is not None:
        raise SettingsError("claimloop.toml: privacy: key_env and key_file are both set; name one of them")
    # Loaded here: most installations have no key, and it takes a hundredth of a second.
    from edi.transport.locked import AgeLock, identities, identities_in

    if path is not None:
        return AgeLock(identities(path), seals=wanted.encrypt_vault)
    secret = (os.environ if environment is None else environment).get(wanted.key_env)
    if not secret:
        raise AccessError(f"claimloop.toml: privacy.key_env: the environment has no {wanted.key_env}")
    where = f"the environment variable {wanted.key_env}"
    return AgeLock(identities_in(secret, where), seals=wanted.encrypt_vault)


def place_of(settings: Settings, environment: Mapping[str, str] | None = None) -> Place:
    """Where the store keeps its files, and what opens them; raises what ``lock_of`` raises."""
    vault = settings.store.vault
    return Place(None if vault == IN_DATABASE else Path(vault), lock_of(settings, environment))


def store_of(
    settings: Settings, *, read_only: bool = False, as_it_is: bool = False, upgrade: bool = False
) -> Store:
    """Open the store that the settings name; options and errors are those of ``open_store`` and ``lock_of``."""
    return open_store(
        settings.store.database,
        place_of(settings),
        read_only=read_only,
        as_it_is=as_it_is,
        upgrade=upgrade,
        completing=completing_of(settings),
    )


def completing_of(settings: Settings) -> Completing:
    """What an upgrade, or the restore of an older backup, does to the rows beyond the tables."""

    def completing(connection: Connection, vault: Vault) -> None:
        # Loaded here: only an older store needs the readers and the code tables.
        from cli.jobs.interchanges import next_interchange
        from cli.jobs.posting import Tools
        from cli.jobs.tables.store import tables_of
        from cli.jobs.untied import tie_to_imported
        from reconcile.store.references import bring_references

        bring_references(connection, vault, next_interchange)
        tie_to_imported(connection, vault, Tools(tables_of(settings), settings.payers))

    return completing
