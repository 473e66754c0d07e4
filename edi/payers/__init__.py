"""What one payer does differently, as data: the profile, the shipped packs, and who an 835 is from."""

from __future__ import annotations

from edi.payers.identify import identify_payer
from edi.payers.loader import load_payers, shipped_packs
from edi.payers.profile import PayerProfile, RuleOverride

__all__ = ["PayerProfile", "RuleOverride", "identify_payer", "load_payers", "shipped_packs"]
