"""The hook that has every command leave its entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from cli.trail.one import Trail, current
from cli.trail.policy import NOT_AUDITED, WITHOUT_STORE


def follow(command: Any, words: tuple[str, ...], code_of: Callable[[BaseException], int]) -> None:
    """Have a command, or each one of a group, leave its entries.

    Args:
        command: as click has it; its callback is wrapped.
        words: its name, after those of the groups it is in.
        code_of: what the process ends with when an exception goes through.
    """
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            follow(one, (*words, name), code_of)
        return
    name = " ".join(words)
    if name in NOT_AUDITED:
        return
    inner = command.callback
    arguments = [one.name for one in command.params if one.param_type_name == "argument"]

    @wraps(inner)
    def audited(*args: Any, **given: Any) -> Any:
        with _following(Trail(name, given, arguments), code_of):
            return inner(*args, **given)

    command.callback = audited


@contextmanager
def _following(one: Trail, code_of: Callable[[BaseException], int]) -> Iterator[None]:
    """The trail of what the block does."""
    token = current.set(one)
    try:
        if one.command in WITHOUT_STORE:
            one.near()
        try:
            yield
        except BaseException as error:
            code = code_of(error)
            one.end(code, None if _ends(error) else error)
            raise
        one.end(0)
    finally:
        current.reset(token)
        one.close()


def _ends(error: BaseException) -> bool:
    """Whether an exception is how a command ends by itself: with its exit code, or with nobody to read on."""
    return type(error).__name__ == "Exit" or isinstance(error, BrokenPipeError)
