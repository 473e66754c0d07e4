"""Every file that went out, or waits to: how far it is, since when, and what became of its claims. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, and_, case, func, or_, select, union_all

from reconcile.store.arrivals import ARRIVED
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.claim_status.tying import BY_NUMBER, BY_PAYER_NUMBER, BY_TRACE, OF_SET
from reconcile.store.eligibility import UNTIED
from reconcile.store.files import OUTGOING, PLACED, SENDING, SENT
from reconcile.store.rejections import count_rejected_by_file
from reconcile.store.schema import (
    AcknowledgmentRow,
    ClaimPaymentRow,
    ClaimRow,
    EligibilityAnswerRow,
    EligibilityInquiryRow,
    EventRow,
    FileRow,
    FileTransactionRow,
    RemittanceRow,
    StatusAnswerRow,
    StatusInquiryRow,
)
from reconcile.store.sources import SUBMITTED
from reconcile.store.submissions import REJECTION

_CLAIM = table_of(ClaimRow)
_FILE = table_of(FileRow)
_SET = table_of(FileTransactionRow)
_EVENT = table_of(EventRow)
_ACKNOWLEDGMENT = table_of(AcknowledgmentRow)
_PAYMENT = table_of(ClaimPaymentRow)
_REMITTANCE = table_of(RemittanceRow)
_INQUIRY = table_of(EligibilityInquiryRow)
_STATUS = table_of(StatusInquiryRow)
_CONFIRMED = table_of(EligibilityAnswerRow)
_TOLD = table_of(StatusAnswerRow)

PLANNED, WRITTEN, UPLOADING, IN_DOUBT, UPLOADED = "planned", "written", "uploading", "in_doubt", "uploaded"
ACKNOWLEDGED, ANSWERED, REJECTED, ADJUDICATED = "acknowledged", "answered", "rejected", "adjudicated"
STATES: Final = (
    PLANNED,
    WRITTEN,
    UPLOADING,
    IN_DOUBT,
    UPLOADED,
    ACKNOWLEDGED,
    ANSWERED,
    REJECTED,
    ADJUDICATED,
)
"""In the order in which a file goes through them.

``planned``: whole in the vault, and not yet in its folder. ``uploaded``: the far side was seen to hold all of it.
``acknowledged``: a TA1 or 999 came. ``answered``: every claim is accepted or rejected, or every inquiry of a 270 or 276
has its answer. ``rejected``: all of them are rejected; of a file of inquiries, a TA1 or 999 rejects something.
``adjudicated``: every claim was answered by a payer, or rejected, not all of them that. ``in_doubt``: cut off while it
got its name there.
"""
_STEPS: Final = (UPLOADING, SENDING, SENT, ARRIVED)
_OF_FILE: Final = ("TA1", "999", "997")
_INQUIRIES: Final = ("270", "276")
_REFUSES_NONE: Final = '"refused":[]'
"""What most records (`_Files`) have; they need not be read for the files that are refused."""
_GOING: Final = {PLACED: WRITTEN, UPLOADING: UPLOADING, SENDING: IN_DOUBT}


class OutgoingFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of ours and how far it is; times are UTC but ``written_at``, which is local.

    Attributes:
        state: one of ``STATES``.
        far_size: bytes that the far side was seen to hold; None while it was not, or was told by an acknowledgment.
        accepted, rejected, adjudicated: claims by the deepest answer to them; ``waiting`` has the others.
        to_correct: rejected claims that nobody sent again yet; of a rejected file of inquiries these, until a later one
            of its kind goes to the partner.
        charge: cents.
    """

    name: str
    kind: str
    partner: str
    state: str
    size: int
    sha256: str
    far_size: int | None
    claims: int
    accepted: int
    rejected: int
    adjudicated: int
    waiting: int
    to_correct: int
    charge: int
    written_at: datetime
    uploading_at: datetime | None
    uploaded_at: datetime | None
    acknowledged_at: datetime | None
    answered_at: datetime | None
    paid_at: datetime | None

    @property
    def is_done(self) -> bool:
        """Whether nobody has to look at it: all in it is answered, and of rejected claims all went again."""
        if not self.claims:
            return self.state == ANSWERED or (self.state == REJECTED and not self.to_correct)
        return self.state in (REJECTED, ADJUDICATED) and not self.to_correct


def outgoing(connection: Connection) -> Iterator[OutgoingFile]:
    """Yield the files that went out or wait to, newest first.

    Args:
        connection: any transaction.
    """
    counts = {row.file_sha256: row for row in connection.execute(_counts())}
    asked = _asked(connection)
    steps, open_rejections = _steps(connection), count_rejected_by_file(connection)
    (told, refused), answered, paid = _acknowledged(connection), _answered(connection), _paid(connection)
    replied = _replied(connection)
    unasked = _Unasked(asked, refused, replied)
    query = select(_FILE).where(_FILE.c.direction == OUTGOING, _FILE.c.kind.in_((SUBMITTED, *_INQUIRIES)))
    for row in connection.execute(query.order_by(_FILE.c.first_seen.desc(), _FILE.c.name)):
        claims, step = counts.get(row.sha256), steps.get(row.sha256, {})
        seen = step.get(SENT)
        total = claims.claims if claims is not None else 0
        done = [int(getattr(claims, name)) if claims is not None else 0 for name in _DEPTHS]
        partner, _ = asked.get(row.sha256, ("", 0))
        to_ask = unasked.of(row.sha256, row.kind)
        yield OutgoingFile(
            name=row.name,
            kind=row.kind,
            partner=claims.partner if claims is not None else partner,
            state=_state(
                row.outcome,
                total,
                done,
                acknowledged=row.sha256 in told,
                replied=row.sha256 in replied,
                refused=row.sha256 in refused,
            ),
            size=row.size,
            sha256=row.sha256,
            far_size=row.size if seen is not None and row.outcome == SENT else None,
            claims=total,
            accepted=done[0],
            rejected=done[1],
            adjudicated=done[2],
            waiting=total - sum(done),
            to_correct=open_rejections.get(row.sha256, 0) or to_ask,
            charge=int(claims.charge) if claims is not None else 0,
            written_at=row.first_seen,
            uploading_at=step.get(UPLOADING),
            uploaded_at=seen or step.get(ARRIVED),
            acknowledged_at=told.get(row.sha256),
            answered_at=answered.get(row.sha256) or replied.get(row.sha256),
            paid_at=paid.get(row.sha256),
        )


class RefusedInquiries(msgspec.Struct, frozen=True, kw_only=True):
    """A file of inquiries that is rejected and was not asked again; ``kind`` is 270 or 276, ``refused_at`` UTC."""

    sha256: str
    name: str
    kind: str
    partner: str
    inquiries: int
    refused_at: datetime


def refused_inquiries(connection: Connection) -> list[RefusedInquiries]:
    """The files of inquiries that ``outgoing`` has as rejected and not done, newest first; no claim is read.

    Args:
        connection: any transaction.
    """
    told, refused = _acknowledged(connection, only_refused=True)
    if not refused:
        return []
    asked, replied = _asked(connection), _replied(connection)
    unasked = _Unasked(asked, refused, replied)
    query = select(_FILE).where(_FILE.c.direction == OUTGOING, _FILE.c.kind.in_(_INQUIRIES))
    found: list[RefusedInquiries] = []
    for row in connection.execute(query.order_by(_FILE.c.first_seen.desc(), _FILE.c.name)):
        inquiries = unasked.of(row.sha256, row.kind)
        if inquiries and row.outcome == SENT:
            found.append(
                RefusedInquiries(
                    sha256=row.sha256,
                    name=row.name,
                    kind=row.kind,
                    partner=asked[row.sha256][0],
                    inquiries=inquiries,
                    refused_at=told[row.sha256],
                )
            )
    return found


class _Unasked:
    """Of files of inquiries, told newest first: how many inquiries are rejected and to be asked again."""

    def __init__(
        self, asked: Mapping[str, tuple[str, int]], refused: Collection[str], replied: Collection[str]
    ) -> None:
        self._asked = asked
        self._refused = refused
        self._replied = replied
        self._later: set[tuple[str, str]] = set()

    def of(self, sha256: str, kind: str) -> int:
        """Of the next file; 0 when none is rejected, all are answered, or a later file of its kind went there."""
        partner, inquiries = self._asked.get(sha256, ("", 0))
        asked_later = (kind, partner) in self._later
        self._later.add((kind, partner))
        return 0 if asked_later or sha256 not in self._refused or sha256 in self._replied else inquiries


def _asked(connection: Connection) -> dict[str, tuple[str, int]]:
    """Partner and number of inquiries of each file of inquiries, by its digest."""
    found: dict[str, tuple[str, int]] = {}
    for table in (_INQUIRY, _STATUS):
        query = select(table.c.file_sha256, func.min(table.c.partner), func.count())
        for sha256, partner, count in connection.execute(query.group_by(table.c.file_sha256)):
            found[sha256] = (partner, count)
    return found


def practices_in(connection: Connection, digests: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The ids of the practices in each of these outgoing files, by digest.

    Args:
        connection: any transaction.
        digests: SHA-256 of the files.
    """
    found: dict[str, set[str]] = {}
    for some in chunks(sorted(digests), IN_LIST):
        for table in (_CLAIM, _INQUIRY, _STATUS):
            query = select(table.c.file_sha256, table.c.practice_id).where(table.c.file_sha256.in_(some))
            for sha256, practice in connection.execute(query.distinct()):
                found.setdefault(sha256, set()).add(practice)
    return {sha256: tuple(sorted(practices)) for sha256, practices in found.items()}


_DEPTHS: Final = ("accepted", "rejected", "adjudicated")


def _counts() -> Any:
    """Claims of each file by the deepest answer to them."""
    adjudicated, said = _CLAIM.c.adjudications > 0, _CLAIM.c.acknowledged
    depth = case(
        (adjudicated, "adjudicated"),
        (said.contains(REJECTION), "rejected"),
        (said.startswith("277CA"), "accepted"),
        else_="waiting",
    )
    return (
        select(
            _CLAIM.c.file_sha256,
            func.min(_CLAIM.c.partner).label("partner"),
            func.count().label("claims"),
            func.sum(_CLAIM.c.charge).label("charge"),
            *(func.sum(case((depth == name, 1), else_=0)).label(name) for name in _DEPTHS),
        )
        .where(_CLAIM.c.file_sha256 != "")
        .group_by(_CLAIM.c.file_sha256)
    )


def _state(
    outcome: str, claims: int, done: list[int], *, acknowledged: bool, replied: bool, refused: bool
) -> str:
    """How far a file is: by its delivery, then by the answers to its claims."""
    accepted, rejected, adjudicated = done
    if outcome != SENT:
        return _GOING.get(outcome, PLANNED)
    if claims and rejected == claims:
        return REJECTED
    if claims and adjudicated + rejected == claims:
        return ADJUDICATED
    if replied or (claims and accepted + rejected + adjudicated == claims):
        return ANSWERED
    if refused:
        return REJECTED
    return ACKNOWLEDGED if acknowledged or any(done) else UPLOADED


def _steps(connection: Connection) -> dict[str, dict[str, datetime]]:
    """When each file took its steps last, by digest and kind of event."""
    found: dict[str, dict[str, datetime]] = {}
    query = select(_EVENT.c.subject, _EVENT.c.kind, _EVENT.c.at).where(_EVENT.c.kind.in_(_STEPS))
    for subject, kind, at in connection.execute(query.order_by(_EVENT.c.id)):
        found.setdefault(subject.removeprefix("file:"), {})[kind] = at
    return found


class _Files(msgspec.Struct):
    """Of the record of a set of acknowledgments: the files that it answers, and those of inquiries that it rejects."""

    files: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def _acknowledged(
    connection: Connection, *, only_refused: bool = False
) -> tuple[dict[str, datetime], set[str]]:
    """When the first TA1 or 999 of each file was taken in; the files of inquiries of which one rejects something.

    ``only_refused`` reads those TA1 and 999 alone that reject inquiries.
    """
    found: dict[str, datetime] = {}
    refused: set[str] = set()
    query = (
        select(_SET.c.record, _FILE.c.first_seen)
        .join(_FILE, _FILE.c.sha256 == _SET.c.file_sha256)
        .where(_SET.c.kind.in_(_OF_FILE), _SET.c.record != "")
        .order_by(_FILE.c.first_seen)
    )
    if only_refused:
        query = query.where(~_SET.c.record.contains(_REFUSES_NONE, autoescape=True))
    for record, at in connection.execute(query):
        said = msgspec.json.decode(record, type=_Files)
        refused.update(said.refused)
        for sha256 in said.files:
            found.setdefault(sha256, at)
    return found, refused


def _answered(connection: Connection) -> dict[str, datetime]:
    """When the last 277CA about claims of each file was taken in."""
    came = select(_ACKNOWLEDGMENT.c.answered_file.label("file_sha256"), _FILE.c.first_seen).join(
        _FILE, _FILE.c.sha256 == _ACKNOWLEDGMENT.c.file_sha256
    )
    of_claims = select(_CLAIM.c.file_sha256, _FILE.c.first_seen).select_from(
        _ACKNOWLEDGMENT.join(_CLAIM, _CLAIM.c.id == _ACKNOWLEDGMENT.c.claim_id).join(
            _FILE, _FILE.c.sha256 == _ACKNOWLEDGMENT.c.file_sha256
        )
    )
    told = union_all(*(one.where(_ACKNOWLEDGMENT.c.kind == "277CA") for one in (came, of_claims))).subquery()
    query = select(told.c.file_sha256, func.max(told.c.first_seen).label("last")).group_by(told.c.file_sha256)
    return {row.file_sha256: row.last for row in connection.execute(query)}


def _replied(connection: Connection) -> dict[str, datetime]:
    """When the last 271 or 277 about each file of inquiries was taken in, of those that have all their answers."""
    by_number = and_(
        _TOLD.c.tied.in_((BY_NUMBER, BY_PAYER_NUMBER)),
        _TOLD.c.claim_id == _STATUS.c.claim_id,
        or_(_TOLD.c.answered_on.is_(None), _TOLD.c.answered_on >= _STATUS.c.asked_on),
    )
    by_trace = and_(_TOLD.c.tied == BY_TRACE, _TOLD.c.trace_number == _STATUS.c.trace_number)
    of_set = and_(_TOLD.c.tied == OF_SET, _TOLD.c.trace_number == _STATUS.c.set_reference)
    confirmed = and_(_CONFIRMED.c.tied != UNTIED, _CONFIRMED.c.trace_number == _INQUIRY.c.trace_number)
    found: dict[str, datetime] = {}
    for asked, told, ties in (
        (_INQUIRY, _CONFIRMED, (confirmed,)),
        (_STATUS, _TOLD, (by_trace, of_set, by_number)),
    ):
        replies: list[Select[Any]] = [
            select(asked.c.file_sha256, asked.c.trace_number, _FILE.c.first_seen)
            .join(told, tie)
            .join(_FILE, _FILE.c.sha256 == told.c.file_sha256)
            for tie in ties
        ]
        rows = union_all(*replies).subquery()
        last = func.max(rows.c.first_seen)
        query = select(rows.c.file_sha256, func.count(rows.c.trace_number.distinct()), last)
        asking = select(asked.c.file_sha256, func.count()).group_by(asked.c.file_sha256)
        wanted = {tuple(row) for row in connection.execute(asking)}
        answered = connection.execute(query.group_by(rows.c.file_sha256))
        found |= {sha256: at for sha256, count, at in answered if (sha256, count) in wanted}
    return found


def _paid(connection: Connection) -> dict[str, datetime]:
    """When the last remittance about claims of each file was taken in."""
    query = (
        select(_CLAIM.c.file_sha256, func.max(_FILE.c.first_seen).label("last"))
        .join(_PAYMENT, _PAYMENT.c.claim_id == _CLAIM.c.id)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .join(_FILE, _FILE.c.sha256 == _REMITTANCE.c.file_sha256)
        .where(_PAYMENT.c.outcome == "posted")
        .group_by(_CLAIM.c.file_sha256)
    )
    return {row.file_sha256: row.last for row in connection.execute(query)}
