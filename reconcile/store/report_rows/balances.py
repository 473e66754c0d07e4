"""What is open on claims and how old it is, what was collected, and how long payers take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Date, Select, and_, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.denial_work import written_off
from reconcile.store.listing import ACKNOWLEDGMENT, CLAIM, CLAIM_PAYMENT, FILE, REMITTANCE
from reconcile.store.report_rows.answers import counts
from reconcile.store.report_rows.scope import (
    Scope,
    claim_columns,
    claim_group,
    claims_of,
    listed,
    of_claims,
    paid_on,
    payer_of,
    states,
)
from reconcile.store.schema import PatientEntryRow

PATIENTS: Final = "(patients)"
"""The group of what patients owe."""
PAYERS: Final = "payers"
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
_PATIENT_ENTRY = table_of(PatientEntryRow)


def _patient_paid(scope: Scope) -> FromClause:
    """What patients paid on claims by the scope's day, by chain."""
    entry = _PATIENT_ENTRY
    query = select(entry.c.claim_id, func.sum(entry.c.cents).label("cents")).where(
        entry.c.kind == "payment", entry.c.claim_id.is_not(None)
    )
    if scope.as_of is not None:
        query = query.where(entry.c.entry_date <= scope.as_of)
    return query.group_by(entry.c.claim_id).subquery("patient_paid")


def collection_rows(connection: Connection, scope: Scope, by: str) -> Select[Any]:
    """Claims with what of their charge is written off, paid, the patient's and open."""
    state, paid = states(connection, scope), _patient_paid(scope)
    return select(
        *claim_columns(state),
        *(state.c[name] for name in AMOUNTS),
        claim_group(by, state).label("group"),
        func.coalesce(paid.c.cents, 0).label("patient_paid"),
    ).select_from(state.outerjoin(paid, paid.c.claim_id == state.c.id))


def collection_sums(connection: Connection, scope: Scope, by: str) -> list[Any]:
    """By group: claims and the sums of the amounts of ``collection_rows``."""
    rows = collection_rows(connection, scope, by).subquery()
    sums = [func.sum(rows.c[name]).label(name) for name in ("charge", *AMOUNTS, "patient_paid")]
    return list(
        connection.execute(select(rows.c.group, func.count().label("claims"), *sums).group_by(rows.c.group))
    )


# -- what is open ----------------------------------------------------------------------------------------------------


def _bucket(day: ColumnElement[Any], today: date) -> ColumnElement[str]:
    """The bucket of the age of a day; an unknown day is as old as can be."""
    younger = [(day >= today - timedelta(days=last), name) for name, last in BUCKETS if last is not None]
    return case(*younger, else_=BUCKETS[-1][0])


def _open(connection: Connection, scope: Scope, by: str) -> Select[Any]:
    """Claims with their age, what their payers have not settled (open and denied), and what their patient owes."""
    state, paid = states(connection, scope), _patient_paid(scope)
    day = func.coalesce(state.c.date_to, state.c.date_from)
    group = literal(PAYERS) if by == "responsibility" else claim_group(by, state)
    return select(
        *claim_columns(state),
        group.label("group"),
        _bucket(day, scope.today).label("bucket"),
        state.c.denied,
        (state.c.open + state.c.denied).label("of_payers"),
        (state.c.patient - func.coalesce(paid.c.cents, 0)).label("of_patient"),
    ).select_from(state.outerjoin(paid, paid.c.claim_id == state.c.id))


def open_rows(connection: Connection, scope: Scope, by: str) -> Iterator[dict[str, Any]]:
    """Balances, one a row: of a claim's payers less what a person wrote off, and of its patient; cents."""
    off = written_off(connection, scope.as_of)
    for row in listed(connection, _open(connection, scope, by)):
        amount = row["of_payers"] - _given_up(off, row["id"], row["denied"])
        if amount:
            yield {**row, "amount": amount}
        if row["of_patient"]:
            yield {**row, "group": PATIENTS, "amount": row["of_patient"]}


def written_off_rows(connection: Connection, scope: Scope, by: str) -> Iterator[dict[str, Any]]:
    """Claims of whose denials a person wrote something off, with the cents; no balance has these."""
    off = written_off(connection, scope.as_of)
    rows = _open(connection, scope, by).subquery()
    for some in chunks(sorted(off), IN_LIST):
        for row in listed(connection, select(rows).where(rows.c.id.in_(some))):
            given_up = _given_up(off, row["id"], row["denied"])
            if given_up:
                yield {**row, "amount": given_up}


def _given_up(off: Mapping[int, int], claim: int, denied: int) -> int:
    """The cents of a claim that count as written off: no more than are denied by the scope's day."""
    return max(min(off.get(claim, 0), denied), 0)


def open_sums(connection: Connection, scope: Scope, by: str) -> Iterator[tuple[str, str, int, int, int]]:
    """By group and bucket: how many balances, their cents, and cents written off; a group may come several times."""
    rows = _open(connection, scope, by).subquery()
    sums = []
    for column in (rows.c.of_payers, rows.c.of_patient):
        sums += [func.sum(case((column != 0, 1), else_=0)), func.sum(column)]
    query = select(rows.c.group, rows.c.bucket, *sums).group_by(rows.c.group, rows.c.bucket)
    for group, bucket, *found in connection.execute(query):
        payers, of_payers, patients, of_patient = map(int, found)
        yield group, bucket, payers, of_payers, 0
        if patients:
            yield PATIENTS, bucket, patients, of_patient, 0
    for row in written_off_rows(connection, scope, by):
        settled = -1 if row["of_payers"] == row["amount"] else 0
        yield row["group"], row["bucket"], settled, -row["amount"], row["amount"]


def window_rows(scope: Scope, by: str) -> Select[Any]:
    """Claims whose first day of service is one of the last 90 days, with their charge."""
    state = claims_of(scope)
    group = literal(PAYERS) if by == "responsibility" else claim_group(by, state)
    first = scope.today - timedelta(days=WINDOW - 1)
    return select(*claim_columns(state), group.label("group")).where(
        state.c.date_from >= first, state.c.date_from <= scope.today
    )


def window_sums(connection: Connection, scope: Scope, by: str) -> dict[str, int]:
    """By group: the charges of the last 90 days of service."""
    rows = window_rows(scope, by).subquery()
    query = select(rows.c.group, func.sum(rows.c.charge)).group_by(rows.c.group)
    return {group: int(cents) for group, cents in connection.execute(query)}


def open_accounts(connection: Connection, scope: Scope) -> int:
    """What patients owe beyond claims: opening balances less payments that name no claim, by the scope's day."""
    entry = _PATIENT_ENTRY
    sign = case((entry.c.kind == "payment", -entry.c.cents), else_=entry.c.cents)
    query = select(func.coalesce(func.sum(sign), 0)).where(
        or_(entry.c.claim_id.is_(None), entry.c.kind != "payment")
    )
    if scope.as_of is not None:
        query = query.where(entry.c.entry_date <= scope.as_of)
    if scope.practice is not None:
        query = query.where(entry.c.practice_id == scope.practice)
    return int(connection.execute(query).scalar_one())


# -- how long it takes -----------------------------------------------------------------------------------------------


def _sent() -> tuple[ColumnElement[Any], FromClause]:
    """The day or moment a submission went out, and ``file`` or acknowledgments joined to ``claim``.

    Of a claim made here the day its file was written; of an imported one its first 277CA's; else None.
    """
    imported = (
        select(ACKNOWLEDGMENT.c.claim_id, func.min(ACKNOWLEDGMENT.c.stated_on).label("day"))
        .join(CLAIM, CLAIM.c.id == ACKNOWLEDGMENT.c.claim_id)
        .where(CLAIM.c.source != "created")
        .group_by(ACKNOWLEDGMENT.c.claim_id)
        .subquery("imported")
    )
    joined = CLAIM.outerjoin(FILE, and_(FILE.c.sha256 == CLAIM.c.file_sha256, CLAIM.c.source == "created"))
    joined = joined.outerjoin(imported, imported.c.claim_id == CLAIM.c.id)
    written = func.date(FILE.c.first_seen, type_=Date)
    return func.coalesce(written, imported.c.day, type_=Date), joined


def lag_rows(scope: Scope) -> Select[Any]:
    """Posted answers with the day their submission went out (None: not known) and the day they were paid on."""
    sent, joined = _sent()
    root = CLAIM.alias("root")
    return (
        select(
            CLAIM_PAYMENT.c.id,
            CLAIM.c.practice_id,
            CLAIM.c.patient_control_number,
            CLAIM.c.date_from,
            payer_of(CLAIM).label("group"),
            sent.label("sent_on"),
            paid_on().label("paid_on"),
        )
        .select_from(joined)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.claim_id == CLAIM.c.id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .join(root, root.c.id == CLAIM.c.root)
        .where(*counts(scope), *of_claims(scope, root))
    )


def lag_counts(connection: Connection, scope: Scope) -> list[tuple[str, date | None, date | None, int]]:
    """By payer, day sent and day paid: how many answers."""
    rows = lag_rows(scope).subquery()
    query = select(rows.c.group, rows.c.sent_on, rows.c.paid_on, func.count()).group_by(
        rows.c.group, rows.c.sent_on, rows.c.paid_on
    )
    return [
        (group, _day(sent), _day(paid), int(count)) for group, sent, paid, count in connection.execute(query)
    ]


def _day(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value
