"""Is it a text that a person reads: a report of a clearinghouse, and no X12, PDF, other binary file or records."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final

from edi.intake.deposits import DEPOSITS
from edi.intake.patients import PATIENTS
from edi.intake.payments.rows import PAYMENTS
from edi.intake.records import AUTHORIZATIONS, CASES, FEES
from edi.intake.sessions import SESSIONS

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


_RECORDS: Final = frozenset({".csv", ".tsv", ".toml", ".md", ".markdown", ".jsonl"})
"""How names of tables, settings and documents end; no report of a clearinghouse comes as one."""
_TABLES: Final = tuple(
    frozenset(column.name for column in spec.columns)
    for spec in (SESSIONS, PATIENTS, CASES, AUTHORIZATIONS, FEES, PAYMENTS, DEPOSITS)
)
_SEPARATORS: Final = re.compile(r"[,;\t]")
_FEWEST: Final = 3
"""Of so many columns a heading is known."""


def is_record(name: str, head: bytes) -> bool:
    """Tell whether a file is a table, settings or a document and not a report: by its name, or a heading of ours.

    Args:
        name: of the file.
        head: its first bytes; where X12 stands in them it is none of these, whatever it is called.
    """
    if not is_report([head]):
        return False
    if PurePath(name.lower()).suffix in _RECORDS:
        return True
    text = head.decode("utf-8-sig", errors="replace")
    lines = text.splitlines()
    heading = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    names = {one.strip().strip('"').lower() for one in _SEPARATORS.split(heading)}
    return any(len(names & table) >= _FEWEST for table in _TABLES) or _is_toml(text)


def _is_toml(text: str) -> bool:
    """Whether a text can be read as settings; no sentence can."""
    try:
        return bool(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return False


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
