"""A clearinghouse behind SFTP: host keys checked, files whole or not there, one connection for a run.

Paramiko is imported here and in `edi.transport.host_keys` alone. Its exceptions are turned into ours: what may pass
(a connection that dropped, a server that stalls or is full) is a TemporaryError, what a person has to mend (a host key,
a password) an AccessError.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final

import msgspec
import paramiko
from paramiko.sftp import CMD_NAME

from edi.model.errors import AccessError, ClaimloopError, InputError, TemporaryError
from edi.transport.base import (
    DamagedTransferError,
    InDoubtError,
    LoginRefusedError,
    NameTakenError,
    RemoteFile,
    Source,
    Whereabouts,
    bytes_of,
    file_name,
    is_unfinished,
    plain_name,
    temporary_name,
)
from edi.transport.folder import AfterFetch
from edi.transport.host_keys import fingerprint, host_key, private_key, same_kind
from edi.transport.whole import copy_whole, place_for

_logger = logging.getLogger("paramiko")  # its loggers print names and sizes, and tracebacks on stderr
_logger.propagate = False
_logger.addHandler(logging.NullHandler())

_CHUNK: Final = 1 << 15
_AHEAD: Final = 4 << 20
"""Bytes asked for before the first have come; asked for all at once, the size that a server tells fills the memory."""
_LARGEST: Final = 2 << 30
"""Bytes of a file under a name of ours that is read to see whether it is ours."""
_DROPPED: Final = (
    paramiko.SSHException,
    EOFError,
    ConnectionError,
    TimeoutError,
    socket.timeout,
    socket.gaierror,
)


class SftpPartner(msgspec.Struct, frozen=True, kw_only=True):
    """Where a partner's server is, and how to know it and be known by it.

    ``host_keys`` are lines as in known_hosts without the host (``ssh-ed25519 AAAA…``), one of which the server must
    show. ``password`` and ``passphrase`` come from the environment or a file, never from the settings. ``timeout`` is
    the seconds after which a silent server counts as gone. ``read_back`` compares the digest of what was uploaded; some
    partners do not let their inbox be read: then its size alone is compared.
    """

    host: str
    user: str
    port: int = 22
    host_keys: tuple[str, ...] = ()
    key_file: Path | None = None
    password: str = ""
    passphrase: str = ""
    outbound: str = "."
    inbound: str = "."
    after_fetch: AfterFetch = "archive"
    timeout: int = 30
    read_back: bool = True

    def __repr__(self) -> str:
        """Host and user; no secret."""
        return f"SftpPartner({self.user}@{self.host}:{self.port})"


class SftpTransport:
    """Delivers into ``outbound`` and fetches from ``inbound`` of one partner; see `Transport`.

    The connection is made when it is first needed, kept, and made again after any failure.
    """

    def __init__(self, partner: SftpPartner) -> None:
        self._partner = partner
        self._socket: socket.socket | None = None
        self._connection: paramiko.Transport | None = None
        self._client: paramiko.SFTPClient | None = None

    def look(self, name: str, sha256: str, size: int) -> Whereabouts:
        """What the server shows of our file.

        Raises:
            TemporaryError, AccessError: the server cannot be asked.
        """
        target = _joined(self._partner.outbound, plain_name(name))
        with self._session(name) as client:
            there = _size(client, target)
            if there is not None:
                same = there == size and (
                    not self._partner.read_back or _digest(client, target, size) == sha256
                )
                return Whereabouts.THERE if same else Whereabouts.OTHER
            staged = _joined(self._partner.outbound, temporary_name(name, sha256))
            return Whereabouts.STAGED if _size(client, staged) == size else Whereabouts.ABSENT

    def stage(self, name: str, source: Source, sha256: str) -> None:
        """Upload ``source`` under its temporary name; size and digest are those of the file, or it is removed.

        Raises:
            DamagedTransferError: what arrived is not what was sent.
            TemporaryError, AccessError: the server cannot be reached, is full, or refuses.
        """
        staged = _joined(self._partner.outbound, temporary_name(plain_name(name), sha256))
        digest, size = hashlib.sha256(), 0
        with self._session(name) as client:
            with source.open("rb") as reader, client.open(staged, "wb") as writer:
                writer.set_pipelined(True)
                while chunk := reader.read(_CHUNK):
                    writer.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
            whole = digest.hexdigest() == sha256 and _size(client, staged) == size
            if whole and self._partner.read_back:
                whole = _digest(client, staged, size) == sha256
            if not whole:
                client.remove(staged)
                raise DamagedTransferError(f"{name}: what arrived is not what was sent")

    def reveal(self, name: str, sha256: str) -> None:
        """Rename the staged file; a server that replaces files on rename is asked first whether the name is free.

        Raises:
            NameTakenError: other content is there under that name.
            InDoubtError: neither the file nor what was staged is there: the partner took one of them.
            TemporaryError, AccessError: the server cannot be reached, or refuses.
        """
        target = _joined(self._partner.outbound, plain_name(name))
        staged = _joined(self._partner.outbound, temporary_name(name, sha256))
        with self._session(name) as client:
            size, there = _size(client, staged), _size(client, target)
            if there is None and size is None:
                raise InDoubtError(f"{name}: neither the file nor what was staged of it is on the server")
            if there is None:
                client.rename(staged, target)
                return
            other = (
                there > _LARGEST or _digest(client, target, there) != sha256
                if self._partner.read_back
                else size not in (None, there)
            )
            if other:
                raise NameTakenError(
                    f"{name}: the server holds other content under this name; nothing was overwritten"
                )
            if size is not None:
                client.remove(staged)

    def listing(self) -> list[RemoteFile]:
        """Return the finished files of the inbound folder, by name; names need not be UTF-8.

        Raises:
            TemporaryError, AccessError: the server cannot be asked.
            InputError: there is no such folder.
        """
        found = []
        with self._session(self._partner.inbound) as client:
            for told in client.listdir_attr(self._partner.inbound):
                name = told.filename
                if S_ISREG(told.st_mode or 0) and not is_unfinished(name):
                    found.append(RemoteFile(name=name, size=told.st_size or 0, modified=told.st_mtime or 0))
        return sorted(found, key=lambda file: file.name)

    def get(self, file: RemoteFile, folder: Path) -> Path:
        """Download a file whole into ``folder``, under `safe_name`; an identical one that is there already stays.

        Raises:
            DamagedTransferError: fewer or more bytes came than the server says the file has, or it changed meanwhile.
            TemporaryError, AccessError: the server cannot be reached, or refuses.
        """
        source = _as_listed(self._partner.inbound, file.name)
        partial = folder / temporary_name(file.here, hashlib.sha256(source).hexdigest())
        try:
            with self._session(file.here) as client:
                digest = _download(client, source, partial, file.size)
                told = client.stat(source)
                if (told.st_size, told.st_mtime or 0, partial.stat().st_size) != (
                    file.size,
                    file.modified,
                    file.size,
                ):
                    raise DamagedTransferError(f"{file.here}: it changed while it was being fetched")
            target = place_for(folder, file.here, digest)
            if not target.exists():
                copy_whole(partial, target, digest)
            return target
        finally:
            partial.unlink(missing_ok=True)

    def settle(self, file: RemoteFile, sha256: str) -> bool:
        """Archive (into ``archive/`` beside the file), delete or keep the file that was fetched; see `Transport`."""
        if self._partner.after_fetch == "keep":
            return True
        source = _as_listed(self._partner.inbound, file.name)
        with self._session(file.here) as client:
            told = _stat(client, source)
            if told is None or (told.st_size, told.st_mtime or 0) != (file.size, file.modified):
                return False
            if self._partner.after_fetch == "delete":
                client.remove(source)
                return True
            archive = _joined(self._partner.inbound, "archive")
            if _stat(client, archive) is None:
                client.mkdir(archive)
            target = _as_listed(archive, file.name)
            if _stat(client, target) is not None:
                target = _as_listed(archive, f"{sha256[:12]}-{file.here}")
            if _stat(client, target) is None:
                client.rename(source, target)
            else:
                client.remove(source)  # archived before, byte for byte
        return True

    def close(self) -> None:
        """Close the connection."""
        opened = (self._client, self._connection, self._socket)
        self._client = self._connection = self._socket = None
        for one in opened:
            if one is not None:
                # A paramiko transport that already ended leaves its socket open.
                one.close()

    @contextmanager
    def _session(self, what: str) -> Iterator[paramiko.SFTPClient]:
        """The open client; any failure closes it, and comes out as an error of ours."""
        try:
            if self._client is None:
                self._client = self._connected()
            yield self._client
        except (DamagedTransferError, NameTakenError, InDoubtError):
            raise
        except BaseException as error:
            self.close()
            meaning = self._meaning(error, what)
            if meaning is None:
                raise
            raise meaning from None

    def _connected(self) -> paramiko.SFTPClient:
        partner = self._partner
        self._socket = socket.create_connection((partner.host, partner.port), timeout=partner.timeout)
        self._connection = connection = paramiko.Transport(self._socket)
        connection.banner_timeout = connection.handshake_timeout = partner.timeout
        connection.auth_timeout = connection.channel_timeout = partner.timeout
        known = [host_key(line) for line in partner.host_keys]
        # Ask for a key of a kind that we can compare, or a server with several shows another one.
        options = connection.get_security_options()
        wanted = tuple(kind for kind in options.key_types if any(same_kind(kind, name) for name, _ in known))
        if wanted:
            options.key_types = wanted
        connection.start_client(timeout=partner.timeout)
        shown = connection.get_remote_server_key()
        if (shown.get_name(), shown.asbytes()) not in known:
            raise LoginRefusedError(
                f"{partner.host}: the server shows a key that is not host_key: {shown.get_name()} "
                f"{fingerprint(shown.asbytes())}; compare it with what the partner published before you write it there"
            )
        if partner.key_file is not None:
            connection.auth_publickey(partner.user, private_key(partner.key_file, partner.passphrase))
        else:
            connection.auth_password(partner.user, partner.password)
        client = _Client.from_transport(connection)
        if client is None:
            raise TemporaryError(f"{partner.host}: no SFTP session could be opened")
        client.get_channel().settimeout(partner.timeout)
        return client

    def _meaning(self, error: BaseException, what: str) -> Exception | None:
        """The exception of ours; None for what is not the server's doing."""
        host = self._partner.host
        if isinstance(error, paramiko.BadAuthenticationType | paramiko.AuthenticationException):
            return LoginRefusedError(
                f"{host}: the server refuses user, key or password of {self._partner.user}"
            )
        if isinstance(error, _DROPPED):
            return TemporaryError(f"{host}: the connection failed ({type(error).__name__})")
        if isinstance(error, OSError) and error.filename is None:
            if error.errno == errno.EACCES:
                return AccessError(f"{host}: the server does not permit it for {what}")
            if error.errno == errno.ENOENT:
                return InputError(f"{host}: {what} is not there")
            if error.errno in (None, *_NETWORK):
                return TemporaryError(f"{host}: the server failed at {what}; it may be full")
        if isinstance(error, Exception) and not isinstance(error, ClaimloopError | OSError):
            return TemporaryError(f"{host}: no sense could be made of the server ({type(error).__name__})")
        return None


_NETWORK: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPIPE, errno.EBADF, errno.ENOTCONN)


def _joined(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder not in ("", ".") else name


def _as_listed(folder: str, name: str) -> bytes:
    """The path of a file as its server spelled it; InputError when the name leads out of the folder."""
    return bytes_of(_joined(folder, file_name(name)))


class _Client(paramiko.SFTPClient):  # type: ignore[misc]
    """Lists names that are no UTF-8, too; such bytes come as surrogates."""

    def _request(self, code: Any, *arguments: Any) -> Any:
        kind, message = super()._request(code, *arguments)
        if kind == CMD_NAME:
            message.get_text = lambda: message.get_string().decode("utf-8", errors="surrogateescape")
        return kind, message


def _stat(client: paramiko.SFTPClient, path: str | bytes) -> Any:
    """What the server tells of a path, None when it is not there."""
    try:
        return client.stat(path)
    except FileNotFoundError:
        return None


def _size(client: paramiko.SFTPClient, path: str) -> int | None:
    told = _stat(client, path)
    return None if told is None else told.st_size or 0


def _chunks(client: paramiko.SFTPClient, path: str | bytes, size: int) -> Iterator[bytes]:
    """The bytes of a file of the server, asked for some way ahead; no more than ``size`` and a chunk."""
    asked = got = 0
    with client.open(path, "rb") as reader:
        while got <= size:
            if asked <= got < size:
                asked = min(size, got + _AHEAD)
                reader.prefetch(asked)
            chunk = reader.read(_CHUNK)
            if not chunk:
                return
            got += len(chunk)
            yield chunk


def _digest(client: paramiko.SFTPClient, path: str, size: int) -> str:
    """SHA-256 in hex of what the server gives when asked for the file; of no more than ``size`` bytes and a chunk."""
    digest = hashlib.sha256()
    for chunk in _chunks(client, path, size):
        digest.update(chunk)
    return digest.hexdigest()


def _download(client: paramiko.SFTPClient, source: str | bytes, partial: Path, size: int) -> str:
    """Copy a file of the server to the disk, and return the digest of what came; no more than ``size`` and a chunk."""
    digest = hashlib.sha256()
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as writer:
        for chunk in _chunks(client, source, size):
            digest.update(chunk)
            writer.write(chunk)
    return digest.hexdigest()
