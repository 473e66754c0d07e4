"""Scenario files: TOML to a Scenario, shipped ones by name."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import msgspec

from edi.model.errors import UsageError
from edi.testpayer.values import Scenario

SHIPPED = ("demo", "clean")
"""Names of the scenarios that come with the package."""


def parse_scenario(text: str) -> Scenario:
    """Read a scenario from TOML text.

    Raises:
        UsageError: not TOML, an unknown key, a wrong type, a rate outside 0 to 1, or a CARC without a class.
    """
    try:
        scenario = msgspec.convert(tomllib.loads(text), Scenario)
    except (
        ValueError,
        RecursionError,
    ) as error:  # of tomllib and of msgspec; an int of thousands of digits too
        raise UsageError(f"the scenario cannot be read: {error}") from error
    for name in scenario.rates.__struct_fields__:
        if not 0 <= getattr(scenario.rates, name) <= 1:
            raise UsageError(f"the scenario's rate {name} must be between 0 and 1")
    used = {item.reason for item in (*scenario.denials, *scenario.partial_denials)}
    missing = sorted(used - set(scenario.classes))
    if missing:
        raise UsageError(f"the scenario gives no class for CARC {', '.join(missing)}")
    return scenario


def shipped_scenario(name: str = "demo") -> Scenario:
    """Return a scenario that comes with the package (``demo`` or ``clean``).

    Raises:
        UsageError: there is none of that name.
    """
    if name not in SHIPPED:
        raise UsageError(f"no scenario {name!r}; there are {', '.join(SHIPPED)}")
    return parse_scenario((files("edi.testpayer") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8"))
