"""What a mistyped code may have meant: edit distance over the codes that exist."""

from __future__ import annotations

from collections.abc import Iterable


def distance(left: str, right: str) -> int:
    """How many single slips lie between two texts: a character too many, too few, wrong, or two swapped."""
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for row, one in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            best = min(last[column] + 1, current[-1] + 1, last[column - 1] + (one != other))
            if row > 1 and column > 1 and one == right[column - 2] and left[row - 2] == other:
                best = min(best, before_last[column - 2] + 1)
            current.append(best)
        before_last, last = last, current
    return last[-1]


def nearest(text: str, known: Iterable[str], *, most: int = 3, within: int = 1) -> tuple[str, ...]:
    """The known codes at most ``within`` slips away, nearest first, then by code; at most ``most`` of them."""
    wanted = text.upper()
    near = [(distance(wanted, code), code) for code in known if abs(len(code) - len(wanted)) <= within]
    return tuple(code for slips, code in sorted(near) if slips <= within)[:most]
