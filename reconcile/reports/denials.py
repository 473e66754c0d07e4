"""Denials counted and summed by what they have in common.

Formulas: ``amount`` = sum of denied cents; ``count`` = denials; ``share`` = amount / all amounts shown, in tenths of a
percent, rounded half up.

The denial rate in claims = claims with at least one denial of kind ``merits`` that counts / claims adjudicated; in
dollars = the sum of those denials / the charges of the claims adjudicated. A claim is adjudicated when one of its
answers decided something: claims whose only answers are pended, duplicates or unprocessable are not. Denials that were
later recovered stay in the rate: it says how often the payer denied at first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from reconcile.store.listing import DenialListing

GROUPINGS: Final[dict[str, Callable[[DenialListing], str]]] = {
    "category": lambda denial: denial.category,
    "reason": lambda denial: f"{denial.group}-{denial.reason}",
    "payer": lambda denial: denial.payer_name or denial.payer,
    "code": lambda denial: denial.procedure_code or "(claim)",
    "practice": lambda denial: denial.practice_id,
    "month": lambda denial: f"{denial.date_of_service:%Y-%m}" if denial.date_of_service else "(unknown)",
    "action": lambda denial: denial.next_action,
    "status": lambda denial: denial.status,
}
"""What a report can be grouped by, and how a denial names its group."""


class DenialGroup(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One row. ``amount`` and ``open_amount`` cents, ``share`` tenths of a percent of all amounts shown."""

    group: str
    count: int
    amount: int
    open_count: int
    open_amount: int
    share: int
    preventable_amount: int


class DenialRate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Numerators and denominators: claims, and cents."""

    denied_claims: int
    adjudicated_claims: int
    denied_cents: int
    adjudicated_cents: int


def by_group(denials: Iterable[DenialListing], by: str) -> list[DenialGroup]:
    """Group denials; largest amount first, ties by name.

    Args:
        denials: what to count.
        by: a key of ``GROUPINGS``.
    """
    name_of = GROUPINGS[by]
    groups: dict[str, list[DenialListing]] = {}
    for denial in denials:
        groups.setdefault(name_of(denial), []).append(denial)
    whole = sum(denial.amount for members in groups.values() for denial in members)
    rows = [_group(name, members, whole) for name, members in groups.items()]
    return sorted(rows, key=lambda row: (-row.amount, row.group))


def _group(name: str, members: list[DenialListing], whole: int) -> DenialGroup:
    amount = sum(denial.amount for denial in members)
    waiting = [denial for denial in members if denial.status == "open"]
    return DenialGroup(
        group=name,
        count=len(members),
        amount=amount,
        open_count=len(waiting),
        open_amount=sum(denial.amount for denial in waiting),
        share=(amount * 2000 + whole) // (2 * whole) if whole else 0,
        preventable_amount=sum(denial.amount for denial in members if denial.preventable_by),
    )


def total(denials: Iterable[DenialListing]) -> DenialGroup:
    """Return all denials as one row named ``total``."""
    members = list(denials)
    return _group("total", members, sum(denial.amount for denial in members))


def rate(denials: Iterable[DenialListing], adjudicated_claims: int, adjudicated_cents: int) -> DenialRate:
    """Return the denial rate's numerators beside the denominators given.

    Args:
        denials: all of them, the recovered ones too.
        adjudicated_claims: claims adjudicated, as ``reconcile.store.listing.rated`` counts them.
        adjudicated_cents: their charges.
    """
    counted = [denial for denial in denials if denial.counted and denial.kind == "merits"]
    return DenialRate(
        denied_claims=len({denial.claim_root for denial in counted}),
        adjudicated_claims=adjudicated_claims,
        denied_cents=sum(denial.amount for denial in counted),
        adjudicated_cents=adjudicated_cents,
    )
