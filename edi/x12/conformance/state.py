"""Whether the fast engine may be used here at all, and why not."""

from __future__ import annotations

from typing import Final

import msgspec
import pyx12.version

from edi.x12.conformance import plain
from edi.x12.conformance.patterns import Delimiters
from edi.x12.conformance.program import program_of

KNOWN_VERSIONS = frozenset({"4.0.0"})
"""Versions of pyx12 whose walker, reader and element checks the fast engine was held against."""
_OUR_MAPS: Final = (
    "837.5010.X222.A1.xml", "835.5010.X221.A1.xml", "999.5010X231.A1.xml", "277.5010.X214.xml",
)  # fmt: skip


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


def refused() -> str | None:
    """Why no file is judged fast; None when nothing stands against it."""
    if version() not in KNOWN_VERSIONS:
        return f"pyx12 {version()} is not a version the fast engine was held against"
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
