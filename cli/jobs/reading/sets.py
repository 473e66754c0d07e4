"""Bytes to transaction sets; an 835 is read, packed and judged claim by claim. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from cli.jobs.loops import bounded
from edi.model.balance import Imbalance, claim_imbalances
from edi.model.finding import Finding
from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from edi.transactions import t835
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.packing import pack_claim_payment

REMITTANCE = "835"


class JudgedClaim(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """A claim payment as the store takes it: the value, its bytes as kept, and the equations that it breaks."""

    claim: ClaimPayment
    content: bytes
    imbalances: tuple[Imbalance, ...] = ()


Judged: TypeAlias = RemittanceHeader | JudgedClaim | Finding | RemittanceTrailer
"""What ``t835.read`` yields, its claim payments judged."""


class IncomingSet(msgspec.Struct, frozen=True):
    """A transaction set on its way in; to be consumed before the next one is asked for, which skips what is left.

    Attributes:
        transaction: what it is; reading a loop that is too long raises InputError (cli.jobs.loops).
        values: of an 835 what it says, in place of its segments; raises the same. None of any other.
    """

    transaction: TransactionSet
    values: Iterator[Judged] | None = None


def read_sets(chunks: Iterable[bytes], file: str | None = None) -> Iterator[IncomingSet | Finding]:
    """Read a file as a stream of transaction sets.

    Args:
        chunks: its bytes.
        file: its name, for findings.

    Yields:
        What ``read_transactions`` yields, in its order.
    """
    for item in read_transactions(chunks, file=file):
        if isinstance(item, Finding):
            yield item
            continue
        transaction = bounded(item)
        values = judged(t835.read(transaction)) if item.kind == REMITTANCE else None
        yield IncomingSet(transaction, values)


def judged(
    values: Iterable[RemittanceHeader | ClaimPayment | Finding | RemittanceTrailer],
) -> Iterator[Judged]:
    """Pack and judge each claim payment as it is read, while it is in the processor's cache."""
    for value in values:
        if isinstance(value, ClaimPayment):
            yield JudgedClaim(value, pack_claim_payment(value), tuple(claim_imbalances(value)))
        else:
            yield value
