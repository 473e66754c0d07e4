"""The audit: who saw, changed, sent or took out what, in a chain of hashes that tells when somebody meddled with it.

It is no part of the books: what is derived never reads it, and the store digest does not cover it.
"""

from __future__ import annotations

from reconcile.store.audit.book import (
    Book,
    files_beside,
    keep_head,
    last_entry_of,
    parse_head,
    read_head,
    waiting,
)
from reconcile.store.audit.chain import BEGAN, Draft, Entry, Head, append, copy_chain, hash_of, head
from reconcile.store.audit.checking import Anchor, Break, Checked, Unended, check_chain
from reconcile.store.audit.listing import Wanted, entries, too_many_claims

__all__ = [
    "BEGAN",
    "Anchor",
    "Book",
    "Break",
    "Checked",
    "Draft",
    "Entry",
    "Head",
    "Unended",
    "Wanted",
    "append",
    "check_chain",
    "copy_chain",
    "entries",
    "files_beside",
    "hash_of",
    "head",
    "keep_head",
    "last_entry_of",
    "parse_head",
    "read_head",
    "too_many_claims",
    "waiting",
]
