"""Sets of codes that several parts of the program ask about: each stands here once."""

from __future__ import annotations

from typing import Final

SPINAL_MANIPULATION: Final = frozenset({"98940", "98941", "98942"})
"""All that Medicare pays a chiropractor for."""
CHIROPRACTIC: Final = SPINAL_MANIPULATION | {"98943"}
"""Manipulation of the spine and of other joints."""
TELEHEALTH_PLACES: Final = frozenset({"02", "10"})
"""Places of service of telehealth: elsewhere than at home, and at the patient's home."""
THERAPY_MODIFIERS: Final = {"PT": "GP", "OT": "GO", "SLP": "GN"}
"""Disciplines that treat under a plan of care, and how a line says whose plan it is."""
DISCIPLINE_OF: Final = {modifier: discipline for discipline, modifier in THERAPY_MODIFIERS.items()}
"""The discipline by its modifier."""
