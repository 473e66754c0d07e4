"""pyx12's count of loops and segments, kept so that the fast loop and pyx12's walker share one and the same.

What the walker asks of a count is whether it is at least 1 and whether it is above a maximum. So each path of a map has
a bit in ``seen`` (its count is at least 1) and a place in ``numbers`` (the count, valid while the bit stands).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyx12.nodeCounter import NodeCounter
from pyx12.path import X12Path


class Paths:
    """The paths of a map's loops and segments, numbered. Two nodes of the same path share a count, as in pyx12."""

    def __init__(self, nodes: Iterable[Any]) -> None:
        self._number: dict[X12Path, int] = {}
        self._by_identity: dict[int, int] = {}
        self._texts: list[str] = []
        self._below: dict[str, int] = {}
        for node in nodes:
            path = node.x12path
            number = self._number.setdefault(path, len(self._texts))
            if number == len(self._texts):
                self._texts.append(path.format())
            self._by_identity[id(path)] = number

    def __len__(self) -> int:
        return len(self._texts)

    def number(self, path: str | X12Path) -> int | None:
        """Return the number of a path; None for one of another map."""
        found = self._by_identity.get(id(path))
        return found if found is not None else self._number.get(NodeCounter.makeX12Path(path))

    def below(self, path: str) -> int:
        """Return the bits of the paths below one, as ``X12Path.is_child_path`` sees it."""
        if path not in self._below:
            start = path + "/"
            self._below[path] = sum(1 << at for at, text in enumerate(self._texts) if text.startswith(start))
        return self._below[path]

    def items(self, seen: int, numbers: list[int]) -> dict[X12Path, int]:
        """Return the counts as pyx12 keeps them."""
        return {path: numbers[at] for path, at in self._number.items() if seen >> at & 1}


class SharedCounter(NodeCounter):  # type: ignore[misc]
    """The counts of a walk through one map; of any other path as pyx12 itself keeps them (``foreign``)."""

    def __init__(self, paths: Paths, counts: Mapping[X12Path, int]) -> None:
        super().__init__()
        self.paths = paths
        self.seen = 0
        self.numbers = [0] * (len(paths) + 1)
        for path, count in counts.items():
            self.setCount(path, count)

    @property
    def foreign(self) -> bool:
        """Whether a path of another map is counted."""
        return bool(self._dict)

    def reset_to_node(self, xpath: str | X12Path) -> None:
        """Forget the counts below a path."""
        self.seen &= ~self.paths.below(self.makeX12Path(xpath).format())
        super().reset_to_node(xpath)

    def increment(self, xpath: str | X12Path) -> None:
        """Count one more."""
        self.setCount(xpath, self.get_count(xpath) + 1)

    def setCount(self, xpath: str | X12Path, ct: int) -> None:  # noqa: N802 - pyx12's name
        """Set a count."""
        number = self.paths.number(xpath)
        if number is None:
            super().setCount(xpath, ct)
        else:
            self.seen |= 1 << number
            self.numbers[number] = ct

    def get_count(self, xpath: str | X12Path) -> int:
        """Return a count."""
        number = self.paths.number(xpath)
        if number is None:
            return int(super().get_count(xpath))
        return self.numbers[number] if self.seen >> number & 1 else 0

    def getState(self) -> dict[X12Path, int]:  # noqa: N802 - pyx12's name
        """Return all counts as pyx12 keeps them."""
        return {**self.paths.items(self.seen, self.numbers), **self._dict}
