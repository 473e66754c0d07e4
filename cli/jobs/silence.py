"""What has not come in time: by the profiles of trading partners and payers, and by the deposits that were imported.

`run` tells it each night, and `report silence --rows overdue` whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cli.jobs.deposits import reassociation
from cli.settings import Settings
from reconcile.deposits import DepositStatus
from reconcile.store import Connection
from reconcile.store.silence import WITHIN_HOURS, Expectations, Silence, silences, undeposited, unexplained


def silent(connection: Connection, settings: Settings, now: datetime) -> tuple[Silence, ...]:
    """Everything that should have come by now.

    Args:
        connection: a read transaction.
        settings: partners (``expects``, ``expect_within_hours``), payers (``lag_days``) and [deposits].
        now: the moment it is looked at, in UTC.

    Raises:
        UsageError: there is no claimloop.toml to say what is expected.
    """
    return (
        *silences(connection, expectations(settings), now),
        *_undeposited(connection, settings, now),
    )


def expectations(settings: Settings) -> Expectations:
    """What the profiles say is coming; a kind of acknowledgment that no file can be late with is left out."""
    partners = settings.need_directory().trading_partners
    return Expectations(
        partners={
            name: {
                kind: partner.expect_within_hours.get(kind, WITHIN_HOURS[kind])
                for kind in partner.expects
                if kind in WITHIN_HOURS
            }
            for name, partner in partners.items()
        },
        payers={key: payer.remittance.lag_days.p90 for key, payer in settings.payers.items()},
        sending=frozenset(name for name, partner in partners.items() if partner.transport),
    )


def _undeposited(connection: Connection, settings: Settings, now: datetime) -> Iterator[Silence]:
    """Payments that the bank has not booked in time, none before the first deposit; and deposits without an ERA."""
    found = reassociation(connection, settings.deposits, settings.payers, today=now.date())
    if not found.deposits:
        return
    first = min(one.deposited_on for one in found.deposits.values())
    yield from unexplained(
        (
            found.deposits[one.deposit]
            for one in found.matches
            if one.status is DepositStatus.DEPOSIT_WITHOUT_ERA and one.deposit is not None
        ),
        settings.deposits.late_after_days,
        now.date(),
    )
    late = (
        found.payments[number]
        for match in found.matches
        if match.status is DepositStatus.ERA_WITHOUT_DEPOSIT
        for number in match.payments
    )
    yield from undeposited(
        (one for one in late if one.day is not None and one.day >= first), settings.deposits.late_after_days
    )
