"""837P, professional claims (005010X222A1): read what anyone wrote, write ours. Reader and writer share `layout`."""

from edi.transactions.t837p.layout import VERSION
from edi.transactions.t837p.reader import read
from edi.transactions.t837p.writer import WrittenSubmission, plan_files, write

__all__ = ["VERSION", "WrittenSubmission", "plan_files", "read", "write"]
