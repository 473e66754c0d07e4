"""Is it a text that a person reads: a report of a clearinghouse, and no X12, PDF or other binary file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_CONTROLS: Final = bytes(byte for byte in range(0x20) if byte not in b"\t\r\n\x0c\x1a\x1b") + b"\x7f"
_HIGH: Final = bytes(range(0x80, 0x100))
_FEW: Final = 20
"""Of this many bytes one may be of an older character set."""
_LONGEST_WORD: Final = 10_000
"""Bytes without a blank or line break; nobody reads what has more."""
_PDF: Final = b"%PDF-"
_SEGMENT: Final = re.compile(
    rb"(?:^|[~\r\n\x1c-\x1f'|])[ \t]*"
    rb"(?:ISA|GS|ST|BPR|CLP|CAS|SVC|PLB|AK[1-9]|IK[345]|TA1|STC|HL|NM1|SE|GE|IEA|CLM|SV1)[*|^:+\x1d]"
)


def is_report(blocks: Iterable[bytes]) -> bool:
    """Tell whether bytes are a text without a single segment of X12; what has one is a broken file, not a report.

    Args:
        blocks: the bytes of a file.
    """
    size = high = 0
    before = b""
    utf8, written = True, False
    for block in blocks:
        if size < len(_PDF) and (before + block).startswith(_PDF):
            return False
        if len(block) != len(block.translate(None, _CONTROLS)) or _SEGMENT.search(before + block):
            return False
        if max(map(len, block.split()), default=0) > _LONGEST_WORD:
            return False
        size += len(block)
        written = written or bool(block.strip())
        strange = len(block) - len(block.translate(None, _HIGH))
        high += strange
        utf8 = utf8 and (not strange or _is_utf8(before + block))
        before = block[-16:]
    return written and (utf8 or high * _FEW <= size)


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8; a character that is cut at either end does not count."""
    text = data.decode("utf-8", errors="replace")
    return "\ufffd" not in text[4:-4]
