"""Cases of the MUE rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from edi.codes import Mue, Tables


class ByLine(Tables):
    """The shipped tables with one limit that is judged line by line."""

    def mue(self, code, day=None):
        return Mue(code="97110", units=2, mai="1") if code == "97110" else super().mue(code, day)


CASES = {
    "MUE001": (
        lambda m: m.findings(m.draft(m.row("97161", "2", 40))),
        lambda m: m.findings(m.draft(m.row("97161", "1", 40))),
    ),
    "MUE002": (
        lambda m: m.findings(m.draft(m.row("97110", "4", 60), m.row("97110", "3", 45))),
        lambda m: m.findings(m.draft(m.row("97110", "3", 45), m.row("97110", "3", 45))),
    ),
    "MUE003": (
        lambda m: m.findings(m.draft(m.row("97110", "3", 45)), tables=ByLine()),
        lambda m: m.findings(m.draft(m.row("97110", "2", 30), m.row("97110", "2", 30)), tables=ByLine()),
    ),
}
