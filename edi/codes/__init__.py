"""Effective-dated lookups over the code tables."""

from edi.codes.lookup import Tables, load_tables
from edi.codes.values import (
    Carc,
    Combo,
    KxThreshold,
    ModifierCode,
    Mue,
    ProcedureCode,
    PtpEdit,
    Rarc,
    Standing,
)

__all__ = [
    "Carc",
    "Combo",
    "KxThreshold",
    "ModifierCode",
    "Mue",
    "ProcedureCode",
    "PtpEdit",
    "Rarc",
    "Standing",
    "Tables",
    "load_tables",
]
