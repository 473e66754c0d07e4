"""`ledger`: every posting of a claim by service line and payer, with the file, the segment and the rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from cli.render import Row, money
from edi.codes import Tables
from reconcile.ledger.names import CHARGE, OTHER_PAYER
from reconcile.store import Connection
from reconcile.store.again import chains_named, no_claim
from reconcile.store.proof import Charge, LineProof, PostingProof, answers_of, charges_of
from reconcile.values import Account

LEDGER_COLUMNS = (
    "line_number", "procedure", "date", "payer_name", "account", "amount", "group", "reason", "rule", "file",
    "segment", "claim_payment", "trace_number",
)  # fmt: skip
LEDGER_NARROW = ("line_number", "date", "account", "amount", "rule", "segment")
_BESIDE = (Account.MEMO.value, Account.PENDED.value, OTHER_PAYER)
"""Accounts that hold no cents of the charge."""


def ledger_rows(
    connection: Connection, name: str, tables: Tables, *, practice: str | None = None
) -> list[Row]:
    """Return the postings of the claims that a name means, a charge row first for every service line.

    Args:
        connection: a read transaction.
        name: a patient control number or a claim id.
        tables: the code tables, to name the rules.
        practice: whose claim, None for all.

    Raises:
        InputError: no claim is named so.
    """
    chains = chains_named(connection, name, practice)
    if not chains:
        raise no_claim(name)
    rows: list[Row] = []
    for chain in chains:
        charges = charges_of(connection, chain.root)
        rows += [_charge_row(one) for one in charges]
        names = {one.line: one.procedure for one in charges}
        for answer in answers_of(connection, chain.root, tables):
            for posting in _postings(answer.claim.lines, answer.claim.postings):
                rows.append(
                    _posting_row(
                        posting,
                        names,
                        (
                            answer.payer_name,
                            answer.day,
                            answer.trace_number,
                            f"claim_payment:{answer.claim.id}",
                        ),
                    )
                )
    return rows


def _postings(lines: Sequence[LineProof], own: Sequence[PostingProof]) -> Iterator[PostingProof]:
    yield from own
    for line in lines:
        yield from line.postings


def _charge_row(one: Charge) -> Row:
    return {
        "line_number": one.line,
        "line_control_number": one.line_control_number or None,
        "procedure": one.procedure,
        "date": one.day,
        "payer_name": None,
        "account": CHARGE,
        "amount": money(one.cents),
        "group": None,
        "reason": None,
        "rule": "billed",
        "file": one.file or None,
        "segment": None,
        "claim_payment": None,
        "trace_number": None,
        "transfer": False,
    }


def _posting_row(
    one: PostingProof, procedures: dict[int, str], origin: tuple[str, date | None, str, str]
) -> Row:
    payer, day, trace, payment = origin
    return {
        "line_number": one.line,
        "line_control_number": one.line_control_number or None,
        "procedure": procedures.get(one.line) if one.line is not None else None,
        "date": day,
        "payer_name": payer,
        "account": one.account,
        "amount": money(one.cents),
        "group": one.group,
        "reason": one.reason,
        "rule": one.rule,
        "file": one.file or None,
        "segment": one.segment,
        "claim_payment": payment,
        "trace_number": trace or None,
        "transfer": one.transfer,
    }


def ledger_footer(rows: Sequence[Row]) -> list[str]:
    """Return the line under a ledger: charge = every account that holds cents of it + what is open."""
    sums: dict[str, int] = {}
    for row in rows:
        account = str(row["account"])
        sums[account] = sums.get(account, 0) + _cents(str(row["amount"]))
    charge = sums.pop(CHARGE, 0)
    booked = {name: cents for name, cents in sums.items() if name not in _BESIDE}
    parts = [f"{name} {money(cents)}" for name, cents in booked.items() if cents]
    left = charge - sum(booked.values())
    return [f"charge {money(charge)} = {' + '.join([*parts, f'open {money(left)}'])}"]


def _cents(amount: str) -> int:
    whole, _, fraction = amount.partition(".")
    cents = abs(int(whole)) * 100 + int(fraction)
    return -cents if amount.startswith("-") else cents
