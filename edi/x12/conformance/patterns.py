"""A regular expression for each segment node: what it matches, pyx12's element checks find clean.

Sufficient, never necessary: a clean segment it does not match is judged by pyx12, at pyx12's speed. So everything rare
is left out: blanks at the end of a value, 29 February, more than two decimals, a composite without first component.
Values exclude the delimiters, so a text can match in one way only, and "group 3 matched" is "element 3 is present".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from pyx12.errors import EngineError
from pyx12.map_if import composite_if
from pyx12.segment import Segment
from pyx12.syntax import is_syntax_valid
from pyx12.validation import IsValidDataType, contains_control_character

DATE = (
    "(?:1[89]|[2-9][0-9])[0-9]{2}"
    "(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8]))"
)
_HOUR: Final = "(?:[01][0-9]|2[0-3])[0-5][0-9]"
_TIMES: Final = {4: _HOUR, 6: f"{_HOUR}[0-5][0-9]", 8: f"{_HOUR}[0-5][0-9][0-9]{{2}}"}
_DATED: Final = frozenset({"RD8", "DT", "D8", "D6", "TM"})
"""Qualifiers of a date or time for which pyx12 checks the value."""
_OWN_EXPRESSION: Final = re.compile(r"\[0-9\]\{\d+\}")
"""The only kind of expression of a map's own that is taken over; it cannot run into the next element."""
_MOST_IN_RULE: Final = 6
_NEVER: Final = "(?!)"


class Delimiters(msgspec.Struct, frozen=True, gc=False):
    """The separators of a file."""

    segment: str
    element: str
    component: str

    def usable(self) -> bool:
        """Whether the separators cannot be taken for a part of a value, so that patterns may be built on them."""
        every = (self.segment, self.element, self.component)
        return len(set(every)) == len(every) and all(
            one.isascii() and not one.isalnum() and not one.isspace() and one not in ".-" for one in every
        )


class NotExpressibleError(Exception):
    """No pattern can be given."""


def pattern_of(node: Any, delimiters: Delimiters) -> re.Pattern[str] | None:
    """Return the pattern of a segment node, for the text without terminator; None when it cannot be expressed."""
    try:
        return re.compile(_Builder(node, delimiters).text())
    except (NotExpressibleError, EngineError, re.error, OverflowError, RecursionError):
        return None


def no_trailing(separator: str) -> str:
    """The condition that a text does not end in a separator."""
    return f"(?<!{re.escape(separator)})"


def lengths(element: Any) -> tuple[int, int]:
    """Shortest and longest value of an element."""
    return max(1, element.min_len), element.max_len


def syntax_condition(rule: list[Any], groups: dict[int, str], segment_id: str) -> str:
    """A syntax rule (``P0304``) as conditions on the groups that matched.

    Args:
        rule: its letter and the elements' numbers, as the map has it.
        groups: element number to name of its group; an element without group is never present.
        segment_id: for the segment on which pyx12 decides.
    """
    elements = list(dict.fromkeys(int(number) for number in rule[1:]))
    if len(elements) > _MOST_IN_RULE:
        raise NotExpressibleError

    def branch(left: list[int], present: frozenset[int]) -> str:
        if not left:
            values = ["X" if number in present else "" for number in range(1, max(elements, default=0) + 1)]
            return (
                ""
                if is_syntax_valid(Segment("*".join([segment_id, *values]), "~", "*", ":"), rule)[0]
                else _NEVER
            )
        absent = branch(left[1:], present)
        if left[0] not in groups:
            return absent
        there = branch(left[1:], present | {left[0]})
        return there if there == absent else f"(?({groups[left[0]]}){there}|{absent})"

    return branch(elements, frozenset())


class _Builder:
    """Builds the pattern of one node."""

    def __init__(self, node: Any, delimiters: Delimiters) -> None:
        self._node = node
        self._separator = re.escape(delimiters.element)
        self._component = re.escape(delimiters.component)
        self._delimiters = delimiters
        self._children = [node.get_child_node_by_idx(at) for at in range(node.get_child_count())]
        self._ruled = {int(number) for rule in node.syntax for number in rule[1:]}
        self._groups: dict[int, str] = {}

    def text(self) -> str:
        """The whole pattern."""
        values = self._values()
        needed = max((at for at, (_, required) in enumerate(values) if required), default=-1)
        head = "".join([self._separator + _value(*one) for one in values[: needed + 1]])
        tail = ""
        for one in reversed(values[needed + 1 :]):
            tail = self._separator + _value(*one) + (f"(?:{tail})?" if tail else "")
        if tail and needed >= 0:
            tail = f"(?:{tail})?"
        if not head and not tail:
            raise NotExpressibleError
        rules = "".join([syntax_condition(rule, self._groups, self._node.id) for rule in self._node.syntax])
        return re.escape(str(self._node.id)) + head + tail + no_trailing(self._delimiters.element) + rules

    def _values(self) -> list[tuple[str | None, bool]]:
        """Of each element its pattern (None: it must be empty) and whether it must be there."""
        types: list[str] = []
        values: list[tuple[str | None, bool]] = []
        for at, child in enumerate(self._children):
            if child.data_ele == "1250" and not isinstance(child, composite_if):
                types.extend(child.valid_codes)
            value = self._element(at, child, tuple(types)) if child.usage in ("R", "S") else None
            required = child.usage == "R"
            if (value is None and required) or child.usage not in ("R", "S", "N"):
                raise NotExpressibleError
            if value is not None and at + 1 in self._ruled:
                self._groups[at + 1] = f"e{at + 1}"
                value = f"(?P<e{at + 1}>{value})"
            values.append((value, required))
        return values

    def _element(self, at: int, child: Any, types: tuple[str, ...]) -> str | None:
        """One element or composite, ``types`` being the qualifiers of dates and times before it."""
        if self._node.id == "DTP" and at == 2:
            return self._dtp_value()
        if isinstance(child, composite_if):
            return self._composite(child)
        return element_value(child, self._delimiters, types if child.data_ele == "1251" else ())

    def _dtp_value(self) -> str | None:
        """DTP03, which depends on DTP02: alternatives, each behind a look back at the qualifier."""
        qualifier, value = self._children[1], self._children[2]
        if (
            any(isinstance(one, composite_if) for one in (qualifier, value))
            or qualifier.external_codes is not None
        ):
            return None
        pairs = []
        for code in filter(None, qualifier.valid_codes):
            text = element_value(value, self._delimiters, (code,) if code in _DATED else ())
            if text is not None:
                pairs.append(f"(?<={self._separator}{re.escape(code)}{self._separator}){text}")
        return "(?:" + "|".join(pairs) + ")" if pairs else None

    def _composite(self, composite: Any) -> str | None:
        """A composite with its first component."""
        parts = [
            (element_value(child, self._delimiters, ()), child.usage == "R") for child in composite.children
        ]
        if not parts or parts[0][0] is None or any(required and value is None for value, required in parts):
            return None
        needed = max((at for at, (_, required) in enumerate(parts) if required), default=0)
        text = parts[0][0] + "".join([self._component + _value(*one) for one in parts[1 : needed + 1]])
        tail = ""
        for one in reversed(parts[needed + 1 :]):
            tail = f"(?:{self._component}{_value(*one)}{tail})?"
        return text + tail


def _value(value: str | None, required: bool) -> str:
    """A value, an optional one, or nothing at all."""
    if value is None:
        return ""
    return value if required else f"(?:{value})?"


def element_value(element: Any, delimiters: Delimiters, types: tuple[str, ...]) -> str | None:
    """The pattern of a value that is there; None when none can be given.

    Args:
        element: pyx12's element.
        delimiters: they are no part of a value.
        types: qualifiers (``D8``) of which one must fit the value.
    """
    if element.usage not in ("R", "S"):
        return None
    low, high = lengths(element)
    value = _plain_value(element, delimiters, low, high, types)
    if value is None:
        return None
    if element.rec is not None:
        if _OWN_EXPRESSION.fullmatch(element.res or "") is None:
            return None
        value = f"(?={element.res}){value}"
    if not element.valid_codes and element.external_codes is None:
        return value
    codes = set(element.valid_codes)
    if element.external_codes is not None:
        codes |= element.root.ext_codes.codes.get(element.external_codes, {}).get("codes", frozenset())
    return _one_of(frozenset(codes), value)


def _plain_value(
    element: Any, delimiters: Delimiters, low: int, high: int, types: tuple[str, ...]
) -> str | None:
    kind = element.data_type
    if high < low:
        return None
    if _DATED & set(types):
        fits = low <= 8 <= high
        dates = [DATE] if "D8" in types and fits else []
        if "RD8" in types and low <= 17 <= high:
            dates.append(f"{DATE}-{DATE}")
        if "TM" in types:
            dates.extend(_TIMES[length] for length in (8, 6, 4) if low <= length <= high)
        return "(?:" + "|".join(dates) + ")" if dates and kind == "AN" else None
    if kind in ("AN", "ID"):
        charset, version = element.root.param.get("charset"), element.root.icvn or "00401"
        return _characters(charset, version, delimiters, low, high)
    if kind == "R":
        return (
            f"-?[0-9]{{{low},{high - 2}}}(?:\\.[0-9]{{1,2}})?"
            if high - 2 >= low
            else f"-?[0-9]{{{low},{high}}}"
        )
    if kind and kind[0] == "N":
        return f"-?[0-9]{{{low},{high}}}"
    if kind == "DT":
        return DATE if low <= 8 <= high else None
    if kind == "TM":
        times = [_TIMES[length] for length in (8, 6, 4) if low <= length <= high]
        return "(?:" + "|".join(times) + ")" if times else None
    return None


@functools.lru_cache(maxsize=1024)
def _characters(charset: str, version: str, delimiters: Delimiters, low: int, high: int) -> str:
    """Text of allowed characters that does not end in a blank."""
    allowed = _alphabet(charset, version, delimiters)
    solid = _class(one for one in allowed if one != " ")
    every = _class(allowed)
    return f"{every}{{{low - 1},{high - 1}}}{solid}"


@functools.lru_cache(maxsize=32)
def _alphabet(charset: str, version: str, delimiters: Delimiters) -> str:
    """The characters pyx12 allows in a value, each asked alone, without the delimiters."""
    taken = {delimiters.segment, delimiters.element, delimiters.component}
    return "".join(
        one
        for one in map(chr, range(128))
        if one not in taken
        and IsValidDataType(one, "AN", charset, version)
        and not contains_control_character(one)[0]
    )


def _class(characters: Iterable[str]) -> str:
    return "[" + "".join(re.escape(one) for one in characters) + "]"


@functools.lru_cache(maxsize=512)
def _one_of(codes: frozenset[str | None], value: str) -> str | None:
    """The codes that are values, as a trie; None when there is none."""
    fits = re.compile(value).fullmatch
    trie: dict[str, Any] = {}
    for code in codes:
        if code and fits(code):
            place = trie
            for letter in code:
                place = place.setdefault(letter, {})
            place[""] = {}
    return _trie(trie) if trie else None


def _trie(place: dict[str, Any]) -> str:
    below = {letter: _trie(rest) for letter, rest in sorted(place.items()) if letter}
    if not below:
        return ""
    if any(below.values()):
        text = "(?:" + "|".join(re.escape(letter) + rest for letter, rest in below.items()) + ")"
    else:
        text = _class(below)
    return f"(?:{text})?" if "" in place else text
