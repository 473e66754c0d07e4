"""docs/rules.md from the rules' own docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import ModuleType
from typing import Final

from edi.codes import Tables
from edi.payers import PayerProfile
from edi.rules.registry import Rule

_HEAD = """# Rules

Made from the docstrings of `edi/rules/` by `make goldens`; do not edit.

An error holds the claim, a warning and an info do not. A payer may turn a rule off, up or down between dates of
service: `[[payer.key.rule]]` in payers.toml with `code`, `level`, `from`, `to`, `reason`; of two rows for a day the
last one counts. A rule that is for some payers only is turned on for another by the same row.
Where a rule's source is a key of payers.toml (`filing.initial_days`), the key decides for each payer.
`claimloop explain CODE` shows a rule.
"""
_SETTING: Final = re.compile(r"payers\.toml ([a-z_]+)\.([a-z_0-9]+)")


def render(
    rules: Sequence[Rule],
    families: Sequence[ModuleType],
    tables: Tables,
    packs: Mapping[str, PayerProfile],
) -> str:
    """All rules as Markdown, family by family.

    Args:
        rules: sorted by code.
        families: the modules, whose docstrings head their sections.
        tables: what the CARCs mean.
        packs: the shipped packs by key, which may turn rules.

    Returns:
        The text of docs/rules.md, ending in a line end.
    """
    about = {family.__name__.rpartition(".")[2]: family.__doc__ or "" for family in families}
    sizes = [(family, sum(one.family == family for one in rules)) for family in sorted(about)]
    listed = ", ".join(f"[{family}](#{family}) {size}" for family, size in sizes if size)
    parts = [_HEAD, f"{len(rules)} rules by family: {listed}.", "\n".join(_summary(rules))]
    for family, members in groupby(
        sorted(rules, key=lambda one: (one.family, one.code)), lambda one: one.family
    ):
        parts.append(f"## {family}\n\n{_first_paragraph(about[family])}")
        parts += [_section(one, tables, packs) for one in members]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _summary(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| code | severity | CARC | what |"
    yield "|---|---|---|---|"
    for one in rules:
        yield f"| [{one.code}](#{one.code.lower()}-{one.name}) | {one.severity} | {one.carc or ''} | {one.title} |"


def _section(one: Rule, tables: Tables, packs: Mapping[str, PayerProfile]) -> str:
    known = tables.carc(one.carc) if one.carc is not None else None
    answer = f"CARC {known.code} ({known.label})" if known is not None else "nothing: no denial would come"
    facts = {
        "Severity": one.severity,
        "Would come back as": answer,
        "For": _payers(one, packs),
        "By pack": _settings(one, packs),
        "Why": one.why,
        "Fix": one.fix,
        "Source": one.source,
    }
    listed = "\n".join(f"- {name}: {said}" for name, said in facts.items() if said)
    return f"### {one.code} {one.name}\n\n{one.title}\n\n{listed}"


def _payers(one: Rule, packs: Mapping[str, PayerProfile]) -> str:
    """Which payers it is for, and what shipped packs make of it; "" when it is the same for all."""
    said = [f"payers of kind {', '.join(one.payers)}"] if one.payers is not None else []
    for key, pack in packs.items():
        for row in pack.rules:
            if row.code == one.code:
                dates = "".join(
                    f" {word} {day}" for word, day in (("from", row.valid_from), ("to", row.valid_to)) if day
                )
                said.append(f"{row.level} for `{key}`{dates} ({row.reason})")
    return "; ".join(said)


def _settings(one: Rule, packs: Mapping[str, PayerProfile]) -> str:
    """The values that the shipped packs give to the settings a rule names as its source; "" when it names none."""
    said = []
    for table, key in dict.fromkeys(_SETTING.findall(one.source)):
        by_value: dict[str, list[str]] = {}
        for name, pack in packs.items():
            value = getattr(getattr(pack, table, None), key, None)
            by_value.setdefault(_text(value), []).append(name)
        values = ", ".join(
            f"{value} ({'every pack' if len(by_value) == 1 else ' '.join(names)})"
            for value, names in by_value.items()
        )
        said.append(f"`{table}.{key}` {values}")
    return "; ".join(said)


def _text(value: object) -> str:
    """A setting as payers.toml writes it; what is not set, or not simple, in words."""
    if value in (None, "", ()):
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return " ".join(str(one) for one in value if isinstance(one, str)) or "set"
    return str(value)


def _first_paragraph(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())
