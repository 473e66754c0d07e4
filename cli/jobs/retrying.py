"""When a claim payment that waits is tried again: the one rule of ingest, import, the sending of claims, and rebuild.

It is tried after each file that made something known which concerns it: a claim (its number, or another submission of
a chain that it looked at), a payer's claim number, or its payee; and after a link, or its end. So the books do not
depend on what else came in with that file, nor on the order of files, up to the limit of answers that one claim takes
(`reconcile.store.submissions.MOST_ANSWERS`): which of more than those are posted is decided by arrival.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from cli.jobs.posting import Candidate, Tools, post_chunk, write_again
from reconcile.store import (
    IN_LIST,
    POSTED,
    UNMATCHED,
    Connection,
    Store,
    chunks,
    pack_claim_payment,
    refresh_payees,
    waiting,
)
from reconcile.store.adjudications import Waiting
from reconcile.store.concerned import (
    Referring,
    concerned_by_claims,
    concerned_by_numbers,
    concerned_by_payees,
)


def retry_for_claims(connection: Connection, claims: Iterable[int], tools: Tools) -> int:
    """Try again what submissions that became known may answer.

    Args:
        connection: the write transaction.
        claims: the submissions.
        tools: tables and payers.

    Returns:
        How many found their claim now. They are posted, and the claims they answer recomputed; so with all of these.
    """
    return _and_references(connection, concerned_by_claims(connection, claims), tools)


def retry_for_numbers(connection: Connection, numbers: Collection[str], tools: Tools) -> int:
    """Try again what waits under payers' claim numbers that an acknowledgment gave."""
    return _and_references(connection, concerned_by_numbers(connection, numbers), tools)


def retry_for_payees(connection: Connection, tools: Tools) -> int:
    """Try again what waits for a payee that is known now."""
    return _and_references(connection, concerned_by_payees(connection), tools)


def retry_for_references(connection: Connection, tools: Tools, waiting: Referring | None = None) -> int:
    """Try again what refers to a payer's claim number that was learnt, until nothing more is found by it.

    Args:
        connection: the write transaction.
        tools: tables and payers.
        waiting: what is known of them since the last file of this command; the caller lets it forget on a rollback.

    Returns:
        How many found their claim.
    """
    return len(_by_references(connection, tools, waiting or Referring()))


def retried(connection: Connection, ids: Sequence[int], tools: Tools) -> tuple[int, ...]:
    """Try these claim payments again, and what refers to a payer's number that is known now: after a link, and its end.

    Returns:
        Those that found their claim.
    """
    return (*_retry(connection, ids, tools), *_by_references(connection, tools, Referring()))


def retry_unmatched(store: Store, tools: Tools) -> int:
    """Try again every claim payment that found no claim: also what other settings or tables may have changed."""
    with store.write() as connection:
        refresh_payees(connection)
    matched = after = 0
    while True:
        with store.write() as connection:
            block = waiting(connection, UNMATCHED, tools.capitated, after=after, linked=False)
            if not block:
                return matched
            after = block[-1].id
            matched += len(_match(connection, block, tools))


def _and_references(connection: Connection, ids: Sequence[int], tools: Tools) -> int:
    """Try these claim payments again, and what refers to those that found their claim."""
    found = len(_retry(connection, ids, tools))
    return found + retry_for_references(connection, tools) if found else 0


def _by_references(connection: Connection, tools: Tools, waiting: Referring) -> list[int]:
    """Try again what refers to a payer's number that is known, until nothing more is found; returns what was."""
    total: list[int] = []
    while found := _retry(connection, waiting.concerned(connection), tools):
        total += found
    return total


def _retry(connection: Connection, ids: Sequence[int], tools: Tools) -> list[int]:
    """Try these claim payments again, as far as they still wait; returns those that are posted now."""
    return [
        one
        for some in chunks(ids, IN_LIST)
        for one in _match(
            connection, waiting(connection, UNMATCHED, tools.capitated, ids=some, linked=False), tools
        )
    ]


def _match(connection: Connection, block: Sequence[Waiting], tools: Tools) -> list[int]:
    """Match a block of claim payments of the store and write what becomes of them; returns those that are posted."""
    if not block:
        return []
    candidates = [
        Candidate(one.id, one.remittance, one.claim, pack_claim_payment(one.claim)) for one in block
    ]
    chunk = post_chunk(connection, candidates, tools)
    write_again(connection, chunk, tools)
    return [one.id for one in chunk.stored if one.outcome == POSTED]
