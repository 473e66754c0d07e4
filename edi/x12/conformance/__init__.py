"""The second opinion on what we write and receive: conformance to the implementation guide, as pyx12 judges it.

The front door (`check_bytes`, `check`) does not depend on the engine behind it. The only place that imports pyx12.
"""

from edi.x12.conformance.differences import ACCEPTED_DIFFERENCES, AcceptedDifference
from edi.x12.conformance.engine import check
from edi.x12.conformance.errors import ConformanceError, ErrorKind, Opinion
from edi.x12.conformance.verdict import Verdict, check_bytes, merge, verdict_of

__all__ = [
    "ACCEPTED_DIFFERENCES",
    "AcceptedDifference",
    "ConformanceError",
    "ErrorKind",
    "Opinion",
    "Verdict",
    "check",
    "check_bytes",
    "merge",
    "verdict_of",
]
