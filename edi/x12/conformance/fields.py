"""X12 places as the names of the fields of `edi.model.claim.Claim`, so that an error leads to what to correct."""

from __future__ import annotations

from typing import Final

from edi.x12.conformance.errors import ConformanceError

_CLAIMS: Final = "837"
_PARTIES: Final = {
    "1000A": "submitter", "1000B": "trading_partner", "2010AA": "billing", "2010AB": "pay_to",
    "2010BA": "subscriber.person", "2010BB": "payer", "2010CA": "patient.person", "2310A": "referring",
    "2310B": "rendering", "2310C": "facility", "2310D": "supervising", "2420A": "lines.rendering",
    "2420D": "lines.supervising",
}  # fmt: skip
_PARTY_ELEMENTS: Final = {
    "NM1": "last_name", "NM103": "last_name", "NM104": "first_name", "NM105": "middle_name", "NM107": "suffix",
    "NM108": "npi", "NM109": "npi", "N3": "address.line_1", "N301": "address.line_1", "N302": "address.line_2",
    "N4": "address.city", "N401": "address.city", "N402": "address.state", "N403": "address.zip",
    "N404": "address.country", "DMG": "birth_date", "DMG02": "birth_date", "DMG03": "sex", "PER": "contact",
    "PER02": "contact", "PER04": "contact", "PER06": "contact", "PRV03": "taxonomy", "REF": "references",
    "REF02": "references",
}  # fmt: skip
_EXCEPTIONS: Final = {
    ("1000A", "NM103"): "submitter.organization_name", ("1000A", "NM109"): "submitter.etin",
    ("1000A", "PER02"): "submitter.contact_name", ("1000A", "PER04"): "submitter.phone",
    ("1000B", "NM103"): "trading_partner.receiver_name", ("1000B", "NM109"): "trading_partner.receiver_id",
    ("2010AA", "REF"): "billing.tax_id", ("2010AA", "REF02"): "billing.tax_id",
    ("2000A", "PRV03"): "billing.taxonomy", ("2000B", "SBR01"): "subscriber.rank",
    ("2000B", "SBR02"): "subscriber.is_patient", ("2000B", "SBR03"): "subscriber.group_number",
    ("2000B", "SBR04"): "subscriber.group_name", ("2000B", "SBR05"): "subscriber.insurance_type",
    ("2000B", "SBR09"): "subscriber.filing_indicator", ("2010BA", "NM108"): "subscriber.member_id",
    ("2010BA", "NM109"): "subscriber.member_id", ("2010BA", "REF"): "subscriber.references",
    ("2010BA", "REF02"): "subscriber.references", ("2010BB", "NM103"): "payer.name",
    ("2010BB", "NM108"): "payer.id", ("2010BB", "NM109"): "payer.id", ("2000C", "PAT"): "patient.relationship",
    ("2000C", "PAT01"): "patient.relationship",
    ("2010CA", "REF"): "patient.references", ("2010CA", "REF02"): "patient.references",
    ("2300", "CLM01"): "patient_control_number", ("2300", "CLM02"): "charge",
    ("2300", "CLM05-01"): "place_of_service", ("2300", "CLM05-03"): "frequency",
    ("2300", "CLM06"): "provider_signature", ("2300", "CLM07"): "accepts_assignment",
    ("2300", "CLM08"): "benefits_assigned", ("2300", "CLM09"): "release_of_information",
    ("2300", "CLM10"): "patient_signature_source", ("2300", "CLM11-01"): "accident_causes",
    ("2300", "CLM11-02"): "accident_causes", ("2300", "CLM11-03"): "accident_causes",
    ("2300", "CLM11-04"): "accident_state", ("2300", "DTP"): "dates", ("2300", "DTP03"): "dates",
    ("2300", "AMT02"): "patient_paid", ("2300", "REF"): "references", ("2300", "REF02"): "references",
    ("2300", "NTE"): "notes", ("2300", "NTE02"): "notes", ("2300", "HI"): "diagnoses",
    ("2400", "LX"): "lines", ("2400", "LX01"): "lines.number", ("2400", "SV101-01"): "lines.procedure.qualifier",
    ("2400", "SV101-02"): "lines.procedure.code", ("2400", "SV101-07"): "lines.procedure.description",
    ("2400", "SV102"): "lines.charge", ("2400", "SV103"): "lines.unit_basis", ("2400", "SV104"): "lines.units",
    ("2400", "SV105"): "lines.place_of_service", ("2400", "DTP"): "lines.date_from",
    ("2400", "DTP03"): "lines.date_from", ("2400", "REF"): "lines.references", ("2400", "REF02"): "lines.references",
    ("2400", "NTE02"): "lines.notes",
}  # fmt: skip
_QUALIFIED: Final = {
    ("2300", "REF", "G1"): "authorization", ("2300", "REF", "9F"): "referral_number",
    ("2300", "REF", "F8"): "original_reference", ("2400", "REF", "6R"): "lines.line_control_number",
    ("2400", "REF", "G1"): "lines.authorization", ("2000B", "REF", "Y4"): "subscriber.references",
}  # fmt: skip
_COMPOSITES: Final = (
    ("2300", "HI", "diagnoses"), ("2400", "SV107", "lines.pointers"), ("2400", "SV101", "lines.procedure.modifiers"),
)  # fmt: skip


def field_name(error: ConformanceError) -> str | None:
    """Return the dotted field of Claim, Submitter or TradingPartner the error is about; None when there is none."""
    if error.transaction_kind != _CLAIMS:
        return None
    place = error.element or error.segment_id
    qualified = _QUALIFIED.get((error.loop, error.segment_id, error.qualifier))
    if qualified is not None:
        return qualified
    exact = _EXCEPTIONS.get((error.loop, place))
    if exact is not None:
        return exact
    for loop, start, field in _COMPOSITES:
        if error.loop == loop and place.startswith(start):
            return field
    party = _PARTIES.get(error.loop)
    if party is None:
        return None
    element = _PARTY_ELEMENTS.get(place)
    return f"{party}.{element}" if element is not None else party
