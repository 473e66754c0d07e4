"""A report as a picture, PNG or SVG; the library that draws is loaded when a picture is asked for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

from cli.jobs.reports.answer import Found
from cli.private import write_output
from edi.model.errors import UsageError
from reconcile.reports.registry import GROUP, Chart, Column, Row, cell

SUFFIXES: Final = (".png", ".svg")
_MOST_BARS: Final = 16
"""Groups that a picture of bars has room for; of money the largest are shown, else the first of the table."""
_INK: Final = "#222222"
_COLOURS: Final = ("#2f6690", "#e08e45", "#5b8e7d", "#b56576", "#6d597a")
_SCALES: Final = {"cents": 100, "percent": 10, "days": 10, "count": 1}


def check_picture(path: Path | None, chart: Chart | None, name: str) -> None:
    """Refuse a picture that cannot be drawn, before any work.

    Raises:
        UsageError: another suffix than .png or .svg, or a report without a picture.
    """
    if path is None:
        return
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--picture draws {' or '.join(SUFFIXES)}, not {path.suffix or path.name!r}")
    if chart is None:
        raise UsageError(f"report {name} has no picture")


def draw(found: Found, path: Path) -> None:
    """Draw the report's chart into a file; the suffix decides between PNG and SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    report = found.asked.report
    chart = report.chart
    assert chart is not None  # noqa: S101 - check_picture has looked
    columns = {one.name: one for one in report.columns}
    by_size = columns[chart.y[0]].kind == "cents"
    rows = _shown(found, chart, by_size=by_size)
    with mpl.rc_context({"svg.hashsalt": "claimloop", "font.family": "DejaVu Sans", "text.color": _INK}):
        figure = Figure(figsize=(10, 5.2), layout="constrained")
        axes = figure.subplots()
        if rows:
            _plot(axes, chart, rows, columns)
        else:
            axes.text(0.5, 0.5, "nothing to show", ha="center", va="center", transform=axes.transAxes)
            axes.set_axis_off()
        axes.set_title(_title(found, len(rows), by_size=by_size), loc="left", fontsize=11, fontweight="bold")
        options: dict[str, Any] = (
            {"metadata": {"Date": None}} if path.suffix.lower() == ".svg" else {"dpi": 150}
        )
        made = io.BytesIO()
        figure.savefig(made, format=path.suffix.lower().removeprefix("."), **options)
        write_output(path, made.getvalue())


def _shown(found: Found, chart: Chart, *, by_size: bool) -> list[Row]:
    """The rows drawn, in their order: those with a value; where there are too many, the largest or the first."""
    rows = [row for row in found.answer.rows if any(row[name] is not None for name in chart.y)]
    if chart.kind == "line" or found.asked.by == "month" or len(rows) <= _MOST_BARS:
        return rows
    if not by_size:
        return rows[:_MOST_BARS]
    sums = [sum(cell(row, name) for name in chart.y) for row in rows]
    largest = sorted(range(len(rows)), key=lambda place: -sums[place])[:_MOST_BARS]
    return [rows[place] for place in sorted(largest)]


def _plot(axes: Any, chart: Chart, rows: list[Row], columns: dict[str, Column]) -> None:
    """Draw the columns over the groups."""
    from matplotlib.ticker import FuncFormatter

    names = [str(row[GROUP]) for row in rows]
    places = range(len(names))
    kind = columns[chart.y[0]].kind
    across = len(chart.y) if chart.kind == "bar" else 1
    width = 0.8 / across
    below = [0.0] * len(rows)
    for number, name in enumerate(chart.y):
        values = [cell(row, name) / _SCALES.get(columns[name].kind, 1) for row in rows]
        label = columns[name].title or name.replace("_", " ")
        colour = _COLOURS[number % len(_COLOURS)]
        if chart.kind == "line":
            axes.plot(places, values, marker="o", color=colour, label=label)
        elif chart.kind == "stack":
            axes.bar(places, values, 0.8, bottom=below, color=colour, label=label)
            below = [low + high for low, high in zip(below, values, strict=True)]
        else:
            shift = (number - (across - 1) / 2) * width
            axes.bar([place + shift for place in places], values, width * 0.94, color=colour, label=label)
    turned = sum(map(len, names)) > _ROOM
    axes.set_xticks(
        list(places), names, rotation=35 if turned else 0, ha="right" if turned else "center", fontsize=8
    )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: _amount(value, kind)))
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), high * 1.05 if high > 0 else 1)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if len(chart.y) > 1:
        axes.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(chart.y))
        axes.set_ylabel(chart.unit, fontsize=9)
    else:
        axes.set_ylabel(columns[chart.y[0]].title or chart.y[0].replace("_", " "), fontsize=9)


_ROOM: Final = 110
"""Characters of group names that stand side by side."""


def _amount(value: float, kind: str) -> str:
    """A number on the axis."""
    if kind == "cents":
        return f"${value:,.0f}"
    return f"{value:,.0f} %" if kind == "percent" else f"{value:,.0f}"


def _title(found: Found, shown: int, *, by_size: bool) -> str:
    """What the picture shows: report, grouping, day, and how many groups are left out."""
    report, scope = found.asked.report, found.asked.scope
    parts = [report.title + (f" by {found.asked.by}" if len(report.groupings) > 1 else "")]
    parts += [name for name in (scope.practice, scope.payer) if name]
    if scope.as_of is not None:
        parts.append(f"as of {scope.as_of}")
    if shown < len(found.answer.rows):
        order = "largest" if by_size else "first"
        parts.append(f"the {order} {shown} of {len(found.answer.rows)}")
    return ", ".join(parts)
