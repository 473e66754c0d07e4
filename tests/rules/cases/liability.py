"""Cases of the ABN rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations


def line(m, abn, *modifiers):
    return m.findings(m.draft(m.row(modifiers=("GP", *modifiers), session={"abn": abn})))


CASES = {
    "ABN001": (
        lambda m: line(m, "none", "GA"),
        lambda m: line(m, "signed", "GA") + line(m, "voluntary", "GX", "GY") + line(m, "none", "GZ"),
    ),
    "ABN002": (
        lambda m: line(m, "signed"),
        lambda m: line(m, "signed", "GA") + line(m, "none"),
    ),
    "ABN003": (
        lambda m: line(m, "", "GA"),
        lambda m: line(m, "", "GY") + line(m, "signed", "GA"),
    ),
}
