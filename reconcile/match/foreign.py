"""Claim payments that answer nothing a therapy practice sends: kept, named, never posted.

Source: the qualifiers of SVC01-1 and the segments of loop 2100 (facts/remittance_835_rules.md; 005010X221A1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edi.model.remittance import ClaimPayment

PREDETERMINATION: Final = "25"
"""CLP02: what would be paid; nothing is, and the claim stays open."""
_KINDS: Final[Mapping[str, str]] = {
    "AD": "dental",
    "ER": "jurisdiction-specific",
    "HP": "institutional",
    "IV": "home infusion",
    "N1": "pharmacy",
    "N2": "pharmacy",
    "N3": "pharmacy",
    "N4": "pharmacy",
    "N5": "pharmacy",
    "N6": "pharmacy",
    "ND": "pharmacy",
    "NU": "institutional",
    "RB": "institutional",
    "WK": "alternative-medicine",
}
"""SVC01-1 (the qualifier of the procedure) -> whose claim it is. HC is ours."""


def foreign_kind(payment: ClaimPayment) -> str:
    """Whose claim a payment answers, with what says so: ``dental (SVC01 AD)``; "" when it may be one of ours.

    A claim whose lines are partly ours is not foreign. Without lines, an MIA or the DRG of CLP11 says institutional.
    """
    kinds: dict[str, None] = {}
    for line in payment.lines:
        qualifier = line.procedure.qualifier
        kind = _KINDS.get(qualifier)
        if kind is None and line.revenue_code:
            kind, qualifier = "institutional", "HC with SVC04"
        if kind is None:
            return ""
        kinds[f"{kind} (SVC01 {qualifier})"] = None
    if not kinds and (payment.inpatient or payment.drg):
        return "institutional (" + ("MIA" if payment.inpatient else "CLP11") + ")"
    return ", ".join(kinds)
