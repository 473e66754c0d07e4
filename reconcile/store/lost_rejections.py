"""Rejections that tie to nothing here: a 999, TA1 or 277CA of a claim or file that the store does not have. Only reads.

One leaves when an import ties it, or thirty days after it came: somebody else's cannot be told from one of ours that
was never taken in, and nobody can dismiss it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, false, literal_column, select

from edi.model.acknowledgment import AcknowledgmentLevel
from reconcile.store.answered import CLAIMS_ANSWER
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.schema import AcknowledgmentRow, FileRow, FileTransactionRow

DAYS: Final = 30
"""How long one is work."""
_WHOLE: Final = (AcknowledgmentLevel.TRANSACTION.value, AcknowledgmentLevel.PROVIDER.value)
_KINDS: Final = ("999", "997", "TA1", CLAIMS_ANSWER)
_SUBMISSION: Final = "submission"
_OF_INQUIRIES: Final = "ACK008"
_SAID = table_of(AcknowledgmentRow)
_FILE = table_of(FileRow)
_SET = table_of(FileTransactionRow)


class LostRejection(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected group, interchange, submission or claim that is not here; ``what`` names it.

    ``claim`` is the patient control number of a claim, "" of the others. ``came_on`` is the day (UTC) of its file. A
    key names a claim; of the rest, whose numbers begin at 1 with every partner, the set of acknowledgments too.
    """

    key: str
    kind: str
    what: str
    claim: str
    code: str
    charge: int | None
    said_on: date | None
    came_on: date


class _Finding(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Record(msgspec.Struct):
    """Of the record of a set: the files of inquiries that it rejects, and what it could not tie."""

    refused: tuple[str, ...] = ()
    untied: tuple[_Finding, ...] = ()


def lost_rejections(connection: Connection, now: datetime) -> list[LostRejection]:
    """What was rejected and is not here, one for each group, interchange, submission or claim, the newest first.

    Args:
        connection: any transaction.
        now: UTC without zone; what came more than ``DAYS`` before is left out.
    """
    rows = connection.execute(_rows(now)).all()
    records = _records(connection, {row.file_sha256 for row in rows})
    found: dict[str, LostRejection] = {}
    for row in rows:
        what, claim = _named(row)
        if not what or not _is_lost(records.get(row.set_digest, _Record()), what):
            continue
        of = "" if claim else f"/{row.set_digest[:16]}"
        key = f"lost:{row.kind}/{what}{of}"
        found.setdefault(
            key,
            LostRejection(
                key=key,
                kind=row.kind,
                what=what,
                claim=claim,
                code=row.code,
                charge=row.charge,
                said_on=row.stated_on,
                came_on=row.first_seen.date(),
            ),
        )
    return list(found.values())


def _rows(now: datetime) -> Any:
    """Rejections of late that found no claim; the zero is text, so that the partial index serves."""
    return (
        select(_SAID, _FILE.c.first_seen)
        .join(_FILE, _FILE.c.sha256 == _SAID.c.file_sha256)
        .where(
            _SAID.c.claims == literal_column("0"),
            _SAID.c.accepted == false(),
            _SAID.c.kind.in_(_KINDS),
            _FILE.c.first_seen >= now - timedelta(days=DAYS),
        )
        .order_by(_FILE.c.first_seen.desc(), _SAID.c.set_digest, _SAID.c.ordinal)
    )


def _named(row: Any) -> tuple[str, str]:
    """What a row is about, and its patient control number; as `acknowledgment_ties` names it in ACK007."""
    if row.kind == CLAIMS_ANSWER:
        if row.patient_control_number:
            return f"claim {row.patient_control_number}", row.patient_control_number
        return (_SUBMISSION if row.level in _WHOLE else ""), ""
    if row.group_control_number:
        return f"group {row.group_control_number}", ""
    number = row.interchange_control_number
    return (f"interchange {number}" if number else ""), ""


def _records(connection: Connection, files: Collection[str]) -> dict[str, _Record]:
    """What was noted of the sets of acknowledgments in files, by their digests."""
    found: dict[str, _Record] = {}
    query = select(_SET.c.content_digest, _SET.c.record).where(_SET.c.kind.in_(_KINDS), _SET.c.record != "")
    for some in chunks(sorted(files), IN_LIST):
        for digest, record in connection.execute(query.where(_SET.c.file_sha256.in_(some))):
            found[digest] = msgspec.json.decode(record, type=_Record)
    return found


def _is_lost(record: _Record, what: str) -> bool:
    """Whether a rejection without claims is none of inquiries, and a 277CA of no claim names what it is about.

    The columns of a row tell neither; what was said when it came does.
    """
    if not record.refused and what != _SUBMISSION:
        return True
    return any(one.code != _OF_INQUIRIES and f"{what} " in one.message for one in record.untied)
