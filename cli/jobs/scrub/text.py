"""A report for a person: the findings code by code, each code's reason and fix once, then the sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import TypeAlias

import msgspec

from cli.jobs.lists import counted
from cli.jobs.scrub.report import CodeCount, Report
from cli.render import money
from edi.model.finding import Finding, Severity

Line: TypeAlias = tuple[str, str]
"""A text and the style it is printed in."""

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_SETTINGS_LACK = frozenset({"CHG002", "CHG007"})
"""Codes of what the settings lack: one entry mends all lines that name it, so they are told together."""
_NARROW = 100
"""Characters of a terminal below which a finding takes two lines."""


def report_lines(report: Report, *, width: int | None = None, most: int | None = None) -> Iterator[Line]:
    """The report, line by line.

    Args:
        report: what to tell.
        width: characters of the terminal; None is no terminal: nothing is shortened or broken.
        most: how many findings of a code to list; the rest is counted.
    """
    for text, style in _told(report, width, most):
        if width is None or len(text) <= width:
            yield text, style
            continue
        indent = " " * (len(text) - len(text.lstrip()) + 2)
        for part in wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]:
            yield part, style


def _told(report: Report, width: int | None, most: int | None) -> Iterator[Line]:
    """The report before long lines are folded."""
    groups = groupby(report.findings, key=lambda one: (one.severity, one.code))
    for count, (_, group) in zip(report.codes, groups, strict=True):
        yield from _code_lines(count, list(group), width, most)
        yield "", ""
    yield from _totals(report)


def _code_lines(
    count: CodeCount, findings: Sequence[Finding], width: int | None, most: int | None
) -> Iterator[Line]:
    """One code: what it is, why it matters, what to do, and where it was found."""
    first = findings[0]
    yield f"{first.severity.value} {first.code}  {count.title}", _STYLE[first.severity]
    said = [counted(len(findings), "finding")]
    if count.held:
        said.append(f"holds {counted(count.held, 'claim')} of {money(count.held_charge)}")
    if count.carc:
        said.append(f"would come back as CARC {count.carc}")
    yield f"  {', '.join(said)}", ""
    if first.why:
        yield f"  why: {first.why}", "dim"
    fixes = {one.fix for one in findings}
    common = first.fix if len(fixes) == 1 else ""
    if common:
        yield f"  fix: {common}", "dim"
    lots = _of_one_visit(findings)
    shown = lots if most is None else lots[:most]
    yield from _place_lines(shown, width, with_fix=not common)
    if len(lots) > len(shown):
        rest = sum(len(lot) for lot in lots[len(shown) :])
        yield f"  … and {rest} more; --json or --format xlsx lists all", "dim"


def _of_one_visit(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings that say the same of several rows of one visit together, those of what the settings lack of all rows."""
    lots: dict[object, list[Finding]] = {}
    for number, one in enumerate(findings):
        where = one.location
        same: tuple[object, ...] = (one.message, one.fix, where.file, where.field, where.visit)
        if one.code in _SETTINGS_LACK:
            same = same[:2]
        lots.setdefault(same if where.visit is not None else number, []).append(one)
    return list(lots.values())


def one_of_a_kind(findings: Iterable[Finding]) -> list[Finding]:
    """The findings with one for all the lines that lack the same in the settings, which says how many they are."""
    lots: dict[object, list[Finding]] = {}
    for number, one in enumerate(findings):
        lots.setdefault((one.code, one.message) if one.code in _SETTINGS_LACK else number, []).append(one)
    kept: list[Finding] = []
    for lot in lots.values():
        kept += [msgspec.structs.replace(lot[0], message=_message(lot))] if _of_several_visits(lot) else lot
    return kept


def _of_several_visits(lot: Sequence[Finding]) -> bool:
    return len({one.location.visit for one in lot}) > 1


def _message(lot: Sequence[Finding]) -> str:
    """What the findings of a lot say, with their number when they are of several visits."""
    return f"{lot[0].message} ({len(lot)} lines)" if _of_several_visits(lot) else lot[0].message


def _place_lines(lots: Sequence[Sequence[Finding]], width: int | None, *, with_fix: bool) -> Iterator[Line]:
    """A line for each lot: where, session, line, field, message; two lines on a narrow terminal."""
    places = [_place(lot) for lot in lots]
    widths = [max((len(place[column]) for place in places), default=0) for column in range(4)]
    for lot, place in zip(lots, places, strict=True):
        cells = "  ".join(text.ljust(room) for text, room in zip(place, widths, strict=True) if room).rstrip()
        message = _message(lot)
        if width is not None and width < _NARROW:
            yield f"  {cells}".rstrip(), ""
            yield f"      {message}", ""
        else:
            yield (f"  {cells}  {message}" if cells else f"  {message}"), ""
        if with_fix and lot[0].fix:
            yield f"      fix: {lot[0].fix}", "dim"


def _place(lot: Sequence[Finding]) -> tuple[str, str, str, str]:
    """File and rows, session, line of the claim, field."""
    where = lot[0].location
    if _of_several_visits(lot):
        lot = lot[:1]
    rows = [str(one.location.row) for one in lot if one.location.row is not None]
    lines = {one.location.line for one in lot}
    at = ":".join(part for part in (where.file or "", ",".join(dict.fromkeys(rows))) if part)
    line = f"line {where.line}" if where.line and len(lines) == 1 else ""
    return at, where.session or "", line, where.field or ""


def waiting_text(held: int, charge: int, refused_charge: int, unpriced: int) -> Iterator[str]:
    """Yield what is on no claim because of an error.

    Args:
        held: lines held before they became a claim.
        charge: what is known of their cents.
        refused_charge: the same of the rows refused.
        unpriced: of how many lines and rows the charge is not known.
    """
    if held:
        yield f"{counted(held, 'line')} held before they became a claim, {money(charge)}"
    if refused_charge:
        yield f"{money(refused_charge)} on the rows refused, as far as they could be read"
    if unpriced:
        yield f"{counted(unpriced, 'line')} of these whose charge is not known"


def _totals(report: Report) -> Iterator[Line]:
    """How many lines and claims there are, and what becomes of them."""
    checked = report.checked
    if report.codes:
        room = max(len(one.code) for one in report.codes)
        yield f"severity  {'code':<{room}}  findings  claims held  charge held  comes back as", "bold"
        for one in report.codes:
            held = (str(one.held), money(one.held_charge)) if one.held else ("", "")
            carc = f"CARC {one.carc}" if one.carc else ""
            cells = f"{one.severity.value:<8}  {one.code:<{room}}  {one.count:>8}"
            yield f"{cells}  {held[0]:>11}  {held[1]:>11}  {carc}".rstrip(), ""
        yield "", ""
    yield (
        f"{counted(checked.lines, 'session line')} read, {counted(checked.rejected_rows, 'row')} refused",
        "",
    )
    others = {
        "already billed": checked.already_billed,
        "changed after billing": checked.changed,
        **checked.not_billed,
    }
    for reason, lines in others.items():
        if lines:
            yield f"{counted(lines, 'line')} not billed: {reason.replace('_', ' ')}", ""
    for text in waiting_text(
        checked.held_lines, checked.held_lines_charge, checked.refused_charge, checked.unpriced
    ):
        yield text, ""
    yield f"{counted(len(checked.clean), 'claim')} clean, {money(report.clean_charge)}", ""
    yield f"{counted(len(checked.held), 'claim')} held by errors, {money(report.held_charge)}", ""
    if report.hidden:
        yield f"{counted(report.hidden, 'finding')} left out by --select, --ignore or --severity", "dim"
