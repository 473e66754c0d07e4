"""A real SFTP server on loopback that can be made to fail: drops, stalls, a full disk, refusals, truncation, restarts."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import asyncssh

USER, PASSWORD = "practice", "not a secret"  # pragma: allowlist secret


class Faults:
    """What goes wrong, and how often; ``rate`` is the share of requests that fail."""

    KINDS = ("drop", "stall", "full", "truncate")

    def __init__(self, seed: int = 0, rate: float = 0.0, kinds: tuple[str, ...] = KINDS) -> None:
        self.random = random.Random(seed)
        self.rate = rate
        self.kinds = kinds
        self.seen: dict[str, int] = dict.fromkeys((*kinds, "refuse"), 0)
        self.stall = 5.0
        self.renamed: Callable[[], None] | None = None
        """Called once a file got its name; for a client that ends at this very moment."""

    def draw(self, *possible: str) -> str | None:
        """The fault of this request, if any; only of the kinds that are possible here."""
        if self.random.random() >= self.rate:
            return None
        fault = self.random.choice(self.kinds)
        if fault not in possible:
            return None
        self.seen[fault] += 1
        return fault

    def refuses(self) -> bool:
        """Whether this connection is refused: as often as ten requests would fail, since there are few of them."""
        refused = self.random.random() < 10 * self.rate
        self.seen["refuse"] += refused
        return refused


class _Guard(asyncssh.SSHServer):
    def __init__(self, server: SftpServer, open_ones: set[asyncssh.SSHServerConnection]) -> None:
        self._server = server
        self._faults = server.faults
        self._open = open_ones

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._open.add(conn)
        if self._faults.refuses():
            conn.abort()

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, self._server.password)


def _sftp(root: Path, faults: Faults) -> type[asyncssh.SFTPServer]:
    class Sftp(asyncssh.SFTPServer):
        def __init__(self, chan: asyncssh.SSHServerChannel) -> None:
            super().__init__(chan, chroot=str(root).encode())

        async def _trouble(self, *possible: str) -> str | None:
            fault = faults.draw(*possible)
            if fault == "drop":
                self.channel.get_connection().abort()
            elif fault == "stall":
                await asyncio.sleep(faults.stall)
            elif fault == "full":
                raise asyncssh.SFTPFailure("No space left")
            return fault

        async def open(self, path, pflags, attrs):
            await self._trouble("drop", "stall", "full")
            return super().open(path, pflags, attrs)

        async def read(self, file_obj, offset, size):
            if await self._trouble("drop", "stall", "truncate") == "truncate":
                return b""
            return super().read(file_obj, offset, size)

        async def write(self, file_obj, offset, data):
            fault = await self._trouble("drop", "stall", "full", "truncate")
            if fault == "truncate":
                super().write(file_obj, offset, data[: len(data) // 2])
                return len(data)
            return super().write(file_obj, offset, data)

        async def stat(self, path):
            await self._trouble("drop", "stall")
            return super().stat(path)

        async def rename(self, oldpath, newpath):
            done = faults.random.random() < 0.5
            if done:
                super().rename(oldpath, newpath)
            await self._trouble("drop", "stall")
            if not done:
                super().rename(oldpath, newpath)
            if faults.renamed is not None:
                faults.renamed()

        async def remove(self, path):
            await self._trouble("drop")
            return super().remove(path)

    return Sftp


class SftpServer:
    """The server, in a thread of its own; a context manager. ``port`` stays the same over restarts."""

    def __init__(self, root: Path, faults: Faults | None = None) -> None:
        self.root = root
        self.faults = faults or Faults()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.port = _free_port()
        self.password = PASSWORD
        self.authorized: asyncssh.SSHAuthorizedKeys | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._listener: asyncssh.SSHAcceptor | None = None
        self._open: set[asyncssh.SSHServerConnection] = set()

    @property
    def host_key(self) -> str:
        """The line for host_keys."""
        return " ".join(self.key.export_public_key().decode().split()[:2])

    def __enter__(self) -> SftpServer:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._run(_settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        with warnings.catch_warnings():
            # Files that the server had open when a connection was dropped; they are its, and no test's.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    def start(self) -> None:
        """Listen."""
        self._listener = self._run(self._listen())

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Guard(self, self._open),
            "127.0.0.1",
            self.port,
            server_host_keys=[self.key],
            sftp_factory=_sftp(self.root, self.faults),
            authorized_client_keys=self.authorized,
            reuse_address=True,
        )

    def stop(self) -> None:
        """Stop listening and end every connection."""
        listener, self._listener = self._listener, None
        self._run(self._close(listener))

    async def _close(self, listener: asyncssh.SSHAcceptor | None) -> None:
        """On the loop, since what closes a listener may be waited for there."""
        if listener is not None:
            listener.close()
        await self._end_connections()
        if listener is not None:
            await listener.wait_closed()
        await self._end_connections()  # one may have been accepted just before the end

    async def _end_connections(self) -> None:
        while self._open:
            connection = self._open.pop()
            connection.abort()
            await connection.wait_closed()

    def restart(self) -> None:
        """End everything and listen again."""
        self.stop()
        self.start()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)


async def _settle() -> None:
    """End the tasks of aborted connections, and let their sockets be closed, while there is a loop to do it."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    for _ in range(5):
        await asyncio.sleep(0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
