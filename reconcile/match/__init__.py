"""Submitted claims and lines x paid claims and lines -> how each payment is tied, and why.

The claim is found first, then the lines inside it, all of them jointly (architecture.md, invariant 9).
"""

from __future__ import annotations

from reconcile.match.by_hand import match_by_hand
from reconcile.match.claims import match_claim

__all__ = ["match_by_hand", "match_claim"]
