"""Pieces of loop 2100 that need no state: parties, the member id, the remark codes of MIA and MOA."""

from __future__ import annotations

from typing import Final

from edi.model.remittance import RawSegment, RemittanceParty

NM1_LENGTH: Final = 10
"""Items of an NM1 from its id to NM109."""
_MIA_REMARKS: Final = (5, 20, 21, 22, 23)
_MOA_REMARKS: Final = (3, 4, 5, 6, 7)


def party(nm1: list[str]) -> RemittanceParty:
    """Return the party of an NM1 that has at least NM101 to NM109; NM106 and what follows NM109 are not looked at."""
    _, role, kind, last, first, middle, _, suffix, id_qualifier, identifier = nm1[:NM1_LENGTH]
    return RemittanceParty(
        role=role,
        kind=kind,
        last_name=last or None,
        first_name=first or None,
        middle_name=middle or None,
        suffix=suffix or None,
        id_qualifier=id_qualifier or None,
        id=identifier or None,
    )


def member_id(parties: list[RemittanceParty]) -> str | None:
    """Return NM109 of the patient (QC), else of the insured (IL), else None."""
    insured = None
    for candidate in parties:
        if candidate.id is not None:
            if candidate.role == "QC":
                return candidate.id
            if candidate.role == "IL" and insured is None:
                insured = candidate.id
    return insured


def remark_codes(inpatient: RawSegment, outpatient: RawSegment) -> tuple[str, ...]:
    """Return the remark codes of a MIA (05, 20 to 23) and a MOA (03 to 07), each () when absent."""
    found = [inpatient[index] for index in _MIA_REMARKS if index < len(inpatient)]
    found += [outpatient[index] for index in _MOA_REMARKS if index < len(outpatient)]
    return tuple([code for code in found if code])
