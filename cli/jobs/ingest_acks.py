"""TA1, 999 and 277CA into the store, each tied to the file, transaction set or claims it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from cli.jobs.manifest import DUPLICATE, POSTED
from edi.model.acknowledgment import Acknowledgment
from edi.model.finding import Finding
from reconcile.store import Store, StoredSet, load_set, save_acknowledgments, save_set


class AcknowledgmentCounts(msgspec.Struct, frozen=True):
    """What one transaction set of acknowledgments brought. ``known`` says it was stored before."""

    count: int = 0
    matched: int = 0
    rejections: int = 0
    known: bool = False


def ingest_acknowledgments(
    store: Store, sha256: str, position: int, kind: str, values: Iterable[Acknowledgment | Finding]
) -> tuple[AcknowledgmentCounts, list[Finding]]:
    """Store the acknowledgments of one transaction set.

    Args:
        store: open for writing.
        sha256: digest of their file.
        position: 0-based place of the set in the file.
        kind: ``TA1``, ``999`` or ``277CA``.
        values: what a reader of TA1, 999 or 277CA yields.

    Returns:
        Counts (those of the earlier run when an interrupted one had got this far), and the findings of the reader.
    """
    answers: list[Acknowledgment] = []
    findings: list[Finding] = []
    for value in values:
        (findings if isinstance(value, Finding) else answers).append(value)  # type: ignore[arg-type]
    if not answers:
        return AcknowledgmentCounts(), findings
    digest = hashlib.sha256(msgspec.msgpack.encode(answers)).hexdigest()
    with store.write() as connection:
        earlier = load_set(connection, sha256, position)
        if earlier is not None:
            return msgspec.json.decode(earlier.record, type=AcknowledgmentCounts), findings
        matched = save_acknowledgments(connection, digest, sha256, answers)
        rejections = sum(1 for answer in answers if not answer.accepted)
        if matched is None:
            counts = AcknowledgmentCounts(len(answers), 0, 0, known=True)
        else:
            counts = AcknowledgmentCounts(len(answers), matched, rejections)
        noted = StoredSet(
            file_sha256=sha256,
            position=position,
            kind=kind,
            st_control_number="",
            outcome=DUPLICATE if matched is None else POSTED,
            content_digest=digest,
            record=msgspec.json.encode(counts).decode(),
        )
        save_set(connection, noted)
    return counts, findings
