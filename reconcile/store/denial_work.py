"""The worklist out of the store: denials, what people did with them (the event log), and what went out since.

Nothing of an item's state is stored. An event names its item by what it is about (``reconcile.worklist.work_id``), so
the log means the same in a store that was built anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Date, func, or_, select, text

from edi.model.balance import REVERSAL
from reconcile.store.bulk import IN_LIST, chunks, day, table_of
from reconcile.store.denial_listing import DenialListing, denials
from reconcile.store.events import record_events
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, FILE, POSTING
from reconcile.store.report_rows.acknowledged import rejected_last
from reconcile.store.report_rows.answers import posted_answers
from reconcile.store.report_rows.denials import standing_then
from reconcile.store.report_rows.scope import Scope, paid_on
from reconcile.store.schema import ResubmissionRow
from reconcile.values import Again, DenialStatus
from reconcile.worklist import Answer, Deed, Verb, Work, work_of

KIND: Final = "denial"
"""The kind of an event about an item of work."""
_SUBJECT: Final = "denial:"
_AGAIN = table_of(ResubmissionRow)


class DenialWork(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An item of the worklist: the denial that stands (else the last one), where the work stands, what was done.

    ``denied`` counts the payer's denials of it.
    """

    denial: DenialListing
    work: Work
    deeds: tuple[Deed, ...] = ()
    denied: int = 1


def denial_work(
    connection: Connection,
    *,
    everything: bool = False,
    roots: Collection[int] | None = None,
    as_of: date | None = None,
) -> list[DenialWork]:
    """The items of the worklist, in no order.

    Args:
        connection: any transaction.
        everything: those too that money has settled.
        roots: only those of these chains; None for all.
        as_of: as they stood at the end of that day: what a payer answered or took back, and what a person did, after
            it does not count; None for all that is stored.
    """
    deeds = deeds_by_item(connection, as_of)
    again = _sent_again(connection, as_of)
    found: dict[str, list[DenialListing]] = {}
    items: dict[str, DenialWork] = {}
    for one in _denials(connection, open_only=not everything, roots=roots, as_of=as_of):
        name = one.work
        if one.status != DenialStatus.OPEN or name in deeds or name in items or one.claim_root in again:
            found.setdefault(name, []).append(one)
        else:  # nine in ten: it stands, and nothing was done about it
            items[name] = DenialWork(denial=one, work=_untouched(one.remitted_on))
    for name, rows in found.items():
        if name in items:
            rows.append(items.pop(name).denial)
    worked = {rows[0].claim_root for name, rows in found.items() if name in deeds}
    if worked and not everything:
        for one in _denials(connection, open_only=False, roots=worked, as_of=as_of):
            if one.work in found and one.status != DenialStatus.OPEN:
                found[one.work].append(one)
    back = _taken_back(connection, worked, as_of) if worked else {}
    touched = [_item(rows, deeds.get(name, ()), back, again) for name, rows in found.items()]
    return [*items.values(), *touched]


def _denials(
    connection: Connection, *, open_only: bool, roots: Collection[int] | None, as_of: date | None
) -> Iterator[DenialListing]:
    """The denials, each as it stood at the end of a day; arguments as of ``denial_work``."""
    if as_of is None:
        yield from denials(connection, open_only=open_only, roots=roots)
        return
    stood = standing_then(connection, as_of)
    for one in denials(connection, roots=roots):
        if one.remitted_on is not None and one.remitted_on > as_of:
            continue
        status = stood.get(one.denial_id, one.status)
        if status != one.status:
            one = msgspec.structs.replace(one, status=status, recovered=0)
        if not open_only or one.status == DenialStatus.OPEN:
            yield one


@lru_cache(maxsize=4096)
def _untouched(remitted_on: date | None) -> Work:
    """Where an item stands that was denied on that day, once, and that nobody touched."""
    return work_of([Answer(remitted_on, DenialStatus.OPEN)])


def _item(
    rows: Sequence[DenialListing],
    deeds: Sequence[Deed],
    back: dict[tuple[int, int | None], set[date]],
    again: dict[int, list[tuple[int, str]]],
) -> DenialWork:
    """One item out of its denials."""
    shown = rows[0] if len(rows) == 1 else max(rows, key=_latest)
    later = again.get(shown.claim_root, ())
    return DenialWork(
        denial=shown,
        work=work_of(
            [Answer(one.remitted_on, one.status) for one in rows],
            deeds,
            back.get((shown.claim_root, shown.line_id), ()),
            sent_again=any(claim > shown.answered and payer == shown.claim_payer for claim, payer in later),
            denied=shown.amount,
        ),
        deeds=tuple(deeds),
        denied=len(rows),
    )


def _latest(one: DenialListing) -> tuple[bool, date, str, str]:
    """What stands before what does not, the last remittance before others."""
    return (
        one.status == DenialStatus.OPEN,
        one.remitted_on or date.min,
        one.trace_number,
        one.denial_id,
    )


def deeds_by_item(connection: Connection, as_of: date | None = None) -> dict[str, list[Deed]]:
    """What people did, by item, in the order of the log; only up to a day, if one is named."""
    found: dict[str, list[Deed]] = {}
    query = text("SELECT id, subject, actor, data FROM event WHERE kind = :kind ORDER BY id")
    for number, subject, actor, data in connection.execute(query, {"kind": KIND}).cursor.fetchall():
        deed = msgspec.structs.replace(_DEEDS.decode(data), number=number, actor=actor)
        if as_of is None or deed.on <= as_of:
            found.setdefault(subject.removeprefix(_SUBJECT), []).append(deed)
    return found


_DEEDS: Final = msgspec.json.Decoder(Deed)


def record_deeds(connection: Connection, deeds: Iterable[tuple[str, Deed]], *, at: datetime) -> None:
    """Append to the log what a person did with items, all by one actor.

    Args:
        connection: a write transaction.
        deeds: the item's name and the deed; ``number`` is given by the log.
        at: UTC without zone.
    """
    done = list(deeds)
    if not done:
        return
    entries = [(f"{_SUBJECT}{name}", _data(deed)) for name, deed in done]
    record_events(connection, kind=KIND, entries=entries, at=at, actor=done[0][1].actor)


def _data(deed: Deed) -> dict[str, Any]:
    """A deed as the log keeps it: what is empty is left out; no owner and no day take those away."""
    data: dict[str, Any] = msgspec.to_builtins(deed)
    del data["actor"], data["number"]
    kept = "cents" if deed.verb is Verb.WRITE_OFF else ""
    return {name: value for name, value in data.items() if value not in ("", 0, None) or name == kept}


def written_off(connection: Connection, on: date | None = None) -> dict[int, int]:
    """Cents that people wrote off and that no money has come for since, by the first submission's id.

    Never more than the books hold as denied, by that day: what a payer wrote off itself, or another payer's answer
    settled, is not written off twice.

    Args:
        connection: any transaction.
        on: only what was written off by that day; None for all.
    """
    deeds = (deed for done in deeds_by_item(connection, on).values() for deed in done)
    if not any(deed.verb is Verb.WRITE_OFF for deed in deeds):
        return {}
    found: dict[int, int] = {}
    for one in denial_work(connection, as_of=on):
        if one.work.written_off and (on is None or one.work.since is None or one.work.since <= on):
            root = one.denial.claim_root
            found[root] = found.get(root, 0) + one.work.written_off
    denied = _denied(connection, found, on)
    return {root: min(cents, denied[root]) for root, cents in found.items() if denied.get(root, 0) > 0}


def _denied(connection: Connection, roots: Iterable[int], on: date | None) -> dict[int, int]:
    """Cents that the books hold as denied on chains, or held at the end of a day."""
    denied: dict[int, int] = {}
    for some in chunks(sorted(roots), IN_LIST):
        query = select(CLAIM.c.id, CLAIM.c.denied).where(CLAIM.c.id.in_(some))
        denied.update((root, int(cents)) for root, cents in connection.execute(query))
        if on is None:
            continue
        later = posted_answers(Scope(today=on)).join(
            POSTING, POSTING.c.claim_payment_id == CLAIM_PAYMENT.c.id
        )
        later = later.where(CLAIM.c.root.in_(some), POSTING.c.account == "denied", paid_on() > on)
        sums = later.add_columns(CLAIM.c.root, func.sum(POSTING.c.cents)).group_by(CLAIM.c.root)
        for root, cents in connection.execute(sums):
            denied[root] -= int(cents)
    return denied


def _sent_again(connection: Connection, as_of: date | None) -> dict[int, list[tuple[int, str]]]:
    """By chain the submissions that went out in the place of others and have no answer: id and payer.

    As of a day those that had gone out by its end, and had neither answer nor rejection by then.
    """
    query = (
        select(CLAIM.c.root, CLAIM.c.id, CLAIM.c.payer_key)
        .join(_AGAIN, _AGAIN.c.claim_id == CLAIM.c.id)
        .where(_AGAIN.c.kind != Again.SECONDARY.value)
    )
    if as_of is None:
        query = query.where(CLAIM.c.adjudications == 0, CLAIM.c.status != "rejected")
    else:
        scope = Scope(today=as_of, as_of=as_of)
        answered = posted_answers(scope).add_columns(CLAIM_PAYMENT.c.claim_id)
        gone = func.date(FILE.c.first_seen, type_=Date)
        query = query.outerjoin(FILE, FILE.c.sha256 == CLAIM.c.file_sha256).where(
            or_(gone.is_(None), gone <= as_of),
            CLAIM.c.id.not_in(answered.correlate(None)),
            ~rejected_last(CLAIM, scope),
        )
    found: dict[int, list[tuple[int, str]]] = {}
    for root, claim, payer in connection.execute(query):
        found.setdefault(root, []).append((claim, payer))
    return found


def _taken_back(
    connection: Connection, roots: Collection[int], as_of: date | None
) -> dict[tuple[int, int | None], set[date]]:
    """By chain and service the days on which a payer took an answer back, up to a day if one is named."""
    found: dict[tuple[int, int | None], set[date]] = {}
    for some in chunks(sorted(roots), IN_LIST):
        query = text(
            "SELECT DISTINCT c.root, x.line_id, r.payment_date, r.production_date FROM claim c"  # noqa: S608 (ids)
            " JOIN claim_payment p ON p.claim_id = c.id JOIN remittance r ON r.id = p.remittance_id"
            " JOIN posting x ON x.claim_payment_id = p.id"
            f" WHERE p.status = :status AND c.root IN ({', '.join(map(str, some))})"
        )
        rows = connection.execute(query, {"status": REVERSAL}).cursor.fetchall()
        for root, line, paid, made in rows:
            when = day(paid or made)
            if when is not None and (as_of is None or when <= as_of):
                found.setdefault((root, line), set()).add(when)
    return found
