"""Acknowledgments that came before the claims they speak of: read again from the vault, and tied when these are there.

A TA1, 999 or 277CA of another system's file may be taken in before the file is imported; and a store of before schema
0016 could not tell which claims a 277CA of a whole submission is about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from operator import attrgetter

import msgspec

from cli.jobs.ingest_acks import answers_file_of, set_digest
from cli.jobs.inquiries.acknowledged import AnsweredInquiries
from cli.jobs.posting import Tools, recompute
from cli.jobs.retrying import retry_for_numbers
from edi.model.acknowledgment import Acknowledgment
from edi.model.errors import ClaimloopError
from edi.transactions import t277, t277ca
from edi.transactions.acknowledgments import READERS
from edi.x12.envelope import Envelope, TransactionSet, read_transactions
from reconcile.store import Connection, Vault
from reconcile.store.acknowledgments import tie_untied
from reconcile.store.answered import CLAIMS_ANSWER
from reconcile.store.untied import imported_files, untied_sets


class _Read(msgspec.Struct, frozen=True):
    """A set of acknowledgments as the vault has it."""

    digest: str
    answers: tuple[Acknowledgment, ...]
    envelope: Envelope | None


def tie_to_imported(
    connection: Connection, vault: Vault, tools: Tools, files: Collection[str] | None = None
) -> int:
    """Tie acknowledgments that found no claim to claims of imported files, and compute what that changes.

    Args:
        connection: a write transaction.
        vault: has the files. One that it cannot give leaves what came in it untied.
        tools: the code tables and payers.
        files: digests of the imported files, all of the store when None.

    Returns:
        How many claim payments found their claim by a payer's claim number that is known now.
    """
    files = imported_files(connection) if files is None else files
    chains: set[int] = set()
    told: set[str] = set()
    for sha256, wanted in sorted(untied_sets(connection, files).items()):
        for one in _sets(vault, sha256, wanted):
            answers_file = None if one.envelope is None else answers_file_of(vault, one.envelope)
            asked = AnsweredInquiries(connection, answers_file or (lambda _file: None))
            saved = tie_untied(connection, one.digest, one.answers, answers_file, files, asked.take)
            chains.update(saved.chains)
            if saved.by_number:
                told.update(filter(None, map(attrgetter("payer_claim_control_number"), one.answers)))
    recompute(connection, chains, tools)
    return retry_for_numbers(connection, told, tools) if told else 0


def _sets(vault: Vault, sha256: str, wanted: Collection[str]) -> list[_Read]:
    """The sets with these digests in a file of the vault; what of it cannot be read has none."""
    found: list[_Read] = []
    try:
        with closing(vault.read(sha256)) as blocks:
            found += (one for one in _acknowledgments(read_transactions(blocks)) if one.digest in wanted)
    except (ClaimloopError, OSError, EOFError):
        return found
    return found


def _acknowledgments(items: Iterator[object]) -> Iterator[_Read]:
    """The sets of acknowledgments among what a file holds, as ``ingest`` tells and reads them."""
    for item in items:
        if not isinstance(item, TransactionSet) or item.kind not in READERS or t277.answers_inquiries(item):
            continue
        kind = CLAIMS_ANSWER if item.kind == t277ca.SET else item.kind
        answers = tuple(one for one in READERS[item.kind](item) if isinstance(one, Acknowledgment))
        yield _Read(set_digest(kind, answers, item.envelope), answers, item.envelope)
