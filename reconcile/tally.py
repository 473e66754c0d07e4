"""Names of what somebody saw or changed, few as they are, many as their count and a digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

MOST_NAMED: Final = 200
"""How many claims, files or practices an entry of the audit names."""
_PLAIN: Final = re.compile(r"[\w./:#-]{1,64}")


class Tally:
    """Names of one kind, in the order in which they came; a name that comes again at once counts once.

    The digest is the SHA-256 of the names, a line end after each. Of a name that is no plain number or id the entry has
    the beginning of its digest alone, since it may be anything.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._first: dict[str, None] = {}
        self._count = 0
        self._last = ""
        self._digest = hashlib.sha256()
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Take in a name; "" is none."""
        if name == self._last or not name:
            return
        self._last = name
        if len(self._first) <= MOST_NAMED:
            told = name if _PLAIN.fullmatch(name) else f"#{hashlib.sha256(name.encode()).hexdigest()[:16]}"
            if told in self._first:
                return
            self._first[told] = None
        self._count += 1
        self._digest.update(f"{name}\n".encode())

    def subjects(self, kind: str) -> dict[str, Any]:
        """What an entry says of them: the names under their kind, or ``…_count`` and ``…_digest``."""
        if len(self._first) <= MOST_NAMED:
            return {kind: list(self._first)} if self._first else {}
        return {f"{kind}_count": self._count, f"{kind}_digest": self._digest.hexdigest()}
