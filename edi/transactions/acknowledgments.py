"""Which reader takes which kind of acknowledgment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from edi.model.acknowledgment import Acknowledgment
from edi.model.finding import Finding
from edi.transactions import t277ca, t999, ta1
from edi.x12.envelope import TransactionSet

Reader: TypeAlias = Callable[[TransactionSet], Iterator[Acknowledgment | Finding]]

READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {**dict.fromkeys(sorted(t999.KINDS), t999.read), t277ca.SET: t277ca.read, ta1.KIND: ta1.read}
)
"""Kind of transaction set (ST01, or TA1) to its reader."""
