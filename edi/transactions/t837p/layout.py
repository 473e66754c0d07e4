"""What reader and writer of the 837P share: which segment belongs where. Source: 005010X222A1, loops 2300 and 2400."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from edi.model.remittance import RawSegment

VERSION: Final = "005010X222A1"
"""GS08 and ST03 of what we write."""

PROFESSIONAL_GUIDES: Final = ("X222", "X098")
"""Guide numbers of professional claims, 5010 and 4010, as they appear in GS08 and ST03."""

BILLING_LEVEL: Final = "20"
SUBSCRIBER_LEVEL: Final = "22"
PATIENT_LEVEL: Final = "23"

PRINCIPAL_DIAGNOSIS: Final = "ABK"
OTHER_DIAGNOSIS: Final = "ABF"
DIAGNOSIS_QUALIFIERS: Final = frozenset({"ABK", "ABF", "BK", "BF"})
ICD9_QUALIFIERS: Final = frozenset({"BK", "BF"})

CLAIMS_PER_PATIENT: Final = 100
"""Repeat of loop 2300 under one 2000B or 2000C."""

_COVERAGE: Final = "coverage"
# Where a kept segment goes when the claim is written again: after which of our own segments. An NM1 or SBR starts a
# loop, and everything behind it belongs to that loop.
CLAIM_PLACES: Final = {
    "DTP": "dates", "PWK": "dates", "CN1": "dates", "AMT": "amounts", "REF": "references", "K3": "references",
    "CR1": "notes", "CR2": "notes", "CR3": "notes", "CRC": "notes", "HI": "diagnoses", "HCP": "diagnoses",
    "NM1": "parties", "SBR": _COVERAGE,
}  # fmt: skip
LINE_PLACES: Final = {
    "SV5": "service", "PWK": "service", "CR1": "service", "CR3": "service", "CRC": "service", "DTP": "dates",
    "QTY": "dates", "MEA": "dates", "CN1": "dates", "REF": "references", "AMT": "amounts", "K3": "amounts",
    "PS1": "notes", "HCP": "notes", "LIN": "drug", "NM1": "parties", "SVD": "adjudication", "LQ": "adjudication",
}  # fmt: skip
LOOP_STARTS: Final = frozenset({"NM1", "SBR", "LIN", "SVD", "LQ"})


def place_kept(
    kept: Iterable[RawSegment], places: dict[str, str]
) -> tuple[dict[str, list[RawSegment]], list[RawSegment]]:
    """Sort kept segments by the place they are written at.

    Args:
        kept: segments as sent, in their order.
        places: CLAIM_PLACES or LINE_PLACES.

    Returns:
        The segments by place, and those that have none (of an upper loop, or with elements the model lacks).
    """
    placed: dict[str, list[RawSegment]] = {}
    homeless: list[RawSegment] = []
    loop = ""
    for segment in kept:
        name = segment[0]
        if name in LOOP_STARTS and name in places and loop != _COVERAGE:
            loop = places[name]
        place = loop or places.get(name, "")
        if place:
            placed.setdefault(place, []).append(segment)
        else:
            homeless.append(segment)
    return placed, homeless
