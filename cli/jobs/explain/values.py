"""What `explain` tells of a code."""

from __future__ import annotations

import msgspec


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One meaning of a code.

    Attributes:
        kind: carc, rule, finding, rarc, category, next_action, guardrail, a small code set's (SETS), word, check or
            exit_code.
        code: the code as it is written.
        title: what it is, in a few words.
        facts: what else is known, by name, in the order to be shown; only what is known.
    """

    kind: str
    code: str
    title: str
    facts: dict[str, str | list[str]]


def known_facts(**facts: object) -> dict[str, str | list[str]]:
    """Facts that are there, as text; true and false become yes and no."""
    said: dict[str, str | list[str]] = {}
    for name, value in facts.items():
        if isinstance(value, bool):
            said[name] = "yes" if value else "no"
        elif isinstance(value, list):
            if value:
                said[name] = value
        elif value not in (None, ""):
            said[name] = str(value)
    return said
