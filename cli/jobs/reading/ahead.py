"""A second process that reads a large file while this one posts what it read: two cores for one file.

Reading, packing and judging are three tenths of the work of ingest. The process is given the open file, which there is
where the vault is a folder and the file lies plain in it. What is sealed or in a database is read by this process, as
small files are: no other one is given a key.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from io import BufferedReader, UnsupportedOperation
from typing import IO, Final, cast

from cli.jobs.reading.sets import IncomingSet, read_sets
from cli.jobs.reading.wire import receive_sets
from edi.model.finding import Finding
from reconcile.store import Kept
from reconcile.store.vault import Vault

LEAST_BYTES: Final = 8_000_000
"""Of a file that is read ahead: it takes about three seconds to post, and the process a tenth of one to start."""

_PROGRAM: Final = ("-P", "-m", "cli.jobs.reading")
"""What Python runs; -P keeps the working folder out of where modules are looked for."""


@contextmanager
def incoming_sets(
    vault: Vault, kept: Kept, name: str, *, ahead: bool = True
) -> Iterator[Iterator[IncomingSet | Finding]]:
    """The transaction sets of a kept file, read ahead where that is faster; the same either way.

    Args:
        vault: holds it.
        kept: which file.
        name: its name, for findings.
        ahead: False where this process is to read it whatever its size.

    Raises:
        StoreError, AccessError: the vault cannot give it.
        ReaderEndedError: the process that read ahead ended after a part of the file; while it is consumed.
    """
    with ExitStack() as stack:
        process = None
        if ahead and kept.size >= LEAST_BYTES and _cores() > 1 and sys.executable:
            source = stack.enter_context(vault.open(kept.sha256))
            process = stack.enter_context(_reader_of(source)) if _is_file(source) else None
        blocks = stack.enter_context(closing(vault.read(kept.sha256)))
        yield read_sets(blocks, name) if process is None else _sets(process, blocks, name)


def _sets(
    process: subprocess.Popen[bytes], blocks: Iterable[bytes], name: str
) -> Iterator[IncomingSet | Finding]:
    """What the process sends, or what the blocks hold if it ended without a word (it lacks a module, say)."""
    pipe = cast("BufferedReader", process.stdout)
    yield from receive_sets(pipe, name) if pipe.peek(1) else read_sets(blocks, name)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_file(source: IO[bytes]) -> bool:
    """Whether a stream is an open file, which another process can be given."""
    try:
        source.fileno()
    except UnsupportedOperation:
        return False
    return True


@contextmanager
def _reader_of(source: IO[bytes]) -> Iterator[subprocess.Popen[bytes] | None]:
    """Start the process, and see that it has ended at the end; None where none can be started.

    It is in a session of its own, so that an interrupt of the terminal comes here alone; when this process ends,
    whatever way, nobody reads the pipe, and the other one ends with that.
    """
    # It is to read with the very modules that are here, wherever they were found.
    modules = os.pathsep.join(path for path in sys.path if path)
    try:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, *_PROGRAM],
            stdin=source,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": modules},
            start_new_session=True,
        )
    except OSError:
        yield None
        return
    with process:
        try:
            yield process
        finally:
            process.kill()
