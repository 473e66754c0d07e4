"""Acknowledgments into the store, tied to the claims they speak of.

A 277CA names a claim by its patient control number; a 999 a transaction set (GS06 and ST02) or a whole group; a TA1
an interchange. Every trading partner's control numbers begin at 1, and two practices may number their claims alike: an
acknowledgment is tied only where it can speak of one file or one claim alone, and a Finding says where it cannot. A
277CA that rejects a whole submission, or all of one provider in it, is tied by its BHT03 (`whole_rejections`).

A claim's ``acknowledged`` holds the deepest answer so far (``277CA:accepted:A2``), of equally deep ones the later one,
of one day or without days a rejection; its status follows while no payer has adjudicated it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, select, update

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.control import is_placeholder
from edi.model.finding import Finding
from reconcile.store.acknowledgment_ties import Answers, Kept, Tie
from reconcile.store.bulk import Row, insert, insert_new, table_of
from reconcile.store.changed_claims import change_claims, sent_again
from reconcile.store.schema import AcknowledgmentRow, ClaimRow, FileRow, PayerClaimControlNumberRow

_CLAIM = table_of(ClaimRow)
_ACKNOWLEDGMENT = table_of(AcknowledgmentRow)
_FILE = table_of(FileRow)


class SavedAcknowledgments(msgspec.Struct, frozen=True):
    """``matched`` acknowledgments found their claims; ``untied`` says which others could speak of several, and why.

    ``by_file`` and ``by_number`` are the claims that were found through the control numbers of their file, and by
    their own number; ``files`` the digests of the files that the control numbers named.

    ``chains`` are the roots of claims that were sent several times and whose books a rejection, or the end of one,
    changes: they are to be computed again.
    """

    matched: int
    untied: tuple[Finding, ...] = ()
    chains: tuple[int, ...] = ()
    by_file: frozenset[int] = frozenset()
    by_number: frozenset[int] = frozenset()
    files: tuple[str, ...] = ()


def save_acknowledgments(
    connection: Connection,
    set_digest: str,
    file_sha256: str,
    answers: Sequence[Acknowledgment],
    answers_file: Answers | None = None,
    others: Callable[[Acknowledgment], bool] = lambda _answer: False,
) -> SavedAcknowledgments | None:
    """Store the acknowledgments of one transaction set and update the claims they answer.

    Args:
        connection: a write transaction.
        set_digest: digest over the values, which names the set wherever it comes from.
        file_sha256: the file it came in.
        answers: in the order of the set.
        answers_file: tells the files that they can be about from those of other trading partners; None when nothing
            is known of the acknowledgments' envelope.
        others: says of a TA1 or 999 that found no claim that it speaks of another file (of inquiries).

    Returns:
        How many of them found a claim, and findings ACK005 to ACK007; None when the same set is stored already.
    """
    query = select(_ACKNOWLEDGMENT.c.ordinal).where(_ACKNOWLEDGMENT.c.set_digest == set_digest).limit(1)
    if connection.execute(query).first() is not None:
        return None
    tie = Tie(connection, answers, answers_file, others)
    found = {ordinal: tie.claims(answer) for ordinal, answer in enumerate(answers)}
    for ordinal, claims in found.items():
        if not claims:
            tie.note_lost(answers[ordinal])
    rows = [
        _row(set_digest, ordinal, file_sha256, answer, tie.kept(answer, found[ordinal]))
        for ordinal, answer in enumerate(answers)
    ]
    insert(connection, AcknowledgmentRow, rows)
    return _told(connection, answers, found, tie)


def tie_untied(
    connection: Connection,
    set_digest: str,
    answers: Sequence[Acknowledgment],
    answers_file: Answers | None,
    files: Collection[str],
    others: Callable[[Acknowledgment], bool] = lambda _answer: False,
) -> SavedAcknowledgments:
    """Tie those acknowledgments of a stored set that found no claim, now that there are claims that came later.

    Args:
        connection: a write transaction.
        set_digest: of the set, as it was stored under.
        answers: all of the set, read again.
        answers_file: as for ``save_acknowledgments``.
        files: digests of the files of the later claims: nothing is tied to others.
        others: as for ``save_acknowledgments``.

    Returns:
        As ``save_acknowledgments``; ``matched`` counts those that were tied now.
    """
    query = select(_ACKNOWLEDGMENT.c.ordinal).where(
        _ACKNOWLEDGMENT.c.set_digest == set_digest, _ACKNOWLEDGMENT.c.claims == 0
    )
    waiting = sorted(set(connection.execute(query).scalars()) & set(range(len(answers))))
    tie = Tie(connection, [answers[ordinal] for ordinal in waiting], answers_file, others)
    found: dict[int, list[int]] = {}
    for ordinal in waiting:
        answer = answers[ordinal]
        claims = tie.claims(answer)
        if not claims or tie.carried_by(claims) not in files:
            continue
        found[ordinal] = claims
        changed = msgspec.structs.asdict(tie.kept(answer, claims))
        own = (_ACKNOWLEDGMENT.c.set_digest == set_digest, _ACKNOWLEDGMENT.c.ordinal == ordinal)
        connection.execute(update(_ACKNOWLEDGMENT).where(*own).values(changed))
    return _told(connection, answers, found, tie)


def _told(
    connection: Connection,
    answers: Sequence[Acknowledgment],
    found: Mapping[int, Sequence[int]],
    tie: Tie,
) -> SavedAcknowledgments:
    """Write to claims what acknowledgments say of them: by the ordinal of each, the claims that it found."""
    changes: dict[int, Acknowledgment] = {}
    numbers: list[Row] = []
    by_file: set[int] = set()
    by_number: set[int] = set()
    for ordinal, claims in found.items():
        answer = answers[ordinal]
        (by_number if answer.patient_control_number else by_file).update(claims)
        if answer.level is not AcknowledgmentLevel.LINE:
            changes.update(dict.fromkeys(claims, answer))
        number = answer.payer_claim_control_number
        if number and len(claims) == 1 and not is_placeholder(number):
            numbers.append((number, claims[0]))
    insert_new(connection, PayerClaimControlNumberRow, numbers)
    turned = change_claims(connection, changes)
    return SavedAcknowledgments(
        sum(1 for claims in found.values() if claims),
        tuple(tie.untied.values()),
        sent_again(connection, turned),
        frozenset(by_file),
        frozenset(by_number),
        tuple(sorted(tie.files)),
    )


def _row(set_digest: str, ordinal: int, file_sha256: str, answer: Acknowledgment, kept: Kept) -> Row:
    """The row of an acknowledgment, columns in schema order."""
    return (
        set_digest,
        ordinal,
        file_sha256,
        answer.kind,
        answer.level.value,
        answer.accepted,
        answer.code,
        answer.status or "",
        answer.entity or "",
        kept.interchange_control_number,
        kept.group_control_number,
        kept.transaction_control_number,
        answer.patient_control_number or "",
        answer.line_control_number or "",
        answer.payer_claim_control_number or "",
        answer.charge,
        answer.date,
        answer.segment_in_error or "",
        answer.element_in_error or "",
        kept.notes,
        kept.claims,
        kept.claim_id,
        kept.answered_file,
    )
