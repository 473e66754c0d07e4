"""271, eligibility answer (005010X279A1): what a payer says of each patient asked about. Both directions.

Real answers bend the guide: HL04 wrong, EB without LS and LE around 2120, 4010 without repetitions, a rejection on the
payer's level and nothing below. All of it is read; what the model has no field for is kept as sent.
Source: 005010X279A1; 004010X092A1; facts/claim_format_eligibility_rules.md, Eligibility.
"""

from edi.transactions.t271.reader import read
from edi.transactions.t271.writer import write

KIND = "271"

__all__ = ["KIND", "read", "write"]
