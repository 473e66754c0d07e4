"""Segments close to the border of what a node allows, on either side: for the fuzz of the patterns, node by node."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.conformance.map_segments import COMPONENT, DIGITS, ELEMENT, LETTERS, a_date, codes_of, segment_text
from tests.conformance.mutations import ODD_VALUES


def near_segment(rng: Random, node: Any) -> str:
    """The text of a segment of the node: one in four clean, the others changed in one or two places."""
    text = segment_text(rng, node, fill=rng.choice((0.0, 0.2, 0.5, 0.9)))
    for _ in range(rng.choice((0, 1, 1, 2))):
        text = _changed(rng, node, text)
    return text


def _changed(rng: Random, node: Any, text: str) -> str:
    """The text with one change."""
    name, *values = text.split(ELEMENT) if ELEMENT in text else (text, "")
    place = rng.randrange(len(values))
    match rng.randrange(12):
        case 0:
            values[place] = ""
        case 1:
            place = rng.randrange(len(node.children))
            values += [""] * (place + 1 - len(values))
            values[place] = _border_value(rng, node.children[place])
        case 2:
            values += [""] * rng.choice((1, 1, len(node.children) - len(values), 20))
        case 3:
            values += [""] * (len(node.children) - len(values) + rng.choice((0, 1)))
            values.append(rng.choice(ODD_VALUES))
        case 4:
            values[place] += COMPONENT * rng.randint(1, 8) + rng.choice(("", "X"))
        case 5:
            parts = values[place].split(COMPONENT)
            parts[rng.randrange(len(parts))] = rng.choice(ODD_VALUES)
            values[place] = COMPONENT.join(parts)
        case 6:
            del values[rng.randint(0, place) :]
        case 7:
            values[place : place + 1] = []
        case 8:
            return rng.choice((" ", "\n", "X")) + text
        case 9:
            at = rng.randint(1, len(text))
            stray = rng.choice((chr(rng.randrange(256)), "", "^", " ", "\u0660", "\u2009"))
            return text[:at] + stray + text[at + rng.randint(0, 1) :]
        case _:
            values[place] = _border_value(rng, node.children[place % len(node.children)])
    return ELEMENT.join([name, *values])


def _border_value(rng: Random, child: Any) -> str:
    """A value about as long as it may be, of about the right kind, for an element or composite."""
    if child.is_composite():
        parts = [_border_value(rng, one) if rng.random() < 0.5 else "" for one in child.children]
        return COMPONENT.join(parts).rstrip(rng.choice(("", COMPONENT)))
    codes = codes_of(child)
    if codes and rng.random() < 0.6:
        return rng.choice(codes) + rng.choice(("", "", "", " ", "X"))
    length = max(0, rng.choice((child.min_len, child.max_len)) + rng.choice((-1, 0, 0, 1)))
    length = length if length < 300 else rng.randint(1, 5)
    digits = "".join(rng.choices(DIGITS, k=length))
    match rng.randrange(8):
        case 0 | 1:
            return digits
        case 2:
            places = rng.randint(0, 3)
            return f"{digits[: length - places]}.{digits[length - places :]}"
        case 3:
            return "-" + digits
        case 4:
            return a_date(rng)[:6] + rng.choice(("00", "01", "28", "29", "30", "31", "32"))
        case 5:
            return f"{rng.randint(0, 25):02d}" + rng.choice(
                ("00", "59", "60", "5959", "00595", "235960", "595959")
            )
        case 6:
            return rng.choice((f"{a_date(rng)}-{a_date(rng)}", f"{a_date(rng)}-", rng.choice(ODD_VALUES)))
    return "".join(rng.choices(LETTERS + LETTERS.lower() + DIGITS + " ", k=length))
