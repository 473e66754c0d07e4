"""What is open on claims and how old it is, what was collected, and how long payers take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Date, Select, and_, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.claims import CREATED
from reconcile.store.denial_work import written_off
from reconcile.store.listing import ACKNOWLEDGMENT, CLAIM, CLAIM_PAYMENT, FILE, POSTING, REMITTANCE
from reconcile.store.report_rows.answer_sums import several_payers
from reconcile.store.report_rows.answers import by_payer, counts, posted_answers, whoever_answers
from reconcile.store.report_rows.scope import (
    Scope,
    claim_columns,
    claim_group,
    claims_of,
    group_in,
    grouped,
    listed,
    of_claims,
    paid_on,
    payer_of,
    posted_by,
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
SAID: Final = ("paid", "contractual", "patient")
"""What of it answers of payers say, each its own part."""
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


def _above_zero(cents: ColumnElement[int]) -> ColumnElement[int]:
    """The cents where they are above zero, else 0."""
    return case((cents > 0, cents), else_=0)


def collection_rows(connection: Connection, scope: Scope, by: str) -> Select[Any]:
    """Claims with what of their charge is written off, paid, the patient's and open, and what was paid beyond it."""
    state, paid = states(connection, scope), _patient_paid(scope)
    from_patient = func.coalesce(paid.c.cents, 0)
    beyond = state.c.paid + from_patient - (state.c.charge - state.c.contractual)
    return select(
        *claim_columns(state),
        *(state.c[name] for name in AMOUNTS),
        claim_group(by, state).label("group"),
        from_patient.label("patient_paid"),
        _above_zero(beyond).label("overpaid"),
    ).select_from(state.outerjoin(paid, paid.c.claim_id == state.c.id))


def collection_sums(connection: Connection, scope: Scope, by: str) -> list[Any]:
    """By group: claims and the sums of the amounts of ``collection_rows``."""
    rows = collection_rows(connection, scope, by).subquery()
    sums = [func.sum(rows.c[name]).label(name) for name in ("charge", *AMOUNTS, "patient_paid", "overpaid")]
    query = select(group_in(rows, by), func.count().label("claims"), *sums)
    return [row for row in connection.execute(grouped(query, by, rows.c.group)) if row.claims]


# -- whose money it is ------------------------------------------------------------------------------------------------


def money_rows(scope: Scope) -> Select[Any]:
    """What each payer's posted answers say of a claim: paid, written off, left to the patient; cents.

    The group is the payer that answered, ``payer`` the one billed.
    """
    said, state = _answers_by_payer(scope).subquery("said"), claims_of(whoever_answers(scope))
    return select(
        *claim_columns(state),
        said.c.answered_by.label("group"),
        said.c.answered_by,
        *(said.c[name] for name in SAID),
    ).select_from(state.join(said, said.c.root == state.c.id))


def money_sums(
    connection: Connection,
    scope: Scope,
    billed: Iterable[Any] | None = None,
    mixed: Sequence[int] | None = None,
) -> dict[str, dict[str, int]]:
    """By the payer that answered: what its posted answers say, by the names of ``SAID``; cents.

    Few answers come from another payer than the one billed; so the sums of the claims billed to each are taken, and
    what others answered is moved to them.

    Args:
        connection: a read transaction.
        scope: which claims.
        billed: what ``collection_sums`` gave by payer, where it was asked already and the scope names no payer.
        mixed: what ``several_payers`` gave, where it was asked already.
    """
    found: dict[str, dict[str, int]] = {}

    def move(payer: str, cents: Mapping[str, int], sign: int) -> None:
        sums = found.setdefault(payer, dict.fromkeys(SAID, 0))
        for name in SAID:
            sums[name] += sign * cents[name]

    everyone = whoever_answers(scope)
    if billed is None or scope.payer is not None:
        billed = collection_sums(connection, everyone, "payer")
    for row in billed:
        move(row.group, {name: int(getattr(row, name)) for name in SAID}, 1)
    root = CLAIM.alias("root")
    answered_by, billed_to = payer_of(REMITTANCE).label("answered_by"), payer_of(root).label("billed_to")
    answers = _answers_by_payer(everyone, billed_to).join(root, root.c.id == CLAIM.c.root)
    for some in chunks(several_payers(connection, scope) if mixed is None else mixed, IN_LIST):
        others = answers.where(answered_by != billed_to, root.c.id.in_(some)).subquery("others")
        sums = (func.sum(others.c[name]).label(name) for name in SAID)
        query = select(others.c.answered_by, others.c.billed_to, *sums)
        for row in connection.execute(query.group_by(others.c.answered_by, others.c.billed_to)):
            cents = {name: int(getattr(row, name)) for name in SAID}
            move(row.answered_by, cents, 1)
            move(row.billed_to, cents, -1)
    return {payer: sums for payer, sums in found.items() if scope.payer in (None, payer)}


def _answers_by_payer(scope: Scope, *more: Any) -> Select[Any]:
    """The postings of a scope's answers, summed by chain and answering payer."""
    account = POSTING.c.account
    query = posted_answers(scope).join(POSTING, POSTING.c.claim_payment_id == CLAIM_PAYMENT.c.id)
    sums = (func.sum(case((account == name, POSTING.c.cents), else_=0)).label(name) for name in SAID)
    columns = (CLAIM.c.root, payer_of(REMITTANCE).label("answered_by"), *more)
    names = (CLAIM.c.root, "answered_by", *(one.name for one in more))
    return query.add_columns(*columns, *sums).where(*by_payer(scope)).group_by(*names)


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
    """Balances above zero, one a row: of a claim's payers less what a person wrote off, and of its patient; cents."""
    return (row for row in _balances(connection, scope, by) if row["amount"] > 0)


def credit_rows(connection: Connection, scope: Scope, by: str) -> Iterator[dict[str, Any]]:
    """Credits, one a row: what a claim's payers, or its patient, paid beyond what it leaves them; cents above zero."""
    for row in _balances(connection, scope, by):
        if row["amount"] < 0:
            yield {**row, "amount": -row["amount"]}


def _balances(connection: Connection, scope: Scope, by: str) -> Iterator[dict[str, Any]]:
    """Of every claim its payers' balance and its patient's, below zero a credit; cents."""
    off = written_off(connection, scope.as_of)
    for row in listed(connection, _open(connection, scope, by)):
        yield {**row, "amount": row["of_payers"] - _given_up(off, row["id"], row["denied"])}
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


class OpenSum(msgspec.Struct, frozen=True, gc=False):
    """Of one group and bucket: how many balances are above zero, their cents, and cents of credits and write-offs."""

    group: str
    bucket: str
    balances: int = 0
    cents: int = 0
    credits: int = 0
    written_off: int = 0


def open_sums(connection: Connection, scope: Scope, by: str) -> Iterator[OpenSum]:
    """What is open and what is credit by group and bucket; a group may come several times, to be added up."""
    rows = _open(connection, scope, by).subquery()
    sums = []
    for column in (rows.c.of_payers, rows.c.of_patient):
        sums += [
            func.sum(case((column > 0, 1), else_=0)),
            func.sum(_above_zero(column)),
            func.sum(_above_zero(-column)),
        ]
    query = select(group_in(rows, by), rows.c.bucket, *sums).group_by(
        *([rows.c.group] if by else []), rows.c.bucket
    )
    for group, bucket, *found in connection.execute(query):
        numbers = [int(one) for one in found]
        yield OpenSum(group, bucket, *numbers[:3])
        if any(numbers[3:]):
            yield OpenSum(PATIENTS, bucket, *numbers[3:])
    for row in written_off_rows(connection, scope, by):
        before = row["of_payers"]
        after = before - row["amount"]
        yield OpenSum(
            row["group"],
            row["bucket"],
            balances=(after > 0) - (before > 0),
            cents=max(after, 0) - max(before, 0),
            credits=max(-after, 0) - max(-before, 0),
            written_off=row["amount"],
        )


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
    query = grouped(select(group_in(rows, by), func.sum(rows.c.charge)), by, rows.c.group)
    return {group: int(cents) for group, cents in connection.execute(query) if cents is not None}


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


def _imported() -> FromClause:
    """By imported submission the day of its first 277CA, which is when it is known to have gone out."""
    sent = CLAIM.alias("sent")
    return (
        select(ACKNOWLEDGMENT.c.claim_id, func.min(ACKNOWLEDGMENT.c.stated_on).label("day"))
        .join(sent, sent.c.id == ACKNOWLEDGMENT.c.claim_id)
        .where(sent.c.source != CREATED)
        .group_by(ACKNOWLEDGMENT.c.claim_id)
        .subquery("imported")
    )


def _sent() -> tuple[ColumnElement[Any], FromClause]:
    """The day or moment a submission went out, and ``file`` or acknowledgments joined to ``claim``.

    Of a claim made here the day its file was written; of an imported one its first 277CA's; else None.
    """
    imported = _imported()
    joined = CLAIM.outerjoin(FILE, and_(FILE.c.sha256 == CLAIM.c.file_sha256, CLAIM.c.source == CREATED))
    joined = joined.outerjoin(imported, imported.c.claim_id == CLAIM.c.id)
    return func.coalesce(_WRITTEN, imported.c.day, type_=Date), joined


_WRITTEN: Final = func.date(FILE.c.first_seen, type_=Date)


def lag_rows(scope: Scope) -> Select[Any]:
    """Posted answers with the day their submission went out (None: not known) and the day they were paid on.

    The group is the payer that answered.
    """
    sent, joined = _sent()
    root = CLAIM.alias("root")
    return (
        select(
            CLAIM_PAYMENT.c.id,
            CLAIM.c.practice_id,
            CLAIM.c.patient_control_number,
            CLAIM.c.date_from,
            payer_of(REMITTANCE).label("group"),
            sent.label("sent_on"),
            paid_on().label("paid_on"),
        )
        .select_from(joined)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.claim_id == CLAIM.c.id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .join(root, root.c.id == CLAIM.c.root)
        .where(*counts(scope), *by_payer(scope), *of_claims(whoever_answers(scope), root))
    )


def lag_counts(connection: Connection, scope: Scope) -> list[tuple[str, date | None, date | None, int]]:
    """By payer, day sent and day paid: how many answers; a group may come several times.

    The answers of one remittance to the claims of one file have these days in common, so they are counted by the two.
    """
    imported = _imported()
    made = _answers_alike(scope, CLAIM, CLAIM.c.file_sha256).where(CLAIM.c.source == CREATED).subquery()
    brought = _answers_alike(
        scope, CLAIM.outerjoin(imported, imported.c.claim_id == CLAIM.c.id), imported.c.day
    )
    told = brought.where(CLAIM.c.source != CREATED).subquery()
    of_files = _lags(scope, _WRITTEN, made).outerjoin(FILE, FILE.c.sha256 == made.c.sent)
    found = []
    for query in (of_files, _lags(scope, told.c.sent, told)):
        for payer, sent, paid, count in connection.execute(query):
            found.append((payer, _day(sent), _day(paid), int(count)))
    return found


def _answers_alike(scope: Scope, claims: FromClause, sent: ColumnElement[Any]) -> Select[Any]:
    """How many posted answers to claims of a scope have remittance and what tells their day of sending in common."""
    everyone, root = whoever_answers(scope), CLAIM.alias("root")
    answers = CLAIM_PAYMENT.join(claims, CLAIM.c.id == CLAIM_PAYMENT.c.claim_id)
    narrow = of_claims(everyone, root)
    if narrow:
        answers = answers.join(root, root.c.id == CLAIM.c.root)
    columns = (CLAIM_PAYMENT.c.remittance_id, sent.label("sent"), func.count().label("answers"))
    query = select(*columns).select_from(answers).where(CLAIM_PAYMENT.c.outcome == "posted", *narrow)
    return query.group_by(CLAIM_PAYMENT.c.remittance_id, sent)


def _lags(scope: Scope, sent: ColumnElement[Any], counted: FromClause) -> Select[Any]:
    """Payer, day sent, day paid and count of answers that were counted alike."""
    return (
        select(payer_of(REMITTANCE), sent, paid_on(), counted.c.answers)
        .select_from(counted)
        .join(REMITTANCE, REMITTANCE.c.id == counted.c.remittance_id)
        .where(*posted_by(scope), *by_payer(scope))
    )


def _day(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value
