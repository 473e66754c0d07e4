"""837P, professional claims (005010X222A1): read what anyone wrote, write ours. Reader and writer share `segments`."""

from edi.transactions.t837p.planning import plan_files
from edi.transactions.t837p.reader import read
from edi.transactions.t837p.segments import SEGMENT_IDS, VERSION
from edi.transactions.t837p.writer import WrittenSubmission, write

__all__ = ["SEGMENT_IDS", "VERSION", "WrittenSubmission", "plan_files", "read", "write"]
