"""Claims as bytes, and the digests that tell claims and transaction sets apart.

Claim payments are packed by `reconcile.packing`. The content digest of a transaction set runs over model values, never
over bytes of the file, envelope or control numbers: a file that was wrapped, delimited or enveloped anew has the same
one.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, Final

import msgspec

from edi.model.claim import Claim, ClaimPayer, Provider, Subscriber
from edi.model.remittance import Procedure, RemittanceHeader, RemittanceTrailer
from reconcile.packing import CLAIM_FIELDS as CLAIM_FIELDS
from reconcile.packing import LINE_FIELDS as LINE_FIELDS
from reconcile.packing import pack_claim_payment as pack_claim_payment
from reconcile.packing import unpack_claim_payment as unpack_claim_payment

_encoder = msgspec.msgpack.Encoder()
_claim_decoder = msgspec.msgpack.Decoder(Claim)


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
