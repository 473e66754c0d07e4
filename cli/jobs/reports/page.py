"""docs/reports.md, made of the registry: every report with its formulas and the rows behind them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from cli.jobs.reports.workbook import formula_rows
from reconcile.reports.registry import REPORTS, Report, report

_HEAD = """# Reports

Made from the registry of `reconcile/reports/` by `make goldens`; do not edit.

Every report is a command, `claimloop report NAME`, and takes the same options:

- `--as-of DATE`: as it stood at the end of that day, by the date of the payment (BPR16, else DTM*405). What was posted
  later is taken off again, a denial that was settled later is open again, and ages are counted from that day. Without
  it, all that is stored counts, and ages are counted from today. A claim counts from its first day of service; one that
  was replaced later counts with its present charge.
- `--practice`, `--payer`, `--since`, `--until`: whose claims or payments, and of which days; each report says of what.
- `--by`: what the rows have in common.
- `--rows ROWS`, `--group NAME`: the rows behind a figure instead of the figures, all of them or one group's.
- `--format table|csv|json|parquet|xlsx`, `--output FILE`. CSV and the workbook end with
  the total where there is one; the workbook has the definitions on a sheet of its own.
- `--picture FILE`: a PNG or an SVG of the main columns, beside the answer.

A percentage is rounded half up to a tenth; it is empty where there is nothing to divide by. A claim counts once,
however often it was sent. The rows name no patient."""


def page() -> str:
    """The page as Markdown."""
    parts = [_HEAD, *(_section(report(name)) for name in REPORTS)]
    return "\n\n".join(parts) + "\n"


def _section(one: Report) -> str:
    """A report: what it is, how it is asked, its formulas and its rows."""
    lines = [f"## {one.name}", "", f"{one.title}. {_first_words(one)}", ""]
    if one.groupings:
        lines.append(f"- `--by`: {', '.join(f'`{by}`' for by in one.groupings)}")
    lines.append(f"- `--since`, `--until`: {one.period}")
    lines.append(f"- `--picture`: {', '.join(one.chart.y) if one.chart is not None else 'none'}")
    lines += ["", *_table(("figure", "formula", "numerator", "denominator"), _figures(one))]
    if one.row_sets:
        lines += ["", *_table(("`--rows`", "which", "columns"), _sets(one))]
    return "\n".join(lines)


def _first_words(one: Report) -> str:
    """What the module says of its report, in one paragraph a blank line apart."""
    told = sys.modules[f"reconcile.reports.{one.name}"].__doc__ or one.help
    paragraphs = [" ".join(text.split()) for text in told.strip().split("\n\n")]
    return "\n\n".join(paragraphs)


def _figures(one: Report) -> Iterator[tuple[str, ...]]:
    for row in formula_rows(one):
        yield tuple(str(row[name]) for name in ("figure", "formula", "numerator", "denominator"))


def _sets(one: Report) -> Iterator[tuple[str, ...]]:
    for rows in one.row_sets:
        yield f"`{rows.name}`", rows.what, ", ".join(column.name for column in rows.columns)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table; a bar inside a cell does not end it."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
