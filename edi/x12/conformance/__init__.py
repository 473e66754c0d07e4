"""The second opinion on what we write and receive: conformance to the implementation guide, as pyx12 judges it.

`judge` gives Findings while a file is read, `check_bytes` a whole Verdict, `check` the bare errors. Each takes the
engine's name: ``fast``, an exact cache in front of pyx12, or ``pyx12`` itself. Both give the same answer;
docs/conformance.md says why. The only place that imports pyx12.
"""

from edi.x12.conformance.differences import ACCEPTED_DIFFERENCES, AcceptedDifference
from edi.x12.conformance.errors import ConformanceError, ErrorKind, ErrorStream, Opinion, Tally
from edi.x12.conformance.fast import check
from edi.x12.conformance.state import EngineState, engine_state
from edi.x12.conformance.verdict import ENGINES, Judgment, Verdict, check_bytes, judge, verdict_of

__all__ = [
    "ACCEPTED_DIFFERENCES",
    "ENGINES",
    "AcceptedDifference",
    "ConformanceError",
    "EngineState",
    "ErrorKind",
    "ErrorStream",
    "Judgment",
    "Opinion",
    "Tally",
    "Verdict",
    "check",
    "check_bytes",
    "engine_state",
    "judge",
    "verdict_of",
]
