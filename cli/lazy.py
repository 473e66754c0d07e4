"""Commands that are imported when they are called: looking at a file does not load the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

_CLAUSE: Final = re.compile(r"[.:;] ")
"""Ends what --help of the whole program says of a command; --help of the command says all."""


class LazyCommands(MutableMapping[str, Any]):
    """Commands by name, each made from its module when it is first asked for.

    Args:
        panels: by the heading of a panel of --help, ``module:attribute`` by name; the attribute is a function, or a
            Typer that groups several.
        around: called with each command, or group of them, and its name when it is made.
    """

    def __init__(self, panels: Mapping[str, Mapping[str, str]], around: Callable[[Any, str], None]) -> None:
        self._around = around
        self._places = {name: place for places in panels.values() for name, place in places.items()}
        self._panels = {name: panel for panel, places in panels.items() for name in places}
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            made = self._made[name] = _made(name, self._places[name])
            self._around(made, name)
            made.rich_help_panel = self._panels[name]
            made.short_help = _CLAUSE.split(made.help or "", maxsplit=1)[0].rstrip(".") + "."
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._places[name] = ""
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._made.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def group_of(panels: Mapping[str, Mapping[str, str]], around: Callable[[Any, str], None]) -> type[TyperGroup]:
    """The class of a group whose commands are those of ``panels``; see LazyCommands."""
    commands = LazyCommands(panels, around)

    class LazyGroup(TyperGroup):
        """Knows its commands by name before any of them is imported."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**{**settings, "commands": commands})

    return LazyGroup


def _made(name: str, place: str) -> Any:
    """Import a command and give it the form that the command line wants."""
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return get_group(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(found)
    return get_command(alone)
