"""What a 277CA is called, and which of its codes accept. Source: 005010X214 STC01-1, STC03; facts/code_sets.csv."""

from __future__ import annotations

from typing import Final

KIND: Final = "277CA"
SET: Final = "277"
VERSION: Final = "005010X214"
ACCEPTING: Final = frozenset({"A0", "A1", "A2", "A5"})
"""STC01-1: forwarded, received, accepted into adjudication, split."""
REJECTING: Final = frozenset({"A3", "A4", "A6", "A7", "A8"})
"""STC01-1: unprocessable, not found, missing, invalid or contradictory information."""
ACCEPT: Final = "WQ"
REJECT: Final = "U"
