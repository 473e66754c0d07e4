"""``verify --proof AMOUNT|TRACE``: a cent of the bank walked down to the lines it paid, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from cli.jobs.deposits import reassociation
from cli.render import SCHEMA_VERSION, money
from cli.settings import DepositsSettings, Settings
from edi.codes import Tables
from edi.model.errors import InputError
from edi.model.money import decimal_text, parse_cents
from reconcile.store import Connection
from reconcile.store.deposits import DepositFacts
from reconcile.store.proof import ClaimProof, PaymentProof, PostingProof, payments_of, prove_payments


class DepositProof(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit at the bank: it is the sum of the payments it is tied to, less ``difference`` cents."""

    deposited_on: date
    bank_reference: str
    trace_number: str
    amount: int
    difference: int


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify --proof` found: a deposit (None: it began at BPR02) and the payments below it.

    ``more`` are the other deposits of that amount or trace number, each with its own payments.
    """

    asked: str
    payments: tuple[PaymentProof, ...]
    deposit: DepositProof | None = None
    more: tuple[Proof, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every level below the deposit sums; a deposit that differs is the bank's word, and told."""
        return all(one.holds for one in self.payments) and all(one.holds for one in self.more)


def prove(
    connection: Connection, asked: str, tables: Tables, *, today: date, settings: Settings | None = None
) -> Proof:
    """Find what was asked for, and prove it.

    Args:
        connection: a read transaction.
        asked: a trace number (TRN02), or an amount in dollars: of a deposit, else of a payment (BPR02).
        tables: the code tables.
        today: for the reassociation of deposits.
        settings: [deposits] and the names of payers, for the same; the defaults if None.

    Raises:
        InputError: no deposit or payment is of that trace number or amount.
    """
    cents = _cents(asked)
    deposits = settings.deposits if settings is not None else DepositsSettings()
    payers = settings.payers if settings is not None else {}
    found = reassociation(connection, deposits, payers, today=today)
    by_trace = payments_of(connection, trace=asked)
    proofs: list[Proof] = []
    for match in found.matches:
        if match.deposit is None or not match.payments:
            continue
        deposit = found.deposits[match.deposit]
        if deposit.trace_number == asked or (not by_trace and cents is not None and deposit.amount == cents):
            proofs.append(_below(connection, asked, deposit, tuple(match.payments), tables))
    if proofs:
        return msgspec.structs.replace(proofs[0], more=tuple(proofs[1:]))
    numbers = by_trace or (payments_of(connection, amount=cents) if cents is not None else [])
    if not numbers:
        raise InputError(f"--proof {asked!r}: no deposit or payment has this trace number or amount")
    return Proof(asked=asked, payments=tuple(prove_payments(connection, numbers, tables)))


def _cents(asked: str) -> int | None:
    """An amount in dollars as cents; None when it is none."""
    try:
        return parse_cents(asked.replace(",", "").removeprefix("$"))
    except ValueError:
        return None


def _below(
    connection: Connection, asked: str, deposit: DepositFacts, numbers: tuple[int, ...], tables: Tables
) -> Proof:
    """A proof that begins at a deposit."""
    payments = tuple(prove_payments(connection, numbers, tables))
    top = DepositProof(
        deposited_on=deposit.deposited_on,
        bank_reference=deposit.bank_reference,
        trace_number=deposit.trace_number,
        amount=deposit.amount,
        difference=deposit.amount - sum(one.amount for one in payments),
    )
    return Proof(asked=asked, payments=payments, deposit=top)


# -- text --------------------------------------------------------------------------------------------------------------


def proof_lines(proof: Proof) -> Iterator[str]:
    """Yield a proof as text: each level indented below the one it sums to."""
    for one in (proof, *proof.more):
        yield from _deposit_lines(one)
    yield "every level sums" if proof.holds else "a level does not sum: see the lines marked FAILS"


def _deposit_lines(proof: Proof) -> Iterator[str]:
    if proof.deposit is not None:
        top = proof.deposit
        off = f" + difference {decimal_text(top.difference)}" if top.difference else ""
        parts = " + ".join(decimal_text(one.amount) for one in proof.payments)
        yield f"deposit {top.deposited_on}  {top.bank_reference or top.trace_number or '-'}"
        yield f"  {decimal_text(top.amount)} = {parts}{off}"
    for payment in proof.payments:
        yield from _payment_lines(payment)


def _payment_lines(one: PaymentProof) -> Iterator[str]:
    word = "" if one.amount == one.comes_to else "  FAILS"
    yield (
        f"payment {one.trace_number or '-'}  {one.day or '?'}  {one.payer_name}"
        f"  ({one.file or '-'}, ST {one.st_control_number})"
    )
    yield (
        f"  {decimal_text(one.amount)} = posted {decimal_text(one.posted)} + suspense {decimal_text(one.suspense)}"
        f" + unmatched {decimal_text(one.unmatched)} - provider adjustments {decimal_text(one.adjusted)}"
        f" + unexplained {decimal_text(one.unexplained)}{word}"
    )
    for adjustment in one.adjustments:
        yield (
            f"    {decimal_text(-adjustment.cents):>12}  PLB {adjustment.reason} {adjustment.identifier or '-'}"
            f"  {adjustment.account}"
        )
    for claim in one.claims:
        yield from _claim_lines(claim)


def _claim_lines(claim: ClaimProof) -> Iterator[str]:
    parts = " + ".join(decimal_text(line.cash) for line in claim.lines) or "0.00"
    rest = sum(one.cents for one in claim.postings if one.account == "paid" and not one.transfer)
    at_claim = f" + at the claim {decimal_text(rest)}" if rest else ""
    told = f" = {parts}{at_claim}" if claim.outcome == "posted" else "  not posted"
    word = "" if claim.holds else "  FAILS"
    yield (
        f"    {decimal_text(claim.paid):>12}  claim payment {claim.patient_control_number}  {claim.outcome}"
        f"  (segment {claim.segment}){told}{word}"
    )
    for one in claim.postings:
        yield _posting_line(one)
    for line in claim.lines:
        yield (
            f"      {decimal_text(line.cash):>12}  line {line.procedure}  charge {decimal_text(line.charge)}"
            f"  stated {decimal_text(line.stated)}  (segment {line.segment})"
        )
        for one in line.postings:
            yield _posting_line(one)


def _posting_line(one: PostingProof) -> str:
    place = f"line {one.line} [{one.line_control_number or '-'}]" if one.line is not None else "the claim"
    return (
        f"        {decimal_text(one.cents):>12}  {one.account}  on {place}  segment {one.segment}  {one.rule}"
    )


# -- JSON --------------------------------------------------------------------------------------------------------------


def proof_json(proof: Proof) -> dict[str, Any]:
    """Return the document of `verify --proof --json`: the same levels, amounts as decimal text."""
    return {
        "schema_version": SCHEMA_VERSION,
        "asked": proof.asked,
        "holds": proof.holds,
        **_deposit_json(proof),
        "more": [_deposit_json(one) for one in proof.more],
    }


def _deposit_json(proof: Proof) -> dict[str, Any]:
    """A deposit, null where there is none, and the payments below it."""
    top = proof.deposit
    return {
        "deposit": None
        if top is None
        else {
            "deposited_on": top.deposited_on,
            "bank_reference": top.bank_reference or None,
            "trace_number": top.trace_number or None,
            "amount": money(top.amount),
            "difference": money(top.difference),
        },
        "payments": [_payment_json(one) for one in proof.payments],
    }


def _payment_json(one: PaymentProof) -> dict[str, Any]:
    return {
        "file": one.file,
        "st_control_number": one.st_control_number,
        "trace_number": one.trace_number or None,
        "payer_name": one.payer_name,
        "date": one.day,
        "amount": money(one.amount),
        "posted": money(one.posted),
        "suspense": money(one.suspense),
        "unmatched": money(one.unmatched),
        "provider_adjustments": money(one.adjusted),
        "unexplained": money(one.unexplained),
        "holds": one.holds,
        "adjustments": [
            {
                "account": each.account,
                "reason": each.reason,
                "identifier": each.identifier or None,
                "amount": money(each.cents),
            }
            for each in one.adjustments
        ],
        "claims": [claim_json(claim) for claim in one.claims],
    }


def claim_json(claim: ClaimProof) -> dict[str, Any]:
    """Return a claim payment with its lines and postings as JSON values."""
    return {
        "id": f"claim_payment:{claim.id}",
        "segment": claim.segment,
        "patient_control_number": claim.patient_control_number,
        "outcome": claim.outcome,
        "charge": money(claim.charge),
        "paid": money(claim.paid),
        "holds": claim.holds,
        "postings": [_posting_json(one) for one in claim.postings],
        "lines": [
            {
                "segment": line.segment,
                "procedure": line.procedure,
                "charge": money(line.charge),
                "stated": money(line.stated),
                "paid": money(line.cash),
                "accounted": money(line.told),
                "postings": [_posting_json(one) for one in line.postings],
            }
            for line in claim.lines
        ],
    }


def _posting_json(one: PostingProof) -> dict[str, Any]:
    return {
        "account": one.account,
        "amount": money(one.cents),
        "group": one.group,
        "reason": one.reason,
        "rule": one.rule,
        "file": one.file,
        "segment": one.segment,
        "line_number": one.line,
        "line_control_number": one.line_control_number or None,
        "transfer": one.transfer,
    }
