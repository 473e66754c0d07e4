"""Claim payments and claims as bytes: to be read again without their file, and to be told apart by a digest.

A claim payment becomes a flat tuple without field names (a fifth of the size); fields are only ever appended, so an
older row still reads. The content digest of a transaction set runs over model values, never over bytes of the file,
envelope or control numbers: a file that was wrapped, delimited or enveloped anew has the same one.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from edi.model.claim import Claim, ClaimPayer, Provider, Subscriber
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Procedure,
    RemittanceHeader,
    RemittanceParty,
    RemittanceTrailer,
    ServicePayment,
)

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
_claim_decoder = msgspec.msgpack.Decoder(Claim)


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


class ContentDigest:
    """The canonical digest of one transaction set, fed as it is read."""

    def __init__(self, header: RemittanceHeader) -> None:
        payment = header.payment
        self._digest = hashlib.sha256(
            _encoder.encode(
                (
                    payment.amount, payment.method, payment.date, payment.trace_number, payment.payer_id,
                    payment.credit_debit, payment.handling, header.production_date, header.references,
                    header.currency, header.payer.name, header.payer.id, header.payee.npi, header.payee.tax_id,
                    header.payee.id,
                )
            )
        )  # fmt: skip

    def add(self, content: bytes) -> None:
        """Take in the next claim payment, packed."""
        self._digest.update(content)

    def finish(self, trailer: RemittanceTrailer) -> str:
        """Take in the provider adjustments and give the digest as hex."""
        self._digest.update(
            _encoder.encode(
                [
                    (one.provider, one.fiscal_date, one.reason, one.identifier, one.cents)
                    for one in trailer.provider_adjustments
                ]
            )
        )
        return self._digest.hexdigest()


def payment_key(header: RemittanceHeader, payer: str, content_digest: str = "") -> str:
    """What names a payment: payer, payee, trace number, date and amount; for a non-payment advice its content too.

    Who keys a check number by hand may leave out its zeros or write it small, so these do not tell payments apart.

    Args:
        header: the 835's header.
        payer: who pays (TRN03, else the payer's id or name).
        content_digest: of the whole set; asked for when ``is_non_payment``, else ignored.
    """
    payment = header.payment
    payee = header.payee.npi or header.payee.tax_id or header.payee.id or header.payee.name or ""
    day = payment.date.isoformat() if payment.date else ""
    parts = [payer, payee, _plain_trace(payment.trace_number or ""), day, str(payment.amount)]
    if is_non_payment(header):
        parts.append(content_digest)
    return "|".join(part.replace("|", "/") for part in parts)


def _plain_trace(number: str) -> str:
    """A trace number in capitals and without the zeros that lead it; of nothing but zeros one is left."""
    kept = number.strip().upper()
    return kept.lstrip("0") or kept[:1]


def is_non_payment(header: RemittanceHeader) -> bool:
    """BPR04 is NON or the amount is zero: payers use one trace number again for these."""
    return header.payment.method == "NON" or header.payment.amount == 0


def pack_claim(claim: Claim) -> bytes:
    """A submitted claim as bytes, with field names."""
    return _encoder.encode(claim)


def unpack_claim(content: bytes) -> Claim:
    """The claim that ``pack_claim`` packed."""
    return _claim_decoder.decode(content)


def claim_digest(claim: Claim) -> str:
    """Tells two submissions of one patient control number apart.

    Empty fields do not count, so a field that the model gains later changes no digest of a claim without it. The
    digest is one of our reading, not of the segments: an element that an earlier version kept as a segment (``kept``)
    and a later one has a field for changes it. The same bytes are known by their file; a file in another envelope that
    both versions imported is then stored as a resend, in the chain of the first, where its charge counts once.
    """
    return hashlib.sha256(msgspec.json.encode(_pruned(claim), order="sorted")).hexdigest()


_REPEATED: Final = (Provider, ClaimPayer, Subscriber, Procedure)
"""Parts that many claims of a run share; what is left of them is worked out once."""


def _pruned(value: Any) -> Any:
    """The value, as JSON may hold it, without what is empty."""
    if isinstance(value, tuple):
        return [_pruned(part) for part in value]
    if not isinstance(value, msgspec.Struct):
        return value
    return _shared(value) if isinstance(value, _REPEATED) else _filled(value)


@lru_cache(maxsize=4096)
def _shared(value: msgspec.Struct) -> dict[str, Any]:
    return _filled(value)


def _filled(value: msgspec.Struct) -> dict[str, Any]:
    """The fields of a value that hold something."""
    found: dict[str, Any] = {}
    for name in value.__struct_fields__:
        part = getattr(value, name)
        if part is None or part == "" or part == ():
            continue
        if isinstance(part, tuple | msgspec.Struct):
            part = _pruned(part)
            if not part:
                continue
        found[name] = part
    return found
