"""Findings for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console

from edi.model.finding import Finding, Severity

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def place(finding: Finding) -> str:
    """Return where a finding is, in one short phrase: file, row and column, or segment and element."""
    where = finding.location
    parts = [
        where.file or "",
        f"row {where.row}" if where.row is not None else "",
        f"transaction {where.transaction}" if where.transaction else "",
        f"segment {where.segment}" if where.segment is not None else "",
        where.element or "",
        f"claim {where.claim}" if where.claim else "",
        f"line {where.line}" if where.line else "",
        f"session {where.session}" if where.session else "",
        where.field or "",
    ]
    return ", ".join(part for part in parts if part)


def print_findings(findings: Sequence[Finding], console: Console, *, limit: int | None = None) -> None:
    """Print findings, worst first and in the order of the files, each with place, message and fix.

    What is said of several rows of one visit in the same words is printed once. More than ``limit`` are counted, not
    shown.
    """
    groups = _repeated(sorted(findings, key=_rank))
    shown = groups if limit is None else groups[:limit]
    for finding, *others in shown:
        style = _STYLE[finding.severity]
        console.print(f"{finding.severity.value:<7} {finding.code}", style=style, end="  ", markup=False)
        said = [part for part in (place(finding), finding.message) if part]
        more = _more_rows([one.location.row for one in others if one.location.row is not None])
        console.print(": ".join(said) + more, markup=False, soft_wrap=True)
        if finding.fix:
            console.print(f"        fix: {finding.fix}", style="dim", markup=False, soft_wrap=True)
    if len(groups) > len(shown):
        rest = sum(len(group) for group in groups[len(shown) :])
        console.print(f"… and {rest} more; --json lists all", style="dim")


def _rank(finding: Finding) -> tuple[int, str, bool, int]:
    """Errors first, then by file and row; what is said of no row comes last."""
    where = finding.location
    return (list(Severity).index(finding.severity), where.file or "", where.row is None, where.row or 0)


def _repeated(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings that say the same of rows of one visit together, each lot where its first one stands."""
    groups: dict[object, list[Finding]] = {}
    for place_in_order, finding in enumerate(findings):
        where = finding.location
        key: object = place_in_order
        if where.visit is not None:
            key = (finding.code, finding.severity, finding.message, where.file, where.field, where.visit)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())


def _more_rows(rows: Sequence[int]) -> str:
    if not rows:
        return ""
    word = "row" if len(rows) == 1 else "rows"
    return f" (and {len(rows)} more {word}: {', '.join(str(row) for row in rows)})"


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as the contract shows it: flat, without empty places."""
    where = {key: value for key, value in msgspec.to_builtins(finding.location).items() if value is not None}
    more = {"fix": finding.fix, "why": finding.why, "carc": finding.carc}
    known = {"code": finding.code, "severity": finding.severity.value, "message": finding.message}
    return {**known, **where, **{key: value for key, value in more.items() if value}}
