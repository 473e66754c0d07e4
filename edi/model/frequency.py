"""What a claim is to its payer. Source: 005010X222A1 CLM05-3, claim frequency code."""

from __future__ import annotations

from typing import Final

ORIGINAL: Final = "1"
"""A claim the payer has not seen, or is to treat as such."""
REPLACEMENT: Final = "7"
"""It stands in the place of the claim that REF*F8 names."""
VOID: Final = "8"
"""It takes that claim back."""
