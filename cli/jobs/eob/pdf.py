"""A readable remittance as PDF: Letter, tagged with its language, DejaVu embedded so that every letter is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos

from cli.jobs.eob.content import AMOUNTS, LINE_COLUMNS, Fact, Part, PartClaim, PartEnd, PartHead
from edi.model.errors import UsageError

_FONT: Final = "DejaVu"
_WIDTHS: Final = (19, 26, 11, 19, 19, 19, 19, 54)
"""Shares of the width of the page for the columns of a claim's lines."""
_BLUE: Final = (18, 72, 107)
_GREY: Final = (74, 74, 74)
_PALE: Final = (232, 239, 244)
_ROW_HEIGHT: Final = 4.6
"""Millimetres of a line of a table."""


class _Page(FPDF):
    """A document with number and title at the foot of each page. ``cut`` holds texts that were cut into lines."""

    def __init__(self) -> None:
        super().__init__(format="Letter", unit="mm")
        self.cut: dict[tuple[str, float, str, float], list[str]] = {}

    def footer(self) -> None:
        """Write the foot of a page."""
        self.set_y(-12)
        self.set_font(_FONT, size=7.5)
        self.set_text_color(*_GREY)
        self.cell(0, 5, f"{self.title or ''}   page {self.page_no()} of {{nb}}", align="C")


def pdf_bytes(parts: Iterable[Part], title: str, *, made_on: date) -> bytes:
    """Return the document.

    Args:
        parts: as they come. The pages are held until the end: a PDF lists them there.
        title: of the document.
        made_on: the day that stands in it as its making.

    Raises:
        UsageError: the fonts are not installed.
    """
    page = _document(title, made_on)
    for part in parts:
        if isinstance(part, PartHead):
            page.add_page()
            _heading(page, part.title, 15)
            _facts(page, part.facts)
        elif isinstance(part, PartClaim):
            _claim(page, part)
        elif isinstance(part, PartEnd):
            _end(page, part)
        else:
            _words(page, f"Note: {part.text}", bold=True)
    if not page.pages:
        page.add_page()
    return bytes(page.output())


def _document(title: str, made_on: date) -> _Page:
    """An empty document with its fonts."""
    fonts = _fonts()
    page = _Page()
    page.set_title(title)
    page.set_lang("en-US")
    page.set_creator("claimloop")
    page.set_creation_date(datetime.combine(made_on, time(12), UTC))
    page.set_margins(14, 14)
    page.set_auto_page_break(auto=True, margin=16)
    page.add_font(_FONT, "", fonts / "DejaVuSans.ttf")
    page.add_font(_FONT, "B", fonts / "DejaVuSans-Bold.ttf")
    page.set_font(_FONT, size=9)
    return page


def _fonts() -> Path:
    """The folder of the DejaVu fonts, which matplotlib ships; it is not imported."""
    found = find_spec("matplotlib")
    for place in () if found is None else found.submodule_search_locations or ():
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        if (folder / "DejaVuSans.ttf").is_file():
            return folder
    raise UsageError(
        "the DejaVu fonts that come with matplotlib are missing; install claimloop anew, or use html"
    )


def _heading(page: _Page, text: str, size: float) -> None:
    page.set_font(_FONT, "B", size)
    page.set_text_color(*_BLUE)
    _flow(page, text, size * 0.5)
    page.ln(1)
    page.set_text_color(0)
    page.set_font(_FONT, size=9)


def _facts(page: _Page, facts: Sequence[Fact]) -> None:
    """Labels and what stands there, in two columns."""
    for label, value in facts:
        page.set_text_color(*_GREY)
        page.cell(44, 4.6, label)
        page.set_text_color(0)
        _flow(page, value, 4.6)
    page.ln(1.5)


def _flow(page: _Page, text: str, height: float) -> None:
    """Words from here to the right margin, and on below."""
    left = page.get_x()
    for line in _wrapped(page, text, page.l_margin + page.epw - left):
        page.set_x(left)
        page.cell(0, height, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _words(page: _Page, text: str, *, bold: bool = False) -> None:
    page.set_font(_FONT, "B" if bold else "", 8.5)
    _flow(page, text, 4.3)
    page.set_font(_FONT, size=9)


def _claim(page: _Page, part: PartClaim) -> None:
    _keep_together(page, 45)
    page.ln(3)
    _heading(page, part.title, 11)
    _facts(page, part.facts)
    _table(page, LINE_COLUMNS, [*part.lines, part.total], _WIDTHS, AMOUNTS, last_bold=True)
    if part.meanings:
        page.ln(2)
        _keep_together(page, 18)
        _words(page, "What the codes mean", bold=True)
    for code, words in part.meanings:
        _keep_together(page, 10)
        page.set_font(_FONT, "B", 8.5)
        page.cell(18, 4.3, code)
        page.set_font(_FONT, "", 8.5)
        _flow(page, words, 4.3)
    page.set_font(_FONT, size=9)


def _end(page: _Page, part: PartEnd) -> None:
    _keep_together(page, 40)
    page.ln(4)
    _heading(page, "Sums", 11)
    if part.adjustments:
        _words(page, "Taken from or added to the payment beside the claims", bold=True)
        heading = ("Reason", "Meaning", "Reference", "Amount")
        _table(page, heading, part.adjustments, (16, 70, 70, 30), ("Amount",))
        page.ln(2)
    _facts(page, part.facts)


def _table(
    page: _Page,
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    numbers: Sequence[str],
    *,
    last_bold: bool = False,
) -> None:
    """A table whose heading comes again on each page; numbers stand at the right."""
    share = page.epw / sum(widths)
    columns = [
        (share * width, Align.R if name in numbers else Align.L)
        for name, width in zip(heading, widths, strict=True)
    ]
    page.set_draw_color(196)
    page.set_fill_color(*_PALE)
    _row(page, heading, columns, bold=True, fill=True)
    for place, cells in enumerate(rows):
        bold = last_bold and place == len(rows) - 1
        if page.will_page_break(_ROW_HEIGHT * 3):
            page.add_page()
            _row(page, heading, columns, bold=True, fill=True)
        _row(page, cells, columns, bold=bold)
    page.set_font(_FONT, size=9)


def _row(
    page: _Page,
    cells: Sequence[str],
    columns: Sequence[tuple[float, Align]],
    *,
    bold: bool = False,
    fill: bool = False,
) -> None:
    """One row, as high as its longest cell, with a line below it."""
    page.set_font(_FONT, "B" if bold else "", 8)
    wrapped = [_wrapped(page, cell, width) for cell, (width, _) in zip(cells, columns, strict=True)]
    for place in range(max(len(lines) for lines in wrapped)):
        for lines, (width, align) in zip(wrapped, columns, strict=True):
            words = lines[place] if place < len(lines) else ""
            if words or fill:
                page.cell(width, _ROW_HEIGHT, words, align=align, fill=fill)
            else:
                page.set_x(page.get_x() + width)
        page.ln(_ROW_HEIGHT)
    page.line(page.l_margin, page.get_y(), page.l_margin + page.epw, page.get_y())
    page.ln(0.6)


def _wrapped(page: _Page, text: str, width: float) -> list[str]:
    """Words cut into lines of a width, in the font that is set; what was cut before is known."""
    key = (text, width, page.font_style, page.font_size_pt)
    if key not in page.cut:
        if page.get_string_width(text) <= width - 2 * page.c_margin:
            lines: object = [text]
        else:
            lines = page.multi_cell(width, 1, text, dry_run=True, output=MethodReturnValue.LINES)
        page.cut[key] = [str(line) for line in lines] if isinstance(lines, list) else [text]
    return page.cut[key]


def _keep_together(page: _Page, height: float) -> None:
    """Begin a new page where less than that height is left, so that no heading stands alone."""
    if page.will_page_break(height):
        page.add_page()
