"""Whether the fast engine may be used here at all, and why not."""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import msgspec
import pyx12.version

from edi.x12.conformance import plain
from edi.x12.conformance.patterns import Delimiters
from edi.x12.conformance.program import program_of

_OUR_MAPS: Final = (
    "837.5010.X222.A1.xml", "835.5010.X221.A1.xml", "999.5010X231.A1.xml", "277.5010.X214.xml",
)  # fmt: skip
_FILES: Final = (
    "codes.py", "dataele.py", "error_item.py", "errors.py", "map_index.py", "map_walker.py", "nodeCounter.py",
    "params.py", "path.py", "rawx12file.py", "segment.py", "syntax.py", "validation.py", "x12file.py",
    "map_if/__init__.py", "map_if/_base.py", "map_if/_composite.py", "map_if/_element.py", "map_if/_loader.py",
    "map_if/_loop.py", "map_if/_root.py", "map_if/_segment.py", "map/codes.xml", "map/dataele.xml",
    "map/maps.xml", "map/x12.control.00401.xml", "map/x12.control.00501.xml",
    *(f"map/{name}" for name in _OUR_MAPS),
)  # fmt: skip
"""What a verdict comes from: the walker, reader and element checks, and the maps of the guides we use."""
KNOWN_VERSIONS: Final[dict[str, str]] = {
    "4.0.0": "750fef61d58aa32bb52b5bcb331833f58007adec951f11257771831f5e1ab0c9",  # pragma: allowlist secret
}
"""Versions of pyx12 that the fast engine was held against, and the SHA-256 over those files of each."""
_FOLDER: Final = files("pyx12")


class EngineState(msgspec.Struct, frozen=True, kw_only=True):
    """What judges conformance here.

    Attributes:
        engine: ``fast`` or ``pyx12``.
        version: of pyx12.
        fast: whether the fast engine is in use for the guides we write and receive.
        reason: why not; None when it is.
    """

    engine: str
    version: str
    fast: bool
    reason: str | None


def version() -> str:
    """The version of pyx12 that is installed."""
    return str(pyx12.version.__version__)


@functools.cache
def digest_of(folder: Traversable) -> str:
    """The SHA-256 over the files of pyx12 in a folder that a verdict comes from, once for the process.

    "" when one of them is not there or cannot be read.
    """
    whole = hashlib.sha256()
    try:
        for name in _FILES:
            whole.update(hashlib.sha256((folder / name).read_bytes()).digest())
    except OSError:
        return ""
    return whole.hexdigest()


def refused() -> str | None:
    """Why no file is judged fast; None when nothing stands against it."""
    if version() not in KNOWN_VERSIONS:
        return f"pyx12 {version()} is not a version the fast engine was held against"
    if digest_of(_FOLDER) != KNOWN_VERSIONS[version()]:  # type: ignore[arg-type]  # a folder hashes as a path does
        return f"the files of pyx12 are not those of {version()} that the fast engine was held against"
    return None


def engine_state() -> EngineState:
    """Say what judges conformance here; loads the maps of the guides we use."""
    reason = refused()
    for name in _OUR_MAPS if reason is None else ():
        try:
            program_of(name, Delimiters("~", "*", ":"))
        except plain.CRASHES as crash:
            reason = f"pyx12's map {name} cannot be compiled ({type(crash).__name__})"
    return EngineState(
        engine="fast" if reason is None else "pyx12", version=version(), fast=reason is None, reason=reason
    )
