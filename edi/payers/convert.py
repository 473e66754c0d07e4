"""A table of a TOML file to a frozen value, with a Finding for each key that is unknown or has the wrong type."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar

import msgspec

from edi.model.finding import Finding, Location, Severity, cut

Value = TypeVar("Value", bound=msgspec.Struct)

UNKNOWN_KEY = "SET001"
WRONG_VALUE = "SET002"

_LONGEST_MESSAGE = 200
_KEY = re.compile(r"\.(\w+)")
_PLACE = re.compile(r" - at `\$(?:\.\.\.)?([^`]*)`$")


def convert_table(
    table: Mapping[str, Any], kind: type[Value], where: str, file: str | None = None
) -> tuple[Value | None, tuple[Finding, ...]]:
    """Make a value of a table.

    Args:
        table: keys and values as read by tomllib.
        kind: the Struct to make; its encoded field names are the keys that may occur.
        where: path of the table for findings (``payer.acme``), as these show it.
        file: name of the file for findings.

    Returns:
        The value, or None when a key is missing or has a wrong type, and the findings: SET001 (warning) for an
        unknown key with the nearest known one, SET002 (error) for a missing key or a wrong value.
    """
    findings = list(_unknown_keys(table, kind, where, file))
    try:
        return msgspec.convert(table, kind), tuple(findings)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PLACE.search(text)
        path = place[1] if place else ""
        key = where + path
        allowed = _allowed(kind, path)
        findings.append(
            Finding(
                code=WRONG_VALUE,
                severity=Severity.ERROR,
                message=cut(_PLACE.sub("", text), _LONGEST_MESSAGE),
                location=Location(file=file, field=key),
                fix=f"Write one of {', '.join(allowed)}." if allowed else f"Correct {key}.",
            )
        )
        return None, tuple(findings)


def unknown_key(name: str, known: typing.Iterable[str], where: str, file: str | None) -> Finding:
    """The warning for a key that nothing reads, with the known key nearest to it."""
    shown = cut(name)
    near = get_close_matches(shown, list(known), n=1)
    return Finding(
        code=UNKNOWN_KEY,
        severity=Severity.WARNING,
        message=f"{shown} is not a key of [{where}]; nothing reads it",
        location=Location(file=file, field=f"{where}.{shown}"),
        fix=f"Did you mean {near[0]}?"
        if near
        else "Remove it, or see the list of keys in the documentation.",
    )


def _unknown_keys(
    table: Mapping[str, Any], kind: type[msgspec.Struct], where: str, file: str | None
) -> list[Finding]:
    fields = _fields(kind)
    findings: list[Finding] = []
    for name, value in table.items():
        if name not in fields:
            findings.append(unknown_key(name, fields, where, file))
            continue
        inner = _struct_in(fields[name])
        if inner is None:
            continue
        if isinstance(value, Mapping):
            findings += _unknown_keys(value, inner, f"{where}.{name}", file)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, Mapping):
                    findings += _unknown_keys(each, inner, f"{where}.{name}", file)
    return findings


def _allowed(kind: Any, path: str) -> list[str]:
    """The values that the key at a path of msgspec (``.rule[0].level``) may have, when they are a fixed list."""
    annotation = kind
    for name in _KEY.findall(path):
        holder = _struct_in(annotation)
        if holder is None:
            return []
        annotation = _fields(holder).get(name)
    found: list[str] = []
    for option in (annotation, *typing.get_args(annotation)):
        if typing.get_origin(option) is typing.Literal:
            found += [str(value) for value in typing.get_args(option) if value]
    return found


@cache
def _fields(kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    """The annotations of a Struct by the names that its fields have in a file."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """The Struct in ``X``, ``X | None`` or ``tuple[X, ...]``, or None."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, tuple):
        for argument in typing.get_args(annotation):
            found = _struct_in(argument)
            if found is not None:
                return found
    return None
