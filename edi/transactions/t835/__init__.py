"""The 835, health care claim payment/advice (005010X221A1; 4010 is read too), in both directions.

`read` turns the segments of one transaction set into a header, claim payments and a trailer, as a stream; `write`
does the reverse. ``read(write(x)) == x`` but for the ordinals of segments. Findings of the reader (all errors keep a
claim or payment from posting silently; the balance equations are judged by `edi.model.balance`):

======  ========  ==================================================================================
code    severity  meaning
======  ========  ==================================================================================
RMT001  error     a required amount is missing or is no amount; 0 stands in for it
RMT002  error     a date is no date; it is left out, its segment is kept
RMT003  error     an optional amount is no amount; it is left out, its segment is kept
RMT004  error     a required segment is missing (BPR, TRN, N1*PR, N1*PE)
RMT005  error     a CAS or PLB names a reason or amount without the other, or a reason without a group
RMT006  info      an element that the model has no place for was not read
RMT007  warning   a segment stands where no claim or line can own it, and is not read
RMT008  error     a required code or number is empty (CLP01, CLP02, SVC01)
======  ========  ==================================================================================
"""

from __future__ import annotations

from edi.transactions.t835.reader import Remittance, read
from edi.transactions.t835.writer import write

__all__ = ["Remittance", "read", "write"]
