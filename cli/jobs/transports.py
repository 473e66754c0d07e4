"""[[trading_partner]] transport of claimloop.toml to the transport that it names, secrets from outside the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import msgspec

from edi.model.directory import TradingPartner
from edi.model.errors import AccessError, SettingsError
from edi.transport.base import RetryPolicy, Transport
from edi.transport.folder import AfterFetch, FolderTransport

_SHARED: Final = frozenset(
    {"kind", "outbound", "inbound", "after_fetch", "patterns", "quiet_seconds", "attempts", "first_wait"}
    | {"longest_wait"}
)
_KEYS: Final = {
    "folder": _SHARED,
    "sftp": _SHARED
    | {"host", "port", "user", "host_key", "known_hosts", "key_file", "passphrase_env", "passphrase_file"}
    | {"password_env", "password_file", "timeout", "read_back", "password", "passphrase"},
}


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A trading partner's way: how to reach it, which names to fetch, how long a file must be quiet, how to try again.

    ``patterns`` are shell patterns of names; ``quiet_seconds`` how long size and time of a young file must stay the
    same before it is fetched, 0 for not at all. ``keeps``: files stay there when they were fetched.
    """

    id: str
    transport: Transport
    patterns: tuple[str, ...] = ("*",)
    quiet_seconds: int = 1
    policy: RetryPolicy = RetryPolicy()
    keeps: bool = False


def partner_of(
    partner: TradingPartner, folder: Path, environment: Mapping[str, str] | None = None
) -> Partner:
    """Return the way to a trading partner.

    Args:
        partner: ``transport`` is the table of claimloop.toml; docs/input.md has its keys.
        folder: where claimloop.toml lies; relative paths start there.
        environment: where secrets are; None is the process's.

    Raises:
        SettingsError: no transport, an unknown kind or key, a folder that is not named or not there, a wrong value.
        AccessError: a secret is named and cannot be read.
    """
    table = _Table(partner, folder, os.environ if environment is None else environment)
    kind = table.text("kind", "folder")
    if kind not in _KEYS:
        raise table.wrong("kind", f"is {kind!r}; this version knows {' and '.join(_KEYS)}")
    unknown = sorted(set(partner.transport) - _KEYS[kind])
    if unknown:
        raise table.wrong(
            unknown[0], f"is no key of kind {kind}; there are: {', '.join(sorted(_KEYS[kind]))}"
        )
    usual = RetryPolicy()
    return Partner(
        id=partner.id,
        transport=_sftp(table) if kind == "sftp" else _folder(table),
        patterns=table.texts("patterns") or ("*",),
        quiet_seconds=table.number("quiet_seconds", 1),
        policy=RetryPolicy(
            attempts=max(1, table.number("attempts", usual.attempts)),
            first_wait=table.number("first_wait", usual.first_wait),
            longest_wait=table.number("longest_wait", usual.longest_wait),
        ),
        keeps=table.after_fetch() == "keep",
    )


class _Table:
    """The transport table of one partner."""

    def __init__(self, partner: TradingPartner, folder: Path, environment: Mapping[str, str]) -> None:
        self._at = f"claimloop.toml: trading_partner {partner.id}: transport"
        if not partner.transport:
            raise SettingsError(
                f'{self._at} is not set; write transport = {{ kind = "folder", outbound = …, inbound = … }}'
            )
        self._table = partner.transport
        self._folder = folder
        self._environment = environment

    def wrong(self, key: str, said: str) -> SettingsError:
        """The error for a key."""
        return SettingsError(f"{self._at}.{key}{'' if said.startswith(':') else ' '}{said}")

    def text(self, key: str, default: str = "") -> str:
        """A text; SettingsError when it is something else."""
        value = self._table.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "is not a text")
        return value

    def need(self, key: str, said: str) -> str:
        """A text that must be there."""
        value = self.text(key)
        if not value:
            raise self.wrong(key, said)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        value = self._table.get(key, [])
        many = [value] if isinstance(value, str) else value
        if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
            raise self.wrong(key, "is not a list of texts")
        return tuple(many)

    def number(self, key: str, default: int, *, least: int = 0, most: int = 86_400) -> int:
        """A whole number; seconds and attempts are at most those of a day."""
        value = self._table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(key, f"is not a whole number from {least} to {most}")
        return value

    def host(self) -> str:
        """The name or address of a server."""
        value = self.need("host", "is not set")
        try:
            value.encode("idna")
        except UnicodeError:
            raise self.wrong("host", f"is {value!r}, which is no name of a host") from None
        if not value.isprintable() or " " in value or "\0" in value:
            raise self.wrong("host", f"is {value!r}, which is no name of a host")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "is neither true nor false")
        return value

    def path(self, key: str) -> Path | None:
        """A path beside claimloop.toml."""
        value = self.text(key)
        return self._folder / Path(value).expanduser() if value else None

    def folder(self, key: str) -> Path:
        """A folder that must be there."""
        value = self.need(key, "names no folder")
        if not (self._folder / value).is_dir():
            raise self.wrong(key, f": there is no folder {value}; make it or correct the path")
        return self._folder / value

    def secret(self, name: str) -> str:
        """What ``NAME_env`` or ``NAME_file`` lead to; "" without either. Never shown."""
        if name in self._table:
            raise self.wrong(name, f"stands in the settings; use {name}_env or {name}_file")
        variable, path = self.text(f"{name}_env"), self.path(f"{name}_file")
        if variable:
            if not self._environment.get(variable):
                raise AccessError(f"{self._at}.{name}_env: the environment has no {variable}")
            return self._environment[variable]
        if path is None:
            return ""
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise AccessError(f"{self._at}.{name}_file cannot be read: {type(error).__name__}") from None

    def after_fetch(self) -> AfterFetch:
        """What becomes of a file that was fetched."""
        after = self.text("after_fetch", "archive")
        if after not in ("archive", "delete", "keep"):
            raise self.wrong("after_fetch", f"is {after!r}; write archive, delete or keep")
        return cast("AfterFetch", after)


def _folder(table: _Table) -> Transport:
    return FolderTransport(table.folder("outbound"), table.folder("inbound"), after_fetch=table.after_fetch())


def _sftp(table: _Table) -> Transport:
    # Loaded here: its cryptography takes a tenth of a second, and most partners of most commands are not asked.
    from edi.transport.host_keys import host_key_lines
    from edi.transport.sftp import SftpPartner, SftpTransport

    host, port = table.host(), table.number("port", 22, least=1, most=65_535)
    keys, known = table.texts("host_key"), table.path("known_hosts")
    if known is not None:
        try:
            keys = (*keys, *host_key_lines(known, host, port))
        except SettingsError as error:
            raise table.wrong("known_hosts", f": {error}") from None
    if not keys:
        raise table.wrong(
            "host_key", "is not set: write the key that the partner published, or known_hosts = FILE"
        )
    key_file, password = table.path("key_file"), table.secret("password")
    if key_file is None and not password:
        raise table.wrong("key_file", "is not set, nor password_env, nor password_file")
    return SftpTransport(
        SftpPartner(
            host=host,
            port=port,
            user=table.need("user", "is not set"),
            host_keys=keys,
            key_file=key_file,
            password=password,
            passphrase=table.secret("passphrase"),
            outbound=table.text("outbound", "."),
            inbound=table.text("inbound", "."),
            after_fetch=table.after_fetch(),
            timeout=table.number("timeout", 30, least=1),
            read_back=table.flag("read_back", default=True),
        )
    )
