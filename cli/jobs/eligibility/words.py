"""What an answer to an inquiry means, in a person's words and without PHI."""

from __future__ import annotations

from edi.model.confirmation import ACTIVE, INACTIVE, NOT_FOUND, REJECTED, Confirmation

_SAYS = {
    ACTIVE: "the coverage is in force",
    INACTIVE: "the coverage is not in force: ask the patient who covers him",
    NOT_FOUND: "not found: compare member id, name and birth date with the card, and ask again",
    REJECTED: "the payer did not answer",
}
_UNKNOWN = "the answer does not say whether the coverage is in force: read it (x12 show)"
_FOLLOW_UPS = {
    "C": "correct the inquiry and ask again",
    "N": "do not ask again, call the payer",
    "P": "ask again with the same inquiry",
    "R": "ask again later",
    "S": "do not ask again; the payer asks elsewhere",
    "W": "ask again in 30 days",
    "X": "ask again in 10 days",
    "Y": "wait; the payer will answer by itself",
}
"""AAA04 in own words."""


def sentence(said: Confirmation) -> str:
    """What an answer means, and what to do, in a line without PHI."""
    parts = [_SAYS.get(said.status, _UNKNOWN)]
    if said.status == ACTIVE and said.coverage_to is not None:
        parts[0] += f" until {said.coverage_to}"
    if said.status in (NOT_FOUND, REJECTED):
        advice = dict.fromkeys(_FOLLOW_UPS[each] for _, each in said.rejections if each in _FOLLOW_UPS)
        codes = ", ".join(dict.fromkeys(code for code, _ in said.rejections if code))
        parts.append(f"AAA {codes}" if codes else "")
        if said.status == REJECTED:
            parts += advice
    if any(one.is_primary for one in said.other_coverages):
        parts.append("another payer is primary")
    if any(not visits for _, visits in said.visits_left):
        parts.append("no visits are left")
    if said.answered_member_id:
        parts.append("the payer has another member id")
    return "; ".join(part for part in parts if part)
