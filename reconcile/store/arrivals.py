"""Files whose delivery nobody could vouch for, until an acknowledgment showed that they had arrived; what was fetched.

A TA1 or 999 names the file by its control numbers. A 277CA names claims: it speaks for a file only where all that was
ever sent of the claim went in that file, for it might be the late answer to an earlier submission.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, select

from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.events import events, record_event
from reconcile.store.files import OUTGOING, PLACED, SENDING, SENT, move_file
from reconcile.store.schema import ClaimRow, EventRow, FileRow

ARRIVED: Final = "arrived"
"""Kind of the event."""
FETCHED: Final = "fetched"
"""Kind of the event of a file that stayed where it was fetched from."""
_CLAIM = table_of(ClaimRow)
_FILE = table_of(FileRow)
_EVENT = table_of(EventRow)


def note_arrivals(
    connection: Connection, *, by_file: Collection[int], by_number: Collection[int], kind: str, at: datetime
) -> tuple[str, ...]:
    """Count files as sent whose acknowledgment is here, each with an event.

    Args:
        connection: the transaction that stores the acknowledgments.
        by_file: ids of claims that were answered through the control numbers of their file (TA1, 999).
        by_number: ids of claims that were answered by their own number (277CA).
        kind: of the acknowledgments, for the event.
        at: UTC without zone.

    Returns:
        The digests of the files that were in doubt, or were to be sent again, and have arrived.
    """
    found = {**_doubtful(connection, by_file, alone=False), **_doubtful(connection, by_number, alone=True)}
    arrived = []
    for sha256, (name, partner, outcome) in sorted(found.items()):
        if outcome == PLACED and not _was_sending(connection, sha256):
            continue
        if move_file(connection, sha256, before=outcome, outcome=SENT):
            data = {"partner": partner, "name": name, "by": kind}
            record_event(connection, kind=ARRIVED, subject=f"file:{sha256}", data=data, at=at)
            arrived.append(sha256)
    return tuple(arrived)


def _doubtful(
    connection: Connection, claims: Iterable[int], *, alone: bool
) -> dict[str, tuple[str, str, str]]:
    """Name, partner and outcome, by digest, of the files not known as sent that carried any of the claims."""
    query = (
        select(_FILE.c.sha256, _FILE.c.name, _CLAIM.c.partner, _FILE.c.outcome)
        .join(_FILE, _FILE.c.sha256 == _CLAIM.c.file_sha256)
        .where(_FILE.c.outcome.in_((SENDING, PLACED)))
        .distinct()
    )
    if alone:
        other = _CLAIM.alias()
        elsewhere = and_(other.c.root == _CLAIM.c.root, other.c.file_sha256 != _CLAIM.c.file_sha256)
        query = query.where(~select(other.c.id).where(elsewhere).exists())
    found: dict[str, tuple[str, str, str]] = {}
    for some in chunks(sorted(claims), IN_LIST):
        for sha256, name, partner, outcome in connection.execute(query.where(_CLAIM.c.id.in_(some))):
            found[sha256] = (name, partner, outcome)
    return found


def _was_sending(connection: Connection, sha256: str) -> bool:
    """Whether the file got its name at the far side once, before a person had it sent again."""
    query = select(_EVENT.c.id).where(_EVENT.c.subject == f"file:{sha256}", _EVENT.c.kind == SENDING).limit(1)
    return connection.execute(query).first() is not None


class InquiryFile(NamedTuple):
    """A file of inquiries: digest, name, transaction set (270, 276), outcome; partner, where it was sending."""

    sha256: str
    name: str
    kind: str
    outcome: str
    partner: str = ""


_MOST_INQUIRY_FILES: Final = 200
_INQUIRY_FILES: Final = (
    select(_FILE.c.sha256, _FILE.c.name, _FILE.c.kind, _FILE.c.outcome)
    .where(_FILE.c.direction == OUTGOING, _FILE.c.kind.in_(("270", "276")))
    .order_by(_FILE.c.first_seen.desc(), _FILE.c.sha256)
)


def inquiry_files(connection: Connection) -> list[InquiryFile]:
    """The last files of inquiries, newest first; so many of them that older ones are asked anew by now."""
    return [InquiryFile(*row) for row in connection.execute(_INQUIRY_FILES.limit(_MOST_INQUIRY_FILES))]


def doubtful_inquiries(connection: Connection) -> list[InquiryFile]:
    """The files without claims that got their name at the far side once and are not known as sent."""
    found = []
    for row in connection.execute(_INQUIRY_FILES.where(_FILE.c.outcome.in_((SENDING, PLACED)))).all():
        file = InquiryFile(*row)
        partners = [
            str(one.data.get("partner", ""))
            for one in events(connection, f"file:{file.sha256}")
            if one.kind == SENDING
        ]
        if partners:
            found.append(file._replace(partner=partners[-1]))
    return found


def note_inquiry_arrived(connection: Connection, file: InquiryFile, *, kind: str, at: datetime) -> None:
    """Count a file of inquiries as sent whose acknowledgment is here; arguments as for `note_arrivals`."""
    if move_file(connection, file.sha256, before=file.outcome, outcome=SENT):
        data = {"partner": file.partner, "name": file.name, "by": kind}
        record_event(connection, kind=ARRIVED, subject=f"file:{file.sha256}", data=data, at=at)


class KeptThere(NamedTuple):
    """A file as a partner lists it: name, bytes, and seconds since 1970 at which it was changed."""

    name: str
    size: int
    modified: int


def kept_there(connection: Connection, partner: str) -> frozenset[KeptThere]:
    """The files that were fetched from a partner and stayed there."""
    return frozenset(
        KeptThere(one.data["name"], one.data["size"], one.data["modified"])
        for one in events(connection, f"{FETCHED}:{partner}")
    )


def note_kept_there(
    connection: Connection, partner: str, file: KeptThere, *, sha256: str, at: datetime
) -> None:
    """Note that a file was fetched and stayed there.

    Args:
        connection: a write transaction.
        partner: id of the trading partner.
        file: as it was listed.
        sha256: of what was fetched.
        at: UTC without zone.
    """
    data = {**file._asdict(), "sha256": sha256}
    record_event(connection, kind=FETCHED, subject=f"{FETCHED}:{partner}", data=data, at=at)
