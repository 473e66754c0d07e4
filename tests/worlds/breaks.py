"""Two hundred ways to break a right claim, one field each: where, with what, and the names by which it must be told.

A path walks the claim (``billing.npi``, ``lines[0].units``). ``told`` are field names or X12 elements; a finding must
have one of them at its place, or as the last part of its field.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from edi.model.claim import Attachment
from edi.model.remittance import Adjustment

LONG = "X" * 90
TOO_LATE, LONG_AGO = date(2027, 1, 1), date(1880, 1, 1)


class Break(msgspec.Struct, frozen=True):
    """One broken field of one of the base claims."""

    base: str
    path: str
    value: Any
    told: tuple[str, ...]

    @property
    def id(self) -> str:
        """The test's name."""
        return f"{self.base}-{self.path}-{str(self.value)[:24]}"


def _of(base: str, told: tuple[str, ...], path: str, *values: Any) -> list[Break]:
    return [Break(base, path, value, told) for value in values]


def _npi(base: str, path: str, *fields: str) -> list[Break]:
    """What can be wrong with an NPI: the check digit, a digit too few, a first digit that is none of an NPI's."""
    return _of(base, ("NM109", *fields), path, "1234567890", "123456789", "3234567893")


def _address(base: str, path: str, prefix: str = "") -> list[Break]:
    return [
        *_of(base, ("N301", "N3", f"{prefix}address_1", "address"), f"{path}.line_1", "", LONG),
        *_of(base, ("N401", "N4", f"{prefix}city", "city", "address"), f"{path}.city", "", "Q"),
        *_of(base, ("N402", "N4", f"{prefix}state", "state", "address"), f"{path}.state", "", "ZZ"),
        *_of(base, ("N403", "N4", f"{prefix}zip", "zip", "address"), f"{path}.zip", "", "12", "ABCDE"),
    ]


def _demographics(base: str, path: str) -> list[Break]:
    return [
        *_of(base, ("NM103", "last_name"), f"{path}.last_name", "", LONG),
        *_of(base, ("DMG02", "DMG", "birth_date"), f"{path}.birth_date", None, TOO_LATE, LONG_AGO),
        *_of(base, ("DMG03", "DMG", "sex"), f"{path}.sex", "", "X"),
    ]


BILLING = [
    *_npi("dependent", "billing.npi", "npi"),
    *_of("dependent", ("NM109", "npi"), "billing.npi", ""),
    *_of("dependent", ("REF02", "tax_id"), "billing.tax_id", "", "12-345678", "12345678", "000000000", "ABCDEFGHI"),
    *_of("dependent", ("REF", "REF01", "tax_id_type", "tax_id"), "billing.tax_id_qualifier", "XX", ""),
    *_of("dependent", ("PRV03", "taxonomy"), "billing.taxonomy", "12345", "26100000000", "2251X!000X"),
    *_of("dependent", ("NM103", "name", "last_name"), "billing.last_name", "", LONG),
    *_address("dependent", "billing.address", "practice."),
    *_of("dependent", ("N301", "N403", "address"), "billing.address.line_1", "PO Box 12", "P.O. BOX 7"),
    *_of("dependent", ("N403", "address", "zip"), "billing.address.zip", "02139", "000000000"),
    *_of("dependent", ("PER04", "phone"), "billing.contact", ("OFFICE", "617555010", ""), ("OFFICE", "CALL ME", "")),
    *_address("dependent", "pay_to", "pay_to."),
]  # fmt: skip

SUBSCRIBER = [
    *_of("dependent", ("SBR01", "coverage_rank", "rank"), "subscriber.rank", "", "Q"),
    *_of("dependent", ("SBR02", "relationship"), "subscriber.is_patient", True),
    *_of("medicare", ("SBR02", "relationship"), "subscriber.is_patient", False),
    *_of("dependent", ("NM109", "member_id"), "subscriber.member_id", "", "1.23E+09", LONG, "W12 345*6"),
    *_of("dependent", ("NM108", "member_id"), "subscriber.member_id_qualifier", "XX"),
    *_of("dependent", ("SBR03", "group_number"), "subscriber.group_number", LONG),
    *_of("dependent", ("SBR04", "group_name"), "subscriber.group_name", LONG),
    *_of("dependent", ("SBR09", "filing_indicator"), "subscriber.filing_indicator", "", "QQ"),
    *_of("dependent", ("SBR05", "msp_type", "insurance_type"), "subscriber.insurance_type", "99"),
    *_of("medicare", ("NM109", "member_id"), "subscriber.member_id", "123456789A", "1SA4TE5MK73"),
    *_demographics("medicare", "subscriber.person"),
    *_address("medicare", "subscriber.person.address"),
]  # fmt: skip

PATIENT = [
    *_of("dependent", ("PAT01", "relationship"), "patient.relationship", "", "99", "18"),
    *_demographics("dependent", "patient.person"),
    *_address("dependent", "patient.person.address"),
    *_of("dependent", ("NM103", "subscriber_last_name", "last_name"), "subscriber.person.last_name", ""),
    *_of("dependent", ("NM103", "payer.name", "name"), "payer.name", "", LONG),
    *_of("dependent", ("NM109", "payer.claim_id", "claim_id", "payer"), "payer.id", "", LONG),
    *_of("dependent", ("NM108", "payer"), "payer.id_qualifier", "ZZ"),
]  # fmt: skip

CLAIM = [
    *_of("dependent", ("CLM01", "patient_control_number"), "patient_control_number", "", "A" * 21, "A/B*C"),
    *_of("dependent", ("CLM02", "charge"), "charge", 1, 0, -100),
    *_of("dependent", ("CLM05", "CLM05-1", "place_of_service"), "place_of_service", "", "98", "XX"),
    *_of("dependent", ("CLM05-3", "frequency"), "frequency", "Q", "0"),
    *_of("dependent", ("REF02", "REF", "original_reference", "CLM05-3"), "frequency", "7", "8"),
    *_of("dependent", ("CLM06", "provider_signature", "provider_signature_on_file"), "provider_signature", "", "X"),
    *_of("dependent", ("CLM07", "accepts_assignment"), "accepts_assignment", "", "Z"),
    *_of("dependent", ("CLM08", "assignment_of_benefits", "benefits_assigned"), "benefits_assigned", "", "Q"),
    *_of("dependent", ("CLM09", "release_of_information"), "release_of_information", "", "Z"),
    *_of("dependent", ("CLM10", "signature_on_file", "patient_signature_source"), "patient_signature_source", "Z"),
    *_of("dependent", ("CLM11", "CLM11-1", "accident_type"), "accident_causes", ("ZZ",)),
    *_of("dependent", ("CLM11", "accident_date", "DTP03"), "accident_causes", ("OA",), ("AA",)),
    *_of("auto", ("CLM11", "CLM11-4", "accident_state"), "accident_state", "", "QQ"),
    *_of("dependent", ("CLM20", "delay_reason"), "delay_reason", "99"),
    *_of("dependent", ("HI", "HI01", "HI01-2", "HI02", "HI02-2", "diagnosis_codes"), "diagnoses", (), ("M54.50",), ("M5450", "M5450"),
         ("W1830XA",), ("ZZZ99",), ("M545",), tuple(f"M54{n}" for n in range(10, 23))),
    *_of("dependent", ("DTP01", "DTP03", "onset_date", "accident_date", "dates"), "dates", (("461", date(2026, 2, 1)),),
         (("431", TOO_LATE),), (("439", TOO_LATE),), (("QQQ", date(2026, 2, 1)),)),
    *_of("dependent", ("REF02", "prior_authorization", "authorization"), "authorization", LONG),
    *_of("dependent", ("REF02", "referral_number"), "referral_number", LONG),
    *_of("dependent", ("AMT02", "patient_paid"), "patient_paid", -1, 10**9),
    *_of("dependent", ("PWK", "PWK01", "attachments"), "attachments", (Attachment(report="ZZ", transmission="BM", control_number="A1"),)),
    *_of("dependent", ("PWK02", "attachments"), "attachments", (Attachment(report="OZ", transmission="ZZ", control_number="A1"),)),
    *_of("dependent", ("PWK05", "PWK06", "attachments"), "attachments", (Attachment(report="OZ", transmission="BM"),)),
    *_of("dependent", ("NTE01", "notes"), "notes", (("ZZZ", "TEXT"),)),
    *_of("dependent", ("NTE02", "notes", "line_note"), "notes", (("ADD", "X" * 81),)),
    *_of("dependent", ("REF01", "references"), "references", (("QQ", "1"),)),
]  # fmt: skip

PROVIDERS = [
    *_npi("dependent", "referring.npi", "referring_npi"),
    *_of("medicare", ("NM109", "NM1", "referring_npi"), "referring", None),
    *_of("dependent", ("NM103", "referring_last_name"), "referring.last_name", "", LONG),
    *_of("dependent", ("NM102", "referring_npi", "referring"), "referring.is_person", False),
    *_npi("dependent", "rendering.npi", "rendering_npi"),
    *_of("dependent", ("NM103", "rendering_npi", "provider.last"), "rendering.last_name", "", LONG),
    *_of("dependent", ("PRV03", "taxonomy", "provider.taxonomy"), "rendering.taxonomy", "225X", "2251!0000X"),
    *_npi("dependent", "facility.npi", "facility_id", "facility.npi", "npi"),
    *_of("dependent", ("NM103", "facility_id", "facility.name", "name"), "facility.last_name", ""),
    *_address("dependent", "facility.address", "facility."),
    *_npi("dependent", "supervising.npi", "supervising_npi"),
    *_of("dependent", ("NM103", "supervising_npi", "provider.last"), "supervising.last_name", ""),
    *_of("dependent", ("NM102", "supervising_npi", "supervising"), "supervising.is_person", False),
]  # fmt: skip

LINES = [
    *_of("dependent", ("LX01", "LX", "lines"), "lines", ()),
    *_of("dependent", ("LX01", "LX", "lines"), "lines[0].number", 0, 7),
    *_of("dependent", ("SV101", "SV101-1", "procedure_code"), "lines[0].procedure.qualifier", "ZZ"),
    *_of("dependent", ("SV101", "SV101-2", "procedure_code"), "lines[0].procedure.code", "", "971110", "97001", "97111"),
    *_of("dependent", ("SV101", "SV101-3", "modifiers"), "lines[0].procedure.modifiers", ("GP", "GP"), ("GP", "?"),
         ("GP", "59", "XS", "CQ", "KX"), ("SZ",)),
    *_of("dependent", ("SV102", "charge"), "lines[0].charge", 0, -5000),
    *_of("dependent", ("SV103", "unit_basis", "units"), "lines[0].unit_basis", "MJ", "ZZ"),
    *_of("dependent", ("SV104", "units"), "lines[0].units", "0", "-1", "1.5", "X", "", "9999"),
    *_of("dependent", ("SV105", "place_of_service"), "lines[0].place_of_service", "98"),
    *_of("dependent", ("SV107", "SV107-1", "diagnosis_codes", "pointers"), "lines[0].pointers", (), (0,), (9,), (1, 1)),
    *_of("dependent", ("DTP03", "DTP", "date_of_service"), "lines[0].date_from", None, TOO_LATE),
    *_of("dependent", ("DTP03", "DTP", "date_of_service"), "lines[0].date_to", date(2026, 1, 1), date(2026, 3, 30)),
    *_of("dependent", ("REF02", "line_control_number"), "lines[0].line_control_number", LONG, "L0000002"),
    *_of("dependent", ("REF02", "prior_authorization", "authorization"), "lines[0].authorization", LONG),
    *_of("dependent", ("NTE02", "line_note", "notes"), "lines[0].notes", (("ADD", "X" * 81),)),
    *_of("dependent", ("NTE", "NTE01", "line_note", "notes"), "lines[0].notes", (("ZZZ", "TEXT"),)),
    *_npi("two therapists", "lines[1].rendering.npi", "rendering_npi"),
    *_of("two therapists", ("NM103", "rendering_npi", "provider.last"), "lines[1].rendering.last_name", ""),
]  # fmt: skip

WORK_AND_AUTO = [
    *_of("work", ("NM103", "subscriber_organization", "organization", "last_name"), "subscriber.organization", ""),
    *_of("work", ("PAT01", "relationship"), "patient.relationship", "18", ""),
    *_of("work", ("REF02", "REF", "claim_number"), "patient.references", ()),
    *_of("work", ("DTP03", "CLM11", "accident_date"), "dates", ()),
    *_of("work", ("CLM11", "CLM11-1", "accident_type"), "accident_causes", ()),
    *_of("auto", ("DTP03", "CLM11", "accident_date"), "dates", ()),
    *_of("auto", ("REF02", "REF", "claim_number"), "subscriber.references", ()),
]  # fmt: skip

SECONDARY = [
    *_of("secondary", ("SBR01", "coverage_rank", "rank", "other_payers"), "other_payers[0].rank", "", "S", "Q"),
    *_of("secondary", ("SBR02", "relationship", "other_payers"), "other_payers[0].relationship", "", "99"),
    *_of("secondary", ("SBR09", "filing_indicator", "other_payers"), "other_payers[0].filing_indicator", "QQ"),
    *_of("secondary", ("AMT02", "AMT", "paid", "CLM02", "other_payers"), "other_payers[0].paid", 1, None, -5),
    *_of("secondary", ("AMT02", "noncovered", "other_payers", "AMT"), "other_payers[0].noncovered", 100),
    *_of("secondary", ("OI03", "benefits_assigned", "other_payers"), "other_payers[0].benefits_assigned", "", "Q"),
    *_of("secondary", ("OI06", "release_of_information", "other_payers"), "other_payers[0].release_of_information", "", "Q"),
    *_of("secondary", ("NM109", "member_id", "other_payers"), "other_payers[0].member_id", ""),
    *_of("secondary", ("NM103", "last_name", "other_payers"), "other_payers[0].subscriber.last_name", ""),
    *_of("secondary", ("NM109", "SVD01", "payer", "other_payers"), "other_payers[0].payer.id", "", "OTHERID"),
    *_of("secondary", ("NM103", "name", "other_payers"), "other_payers[0].payer.name", ""),
    *_of("secondary", ("SVD01", "payer_id", "adjudications"), "lines[0].adjudications[0].payer_id", "", "NOBODY"),
    *_of("secondary", ("SVD02", "paid", "SV102", "adjudications"), "lines[0].adjudications[0].paid", 1, -1),
    *_of("secondary", ("CAS", "CAS01", "adjustments", "SV102", "SVD02", "adjudications"), "lines[0].adjudications[0].adjustments",
         (), (Adjustment("ZZ", "45", 1),), (Adjustment("CO", "", 1),)),
    *_of("secondary", ("DTP03", "DTP", "paid_on", "adjudications"), "lines[0].adjudications[0].paid_on", None, TOO_LATE),
    *_of("secondary", ("AMT02", "AMT", "remaining_patient_liability", "adjudications"), "lines[0].adjudications[0].remaining_patient_liability", -1),
]  # fmt: skip

BREAKS = (*BILLING, *SUBSCRIBER, *PATIENT, *CLAIM, *PROVIDERS, *LINES, *WORK_AND_AUTO, *SECONDARY)
