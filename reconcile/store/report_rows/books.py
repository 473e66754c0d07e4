"""The claims of a scope with what they came to on its day, and the sums that several reports take of them.

A page that is made of several reports reads the claims once: ``Books`` takes all sums that it is told of in one pass,
and looks up once what more than one of them needs. It lives as long as one report is read, on one snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.bulk import table_of
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, REMITTANCE
from reconcile.store.report_rows.acknowledged import rejections_of, unheard
from reconcile.store.report_rows.answers import decided_by, posted_answers, whoever_answers
from reconcile.store.report_rows.balances_then import sums_then
from reconcile.store.report_rows.scope import (
    BALANCES,
    Scope,
    claim_group,
    claims_with,
    grouped,
    of_claims,
    paid_on,
    payer_of,
)
from reconcile.store.schema import PatientEntryRow

Sums: TypeAlias = dict[str, Any]
"""Of one group, and one bucket where balances are asked for: ``group``, ``bucket``, ``claims`` and sums by name."""
PAYERS: Final = "payers"
"""The group of all claims where the groups are payers and patients."""
RESPONSIBILITY: Final = "responsibility"
"""Grouped by who owes: all payers together."""
WINDOW: Final = 90
"""Days of service whose charges make the average day."""
BUCKETS: Final = (
    ("days_0_30", 30),
    ("days_31_60", 60),
    ("days_61_90", 90),
    ("days_91_120", 120),
    ("days_over_120", None),
)
"""The ages of a balance: a name and the last day that belongs to it."""
AMOUNTS: Final = ("paid", "contractual", "patient", "denied", "suspense", "open")
"""What a claim's charge is made of."""
COLLECTED: Final = "collected"
"""Sums: ``COLLECTED_SUMS``."""
COLLECTED_SUMS: Final = ("charge", *AMOUNTS, "patient_paid", "overpaid")
OPEN: Final = "open"
"""By bucket, of payers and of patients: ``…_balances`` above zero, their ``…_cents``, ``…_credits``; ``recent``."""
ANSWERS: Final = "answers"
"""Claims ``answered``, ``decided`` with ``decided_charge``; ``silent`` with ``silent_charge`` and ``oldest``."""
HEARD: Final = "heard"
"""Claims ``unheard``: of which no acknowledgment spoke."""
EVERYTHING: Final = (COLLECTED, OPEN, ANSWERS, HEARD)
_BOOKED: Final = ("paid", "contractual", "patient")
"""Sums of a claim that are not 0 only if an answer decided something."""
_COUNTED: Final = ("paid", "contractual", "patient", "denied", "suspense")
"""The accounts that answer for a charge: open = charge - all of these."""
GROUP: Final = "named"
"""What a query calls its group: an expression with parameters is not the same twice on PostgreSQL."""
_PATIENT_ENTRY: Final = table_of(PatientEntryRow)


class Books:
    """What a report reads of the claims of a scope.

    ``together`` are parts whose sums by ``by`` are taken in one pass, once one of them is asked for.
    """

    def __init__(
        self, connection: Connection, scope: Scope, by: str | None = None, together: Sequence[str] = ()
    ) -> None:
        self.connection = connection
        self.scope = scope
        self._by = by
        self._together = together
        self._known: dict[tuple[str, str], list[Sums]] = {}

    @cached_property
    def mixed(self) -> Sequence[int]:
        """The chains with a posted answer of another payer than the one billed, by the id of the first submission."""
        everyone, root = whoever_answers(self.scope), CLAIM.alias("root")
        query = (
            posted_answers(everyone)
            .add_columns(CLAIM.c.root)
            .join(root, root.c.id == CLAIM.c.root)
            .where(or_(REMITTANCE.c.payer_key != root.c.payer_key, REMITTANCE.c.payer_key == ""))
            .where(payer_of(REMITTANCE) != payer_of(root), *of_claims(everyone, root))
            .distinct()
        )
        return sorted(self.connection.execute(query).scalars())

    @cached_property
    def rejected(self) -> dict[int, str]:
        """Submissions that an acknowledgment rejected by the scope's day, with the outcome of acceptance that is."""
        return rejections_of(self.connection, self.scope)

    @cached_property
    def _answered_later(self) -> FromClause | None:
        """The chains with a posted answer after the scope's day, and how many; None where no payment is later."""
        day = self.scope.as_of
        if day is None:
            return None
        later = paid_on() > day
        if self.connection.execute(select(REMITTANCE.c.id).where(later).limit(1)).first() is None:
            return None
        root = CLAIM.alias("root")
        return (
            select(CLAIM.c.root, func.count().label("answers"))
            .select_from(REMITTANCE)
            .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.remittance_id == REMITTANCE.c.id)
            .join(CLAIM, CLAIM.c.id == CLAIM_PAYMENT.c.claim_id)
            .join(root, root.c.id == CLAIM.c.root)
            .where(later, CLAIM_PAYMENT.c.outcome == "posted", *of_claims(self.scope, root))
            .group_by(CLAIM.c.root)
            .subquery("later")
        )

    @cached_property
    def _both_sides(self) -> FromClause | None:
        """The sums of then of the chains with answers on both sides of the scope's day; None where there are none."""
        return None if self.scope.as_of is None else sums_then(self.connection, self.scope.as_of)

    def states(self, roots: Sequence[int] | None = None) -> FromClause:
        """Claims, one row a chain, with their sums at the end of the scope's day, or now if it has none.

        Of a chain that was answered later alone nothing was posted then; of one with answers on both sides of the day
        the sums are computed (``balances_then``).

        Args:
            roots: only these chains, by the id of their first submission; None for all.

        Returns:
            Columns ``paid, contractual, patient, denied, pended, suspense, open``; ``open`` includes what is pended.
            ``answers`` above zero says that an answer counts, ``booked`` that one decided something; else it is to be
            looked up.
        """
        later = self._answered_later
        booked = or_(*(CLAIM.c[name] != 0 for name in _BOOKED))
        sums: dict[str, ColumnElement[Any]] = {name: CLAIM.c[name] for name in BALANCES}
        sums |= {"open": CLAIM.c.open_balance, "answers": CLAIM.c.adjudications, "booked": booked}
        joined: FromClause = CLAIM
        if later is not None:
            joined = CLAIM.outerjoin(later, later.c.root == CLAIM.c.id)
            before = later.c.root.is_(None)
            posted = sum((CLAIM.c[name] for name in _COUNTED), start=CLAIM.c.open_balance)
            then: dict[str, ColumnElement[Any]] = {
                **{name: case((before, CLAIM.c[name]), else_=0) for name in BALANCES},
                "open": case((before, CLAIM.c.open_balance), else_=posted),
            }
            if self._both_sides is not None:
                joined = joined.outerjoin(self._both_sides, self._both_sides.c.root == CLAIM.c.id)
                then = {name: func.coalesce(self._both_sides.c[name], one) for name, one in then.items()}
            answers = CLAIM.c.adjudications - func.coalesce(later.c.answers, 0)
            sums = {**then, "answers": answers, "booked": and_(before, booked)}
        query = claims_with(self.scope, [one.label(name) for name, one in sums.items()], roots)
        return query.select_from(joined).subquery("state")

    def sums(self, by: str, part: str, roots: Sequence[int] | None = None) -> list[Sums]:
        """The sums of a part by group; a group may come several times, to be added up; cents.

        Args:
            by: a grouping of claims, ``RESPONSIBILITY``, or "" for all of them together.
            part: COLLECTED, OPEN, ANSWERS or HEARD.
            roots: of these chains alone; None for all.
        """
        if roots is not None:
            return self._read(by, (part,), roots)
        if (by, part) not in self._known:
            parts = self._together if by == self._by and part in self._together else (part,)
            found = self._read(by, parts, None)
            self._known.update({(by, one): found for one in parts})
        return self._known[by, part]

    def _read(self, by: str, parts: Sequence[str], roots: Sequence[int] | None) -> list[Sums]:
        state, paid = self.states(roots), patient_paid(self.scope)
        from_patient = func.coalesce(paid.c.cents, 0)
        columns: list[ColumnElement[Any]] = [group_of(by, state).label(GROUP)]
        columns.append((bucket_of(state, self.scope) if OPEN in parts else literal("")).label("bucket"))
        columns.append(func.count().label("claims"))
        columns += _collected(state, from_patient) if COLLECTED in parts else []
        columns += _open(state, from_patient, self.scope) if OPEN in parts else []
        columns += _answers(state, self.scope) if ANSWERS in parts else []
        columns += [_count(unheard(state, self.scope)).label("unheard")] if HEARD in parts else []
        joined = state
        if COLLECTED in parts or OPEN in parts:
            joined = state.outerjoin(paid, paid.c.claim_id == state.c.id)
        query: Select[Any] = select(*columns).select_from(joined)
        names = [*([GROUP] if by not in ("", RESPONSIBILITY) else []), *(["bucket"] if OPEN in parts else [])]
        found = []
        for row in self.connection.execute(grouped(query, " ".join(names), *names)):
            group, bucket, *values = row
            named = dict(zip((one.name for one in columns[2:]), values, strict=True))
            sums = {name: value if name == "oldest" else int(value or 0) for name, value in named.items()}
            if sums["claims"]:
                found.append({"group": group, "bucket": bucket, **sums})
        return found


def group_of(by: str, state: FromClause) -> ColumnElement[str]:
    """The group of a claim, as ``claim_group`` says; by ``RESPONSIBILITY`` it is that of payers."""
    return literal(PAYERS) if by == RESPONSIBILITY else claim_group(by, state)


# -- what is summed --------------------------------------------------------------------------------------------------


def patient_paid(scope: Scope) -> FromClause:
    """What patients paid on claims by the scope's day, by chain."""
    entry = _PATIENT_ENTRY
    query = select(entry.c.claim_id, func.sum(entry.c.cents).label("cents")).where(
        entry.c.kind == "payment", entry.c.claim_id.is_not(None)
    )
    if scope.as_of is not None:
        query = query.where(entry.c.entry_date <= scope.as_of)
    return query.group_by(entry.c.claim_id).subquery("patient_paid")


def overpaid(state: FromClause, from_patient: ColumnElement[int]) -> ColumnElement[int]:
    """The cents that payers and patient paid beyond a claim's charge less its write-off."""
    return _above_zero(state.c.paid + from_patient - (state.c.charge - state.c.contractual))


def of_payers(state: FromClause) -> ColumnElement[int]:
    """What a claim's payers have not settled: open and denied; below zero a credit."""
    return state.c.open + state.c.denied


def of_patient(state: FromClause, from_patient: ColumnElement[int]) -> ColumnElement[int]:
    """What a claim's patient owes; below zero a credit."""
    return state.c.patient - from_patient


def bucket_of(state: FromClause, scope: Scope) -> ColumnElement[str]:
    """The bucket of a claim's age: from its last day of service; an unknown day is as old as can be."""
    day = func.coalesce(state.c.date_to, state.c.date_from)
    younger = [
        (day >= scope.today - timedelta(days=last), name) for name, last in BUCKETS if last is not None
    ]
    return case(*younger, else_=BUCKETS[-1][0])


def recent(state: FromClause, scope: Scope) -> ColumnElement[bool]:
    """Whether a claim's first day of service is one of the last 90 days."""
    first = scope.today - timedelta(days=WINDOW - 1)
    return and_(state.c.date_from >= first, state.c.date_from <= scope.today)


def answers_to(state: FromClause, scope: Scope) -> Select[Any]:
    """The posted answers to a claim of an outer query that count on the scope's day, whoever gave them."""
    answers = posted_answers(whoever_answers(scope)).add_columns(CLAIM_PAYMENT.c.id)
    return answers.where(CLAIM.c.root == state.c.id)


def _above_zero(cents: ColumnElement[int]) -> ColumnElement[int]:
    """The cents where they are above zero, else 0."""
    return case((cents > 0, cents), else_=0)


def _count(condition: ColumnElement[bool], value: ColumnElement[int] | int = 1) -> ColumnElement[Any]:
    return func.sum(case((condition, value), else_=0))


def _collected(state: FromClause, from_patient: ColumnElement[int]) -> list[ColumnElement[Any]]:
    return [
        *(func.sum(state.c[name]).label(name) for name in ("charge", *AMOUNTS)),
        func.sum(from_patient).label("patient_paid"),
        func.sum(overpaid(state, from_patient)).label("overpaid"),
    ]


def _open(state: FromClause, from_patient: ColumnElement[int], scope: Scope) -> list[ColumnElement[Any]]:
    found: list[ColumnElement[Any]] = []
    for whose, cents in (("payers", of_payers(state)), ("patients", of_patient(state, from_patient))):
        found += [
            _count(cents > 0).label(f"{whose}_balances"),
            func.sum(_above_zero(cents)).label(f"{whose}_cents"),
            func.sum(_above_zero(-cents)).label(f"{whose}_credits"),
        ]
    return [*found, _count(recent(state, scope), state.c.charge).label("recent")]


def _answers(state: FromClause, scope: Scope) -> list[ColumnElement[Any]]:
    deciding = decided_by(whoever_answers(scope)).add_columns(CLAIM_PAYMENT.c.id)
    decided = or_(state.c.booked, deciding.where(CLAIM.c.root == state.c.id).exists())
    answered = or_(state.c.answers > 0, answers_to(state, scope).exists())
    silent = and_(state.c.charge > 0, ~answered)
    return [
        _count(answered).label("answered"),
        _count(decided).label("decided"),
        _count(decided, state.c.charge).label("decided_charge"),
        _count(silent).label("silent"),
        _count(silent, state.c.charge).label("silent_charge"),
        func.min(case((silent, state.c.date_from))).label("oldest"),
    ]
