"""TA1, 999 and 277CA into the store, each tied to the file, transaction set or claims it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime

import msgspec

from cli.jobs.inquiries.acknowledged import AnsweredInquiries
from cli.jobs.manifest import DUPLICATE, POSTED
from cli.jobs.posting import Tools, recompute
from cli.jobs.retrying import retry_for_numbers
from edi.model.acknowledgment import Acknowledgment
from edi.model.finding import Finding
from edi.x12.envelope import Envelope, TransactionSet, read_transactions
from reconcile.store import Store, StoredSet, Vault, load_set, save_acknowledgments, save_set
from reconcile.store.acknowledgment_ties import Answers, SentFile
from reconcile.store.answered import CLAIMS_ANSWER
from reconcile.store.arrivals import note_arrivals


class AcknowledgmentCounts(msgspec.Struct, frozen=True):
    """What one transaction set of acknowledgments brought.

    ``known`` says it was stored before; ``untied`` are the findings on what could not be tied to one file or claim,
    ``files`` the digests of the files that a TA1 or 999 answers, ``refused`` of those with inquiries of which it
    rejects something (``reconcile.store.outgoing`` reads both here).
    """

    count: int = 0
    matched: int = 0
    rejections: int = 0
    known: bool = False
    untied: tuple[Finding, ...] = ()
    files: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def ingest_acknowledgments(
    store: Store,
    sha256: str,
    position: int,
    kind: str,
    values: Iterable[Acknowledgment | Finding],
    *,
    tools: Tools,
    now: datetime,
    envelope: Envelope | None = None,
) -> tuple[AcknowledgmentCounts, list[Finding], int]:
    """Store the acknowledgments of one transaction set.

    Args:
        store: open for writing.
        sha256: digest of their file.
        position: 0-based place of the set in the file.
        kind: ``TA1``, ``999`` or ``277CA``.
        values: what a reader of TA1, 999 or 277CA yields.
        tools: the code tables and payers, for the books of claims that were sent again and are rejected now.
        now: UTC without zone, for the event of a file in doubt that they show to have arrived.
        envelope: theirs; a 999 or TA1 answers only a file that was sent the other way.

    Returns:
        Counts (those of the earlier run when an interrupted one had got this far), and the findings of the reader
        and on what could not be tied; how many claim payments waited for a payer's claim number that is told here.
    """
    answers: list[Acknowledgment] = []
    findings: list[Finding] = []
    for value in values:
        (findings if isinstance(value, Finding) else answers).append(value)  # type: ignore[arg-type]
    if not answers:
        return AcknowledgmentCounts(), findings, 0
    digest = set_digest(kind, answers, envelope)
    with store.write() as connection:
        earlier = load_set(connection, sha256, position)
        if earlier is not None:
            counts = msgspec.json.decode(earlier.record, type=AcknowledgmentCounts)
            return counts, [*findings, *counts.untied], 0
        retried = 0
        answers_file = None if envelope is None else answers_file_of(store.vault, envelope)
        asked = AnsweredInquiries(connection, answers_file or (lambda _file: None))
        saved = save_acknowledgments(connection, digest, sha256, answers, answers_file, asked.take)
        rejections = sum(1 for answer in answers if not answer.accepted)
        if saved is None:
            counts = AcknowledgmentCounts(len(answers), 0, 0, known=True)
        else:
            counts = AcknowledgmentCounts(
                len(answers),
                saved.matched,
                rejections,
                untied=(*saved.untied, *asked.findings),
                files=tuple(sorted({*saved.files, *asked.files})),
                refused=asked.refused,
            )
            note_arrivals(connection, by_file=saved.by_file, by_number=saved.by_number, kind=kind, at=now)
            asked.note_arrived(answers, at=now)
            recompute(connection, saved.chains, tools)
            told = {answer.payer_claim_control_number or "" for answer in answers}
            retried = retry_for_numbers(connection, told, tools)
        noted = StoredSet(
            file_sha256=sha256,
            position=position,
            kind=kind,
            st_control_number="",
            outcome=DUPLICATE if saved is None else POSTED,
            content_digest=digest,
            record=msgspec.json.encode(counts).decode(),
        )
        save_set(connection, noted)
    return counts, [*findings, *counts.untied], retried


def set_digest(kind: str, answers: Sequence[Acknowledgment], envelope: Envelope | None) -> str:
    """What names a set of acknowledgments, in whatever wrapping it comes again.

    A TA1 or 999 has nothing in it but control numbers, which every trading partner counts from 1: the addresses of the
    envelope say whose they are.
    """
    addresses: tuple[str | None, ...] = ()
    if envelope is not None and kind != CLAIMS_ANSWER:
        addresses = (
            envelope.sender_id,
            envelope.receiver_id,
            envelope.application_sender,
            envelope.application_receiver,
        )
    return hashlib.sha256(msgspec.msgpack.encode((addresses, answers) if addresses else answers)).hexdigest()


def answers_file_of(vault: Vault, answer: Envelope) -> Answers:
    """Tell whether an acknowledgment's envelope is the other way round of a sent file's, as the vault holds it."""

    def answers(sent: SentFile) -> bool | None:
        asked = _envelope_of(vault, sent)
        return None if asked is None else _reversed(asked, answer)

    return answers


def _envelope_of(vault: Vault, sent: SentFile) -> Envelope | None:
    """The envelope of a file that has these control numbers, "" for any; None when the vault has none such."""
    if not sent.sha256 or not vault.has(sent.sha256):
        return None
    with closing(vault.read(sent.sha256)) as blocks:
        for item in read_transactions(blocks):
            if not isinstance(item, TransactionSet) or item.envelope is None:
                continue
            envelope = item.envelope
            if sent.interchange_control_number in ("", envelope.interchange_control_number or "") and (
                sent.group_control_number in ("", envelope.group_control_number or "")
            ):
                return envelope
    return None


def _reversed(asked: Envelope, answer: Envelope) -> bool:
    """Whether one envelope answers another: ISA06 and ISA08, or GS02 and GS03, the other way round.

    Either pair is enough: partners answer from another interchange address than they are written to, but not from
    another one on both levels.
    """
    pairs = (
        (asked.sender_id, asked.receiver_id, answer.sender_id, answer.receiver_id),
        (
            asked.application_sender,
            asked.application_receiver,
            answer.application_sender,
            answer.application_receiver,
        ),
    )
    for sender, receiver, from_whom, to_whom in pairs:
        if sender and receiver and (sender, receiver) == (to_whom, from_whom):
            return True
    return False
