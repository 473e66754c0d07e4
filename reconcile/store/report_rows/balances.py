"""What is open on claims and how old it is, what was collected, and how long payers take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Date, Select, and_, case, func, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.claims import CREATED
from reconcile.store.denial_work import written_off
from reconcile.store.listing import ACKNOWLEDGMENT, CLAIM, CLAIM_PAYMENT, FILE, POSTING, REMITTANCE
from reconcile.store.report_rows.answers import by_payer, counts, posted_answers, whoever_answers
from reconcile.store.report_rows.books import (
    AMOUNTS,
    COLLECTED,
    COLLECTED_SUMS,
    OPEN,
    Books,
    Sums,
    bucket_of,
    group_of,
    of_patient,
    of_payers,
    overpaid,
    patient_paid,
    recent,
)
from reconcile.store.report_rows.scope import (
    Scope,
    claim_columns,
    claim_group,
    claims_of,
    listed,
    of_claims,
    paid_on,
    payer_of,
    posted_by,
)
from reconcile.store.schema import PatientEntryRow

PATIENTS: Final = "(patients)"
"""The group of what patients owe."""
SAID: Final = ("paid", "contractual", "patient")
"""What of it answers of payers say, each its own part."""
_PATIENT_ENTRY: Final = table_of(PatientEntryRow)


def collection_rows(connection: Connection, scope: Scope, by: str) -> Select[Any]:
    """Claims with what of their charge is written off, paid, the patient's and open, and what was paid beyond it."""
    state, paid = Books(connection, scope).states(), patient_paid(scope)
    from_patient = func.coalesce(paid.c.cents, 0)
    return select(
        *claim_columns(state),
        *(state.c[name] for name in AMOUNTS),
        claim_group(by, state).label("group"),
        from_patient.label("patient_paid"),
        overpaid(state, from_patient).label("overpaid"),
    ).select_from(state.outerjoin(paid, paid.c.claim_id == state.c.id))


def collection_sums(books: Books, by: str) -> dict[str, Sums]:
    """By group: claims and the sums of the amounts of ``collection_rows``."""
    found: dict[str, Sums] = {}
    for one in books.sums(by, COLLECTED):
        sums = found.setdefault(one["group"], dict.fromkeys(("claims", *COLLECTED_SUMS), 0))
        for name in sums:
            sums[name] += one[name]
    return found


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


def money_sums(books: Books) -> dict[str, dict[str, int]]:
    """By the payer that answered: what its posted answers say, by the names of ``SAID``; cents.

    Few answers come from another payer than the one billed; so the sums of the claims billed to each are taken, and
    what others answered is moved to them.
    """
    found: dict[str, dict[str, int]] = {}

    def move(payer: str, cents: Mapping[str, int], sign: int) -> None:
        sums = found.setdefault(payer, dict.fromkeys(SAID, 0))
        for name in SAID:
            sums[name] += sign * cents[name]

    scope, everyone = books.scope, whoever_answers(books.scope)
    billed = books if scope.payer is None else Books(books.connection, everyone)
    for payer, cents in collection_sums(billed, "payer").items():
        move(payer, cents, 1)
    root = CLAIM.alias("root")
    answered_by, billed_to = payer_of(REMITTANCE).label("answered_by"), payer_of(root).label("billed_to")
    answers = _answers_by_payer(everyone, billed_to).join(root, root.c.id == CLAIM.c.root)
    for some in chunks(books.mixed, IN_LIST):
        others = answers.where(answered_by != billed_to, root.c.id.in_(some)).subquery("others")
        sums = (func.sum(others.c[name]).label(name) for name in SAID)
        query = select(others.c.answered_by, others.c.billed_to, *sums)
        for row in books.connection.execute(query.group_by(others.c.answered_by, others.c.billed_to)):
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


def _open(books: Books, by: str) -> Select[Any]:
    """Claims with their age, what their payers have not settled (open and denied), and what their patient owes."""
    state, paid = books.states(), patient_paid(books.scope)
    return select(
        *claim_columns(state),
        group_of(by, state).label("group"),
        bucket_of(state, books.scope).label("bucket"),
        state.c.denied,
        of_payers(state).label("of_payers"),
        of_patient(state, func.coalesce(paid.c.cents, 0)).label("of_patient"),
    ).select_from(state.outerjoin(paid, paid.c.claim_id == state.c.id))


def open_rows(connection: Connection, scope: Scope, by: str) -> Iterator[dict[str, Any]]:
    """Balances above zero, one a row: of a claim's payers less what a person wrote off, and of its patient; cents."""
    return (row for row in _balances(Books(connection, scope), by) if row["amount"] > 0)


def credit_rows(connection: Connection, scope: Scope, by: str) -> Iterator[dict[str, Any]]:
    """Credits, one a row: what a claim's payers, or its patient, paid beyond what it leaves them; cents above zero."""
    for row in _balances(Books(connection, scope), by):
        if row["amount"] < 0:
            yield {**row, "amount": -row["amount"]}


def _balances(books: Books, by: str) -> Iterator[dict[str, Any]]:
    """Of every claim its payers' balance and its patient's, below zero a credit; cents."""
    off = written_off(books.connection, books.scope.as_of)
    for row in listed(books.connection, _open(books, by)):
        yield {**row, "amount": row["of_payers"] - _given_up(off, row["id"], row["denied"])}
        yield {**row, "group": PATIENTS, "amount": row["of_patient"]}


def written_off_rows(connection: Connection, scope: Scope, by: str) -> Iterator[dict[str, Any]]:
    """Claims of whose denials a person wrote something off, with the cents; no balance has these."""
    return _written_off(Books(connection, scope), by)


def _written_off(books: Books, by: str) -> Iterator[dict[str, Any]]:
    off = written_off(books.connection, books.scope.as_of)
    if not off:
        return
    rows = _open(books, by).subquery()
    for some in chunks(sorted(off), IN_LIST):
        for row in listed(books.connection, select(rows).where(rows.c.id.in_(some))):
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


def open_sums(books: Books, by: str) -> Iterator[OpenSum]:
    """What is open and what is credit by group and bucket; a group may come several times, to be added up."""
    for one in books.sums(by, OPEN):
        for group, whose in ((one["group"], "payers"), (PATIENTS, "patients")):
            numbers = [one[f"{whose}_{name}"] for name in ("balances", "cents", "credits")]
            if whose == "payers" or any(numbers):
                yield OpenSum(group, one["bucket"], *numbers)
    for row in _written_off(books, by):
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
    query = select(*claim_columns(state), group_of(by, state).label("group"))
    return query.where(recent(state, scope))


def window_sums(books: Books, by: str) -> dict[str, int]:
    """By group: the charges of the last 90 days of service."""
    found: dict[str, int] = {}
    for one in books.sums(by, OPEN):
        found[one["group"]] = found.get(one["group"], 0) + one["recent"]
    return found


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
    counted = _answers_alike(scope).subquery()
    sent = func.coalesce(_WRITTEN, counted.c.day, type_=Date)
    query = (
        select(payer_of(REMITTANCE), sent, paid_on(), counted.c.answers)
        .select_from(counted.outerjoin(FILE, FILE.c.sha256 == counted.c.file))
        .join(REMITTANCE, REMITTANCE.c.id == counted.c.remittance_id)
        .where(*posted_by(scope), *by_payer(scope))
    )
    return [(payer, went, paid, int(count)) for payer, went, paid, count in connection.execute(query)]


def _answers_alike(scope: Scope) -> Select[Any]:
    """How many posted answers to claims of a scope have remittance and what tells their day of sending in common.

    That is the ``file`` of a claim made here, and the ``day`` of the first 277CA of an imported one.
    """
    imported, root = _imported(), CLAIM.alias("root")
    answers = CLAIM_PAYMENT.join(CLAIM, CLAIM.c.id == CLAIM_PAYMENT.c.claim_id)
    answers = answers.outerjoin(imported, and_(CLAIM.c.source != CREATED, imported.c.claim_id == CLAIM.c.id))
    narrow = of_claims(whoever_answers(scope), root)
    if narrow:
        answers = answers.join(root, root.c.id == CLAIM.c.root)
    file = case((CLAIM.c.source == CREATED, CLAIM.c.file_sha256)).label("file")
    day = imported.c.day.label("day")
    query = select(CLAIM_PAYMENT.c.remittance_id, file, day, func.count().label("answers"))
    query = query.select_from(answers).where(CLAIM_PAYMENT.c.outcome == "posted", *narrow)
    return query.group_by(CLAIM_PAYMENT.c.remittance_id, "file", "day")
