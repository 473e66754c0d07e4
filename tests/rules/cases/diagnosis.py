"""Cases of the DX rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

COVERED = date(2026, 5, 4)
"""A day that the installed ICD-10-CM release was made for."""


def coded(m, *codes, day=COVERED):
    """What the rules say of a claim with these diagnoses on that day."""
    return m.findings(m.draft(m.row(day=day), diagnoses=codes))


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
    "DX006": (
        lambda m: coded(m, "M5450", "M9999X"),
        lambda m: coded(m, "M5450") + coded(m, "M545", day=date(2021, 9, 30)),
    ),
    "DX007": (lambda m: coded(m, "M54"), lambda m: coded(m, "M542", "S83511A", "Z9181")),
    "DX008": (lambda m: coded(m, "S335A"), lambda m: coded(m, "S335XXA")),
    "DX009": (lambda m: coded(m, "W19XXXA", "S335XXA"), lambda m: coded(m, "S335XXA", "W19XXXA", "Y9302")),
    "DX010": (lambda m: coded(m, "M25519"), lambda m: coded(m, "M25511", "M25512", "M5450", "C3491")),
    "DX011": (
        lambda m: coded(m, "M5450", "7242"),
        lambda m: coded(m, "7242", day=date(2015, 9, 30)) + coded(m, "V571XXA", "E119"),
    ),
}
