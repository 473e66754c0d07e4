"""The journal: which cents were posted on which day, once a month is closed or postings are exported.

Postings are worked out anew whenever a claim is touched; what a person was told must not change with them. So the
journal only grows: an entry is the difference between what a posting is now and what the journal holds of it, under
the day on which that difference posts. Until it is written, a posting has the day it would get now (``posting_day``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, or_, select, text

from edi.model.days import days_after
from reconcile.deposits import WINDOW_DAYS
from reconcile.store.bulk import IN_LIST, chunks, day, next_id, table_of
from reconcile.store.deposits import deposit_days
from reconcile.store.events import record_event
from reconcile.store.schema import EventRow, FileRow, JournalEntryRow, RemittanceRow

CLOSE: Final = "close"
"""The kind of event that closes the months of a practice; its data are ``through``, ``entries``, ``cents``
and ``dated_by``."""
NOT_POSTED: Final = ("memo", "pended")
"""Accounts that hold no cents of the charge, and so none of a journal."""
PROVIDER_ADJUSTMENT: Final = "provider_adjustment"
"""The account of a PLB: of a practice and a payment, never of a claim. Cents above zero raised the payment."""
SUSPENSE: Final = "suspense"
"""The account of what nobody explained: of a line; and without a claim, of a payment that was released as a whole. That
is the first practice's where a payment is to several."""
PATIENT_PAID: Final = "patient_paid"
PATIENT_OPENING: Final = "patient_opening"

_REMITTANCE = table_of(RemittanceRow)
_FILE = table_of(FileRow)
_EVENT = table_of(EventRow)


class Dating(msgspec.Struct, frozen=True, kw_only=True):
    """By which day a payment posts.

    Attributes:
        rule: [store] posting_date: ``remittance`` (BPR16, else DTM*405), ``deposit`` (the bank's day where it is known,
            else that of the remittance) or ``ingest`` (the day the file was taken in, UTC).
        floor: [store] closed_through: every practice is closed through that day.
        today: the day that counts as today.
        window_days, names: by which deposits are tied to payments (``reconcile.store.deposits.reassociate``).
    """

    rule: str = "remittance"
    floor: date | None = None
    today: date
    window_days: int = WINDOW_DAYS
    names: Mapping[str, Sequence[str]] = {}


def posting_day(natural: date, closed: date | None) -> date:
    """The day a posting gets: its payment's own, or the first one that is open."""
    return natural if closed is None or natural > closed else days_after(closed, 1)


def closed_through(connection: Connection, practice: str, floor: date | None = None) -> date | None:
    """The last closed day of a practice, None when none was closed; ``floor`` is closed for all."""
    subject = f"{_PRACTICE}{practice}"
    query = select(_EVENT.c.data).where(_EVENT.c.subject == subject, _EVENT.c.kind == CLOSE)
    days = [_CLOSED.decode(data).through for data in connection.execute(query).scalars()]
    return max([*days, *([floor] if floor is not None else [])], default=None)


class _Closed(msgspec.Struct):
    """What is needed of an event that closed months."""

    through: date


_CLOSED: Final = msgspec.json.Decoder(_Closed)
_PRACTICE: Final = "practice:"


def payment_days(
    connection: Connection, dating: Dating, practice: str | None = None
) -> dict[tuple[int, str], date]:
    """The own day of posted payments, by the remittance's id and payment key.

    Args:
        connection: any transaction.
        dating: by which day payments post.
        practice: only those that may answer claims of that practice; None for all.
    """
    banked: Mapping[int, date] = {}
    if dating.rule == "deposit":
        banked = deposit_days(
            connection, today=dating.today, window_days=dating.window_days, names=dating.names
        )
    query = select(
        _REMITTANCE.c.id,
        _REMITTANCE.c.payment_key,
        _REMITTANCE.c.payment_date,
        _REMITTANCE.c.production_date,
        _FILE.c.first_seen,
    ).outerjoin(_FILE, _FILE.c.sha256 == _REMITTANCE.c.file_sha256)
    if practice is not None:
        line = "\n"
        named = (line + _REMITTANCE.c.practice_id + line).contains(line + practice + line, autoescape=True)
        query = query.where(or_(_REMITTANCE.c.practice_id == practice, named))
    found = {}
    for number, payment_key, paid, produced, seen in connection.execute(query):
        arrived = dating.today if seen is None else seen.date()
        told = arrived if dating.rule == "ingest" else paid or produced or arrived
        found[number, payment_key] = banked.get(number, told)
    return found


class ClosedMonths(msgspec.Struct, frozen=True, kw_only=True):
    """What closing did: how many entries were written now, and what all entries up to ``through`` come to."""

    practice_id: str
    through: date
    new: int
    entries: int
    cents: int


def close_months(
    connection: Connection, practice: str, through: date, dating: Dating, *, at: datetime
) -> ClosedMonths | None:
    """Close a practice's months through a day: what posts up to then is written, and nothing posts there any more.

    Args:
        connection: the write transaction.
        practice: its id.
        through: the last closed day.
        dating: by which day payments post.
        at: UTC without zone.

    Returns:
        What was done; None when the practice is closed through that day already.
    """
    before = closed_through(connection, practice, dating.floor)
    if before is not None and through <= before:
        return None
    new = write_journal(connection, practice, dating, through=through)
    query = """SELECT COUNT(*), COALESCE(CAST(SUM(cents) AS BIGINT), 0) FROM journal_entry
        WHERE practice_id = :practice AND posting_date <= :through"""
    entries, cents = connection.execute(text(query), {"practice": practice, "through": through}).one()
    record_event(
        connection,
        kind=CLOSE,
        subject=f"{_PRACTICE}{practice}",
        at=at,
        data={"through": through.isoformat(), "entries": entries, "cents": cents, "dated_by": dating.rule},
    )
    return ClosedMonths(practice_id=practice, through=through, new=new, entries=entries, cents=cents)


_SHARED: Final = """COALESCE((
        SELECT MAX(i.practice_id) FROM practice_identifier i WHERE i.kind = 'npi' AND i.value = a.provider
            AND REPLACE(:end || r.practice_id || :end, :end || i.practice_id || :end, '')
                <> :end || r.practice_id || :end
    ), CASE WHEN r.practice_id LIKE :several AND SUBSTR(r.practice_id, 1, CAST(:width AS INTEGER)) = :first
        THEN CAST(:practice AS TEXT) END) = :practice"""
"""Whether the provider adjustment of a payment to several practices at once (a line each) is this practice's.

One is the practice's whose NPI stands in PLB01; where that names none of them, it is the first practice's.
"""
_KEY: Final = "payment_key, ordinal, claim_id, line_id, account, group_code, reason"
_WRITE: Final = f"""INSERT INTO journal_entry (id, practice_id, payment_key, ordinal, patient_entry_id,
        claim_id, line_id, account, group_code, reason, cents, posting_date, batch)
    SELECT :before + ROW_NUMBER() OVER (ORDER BY payment_key, COALESCE(claim_id, 0), ordinal, COALESCE(line_id, 0),
            account, COALESCE(group_code, ''), COALESCE(reason, '')), :practice, payment_key, ordinal, NULL, claim_id,
        line_id, account, group_code, reason, CAST(SUM(cents) AS BIGINT), :posted, NULL
    FROM (
        SELECT r.payment_key, p.ordinal, c.root AS claim_id, x.line_id, x.account, x.group_code, x.reason, x.cents
        FROM remittance r JOIN claim_payment p ON p.remittance_id = r.id JOIN claim c ON c.id = p.claim_id
        JOIN posting x ON x.claim_payment_id = p.id
        WHERE r.payment_key IN :keys AND c.practice_id = :practice AND x.account NOT IN :apart
        UNION ALL
        SELECT r.payment_key, a.ordinal, NULL, NULL, '{PROVIDER_ADJUSTMENT}', NULL, a.reason, -a.cents
        FROM remittance r JOIN provider_adjustment a ON a.remittance_id = r.id
        WHERE r.payment_key IN :keys AND (r.practice_id = :practice OR {_SHARED})
        UNION ALL
        SELECT r.payment_key, 0, NULL, NULL, '{SUSPENSE}', NULL, NULL, r.unexplained FROM remittance r
        WHERE r.payment_key IN :keys AND r.unexplained <> 0 AND (r.practice_id = :practice
            OR SUBSTR(r.practice_id, 1, CAST(:width AS INTEGER)) = :first)
        UNION ALL
        SELECT payment_key, ordinal, claim_id, line_id, account, group_code, reason, -cents FROM journal_entry
        WHERE payment_key IN :keys AND practice_id = :practice
    ) d GROUP BY {_KEY} HAVING SUM(cents) <> 0"""  # noqa: S608 - constants of this module
_WRITE_PATIENTS: Final = """INSERT INTO journal_entry (id, practice_id, payment_key, ordinal, patient_entry_id,
        claim_id, line_id, account, group_code, reason, cents, posting_date, batch)
    SELECT :before + ROW_NUMBER() OVER (ORDER BY e.id), e.practice_id, '', 0, e.id, e.claim_id, e.line_id,
        CASE WHEN e.kind = 'payment' THEN 'patient_paid' ELSE 'patient_opening' END, NULL, NULL, e.cents,
        :posted, NULL
    FROM patient_entry e WHERE e.practice_id = :practice AND e.entry_date = :entered
        AND NOT EXISTS (SELECT 1 FROM journal_entry j WHERE j.patient_entry_id = e.id)"""


def write_journal(
    connection: Connection, practice: str, dating: Dating, *, through: date | None = None
) -> int:
    """Append what stands in a practice's books and not in its journal.

    Args:
        connection: the write transaction.
        practice: its id.
        dating: by which day payments post.
        through: only what posts up to that day; None for all.

    Returns:
        How many entries were written.
    """
    closed = closed_through(connection, practice, dating.floor)
    before = next_id(connection, JournalEntryRow) - 1
    written = 0
    write = text(_WRITE).bindparams(*(bindparam(name, expanding=True) for name in ("keys", "apart")))
    first = f"{practice}\n"
    given = {"practice": practice, "apart": NOT_POSTED, "end": "\n", "several": "%\n%", "first": first}
    for posted, keys in sorted(_keys_by_day(connection, practice, dating, closed).items()):
        if through is not None and posted > through:
            continue
        for some in chunks(keys, IN_LIST):
            values = {
                "before": before + written,
                "posted": posted,
                "keys": some,
                "width": len(first),
                **given,
            }
            written += connection.execute(write, values).rowcount
    entered = (
        "SELECT DISTINCT entry_date FROM patient_entry WHERE practice_id = :practice ORDER BY entry_date"
    )
    for (told,) in connection.execute(text(entered), {"practice": practice}).all():
        posted = posting_day(day(told) or dating.today, closed)
        if through is not None and posted > through:
            continue
        values = {"before": before + written, "practice": practice, "posted": posted, "entered": told}
        written += connection.execute(text(_WRITE_PATIENTS), values).rowcount
    return written


def _keys_by_day(
    connection: Connection, practice: str, dating: Dating, closed: date | None
) -> Mapping[date, list[str]]:
    """The payments of a practice's books or journal by the day on which a difference of theirs posts now.

    A payment that is in the journal and not in the books any more (a reissue took its place) posts with its last entry,
    else on the first open day.
    """
    found = {
        payment_key: posting_day(last, closed)
        for payment_key, last in _last_days(connection, practice, dating).items()
    }
    for (_, payment_key), told in payment_days(connection, dating, practice).items():
        found[payment_key] = posting_day(told, closed)
    grouped: dict[date, list[str]] = {}
    for payment_key in sorted(found):
        grouped.setdefault(found[payment_key], []).append(payment_key)
    return grouped


def _last_days(connection: Connection, practice: str, dating: Dating) -> dict[str, date]:
    """The last posting day of every payment in a practice's journal, by payment key."""
    query = """SELECT payment_key, MAX(posting_date) FROM journal_entry
        WHERE practice_id = :practice AND payment_key <> '' GROUP BY payment_key"""
    found = connection.execute(text(query), {"practice": practice})
    return {payment_key: day(last) or dating.today for payment_key, last in found}


class Collected(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Cents that came in for a practice on a posting day.

    ``remittance_id`` is None where a patient paid (``by_patient``), and of a payment that is in the books no more.
    ``written``: it stands in the journal; else it would post on that day if it were written now.
    """

    practice_id: str
    remittance_id: int | None
    by_patient: bool
    posting_date: date
    cents: int
    written: bool


_IN_JOURNAL: Final = """SELECT j.practice_id, j.payment_key, r.id, j.posting_date, CAST(SUM(j.cents) AS BIGINT)
    FROM journal_entry j LEFT JOIN remittance r ON r.payment_key = j.payment_key
    WHERE j.account IN ('paid', 'patient_paid') GROUP BY j.practice_id, j.payment_key, r.id, j.posting_date"""
_IN_BOOKS: Final = """SELECT practice_id, remittance_id, CAST(SUM(cents) AS BIGINT) FROM (
        SELECT c.practice_id, p.remittance_id, p.paid AS cents FROM claim_payment p JOIN claim c ON c.id = p.claim_id
        WHERE p.outcome = 'posted' AND c.root NOT IN (SELECT id FROM claim WHERE suspense <> 0)
        UNION ALL
        SELECT c.practice_id, p.remittance_id, x.cents FROM claim o JOIN claim c ON c.root = o.id
        JOIN claim_payment p ON p.claim_id = c.id JOIN posting x ON x.claim_payment_id = p.id
        WHERE o.suspense <> 0 AND x.account = 'paid'
    ) d GROUP BY practice_id, remittance_id"""
"""Cash by practice and payment: CLP04, which is what its postings come to unless a person released the claim."""
_OF_PATIENTS: Final = """SELECT e.practice_id, e.entry_date, CAST(SUM(e.cents) AS BIGINT) FROM patient_entry e
    WHERE e.kind = 'payment' AND NOT EXISTS (SELECT 1 FROM journal_entry j WHERE j.patient_entry_id = e.id)
    GROUP BY e.practice_id, e.entry_date"""


def collected(connection: Connection, dating: Dating) -> Iterator[Collected]:
    """What payers and patients paid, by practice, payment and posting day.

    Args:
        connection: any transaction.
        dating: by which day what is not in the journal yet would post.
    """
    left: dict[tuple[str, int], int] = {
        (practice, number): cents for practice, number, cents in connection.execute(text(_IN_BOOKS))
    }
    gone: dict[str, dict[str, int]] = {}
    for practice, payment_key, number, posted, cents in connection.execute(text(_IN_JOURNAL)):
        yield Collected(
            practice_id=practice,
            remittance_id=number,
            by_patient=not payment_key,
            posting_date=day(posted) or dating.today,
            cents=cents,
            written=True,
        )
        if number is not None:
            left[practice, number] = left.get((practice, number), 0) - cents
        elif payment_key:
            told = gone.setdefault(practice, {})
            told[payment_key] = told.get(payment_key, 0) - cents
    days = {number: told for (number, _), told in payment_days(connection, dating).items()}
    patients = connection.execute(text(_OF_PATIENTS)).all()
    closed = {
        practice: closed_through(connection, practice, dating.floor)
        for practice in {practice for practice, *_ in (*left, *patients)} | gone.keys()
    }
    for (practice, number), cents in sorted(left.items()):
        if cents:
            posted = posting_day(days[number], closed[practice])
            yield _unwritten(practice, posted, cents, remittance_id=number)
    for practice, told in sorted(gone.items()):
        last = _last_days(connection, practice, dating)
        for payment_key, cents in sorted(told.items()):
            if cents:
                yield _unwritten(practice, posting_day(last[payment_key], closed[practice]), cents)
    for practice, entered, cents in patients:
        posted = posting_day(day(entered) or dating.today, closed[practice])
        yield _unwritten(practice, posted, cents, by_patient=True)


def _unwritten(
    practice: str, posted: date, cents: int, *, remittance_id: int | None = None, by_patient: bool = False
) -> Collected:
    """Cents that are not in the journal yet."""
    return Collected(
        practice_id=practice,
        remittance_id=remittance_id,
        by_patient=by_patient,
        posting_date=posted,
        cents=cents,
        written=False,
    )
