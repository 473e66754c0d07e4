"""Cases of the AST rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date


def assisted(m, minutes, assistant, modifiers=("GP",), units="1", **row):
    return m.row(
        "97110", units, minutes, modifiers=modifiers, session={"assistant_minutes": assistant}, **row
    )


def by_assistant(m, *rows, **context):
    assistant = m.clinician(id="a1", credential="PTA", npi="")
    return m.findings(m.draft(*rows), clinicians=(m.clinician(), assistant), **context)


CASES = {
    "AST001": (
        lambda m: m.findings(m.draft(assisted(m, 15, 15))),
        lambda m: m.findings(m.draft(assisted(m, 15, 7))),
    ),
    "AST002": (
        lambda m: m.findings(m.draft(m.row(modifiers=("CQ", "GO")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("CQ", "GP")))),
    ),
    "AST003": (
        lambda m: m.findings(m.draft(assisted(m, 15, 7, ("CQ", "GP")))),
        lambda m: m.findings(m.draft(assisted(m, 15, 8, ("CQ", "GP")))),
    ),
    "AST004": (
        lambda m: m.findings(m.draft(m.row(modifiers=("CQ", "GP"), day=date(2019, 12, 31)))),
        lambda m: m.findings(m.draft(m.row(modifiers=("CQ", "GP"), day=date(2020, 1, 1)))),
    ),
    "AST005": (
        lambda m: by_assistant(m, m.row(session={"treating_id": "a1"})),
        lambda m: by_assistant(m, m.row(session={"treating_id": "a1", "assistant_minutes": 0})),
    ),
    "AST006": (
        lambda m: m.findings(m.draft(assisted(m, 15, 16))),
        lambda m: m.findings(m.draft(assisted(m, 15, 15))),
    ),
}
