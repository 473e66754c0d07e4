"""Every finding of the intake is explained, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

from edi.intake.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]


def test_every_code_is_explained():
    sources = [path for path in (ROOT / "edi/intake").rglob("*.py") if path.name != "catalogue.py"]
    sources.append(ROOT / "cli/inputs.py")
    used = {
        code
        for path in sources
        for code in re.findall(r'"((?:INP|CHG)\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == set(CATALOGUE)


def test_every_code_is_seen_in_a_test():
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path.name != "test_catalogue.py"]
    seen = "".join(path.read_text(encoding="utf-8") for path in tests)
    named = {"INP032", "INP030", "INP028", "INP027", "INP026", "INP024", "INP021"}
    assert {code for code in CATALOGUE if code not in seen} - named == set()
