# ruff: noqa: S608, ARG001 (every piece of SQL is a constant of this module; all checks have one signature)
"""What a claim's accounts hold, against its postings, its claim payments and its denials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.balance import REVERSAL
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.accounts import unexplained
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.content import unpack_claim_payment
from reconcile.store.recomputed import changed_books
from reconcile.store.reversals import taken_back
from reconcile.store.second_path import Seek
from reconcile.store.vault import Vault


@check
def trial_balance(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every claim: charge = paid + contractual + patient + denied + suspense + open."""
    query = """SELECT patient_control_number, billed,
        paid + contractual + patient + denied + suspense + open_balance AS told
        FROM claim WHERE billed <> paid + contractual + patient + denied + suspense + open_balance"""
    for number, billed, told in rows(connection, query):
        yield broken(
            "trial_balance",
            f"charge {decimal_text(billed)} but the accounts come to {decimal_text(told)}",
            claim=number,
        )


_ACCOUNTS: Final = ("paid", "contractual", "patient", "denied", "pended", "suspense")


@check
def claim_sums(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every claim's account columns are the sums of its postings."""
    sums = ", ".join(
        f"COALESCE(CAST(SUM(CASE WHEN x.account = '{name}' THEN x.cents ELSE 0 END) AS BIGINT), 0) AS {name}"
        for name in _ACCOUNTS
    )
    query = f"""SELECT o.patient_control_number, s.*, o.paid AS told_paid, o.contractual AS told_contractual,
        o.patient AS told_patient, o.denied AS told_denied, o.pended AS told_pended, o.suspense AS told_suspense
        FROM claim o LEFT JOIN (
            SELECT c.root AS root, {sums} FROM posting x
            JOIN claim_payment p ON p.id = x.claim_payment_id JOIN claim c ON c.id = p.claim_id GROUP BY c.root
        ) s ON s.root = o.id"""
    for row in rows(connection, query):
        for name in _ACCOUNTS:
            posted, told = getattr(row, name) or 0, getattr(row, f"told_{name}")
            if posted != told:
                message = (
                    f"{name}: postings come to {decimal_text(posted)}, the claim says {decimal_text(told)}"
                )
                yield broken("claim_sums", message, claim=row.patient_control_number)


@check
def claim_answers(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every claim counts the claim payments that are posted on it."""
    query = """SELECT c.patient_control_number, c.adjudications, COALESCE(s.answers, 0) AS answers FROM claim c
        LEFT JOIN (SELECT claim_id, COUNT(*) AS answers FROM claim_payment WHERE outcome = 'posted'
        GROUP BY claim_id) s ON s.claim_id = c.id WHERE c.adjudications <> COALESCE(s.answers, 0)"""
    for number, told, answers in rows(connection, query):
        yield broken(
            "claim_answers", f"{answers} claim payments are posted, the claim says {told}", claim=number
        )


@check
def postings_of_adjustments(
    connection: Connection, vault: Vault, tables: Tables, seek: Seek
) -> Iterator[Finding]:
    """Every posted claim payment's postings are its CLP04 and its adjustments, by group and reason.

    A reversal's adjustments are the opposite of those that the answer it takes back posted, whatever its own CAS say.
    """
    query = """SELECT p.id, p.patient_control_number, c.content, x.account, x.group_code, x.reason, x.cents
        FROM claim_payment p JOIN claim_payment_content c ON c.claim_payment_id = p.id
        LEFT JOIN posting x ON x.claim_payment_id = p.id AND NOT x.transfer AND x.account <> 'suspense'
        WHERE p.outcome = 'posted' ORDER BY p.id"""
    current: int | None = None
    number, content = "", b""
    told: Counter[tuple[str, str]] = Counter()
    reversals: dict[int, list[Finding]] = {}
    for payment, claim, packed, account, group, reason, cents in rows(connection, query):
        if payment != current:
            if current is not None:
                yield from _compare_postings(current, number, content, told, reversals)
            current, number, content, told = payment, claim, bytes(packed), Counter()
        if account is not None:
            told[(group or "", reason or "")] += cents
    if current is not None:
        yield from _compare_postings(current, number, content, told, reversals)
    for reversal, did in taken_back(connection, reversals).items():
        if not did.opposite:
            yield from reversals[reversal]


def _compare_postings(
    payment: int,
    number: str,
    content: bytes,
    told: Counter[tuple[str, str]],
    reversals: dict[int, list[Finding]],
) -> Iterator[Finding]:
    """What differs between a kept claim payment and the sums of its postings; adjustments of ``reversals`` go there."""
    value = unpack_claim_payment(content)
    said: Counter[tuple[str, str]] = Counter({("", ""): value.paid})
    for adjustment in (*value.adjustments, *(one for line in value.lines for one in line.adjustments)):
        said[(adjustment.group, adjustment.reason)] += adjustment.cents
    for group, reason in sorted(said.keys() | told.keys()):
        if said[(group, reason)] != told[(group, reason)]:
            name = f"CAS {group} {reason}" if group or reason else "CLP04"
            file, posted = decimal_text(said[(group, reason)]), decimal_text(told[(group, reason)])
            message = f"{name} is {file} but {posted} is posted"
            found = broken("postings_of_adjustments", message, claim=number)
            if value.status == REVERSAL and (group or reason):
                reversals.setdefault(payment, []).append(found)
            else:
                yield found


@check
def line_sums(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every posted line's payment and adjustments come to its charge, unless a release left cents unexplained."""
    query = """SELECT p.patient_control_number, l.ordinal, l.line_control_number, l.charge, s.cents, x.content
        FROM service_payment l JOIN claim_payment p ON p.id = l.claim_payment_id
        JOIN claim_payment_content x ON x.claim_payment_id = p.id
        LEFT JOIN (SELECT claim_payment_id, line, CAST(SUM(cents) AS BIGINT) AS cents FROM posting
            WHERE NOT transfer GROUP BY claim_payment_id, line) s
        ON s.claim_payment_id = l.claim_payment_id AND s.line = l.ordinal
        WHERE p.outcome = 'posted' AND p.status <> '22' AND l.charge <> COALESCE(s.cents, 0)"""
    for claim, ordinal, number, charge, cents, content in rows(connection, query):
        if not unexplained(unpack_claim_payment(bytes(content))):
            message = (
                f"paid line {ordinal + 1}: charge {decimal_text(charge)}, postings {decimal_text(cents or 0)}"
            )
            yield broken("line_sums", message, claim=claim, line=number or None)


@check
def denial_amounts(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every claim payment's denials add up to what it posted as denied (of a known duplicate, nothing is)."""
    query = """SELECT c.patient_control_number, p.id, COALESCE(d.amount, 0) AS listed, COALESCE(s.cents, 0) AS posted
        FROM claim_payment p LEFT JOIN claim c ON c.id = p.claim_id
        LEFT JOIN (SELECT claim_payment_id, CAST(SUM(amount) AS BIGINT) AS amount FROM denial
            GROUP BY claim_payment_id) d ON d.claim_payment_id = p.id
        LEFT JOIN (SELECT x.claim_payment_id, CAST(SUM(x.cents) AS BIGINT) AS cents FROM posting x
            JOIN claim_payment q ON q.id = x.claim_payment_id WHERE x.cents > 0 AND (
            (q.status <> '22' AND x.account = 'denied' AND NOT x.transfer)
            OR (q.status = '22' AND x.account = 'denied' AND x.transfer AND x.group_code IS NULL
                AND x.reason IS NOT NULL))
            GROUP BY x.claim_payment_id) s ON s.claim_payment_id = p.id
        WHERE COALESCE(d.amount, 0) <> COALESCE(s.cents, 0)"""
    for number, payment, listed, posted in rows(connection, query):
        sums = f"denials of {decimal_text(listed)} against {decimal_text(posted)} posted denied"
        message = f"claim payment {payment}: {sums}"
        yield broken("denial_amounts", message, claim=number)


@check
def recomputed_books(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every claim's postings, denials and sums are what its claim payments give, computed again by these tables."""
    for one in changed_books(connection, tables):
        yield broken("recomputed_books", one.message, claim=one.claim)
