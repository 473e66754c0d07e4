"""Claim payments as bytes, to be read again without their file.

One becomes a flat tuple without field names (a fifth of the size); fields are only ever appended, so older bytes still
read. Who only reads and packs need not import the store.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from edi.model.remittance import Adjustment, ClaimPayment, Procedure, RemittanceParty, ServicePayment

CLAIM_FIELDS: Final = (
    "segment", "ordinal", "patient_control_number", "status", "charge", "paid", "patient_responsibility",
    "filing_indicator", "payer_claim_control_number", "facility_code", "frequency", "drg", "member_id", "remarks",
    "inpatient", "outpatient", "references", "dates", "amounts", "quantities", "contacts", "header_number", "kept",
)  # fmt: skip
"""The fields of a claim payment that are kept as they are; adjustments, parties and lines follow."""
LINE_FIELDS: Final = (
    "segment", "charge", "paid", "units", "revenue_code", "submitted_units", "date_from", "date_to",
    "line_control_number", "allowed", "remarks", "amounts", "quantities", "references", "other_remarks", "kept",
)  # fmt: skip
"""The same for a service payment; procedure, submitted procedure and adjustments follow."""

_claim_values = itemgetter(*[ClaimPayment.__struct_fields__.index(name) for name in CLAIM_FIELDS])
_line_values = itemgetter(*[ServicePayment.__struct_fields__.index(name) for name in LINE_FIELDS])
_encoder = msgspec.msgpack.Encoder()


def pack_claim_payment(claim: ClaimPayment) -> bytes:
    """A claim payment as bytes: the same value always gives the same bytes."""
    return _encoder.encode(
        (
            _claim_values(astuple(claim)),
            list(map(astuple, claim.adjustments)),
            list(map(astuple, claim.parties)),
            [
                (
                    _line_values(astuple(line)),
                    astuple(line.procedure),
                    astuple(line.submitted_procedure) if line.submitted_procedure is not None else None,
                    list(map(astuple, line.adjustments)),
                )
                for line in claim.lines
            ],
        )
    )


def unpack_claim_payment(content: bytes) -> ClaimPayment:
    """The claim payment that ``pack_claim_payment`` packed."""
    values, adjustments, parties, lines = msgspec.msgpack.decode(content)
    fields: dict[str, Any] = dict(zip(CLAIM_FIELDS, values, strict=False))
    fields["adjustments"] = [_named(Adjustment, one) for one in adjustments]
    fields["parties"] = [_named(RemittanceParty, one) for one in parties]
    fields["lines"] = [_line(*parts) for parts in lines]
    return msgspec.convert(fields, ClaimPayment)


def _line(values: list[Any], procedure: list[Any], submitted: list[Any] | None, adjustments: Any) -> Any:
    """One packed line as a mapping."""
    fields: dict[str, Any] = dict(zip(LINE_FIELDS, values, strict=False))
    fields["procedure"] = _named(Procedure, procedure)
    fields["submitted_procedure"] = _named(Procedure, submitted) if submitted is not None else None
    fields["adjustments"] = [_named(Adjustment, one) for one in adjustments]
    return fields


def _named(kind: type[msgspec.Struct], values: list[Any]) -> dict[str, Any]:
    """Values in field order as a mapping."""
    return dict(zip(kind.__struct_fields__, values, strict=False))
