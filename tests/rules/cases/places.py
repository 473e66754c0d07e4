"""Cases of the POS rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date


def placed(m, code, day, **line):
    """What the rules say of a line at that place on that day."""
    return m.findings(m.draft(m.row(day=day, line=line), place_of_service=code))


CASES = {
    "POS001": (
        lambda m: (
            placed(m, "10", date(2021, 12, 31)) + placed(m, "11", date(2024, 8, 1), place_of_service="28")
        ),
        lambda m: (
            placed(m, "10", date(2022, 1, 1)) + placed(m, "28", date(2024, 8, 1), place_of_service="12")
        ),
    ),
}
