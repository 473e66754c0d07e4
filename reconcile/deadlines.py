"""By when something must be done about a denial: the payer's days, counted from its remittance or its decision.

Source: ``[appeals]`` and ``[filing]`` of payers.toml (``edi.payers.profile``); facts/remittance_835_rules.md (MA130,
N211).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

import msgspec

from edi.model.days import days_after
from edi.payers.profile import PayerProfile

UNPROCESSABLE: Final = "unprocessable"
DUPLICATE: Final = "duplicate"
NO_APPEAL: Final = frozenset({"no_appeal", "no_resubmit"})
"""Guardrails under which no right of appeal is there to be lost."""


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """A last day and what it is for: ``appeal level 1``, ``corrected claim``, ``reopening`` or ``new claim``."""

    what: str
    on: date


def appeal_levels(profile: PayerProfile | None, guardrails: Collection[str], kind: str) -> int:
    """How many levels of appeal there are; 0 where the denial takes none, or nothing is known of the payer's."""
    if profile is None or kind in (UNPROCESSABLE, DUPLICATE) or not NO_APPEAL.isdisjoint(guardrails):
        return 0
    return len(profile.appeals.levels)


def appeal_by(
    profile: PayerProfile | None, level: int, remitted_on: date | None, decided_on: date | None
) -> date | None:
    """The last day of a level of appeal.

    Args:
        profile: of the payer.
        level: from 1.
        remitted_on: day of the remittance that denied.
        decided_on: day on which the level before was lost.

    Returns:
        The day; None where the payer has no such level or its clock has not begun.
    """
    if profile is None or not 1 <= level <= len(profile.appeals.levels):
        return None
    step = profile.appeals.levels[level - 1]
    start = decided_on if step.clock == "decision" else remitted_on
    return days_after(start, step.days) if start is not None else None


def deadlines(
    profile: PayerProfile | None,
    *,
    kind: str,
    guardrails: Collection[str],
    served: date | None,
    remitted_on: date | None,
    appealed_level: int = 0,
    decided_on: date | None = None,
) -> tuple[Deadline, ...]:
    """Every last day that runs, the one that decides first.

    An unprocessable claim has the payer's limit for first claims, from the date of service. Any other has its next
    level of appeal, then the limit of a corrected claim and of a reopening. Nothing runs for a duplicate.

    Args:
        profile: of the payer; None where it is not known.
        kind: of the denial.
        guardrails: of the denial.
        served: date of service.
        remitted_on: day of the remittance.
        appealed_level: the last level that was asked for, 0 for none.
        decided_on: day on which that was lost; None while it runs.
    """
    if profile is None or kind == DUPLICATE:
        return ()
    found: list[Deadline] = []
    if kind == UNPROCESSABLE:
        last = profile.filing.last_day(served) if served is not None else None
        return (Deadline("new claim", last),) if last is not None else ()
    if appeal_levels(profile, guardrails, kind) and (appealed_level == 0 or decided_on is not None):
        last = appeal_by(profile, appealed_level + 1, remitted_on, decided_on)
        if last is not None:
            found.append(Deadline(f"appeal level {appealed_level + 1}", last))
    if "no_resubmit" in guardrails or remitted_on is None:
        return tuple(found)
    corrected = profile.filing.corrected_days
    if corrected is not None and "no_frequency_7" not in guardrails:
        start = remitted_on if profile.filing.corrected_clock == "remittance" else served
        if start is not None:
            found.append(Deadline("corrected claim", days_after(start, corrected)))
    if profile.appeals.reopening_days is not None:
        found.append(Deadline("reopening", days_after(remitted_on, profile.appeals.reopening_days)))
    return tuple(found)
