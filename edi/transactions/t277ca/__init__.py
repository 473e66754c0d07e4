"""277CA, claim acknowledgment (005010X214): which claims went into adjudication. Claim by claim, before any money.

Source: 005010X214, loops 2000A (20) source, 2000B (21) receiver, 2000C (19) provider, 2000D (PT) patient, 2200, 2220D;
category codes in facts/code_sets.csv (277CA). Names and member ids of the answer are not read.
"""

from edi.transactions.t277ca.categories import ACCEPT, ACCEPTING, KIND, REJECT, REJECTING, SET, VERSION
from edi.transactions.t277ca.reader import read
from edi.transactions.t277ca.writer import ClaimStatus, write

__all__ = [
    "ACCEPT",
    "ACCEPTING",
    "KIND",
    "REJECT",
    "REJECTING",
    "SET",
    "VERSION",
    "ClaimStatus",
    "read",
    "write",
]
