"""What a readable remittance says, in parts that come one after the other: head, claims, notes, end.

A claim is a part, so that a remittance of any size is laid out while it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from cli.jobs.eob.words import SOURCES, adjustment_words, remark_words, set_words
from cli.jobs.x12_show_values import day, name_text, procedure_text
from cli.render import mask
from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    RemittanceHeader,
    RemittanceTrailer,
    ServicePayment,
)

Fact: TypeAlias = tuple[str, str]
"""A label and what stands there."""
LINE_COLUMNS: Final = (
    "Date", "Service", "Units", "Charge", "Allowed", "Paid", "Patient", "Adjustments and remarks",
)  # fmt: skip
"""The columns of the lines of a claim."""
AMOUNTS: Final = ("Units", "Charge", "Allowed", "Paid", "Patient")
"""Those that hold numbers."""


class PartHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head of one payment: who paid whom, how much, how."""

    title: str
    facts: tuple[Fact, ...]


class PartClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim: its facts, a row a line under ``LINE_COLUMNS`` and one for their sum, and what its codes mean."""

    title: str
    facts: tuple[Fact, ...]
    lines: tuple[tuple[str, ...], ...]
    total: tuple[str, ...]
    meanings: tuple[Fact, ...]


class PartNote(msgspec.Struct, frozen=True):
    """A sentence about something odd: an equation that does not hold, a segment that cannot be read."""

    text: str


class PartEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one payment: what was taken or given beside the claims, and the sums."""

    adjustments: tuple[tuple[str, str, str, str], ...]
    facts: tuple[Fact, ...]


Part: TypeAlias = PartHead | PartClaim | PartNote | PartEnd


def parts_of(
    values: Iterable[RemittanceHeader | ClaimPayment | Finding | RemittanceTrailer],
    tables: Tables,
    *,
    show_phi: bool,
    source: str = "835",
    only: str = "",
) -> Iterator[Part | Finding]:
    """Lay out one remittance.

    Args:
        values: as a reader of 835s yields them.
        tables: what the codes mean.
        show_phi: names and member ids instead of their first letters.
        source: ``835``, or the kind of a payment that was written down by hand.
        only: the claims of this patient control number; "" for all.

    Yields:
        Parts, and the findings among the values.
    """
    for value in values:
        if isinstance(value, Finding):
            yield value
            if not only or value.location.claim in (None, only):
                yield PartNote(value.message)
        elif isinstance(value, RemittanceHeader):
            yield head_of(value, tables, source)
        elif isinstance(value, ClaimPayment):
            if only in ("", value.patient_control_number):
                yield claim_of(value, tables, show_phi=show_phi)
        else:
            yield end_of(value, tables)


def head_of(header: RemittanceHeader, tables: Tables, source: str) -> PartHead:
    """The head of a payment."""
    payment, payer, payee = header.payment, header.payer, header.payee
    facts = [
        ("Payer", " ".join(part for part in (payer.name, f"({payer.id})" if payer.id else "") if part)),
        (
            "Paid to",
            " ".join(part for part in (payee.name, f"(NPI {payee.npi})" if payee.npi else "") if part),
        ),
        ("Amount", decimal_text(payment.amount)),
        ("By", set_words("BPR04", payment.method, tables)),
        ("On", day(payment.date or header.production_date)),
        ("Check or trace number", payment.trace_number or ""),
        ("Comes from", SOURCES.get(source, "")),
    ]
    return PartHead(
        title=f"Remittance of {payer.name or payer.id or 'a payer'}, {day(payment.date or header.production_date)}",
        facts=tuple(fact for fact in facts if fact[1]),
    )


def claim_of(claim: ClaimPayment, tables: Tables, *, show_phi: bool) -> PartClaim:
    """One claim."""
    patient = claim.party("QC")
    name = "" if patient is None else name_text(patient.last_name, patient.first_name, show_phi)
    notes = [mask(segment[-1], show_phi) for segment in claim.kept if segment[:1] == ("NTE",)]
    facts = [
        ("Patient", name),
        ("Member id", mask(claim.member_id, show_phi)),
        ("Payer's claim number", claim.payer_claim_control_number or ""),
        ("Status", f"{claim.status}: {set_words('CLP02', claim.status, tables)}"),
        ("Claim adjustments", _adjustments(claim.adjustments)),
        ("Claim remarks", ", ".join(claim.remarks)),
        ("Note", "; ".join(notes)),
    ]
    return PartClaim(
        title=f"Claim {claim.patient_control_number}",
        facts=tuple(fact for fact in facts if fact[1]),
        lines=tuple(_line(line) for line in claim.lines),
        total=_total(claim),
        meanings=tuple(_meanings(claim, tables)),
    )


def end_of(trailer: RemittanceTrailer, tables: Tables) -> PartEnd:
    """The end of a payment. A provider adjustment above zero lowers the payment, so its sign is turned."""
    return PartEnd(
        adjustments=tuple(
            (
                one.reason,
                set_words("PLB", one.reason, tables),
                one.identifier or "",
                decimal_text(-one.cents),
            )
            for one in trailer.provider_adjustments
        ),
        facts=(
            ("Claims", str(trailer.claims)),
            ("Lines", str(trailer.lines)),
            ("Charged", decimal_text(trailer.charge_total)),
            ("Paid on claims", decimal_text(trailer.paid_total)),
        ),
    )


def _line(line: ServicePayment) -> tuple[str, ...]:
    """A row of a line."""
    said = [_adjustments(line.adjustments), ", ".join(line.remarks)]
    billed = line.submitted_procedure
    what = procedure_text(line.procedure)
    return (
        day(line.date_from),
        what if billed is None else f"{what} (billed as {procedure_text(billed)})",
        line.units or "1",
        decimal_text(line.charge),
        "" if line.allowed is None else decimal_text(line.allowed),
        decimal_text(line.paid),
        decimal_text(_patient(line.adjustments)),
        "; ".join(part for part in said if part),
    )


def _total(claim: ClaimPayment) -> tuple[str, ...]:
    """The claim's own sums."""
    every = [*claim.adjustments, *(one for line in claim.lines for one in line.adjustments)]
    return (
        "", "Claim", "", decimal_text(claim.charge), "", decimal_text(claim.paid), decimal_text(_patient(every)), "",
    )  # fmt: skip


def _patient(adjustments: Sequence[Adjustment]) -> int:
    """Cents of group PR."""
    return sum(one.cents for one in adjustments if one.group == "PR")


def _adjustments(adjustments: Sequence[Adjustment]) -> str:
    return ", ".join(f"{one.group}-{one.reason} {decimal_text(one.cents)}" for one in adjustments)


def _meanings(claim: ClaimPayment, tables: Tables) -> Iterator[Fact]:
    """Every code of a claim with what it says, once, adjustments first."""
    adjusted = [*claim.adjustments, *(one for line in claim.lines for one in line.adjustments)]
    for group, reason in dict.fromkeys((one.group, one.reason) for one in adjusted):
        yield f"{group}-{reason}", adjustment_words(group, reason, tables)
    for code in dict.fromkeys([*claim.remarks, *(code for line in claim.lines for code in line.remarks)]):
        yield code, remark_words(code, tables)
