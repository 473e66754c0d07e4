"""What should have come and has not: acknowledgments of what was sent, payers' answers, deposits of what was paid.

Files count from when the far side was seen to hold them, claims from when their file did, or was written where it goes
by hand. A claim that was rejected is no silence, and neither is one that a posted payment speaks of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, func, not_, or_, select

from edi.model.days import days_after
from reconcile.store.bulk import table_of
from reconcile.store.claim_status.known import last_answers
from reconcile.store.deposits import DepositFacts, PaymentFacts
from reconcile.store.files import SENT
from reconcile.store.report_rows.answers import UNANSWERED, silence_rows
from reconcile.store.report_rows.scope import Scope
from reconcile.store.schema import ClaimRow, EventRow, FileRow
from reconcile.store.submissions import REJECTION

_CLAIM = table_of(ClaimRow)
_FILE = table_of(FileRow)
_EVENT = table_of(EventRow)
_ARRIVALS: Final = ("sent", "arrived")
"""Kinds of events after which the far side holds a file."""
TA1, FUNCTIONAL, CLAIMS, PAYMENT, DEPOSIT = "TA1", "999", "277CA", "835", "deposit"
REMITTANCE: Final = "remittance"
"""What a deposit waits for; ``PAYMENT`` is what a claim waits for."""
WITHIN_HOURS: Final[Mapping[str, int]] = {TA1: 24, FUNCTIONAL: 24, CLAIMS: 72}
"""Hours within which an acknowledgment is expected where the trading partner's profile says nothing."""
LAG_DAYS: Final = 30
"""Days within which a payer that is not in payers.toml is expected to answer."""


class Expectations(msgspec.Struct, frozen=True, kw_only=True):
    """``partners``: by trading partner the hours by kind of acknowledgment that it sends; ``payers``: days by key.

    ``sending``: trading partners with a transport, whose files wait until they are sent.
    """

    partners: Mapping[str, Mapping[str, int]]
    payers: Mapping[str, int]
    sending: frozenset[str] = frozenset()


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that has not come.

    Attributes:
        key: stable from run to run.
        expected: ``TA1``, ``999``, ``277CA``, ``835``, ``deposit`` (of a payment) or ``remittance`` (of a deposit).
        practice_id: whose, "" for several.
        subject: name of the file, patient control number or trace number.
        source: trading partner or payer that is silent.
        since: the day from which it is counted. due: the last day on which it was expected.
        claims: how many it is about.
        said: of a claim, the state that its payer told when it was asked, with its code and day.
    """

    key: str
    expected: str
    practice_id: str
    subject: str
    source: str
    since: date | None
    due: date | None
    claims: int = 1
    said: str = ""


def silences(connection: Connection, expected: Expectations, now: datetime) -> Iterator[Silence]:
    """What trading partners and payers have not answered in time, files first.

    Args:
        connection: any transaction.
        expected: what comes, and when.
        now: the moment it is looked at.
    """
    arrived = _arrivals(connection)
    yield from _acknowledgments(connection, expected.partners, arrived, now)
    yield from _payments(connection, expected, now)


def _arrivals(connection: Connection) -> dict[str, datetime]:
    """When the far side held each file, by digest."""
    query = select(_EVENT.c.subject, _EVENT.c.at).where(_EVENT.c.kind.in_(_ARRIVALS)).order_by(_EVENT.c.id)
    return {subject.removeprefix("file:"): at for subject, at in connection.execute(query)}


def _acknowledgments(
    connection: Connection,
    partners: Mapping[str, Mapping[str, int]],
    arrived: Mapping[str, datetime],
    now: datetime,
) -> Iterator[Silence]:
    said, waits = _CLAIM.c.acknowledged, _CLAIM.c.adjudications == 0
    missing: dict[str, ColumnElement[bool]] = {
        TA1: and_(waits, said == ""),
        FUNCTIONAL: and_(
            waits, or_(said == "", and_(said.startswith("TA1"), not_(said.contains(REJECTION))))
        ),
        CLAIMS: and_(waits, not_(said.startswith(CLAIMS)), not_(said.contains(REJECTION))),
    }
    query = (
        select(
            _FILE.c.sha256,
            _FILE.c.name,
            _CLAIM.c.partner,
            func.min(_CLAIM.c.practice_id).label("practice"),
            func.max(_CLAIM.c.practice_id).label("other"),
            *(func.sum(case((condition, 1), else_=0)).label(kind) for kind, condition in missing.items()),
        )
        .join(_CLAIM, _CLAIM.c.file_sha256 == _FILE.c.sha256)
        .where(_FILE.c.outcome == SENT)
        .group_by(_FILE.c.sha256, _FILE.c.name, _CLAIM.c.partner)
        .order_by(_FILE.c.sha256)
    )
    for row in connection.execute(query):
        since = arrived.get(row.sha256)
        for kind, hours in partners.get(row.partner, {}).items():
            claims = int(row._mapping.get(kind, 0))
            if since is None or not claims or since + timedelta(hours=hours) >= now:
                continue
            yield Silence(
                key=f"silence:{kind}:{row.sha256}",
                expected=kind,
                practice_id=row.practice if row.practice == row.other else "",
                subject=row.name,
                source=row.partner,
                since=since.date(),
                due=(since + timedelta(hours=hours)).date(),
                claims=claims,
            )


class LateClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A submission that went out and that no posted payment speaks of.

    ``since`` is the day it went, ``due`` the last day on which an answer was expected.
    """

    claim_id: int
    practice_id: str
    patient_control_number: str
    payer: str
    payer_key: str
    since: date
    due: date


def late_claims(
    connection: Connection, payers: Mapping[str, int], now: datetime, *, sending: Collection[str] = ()
) -> Iterator[LateClaim]:
    """Claims that were taken in, or sent at least, and that no posted payment speaks of in time.

    Args:
        connection: any transaction.
        payers: days within which each payer is expected to answer, by key; ``LAG_DAYS`` for others.
        now: the moment it is looked at, in UTC.
        sending: trading partners with a transport: a file of theirs that was not sent is no silence of the payer.
    """
    arrived = _arrivals(connection)
    shortest = min([LAG_DAYS, *payers.values()])
    scope = Scope(today=now.date())
    rows = silence_rows(scope, "stage").subquery()
    later = _CLAIM.alias()
    sent_later = select(later.c.id).where(later.c.root == _CLAIM.c.root, later.c.id > _CLAIM.c.id)
    query = (
        select(
            _CLAIM.c.id,
            _CLAIM.c.practice_id,
            _CLAIM.c.patient_control_number,
            _CLAIM.c.payer_key,
            _CLAIM.c.payer_name,
            _FILE.c.sha256,
            _FILE.c.first_seen,
        )
        .join(rows, rows.c.id == _CLAIM.c.root)
        .join(_FILE, _FILE.c.sha256 == _CLAIM.c.file_sha256)
        .where(
            rows.c.stage != UNANSWERED[2],
            _CLAIM.c.source == "created",
            _FILE.c.first_seen < now - timedelta(days=shortest),
            ~sent_later.exists(),
            or_(
                _FILE.c.outcome == SENT,
                _CLAIM.c.acknowledged != "",
                _CLAIM.c.partner.not_in(sorted(sending)),
            ),
        )
        .order_by(_CLAIM.c.practice_id, _CLAIM.c.patient_control_number)
    )
    for row in connection.execute(query):
        since: datetime = arrived.get(row.sha256, row.first_seen)
        days = payers.get(row.payer_key, LAG_DAYS)
        if since + timedelta(days=days) < now:
            yield LateClaim(
                claim_id=row.id,
                practice_id=row.practice_id,
                patient_control_number=row.patient_control_number,
                payer=row.payer_key or row.payer_name,
                payer_key=row.payer_key,
                since=since.date(),
                due=(since + timedelta(days=days)).date(),
            )


def _payments(connection: Connection, expected: Expectations, now: datetime) -> Iterator[Silence]:
    """Late claims, each with what its payer said when it was asked (277)."""
    said = last_answers(connection)
    for one in late_claims(connection, expected.payers, now, sending=expected.sending):
        answer = said.get(one.claim_id)
        yield Silence(
            key=f"silence:{PAYMENT}:{one.practice_id}/{one.patient_control_number}",
            expected=PAYMENT,
            practice_id=one.practice_id,
            subject=one.patient_control_number,
            source=one.payer,
            since=one.since,
            due=one.due,
            said=answer.brief if answer is not None else "",
        )


def unexplained(deposits: Iterable[DepositFacts], late_after_days: int, today: date) -> Iterator[Silence]:
    """Deposits that name a remittance which has not come in time as silences.

    Args:
        deposits: those without a remittance; one without a trace number may be anything, and is left.
        late_after_days: when a remittance is late.
        today: the day it is looked at.
    """
    for one in deposits:
        due = days_after(one.deposited_on, late_after_days)
        if one.trace_number and due < today:
            yield Silence(
                key=f"silence:{REMITTANCE}:{one.deposited_on}/{one.amount}/{one.trace_number}",
                expected=REMITTANCE,
                practice_id=one.practice_id,
                subject=one.trace_number,
                source=one.payer_id,
                since=one.deposited_on,
                due=due,
                claims=0,
            )


def undeposited(payments: Iterable[PaymentFacts], late_after_days: int) -> Iterator[Silence]:
    """Remittances without a deposit as silences; ``late_after_days`` is when a deposit is late."""
    for one in payments:
        practice = one.practice_id if "\n" not in one.practice_id else ""
        yield Silence(
            key=f"silence:{DEPOSIT}:{one.payment_key}",
            expected=DEPOSIT,
            practice_id=practice,
            subject=one.trace_number,
            source=one.payer_name,
            since=one.day,
            due=days_after(one.day, late_after_days) if one.day is not None else None,
            claims=0,
        )
