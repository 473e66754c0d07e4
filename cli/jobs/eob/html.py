"""A readable remittance as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from cli.jobs.eob.content import AMOUNTS, LINE_COLUMNS, Fact, Part, PartClaim, PartEnd, PartHead

_STYLE: Final = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; color: #1b1b1b; background: #fff;
  font: 1rem/1.5 system-ui, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif; }
h1, h2 { line-height: 1.25; margin: 0 0 .5rem; }
h1 { font-size: 1.5rem; border-bottom: .2rem solid #12486b; padding-bottom: .4rem; }
h2 { font-size: 1.15rem; color: #12486b; }
h3 { font-size: 1rem; margin: .75rem 0 0; }
section { margin: 1.75rem 0; break-inside: avoid-page; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.25rem; margin: 0 0 .75rem; }
dl.facts dt { color: #4a4a4a; } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #c4c4c4; text-align: left; vertical-align: top; }
thead th { background: #e8eff4; border-bottom: 2px solid #12486b; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.whole { white-space: nowrap; }
tfoot td, tfoot th { font-weight: 600; border-bottom: none; border-top: 2px solid #12486b; }
dl.codes { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .25rem 0 0; }
dl.codes dt { font-weight: 600; } dl.codes dd { margin: 0; }
p.note { border-left: .3rem solid #9a3412; padding: .3rem .8rem; background: #fdf3ec; }
@media print { body { padding: 0; max-width: none; font-size: 10pt; } thead { display: table-header-group; } }
"""


def html_blocks(parts: Iterable[Part], title: str) -> Iterator[str]:
    """Yield the page in pieces, a claim at a time.

    Args:
        parts: as they come.
        title: of the page.
    """
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    for part in parts:
        if isinstance(part, PartHead):
            yield f"<h1>{escape(part.title)}</h1>\n{_facts(part.facts)}"
        elif isinstance(part, PartClaim):
            yield _claim(part)
        elif isinstance(part, PartEnd):
            yield _end(part)
        else:
            yield f'<p class="note"><strong>Note:</strong> {escape(part.text)}</p>\n'
    yield "</main>\n</body>\n</html>\n"


def _claim(part: PartClaim) -> str:
    head = "".join(f'<th scope="col"{_class(name)}>{escape(name)}</th>' for name in LINE_COLUMNS)
    body = "".join(f"<tr>{_cells(line)}</tr>\n" for line in part.lines)
    foot = f'<tr><th scope="row" colspan="2">Claim</th>{_cells(part.total, first=2)}</tr>'
    codes = ""
    if part.meanings:
        codes = '<h3>What the codes mean</h3>\n<dl class="codes">\n' + "".join(
            f"<dt>{escape(code)}</dt><dd>{escape(words)}</dd>\n" for code, words in part.meanings
        )
        codes += "</dl>\n"
    return (
        f"<section>\n<h2>{escape(part.title)}</h2>\n{_facts(part.facts)}"
        f'<div class="scroll" role="region" aria-label="Services of {escape(part.title)}" tabindex="0">\n'
        f"<table>\n<caption>Services</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n"
        f"<tfoot>{foot}</tfoot>\n</table>\n</div>\n{codes}</section>\n"
    )


def _end(part: PartEnd) -> str:
    table = ""
    if part.adjustments:
        rows = "".join(
            f"<tr><td>{escape(reason)}</td><td>{escape(words)}</td><td>{escape(reference)}</td>"
            f'<td class="number">{escape(amount)}</td></tr>\n'
            for reason, words, reference, amount in part.adjustments
        )
        table = (
            "<table>\n<caption>Taken from or added to the payment beside the claims</caption>\n<thead><tr>"
            '<th scope="col">Reason</th><th scope="col">Meaning</th><th scope="col">Reference</th>'
            f'<th scope="col" class="number">Amount</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n'
        )
    return f"<section>\n<h2>Sums</h2>\n{table}{_facts(part.facts)}</section>\n"


def _facts(facts: Sequence[Fact]) -> str:
    said = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>\n" for label, value in facts)
    return f'<dl class="facts">\n{said}</dl>\n' if said else ""


def _cells(cells: Sequence[str], first: int = 0) -> str:
    return "".join(
        f"<td{_class(name)}>{escape(cell)}</td>"
        for name, cell in list(zip(LINE_COLUMNS, cells, strict=True))[first:]
    )


def _class(name: str) -> str:
    if name in AMOUNTS:
        return ' class="number"'
    return ' class="whole"' if name == "Date" else ""
