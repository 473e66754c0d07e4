"""`held show`: what is held, the equations that fail and by how many cents, and the segments they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from cli.jobs.holds import Decider, opened_set
from cli.jobs.payments import kept_remittances
from cli.render import SCHEMA_VERSION, mask, money
from edi.model.balance import Imbalance, claim_imbalances, transaction_imbalance
from edi.model.errors import UsageError
from edi.model.money import decimal_text
from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from edi.transactions import t835
from reconcile.accounts import unexplained
from reconcile.store import POSTED, Connection, Kept, StoredSet, load_file
from reconcile.store.hold_lists import Hold, find_hold, origin_of_payment
from reconcile.store.holds import DISMISSED, load_release


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A hold in full.

    ``equations`` are those that fail; ``difference`` the cents that a release would leave unexplained (of a set: what
    BPR02 has beyond its parts). ``claim`` is the claim payment, None for a set, whose ``claims`` are counted; ``told``
    is what the manifest said of it.
    """

    hold: Hold
    file: str
    trace_number: str
    payer_name: str
    equations: tuple[Imbalance, ...]
    difference: int
    amount: int
    claim: ClaimPayment | None = None
    claims: int = 0
    complete: bool = True
    segments: int = 0
    declared_segments: int | None = None
    released: str = ""
    dismissed: str = ""


def show(connection: Connection, reader: Decider, name: str) -> Shown:
    """Look at a hold.

    Args:
        connection: any transaction.
        reader: store, practices and payers, by which a payment that was written by hand is read again.
        name: its id in `held list`.

    Raises:
        UsageError: nothing of that name.
        StoreError: the vault lacks its file.
    """
    hold = find_hold(connection, name)
    release = load_release(connection, hold.subject)
    reason = release.reason if release is not None else ""
    if hold.payment is None:
        shown = _show_set(connection, reader, hold)
        if release is not None and release.kind == DISMISSED:
            return msgspec.structs.replace(shown, dismissed=reason)
        return msgspec.structs.replace(shown, released=reason)
    claim = hold.value(connection)
    origin = origin_of_payment(connection, hold.payment)
    return Shown(
        hold=hold,
        file=origin.file,
        trace_number=origin.trace_number,
        payer_name=origin.payer_name,
        equations=tuple(claim_imbalances(claim)),
        difference=unexplained(claim),
        amount=claim.paid,
        claim=claim,
        claims=1,
        segments=claim.segment,
        released=reason,
    )


@contextmanager
def _values_of(
    connection: Connection, reader: Decider, stored: StoredSet
) -> Iterator[tuple[Iterable[object], str]]:
    """What a transaction set says, read again from the vault, and the name of its file."""
    if stored.kind == "835":
        with opened_set(connection, reader.store, stored) as (transaction, file):
            yield t835.read(transaction), file
        return
    source = load_file(connection, stored.file_sha256)
    if source is None:
        raise UsageError("the file of the payment that was written down is not in this store")
    kept = Kept(source.sha256, source.size, new=False)
    for one in kept_remittances(kept, source.name, reader.store, reader.tools, reader.practices):
        if one.position == stored.position:
            yield (one.header, *one.claims, one.trailer), source.name
            return
    raise UsageError("the file of the payment that was written down does not give it any more")


def _show_set(connection: Connection, reader: Decider, hold: Hold) -> Shown:
    """A transaction set, read again from the vault."""
    if hold.stored is None:
        raise AssertionError("a hold is a claim payment or a transaction set")
    header: RemittanceHeader | None = None
    trailer = RemittanceTrailer(complete=False)
    equations: list[Imbalance] = []
    claims = 0
    with _values_of(connection, reader, hold.stored) as (values, file):
        for value in values:
            if isinstance(value, RemittanceHeader):
                header = value
            elif isinstance(value, ClaimPayment):
                claims += 1
                equations += claim_imbalances(value)
            elif isinstance(value, RemittanceTrailer):
                trailer = value
    amount = hold.stored.amount
    whole = transaction_imbalance(amount, trailer.paid_total, trailer.provider_adjustments)
    return Shown(
        hold=hold,
        file=file,
        trace_number=hold.stored.trace_number,
        payer_name=(header.payer.name if header is not None else None) or "",
        equations=tuple(equations) if whole is None else (whole, *equations),
        difference=0 if whole is None else whole.actual - whole.expected,
        amount=amount,
        claims=claims,
        complete=trailer.complete,
        segments=trailer.segments,
        declared_segments=trailer.declared_segments,
    )


def shown_json(shown: Shown, *, show_phi: bool) -> dict[str, Any]:
    """Return the document of `held show --json`; names and member ids masked unless ``show_phi``."""
    claim = shown.claim
    return {
        "schema_version": SCHEMA_VERSION,
        "id": shown.hold.id,
        "outcome": shown.hold.outcome,
        "reason": shown.hold.reason or None,
        "detail": shown.hold.detail or None,
        "released": shown.released or None,
        "dismissed": shown.dismissed or None,
        "file": shown.file,
        "trace_number": shown.trace_number or None,
        "payer_name": shown.payer_name or None,
        "amount": money(shown.amount),
        "unexplained": money(shown.difference),
        "claims": shown.claims,
        "complete": shown.complete,
        "segments": shown.segments,
        "declared_segments": shown.declared_segments,
        "equations": [_equation(one) for one in shown.equations],
        "claim": None if claim is None else _claim(claim, show_phi=show_phi),
    }


def _equation(one: Imbalance) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity.value,
        "equation": one.equation,
        "element": one.element,
        "segment": one.segment,
        "claim": one.claim,
        "line": one.line,
        "stated": money(one.actual),
        "computed": money(one.expected),
        "difference": money(one.actual - one.expected),
    }


def _claim(claim: ClaimPayment, *, show_phi: bool) -> dict[str, Any]:
    patient = claim.party("QC")
    return {
        "segment": claim.segment,
        "patient_control_number": claim.patient_control_number,
        "payer_claim_control_number": claim.payer_claim_control_number,
        "status": claim.status,
        "patient": mask(patient.last_name if patient is not None else None, show_phi) or None,
        "member_id": mask(claim.member_id, show_phi) or None,
        "charge": money(claim.charge),
        "paid": money(claim.paid),
        "adjustments": [_adjustment(one) for one in claim.adjustments],
        "lines": [
            {
                "segment": line.segment,
                "procedure": " ".join((line.procedure.code, *line.procedure.modifiers)),
                "date_from": line.date_from,
                "line_control_number": line.line_control_number,
                "charge": money(line.charge),
                "paid": money(line.paid),
                "adjustments": [_adjustment(one) for one in line.adjustments],
            }
            for line in claim.lines
        ],
    }


def _adjustment(one: Any) -> dict[str, Any]:
    return {"group": one.group, "reason": one.reason, "amount": money(one.cents)}


def shown_lines(shown: Shown, *, show_phi: bool) -> Iterator[str]:
    """Yield a hold as text."""
    where = f"{shown.file}   trace {shown.trace_number or '-'}   payer {shown.payer_name or '-'}"
    yield f"{shown.hold.id}  {shown.hold.outcome}  {decimal_text(shown.amount)}   {where}"
    if shown.released:
        yield f"  released: {shown.released}"
    if shown.dismissed:
        yield f"  dismissed: {shown.dismissed}"
    by_hand = shown.hold.stored is not None and shown.hold.stored.kind != "835"
    if shown.claim is None and by_hand:
        yield f"  {shown.claims} claim payments, written by hand"
    elif shown.claim is None:
        declared = "no SE" if not shown.complete else f"SE01 says {shown.declared_segments}"
        yield f"  {shown.claims} claim payments, {shown.segments} segments ({declared})"
    else:
        yield from _claim_lines(shown.claim, show_phi=show_phi)
    yield from _equation_lines(shown.equations)
    if shown.difference:
        word = "is" if shown.released and shown.hold.outcome == POSTED else "would be"
        yield f"  unexplained after a release {word} {decimal_text(shown.difference)}"


def _equation_lines(equations: Sequence[Imbalance]) -> Iterator[str]:
    for one in equations:
        name = "".join(
            f"  {what} {value}" for what, value in (("claim", one.claim), ("line", one.line)) if value
        )
        yield (
            f"  {one.code} {one.severity.value}: {one.equation}; {one.element} in segment {one.segment} is"
            f" {decimal_text(one.actual)}, the rest comes to {decimal_text(one.expected)}:"
            f" {_apart(one.actual - one.expected)}{name}"
        )


def _apart(cents: int) -> str:
    """How far an element is from what it should be, in words: a sign stands at what is unexplained alone."""
    return f"{decimal_text(abs(cents))} too {'much' if cents > 0 else 'little'}"


def _claim_lines(claim: ClaimPayment, *, show_phi: bool) -> Iterator[str]:
    patient = claim.party("QC")
    name = mask(patient.last_name if patient is not None else None, show_phi) or "-"
    yield (
        f"  segment {claim.segment} CLP {claim.patient_control_number}  status {claim.status}"
        f"  charge {decimal_text(claim.charge)}  paid {decimal_text(claim.paid)}"
        f"  patient {name}  member {mask(claim.member_id, show_phi) or '-'}"
    )
    yield from (f"    {_told(one)}" for one in claim.adjustments)
    for line in claim.lines:
        code = " ".join((line.procedure.code, *line.procedure.modifiers))
        codes = "  ".join(_told(one) for one in line.adjustments)
        yield (
            f"  segment {line.segment} SVC {code}  {line.date_from or '?'}  charge {decimal_text(line.charge)}"
            f"  paid {decimal_text(line.paid)}  {codes}"
        )


def _told(one: Any) -> str:
    return f"{one.group}-{one.reason} {decimal_text(one.cents)}"
