"""The invariants of the ledger over the whole store, as named checks: a Finding for each row that breaks one.

A check reads the store again from another side than the one that wrote it: sums of postings against the columns of
claims, packed values against their columns, the bytes of the vault against all of them. One family a module; a family
is known here by its import.
"""

from __future__ import annotations

from typing import Final

from reconcile.store.checks import (
    accounts,
    by_hand,
    claim_status,
    denials,
    deposits,
    files,
    holds,
    remittances,
    submissions,
    takebacks,
)
from reconcile.store.checks.registry import REGISTERED, Check

FAMILIES: Final = (
    accounts,
    by_hand,
    claim_status,
    denials,
    deposits,
    files,
    holds,
    remittances,
    submissions,
    takebacks,
)
"""The modules whose checks are registered."""
CHECKS: Final = dict(sorted(REGISTERED.items()))
"""Every check by name."""

__all__ = ["CHECKS", "FAMILIES", "Check"]
