"""Interchanges, functional groups and transaction sets: what is in which envelope, and whether the counts hold.

Findings of this module (source: X12.5 and X12.6, the control segments; "error" means the transaction set cannot be
trusted, "warning" that only its envelope is wrong):

======  ========  ==================================================================================
code    severity  meaning
======  ========  ==================================================================================
ENV001  error     the data is empty or holds no X12
ENV002  warning   text that is not X12 was skipped, before, between or after interchanges
ENV003  error     an ISA (or its substitute) cannot be read, so what follows it is skipped
ENV004  warning   the ISA is not 106 characters long, or ISA16 is missing
ENV005  warning   no ISA: the separators were guessed from the first GS or ST
ENV006  error     the data ends inside a segment, or a segment lost its terminator; that segment is not read
ENV007  error     a segment exceeds 1 MiB: its terminator is missing; it is not read
ENV008  warning   control characters that delimit nothing (NUL and the like) were left out
ENV010  error     SE01 is not the number of segments ST to SE
ENV011  error     SE02 is not ST02
ENV012  error     SE missing: the transaction set is truncated
ENV013  warning   GE01 is not the number of transaction sets in the group
ENV014  warning   GE02 is not GS06
ENV015  warning   GE missing
ENV016  warning   IEA01 is not the number of groups in the interchange
ENV017  warning   IEA02 is not ISA13
ENV018  warning   IEA missing
ENV019  warning   a segment outside any transaction set, or a trailer without its header; it is not read
ENV020  warning   a transaction set inside an ISA but outside any GS
ENV021  error     there are envelopes, but no transaction set in them
ENV022  error     a transaction set in which there is nothing that its reader reads (given by the reader)
======  ========  ==================================================================================

A location's ``segment`` counts from ST (1) for ENV010 to ENV012, and from the beginning of the data for all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from edi.model.finding import Finding
from edi.x12.envelope.reader import Reader
from edi.x12.envelope.values import Envelope, TransactionSet
from edi.x12.tokenizer import BLOCK_SIZE

__all__ = ["FATAL", "Envelope", "TransactionSet", "read_transactions"]

FATAL: Final = frozenset({"ENV001", "ENV003", "ENV006", "ENV007", "ENV012", "ENV021"})
"""Codes after which a file counts as not read whole: empty, not X12, unreadable or truncated."""


def read_transactions(
    chunks: Iterable[bytes], *, file: str | None = None, block_size: int = BLOCK_SIZE
) -> Iterator[TransactionSet | Finding]:
    """Read a file as a stream of transaction sets.

    Args:
        chunks: its bytes, in pieces of any size.
        file: name for findings.
        block_size: bytes that are split at once; the result is the same for any size.

    Yields:
        Each transaction set, and a Finding (table above) for whatever is wrong with the envelopes. The findings about
        a transaction set's own SE come right after it, those about GE and IEA where these stand.
    """
    return Reader(chunks, file, block_size).read()
