"""Where a segment that few claims have goes among the others of its loop: by its row in `segments`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from edi.model.remittance import RawSegment
from edi.transactions.t837p.segments import Section

_FILLED_UP = frozenset({"CLM", "SV1", "SBR", "PAT", "NM1", "N4", "DMG", "HI", "OI", "SVD"})
"""Segments of which the model carries the first elements, and a kept one the rest; of an N3 only the rest is kept."""
_STREET = "N3"
_LAST = 1 << 30


def apart(
    kept: Iterable[RawSegment], starts: frozenset[str], role: str = "", own_ids: frozenset[str] = frozenset()
) -> tuple[list[RawSegment], list[list[RawSegment]]]:
    """Divide kept segments into those of the loop itself and its sub-loops.

    Args:
        kept: segments as read.
        starts: ids of segments that begin a sub-loop.
        role: NM101 of the party that the loop itself is about, whose NM1 begins none.
        own_ids: ids of segments that stand in no sub-loop, also where they came behind one.
    """
    own: list[RawSegment] = []
    loops: list[list[RawSegment]] = []
    for segment in kept:
        if segment[0] in own_ids:
            own.append(segment)
        elif segment[0] in starts and not (role and segment[1:2] == (role,)):
            loops.append([segment])
        else:
            (loops[-1] if loops else own).append(segment)
    return own, loops


class Placer:
    """Merges kept segments into rendered ones.

    Args:
        element: the element separator. component: the component separator. terminator: what ends a segment.
        raw: renders one kept segment, without its terminator.
    """

    def __init__(
        self, element: str, component: str, terminator: str, raw: Callable[[RawSegment], str]
    ) -> None:
        self._e = element
        self._c = component
        self._t = terminator
        self._raw = raw

    def merge(
        self, section: Section, text: str, kept: Sequence[RawSegment] = ()
    ) -> tuple[str, tuple[str, ...]]:
        """Put the segments of a section in the guide's order.

        Args:
            section: which segments these are.
            text: rendered segments, in any order.
            kept: segments as read. One that fills up a rendered one gives it the elements that it has not.

        Returns:
            The text, and the ids of kept segments that have no place in the section.
        """
        segments = text.split(self._t)[:-1]
        lost: list[str] = []
        for raw in kept:
            if section.place(raw[0], "") is None:
                lost.append(raw[0])
                continue
            finished = self._raw(raw)
            same = self._same(segments, finished)
            if same is None:
                segments.append(finished)
            else:
                segments[same] = self._filled(segments[same], finished)
        segments.sort(key=lambda segment: self._place(section, segment))
        return "".join([f"{segment}{self._t}" for segment in segments]), tuple(lost)

    def _place(self, section: Section, segment: str) -> int:
        place = section.place(*self._identity(segment))
        return _LAST if place is None else place

    def _identity(self, segment: str) -> tuple[str, str]:
        name, _, rest = segment.partition(self._e)
        return name, rest.partition(self._e)[0].partition(self._c)[0]

    def _same(self, segments: Sequence[str], finished: str) -> int | None:
        """The rendered segment that a kept one is the whole of."""
        name, qualifier = self._identity(finished)
        for index, segment in enumerate(segments):
            if not segment.startswith(f"{name}{self._e}") and segment != name:
                continue
            if name == "PER" and set(segment.split(self._e)) <= set(finished.split(self._e)):
                return index
            if name == _STREET and not any(finished.split(self._e)[1:3]):
                return index
            if name in _FILLED_UP and (name not in ("NM1", "HI") or self._identity(segment)[1] == qualifier):
                return index
        return None

    def _filled(self, segment: str, finished: str) -> str:
        """The rendered segment with what only the kept one has; where both have something, the rendered one holds."""
        e, c = self._e, self._c
        if segment.startswith(f"PER{e}"):
            return finished
        mine, whole = segment.split(e), finished.split(e)
        mine += [""] * (len(whole) - len(mine))
        whole += [""] * (len(mine) - len(whole))
        return e.join(
            [
                new if not old or new.startswith(f"{old}{c}") else old
                for old, new in zip(mine, whole, strict=True)
            ]
        )
