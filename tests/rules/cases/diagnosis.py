"""Cases of the DX rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

CASES = {
    "DX001": (lambda m: m.findings(m.draft(diagnoses=())), lambda m: m.findings(m.draft())),
    "DX002": (
        lambda m: m.findings(m.draft(diagnoses=("M54.5",))),
        lambda m: m.findings(m.draft(diagnoses=("S83511A", "Z00"))),
    ),
    "DX003": (
        lambda m: m.findings(m.draft(m.row(pointers=(2,)))),
        lambda m: m.findings(m.draft(m.row(pointers=(2, 1)), diagnoses=("M5450", "M5416"))),
    ),
    "DX004": (
        lambda m: m.findings(m.draft(diagnoses=("M5450", "M5416", "M5450"))),
        lambda m: m.findings(m.draft(diagnoses=("M5450", "M5416"))),
    ),
    "DX005": (
        lambda m: m.findings(m.draft(diagnoses=tuple(f"M54{n}" for n in range(10, 23)))),
        lambda m: m.findings(m.draft(diagnoses=tuple(f"M54{n}" for n in range(10, 22)))),
    ),
}
