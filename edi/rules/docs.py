"""docs/rules.md from the rules' own docstrings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from types import ModuleType

from edi.codes import Tables
from edi.rules.registry import Rule

_HEAD = """# Rules

Made from the docstrings of `edi/rules/` by `make goldens`; do not edit.

An error holds the claim, a warning and an info do not. A payer may turn a rule off, up or down between dates of
service: `[[payer.key.rule]]` in payers.toml with `code`, `level`, `from`, `to`, `reason`.
`claimloop explain CODE` shows a rule.
"""


def render(rules: Sequence[Rule], families: Sequence[ModuleType], tables: Tables) -> str:
    """All rules as Markdown, family by family.

    Args:
        rules: sorted by code.
        families: the modules, whose docstrings head their sections.
        tables: what the CARCs mean.

    Returns:
        The text of docs/rules.md, ending in a line end.
    """
    about = {family.__name__.rpartition(".")[2]: family.__doc__ or "" for family in families}
    parts = [_HEAD, "\n".join(_summary(rules))]
    for family, members in groupby(
        sorted(rules, key=lambda one: (one.family, one.code)), lambda one: one.family
    ):
        parts.append(f"## {family}\n\n{_first_paragraph(about[family])}")
        parts += [_section(one, tables) for one in members]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _summary(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| code | severity | CARC | what |"
    yield "|---|---|---|---|"
    for one in rules:
        yield f"| [{one.code}](#{one.code.lower()}-{one.name}) | {one.severity} | {one.carc or ''} | {one.title} |"


def _section(one: Rule, tables: Tables) -> str:
    known = tables.carc(one.carc) if one.carc is not None else None
    answer = f"CARC {known.code} ({known.label})" if known is not None else "nothing: no denial would come"
    facts = {
        "Severity": one.severity,
        "Would come back as": answer,
        "Why": one.why,
        "Fix": one.fix,
        "Source": one.source,
    }
    listed = "\n".join(f"- {name}: {said}" for name, said in facts.items())
    return f"### {one.code} {one.name}\n\n{one.title}\n\n{listed}"


def _first_paragraph(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())
