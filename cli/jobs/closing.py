"""`close month`: nothing posts any more on or before a day; what changes later is a new entry."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date, datetime

import msgspec

from cli.jobs.deposits import names_of
from cli.settings import Settings
from edi.model.directory import Practice
from edi.model.errors import UsageError
from reconcile.store import Store, register_practices
from reconcile.store.journal import ClosedMonths, Dating, close_months
from reconcile.store.rehearsal import rehearsal


def dating_of(settings: Settings, today: date) -> Dating:
    """By which day payments post: [store] and [deposits] of claimloop.toml, and what payers call themselves."""
    return Dating(
        rule=settings.store.posting_date,
        floor=settings.store.closed_through,
        today=today,
        window_days=settings.deposits.window_days,
        names=names_of(settings.payers),
    )


class CloseResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was closed, and the practices that were closed through that day before."""

    closed: tuple[ClosedMonths, ...]
    already: tuple[str, ...]


def close_month(
    store: Store,
    practices: Sequence[str],
    through: date,
    dating: Dating,
    *,
    known: Sequence[Practice],
    now: datetime,
    dry_run: bool = False,
) -> CloseResult:
    """Close the months of practices.

    Args:
        store: open for writing.
        practices: their ids.
        through: the last closed day.
        dating: by which day payments post.
        known: claimloop.toml's practices.
        now: UTC without zone.
        dry_run: tell what would be closed, and write nothing.

    Raises:
        UsageError: the day is not over.
        AccessError, TemporaryError, StoreError: the store failed.
    """
    if through >= dating.today:
        raise UsageError(
            f"--through {through}: only days that are over can be closed; today is {dating.today}"
        )
    with rehearsal(store) if dry_run else nullcontext(store) as opened, opened.write() as connection:
        register_practices(connection, known)
        done = [
            (practice, close_months(connection, practice, through, dating, at=now)) for practice in practices
        ]
    return CloseResult(
        closed=tuple(one for _, one in done if one is not None),
        already=tuple(practice for practice, one in done if one is None),
    )
