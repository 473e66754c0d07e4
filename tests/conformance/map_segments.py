"""Segments that pyx12 calls clean, made at random from a segment node of one of its maps.

pyx12 itself is the judge: whatever is drawn here goes through the node's own `is_valid_errors` and is drawn again
when that complains. So the drawing may be simple, and no rule of pyx12 stands here a second time.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

import pyx12.map_if
import pyx12.map_index
import pyx12.params
import pyx12.segment

ELEMENT, COMPONENT, SEGMENT, REPETITION = "*", ":", "~", "^"
"""The separators of everything that is generated; a mutation exchanges them."""

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS: Final = "0123456789"
TEXT: Final = LETTERS + LETTERS.lower() + DIGITS + " !\"&'()+,-./;?=%@[]_{}\\|<>#$`"
LONGEST: Final = 40
"""Most values stay below, so that documents stay small; one in thirty has the greatest length its element allows."""


@functools.cache
def load_map(name: str) -> Any:
    """A map of pyx12 by its file name, once for a process."""
    return pyx12.map_if.load_map_file(name, pyx12.params.ParamsBase())


def segment_nodes(root: Any) -> list[Any]:
    """All segment nodes of a map, in its order."""
    return [node for node in root.loop_segment_iterator() if node.is_segment()]


def parsed(text: str, separators: tuple[str, str, str] = (SEGMENT, ELEMENT, COMPONENT)) -> Any:
    """The text of a segment, without its terminator, as pyx12's Segment."""
    return pyx12.segment.Segment(text, *separators)


def is_clean(node: Any, segment: Any) -> bool:
    """Whether pyx12 has nothing to say against the segment at this node. A crash is something to say."""
    try:
        valid, errors = node.is_valid_errors(segment)
    except (AssertionError, LookupError, ValueError, AttributeError, TypeError):
        return False
    return bool(valid) and not errors


# -- elements ------------------------------------------------------------------------------------------------------


_CODES: dict[int, list[str]] = {}


def codes_of(element: Any) -> list[str]:
    """The codes an element accepts: those of the map and of its external list that pass its own check."""
    if id(element) not in _CODES:
        every = list(element.valid_codes)
        if element.external_codes:
            every += sorted(element.root.ext_codes.codes[element.external_codes]["codes"])
        _CODES[id(element)] = [
            code for code in every if element.is_valid_errors(pyx12.segment.Element(code)) == (True, [])
        ]
    return _CODES[id(element)]


def a_date(rng: Random) -> str:
    return f"{rng.randint(1900, 2039)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"


def a_time(rng: Random, length: int) -> str:
    whole = (
        f"{rng.randint(0, 23):02d}{rng.randint(0, 59):02d}{rng.randint(0, 59):02d}{rng.randint(0, 99):02d}"
    )
    return whole[:length]


def a_decimal(rng: Random, length: int) -> str:
    """A number of so many digits, with or without sign and point."""
    digits = "".join(rng.choices(DIGITS, k=length))
    places = rng.choice([0, 0, 1, 2, 2, 3])
    if 0 < places < length:
        digits = f"{digits[:-places]}.{digits[-places:]}"
    return rng.choice(["", "", "", "-"]) + digits


def a_text(rng: Random, length: int) -> str:
    """Mostly capitals and digits; now and then everything the character set has."""
    alphabet = TEXT if rng.random() < 0.15 else LETTERS + DIGITS + " "
    drawn = "".join(rng.choices(alphabet, k=length)).strip()
    return drawn + "".join(rng.choices(LETTERS, k=length - len(drawn)))


def value_of_type(rng: Random, kind: str, least: int, most: int) -> str:
    """A value of an X12 data type or of a format of element 1250."""
    length = rng.randint(least, min(most, max(least, LONGEST)))
    if rng.random() < 0.1:
        length = least
    elif rng.random() < 0.033:
        length = most
    match kind:
        case "D8":
            return a_date(rng)
        case "DT":
            return a_date(rng) if most >= 8 else a_date(rng)[2:]
        case "RD8":
            return f"{a_date(rng)}-{a_date(rng)}"
        case "D6":
            return a_date(rng)[2:]
        case "TM":
            return a_time(rng, rng.choice([size for size in (4, 6, 7, 8) if least <= size <= most] or [4]))
        case "R":
            return a_decimal(rng, length)
        case "ID":
            return "".join(rng.choices(LETTERS + DIGITS, k=length))
        case _ if kind.startswith("N"):
            return rng.choice(["", "", "", "", "-"]) + "".join(rng.choices(DIGITS, k=length))
    return a_text(rng, length)


def element_value(rng: Random, element: Any, kind: str | None = None) -> str:
    """A value the element accepts.

    Args:
        rng: chance.
        element: an `element_if` of a map.
        kind: the format that the element 1250 before it named, if there is one.
    """
    codes = codes_of(element)
    if codes:
        return rng.choice(codes)
    for _ in range(100):
        if element.rec is not None:
            drawn = "".join(rng.choices(DIGITS, k=9))  # all there are: [0-9]{9}
        else:
            drawn = value_of_type(rng, kind or element.data_type, element.min_len, element.max_len)
        if element.is_valid_errors(pyx12.segment.Element(drawn)) == (True, []):
            return drawn
    raise AssertionError(f"no value found for {element.get_path()}")


def composite_value(rng: Random, composite: Any, fill: float) -> str:
    """Components of a composite: those that are needed, others by chance."""
    drawn, kind = [], None
    for component in composite.children:
        present = component.usage == "R" or (component.usage == "S" and rng.random() < fill)
        drawn.append(element_value(rng, component, kind) if present else "")
        if component.data_ele == "1250":
            kind = drawn[-1] or None
    return COMPONENT.join(drawn).rstrip(COMPONENT)


# -- segments ------------------------------------------------------------------------------------------------------


def child_value(rng: Random, node: Any, place: int, values: Sequence[str], fill: float) -> str:
    """A value for the element or composite at a place (0-based), given what stands before it."""
    child = node.children[place]
    if child.is_composite():
        return composite_value(rng, child, fill)
    kind = None
    if place and child.data_ele == "1251":
        kind = next(
            (values[k] for k in range(place - 1, -1, -1) if node.children[k].data_ele == "1250"), None
        )
    return element_value(rng, child, kind)


def segment_text(rng: Random, node: Any, preset: Mapping[int, str] | None = None, fill: float = 0.3) -> str:
    """The text of a segment that is clean at the node, without terminator.

    Args:
        rng: chance.
        node: a `segment_if` of a map.
        preset: values that are given, by 1-based place; never replaced.
        fill: how likely an element that is not needed stands.
    """
    given = {place - 1: value for place, value in (preset or {}).items()}
    for attempt in range(200):
        fill = max(fill, attempt / 200)
        values: list[str] = []
        for place, child in enumerate(node.children):
            present = child.usage == "R" or (child.usage == "S" and rng.random() < fill)
            drawn = child_value(rng, node, place, values, fill) if present and place not in given else ""
            values.append(given.get(place, drawn))
        _mend(rng, node, values, given, fill)
        written = ELEMENT.join([node.id, *values]).rstrip(ELEMENT)
        if ELEMENT in written and is_clean(node, parsed(written)):
            return written
    raise AssertionError(f"no clean segment found for {node.get_path()}")


def _mend(rng: Random, node: Any, values: list[str], given: Mapping[int, str], fill: float) -> None:
    """Fill or blank elements until the relations between them hold, or nearly so."""

    def put(place: int) -> None:
        if not values[place]:
            values[place] = child_value(rng, node, place, values, fill)

    def blank(place: int) -> None:
        if node.children[place].usage != "R" and place not in given:
            values[place] = ""

    def usable(places: Sequence[int]) -> list[int]:
        return [place for place in places if place < len(values) and node.children[place].usage != "N"]

    for kind, *ordinals in node.syntax * 3:
        places = [ordinal - 1 for ordinal in ordinals]
        first, rest = places[0], places[1:]
        there = [place for place in places if place < len(values) and values[place]]
        if kind == "P" and there and len(there) < len(places):
            for place in usable(places):
                put(place)
        elif kind == "R" and not there and usable(places):
            put(rng.choice(usable(places)))
        elif kind == "E" and len(there) > 1:
            for place in there[1:]:
                blank(place)
        elif kind == "C" and first in there and len(there) < len(places):
            if len(usable(rest)) < len(rest):
                blank(first)
            for place in usable(rest) if values[first] else []:
                put(place)
        elif kind == "L" and there == [first]:
            if usable(rest):
                put(rng.choice(usable(rest)))
            else:
                blank(first)
