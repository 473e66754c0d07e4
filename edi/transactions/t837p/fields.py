"""Which fields of a value hold given texts: how a text that could not be written is named without being shown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


def fields_with(value: msgspec.Struct, texts: set[str], path: str = "") -> Iterator[str]:
    """Yield the dotted names of the fields of a value, at any depth, whose text is one of ``texts``."""
    for name in value.__struct_fields__:
        yield from _inside(getattr(value, name), texts, f"{path}{name}")


def _inside(value: object, texts: set[str], path: str) -> Iterator[str]:
    if isinstance(value, str):
        if value in texts or not texts.isdisjoint(value.split(":")):
            yield path
    elif isinstance(value, msgspec.Struct):
        yield from fields_with(value, texts, f"{path}.")
    elif isinstance(value, tuple):
        for number, member in enumerate(value, 1):
            yield from _inside(member, texts, f"{path}[{number}]")
