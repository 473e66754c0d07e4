# ruff: noqa: S608, ARG001 (every piece of SQL is a constant of this module; all checks have one signature)
"""The invariants of the ledger over the whole store, as named checks: a Finding for each row that breaks one.

A check reads the store again from another side than the one that wrote it: sums of postings against the columns of
claims, packed values against their columns, the bytes of the vault against all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection, text

from edi.codes.lookup import Tables
from edi.model.finding import Finding, Location, Severity
from edi.model.frequency import ORIGINAL, REPLACEMENT, VOID
from edi.model.money import decimal_text
from reconcile.store.content import unpack_claim_payment
from reconcile.store.links import BROKEN_LINKS
from reconcile.store.recomputed import changed_books, changed_claims, sessions_twice
from reconcile.store.second_path import SetSums, set_sums
from reconcile.store.vault import Vault
from reconcile.values import Again

_Run: TypeAlias = Callable[[Connection, Vault, Tables], Iterator[Finding]]


class Check(msgspec.Struct, frozen=True):
    """One invariant: its name, what it asks, and how."""

    name: str
    asks: str
    run: _Run


_CHECKS: dict[str, Check] = {}


def _check(run: _Run) -> _Run:
    """Register a check under its function's name; the first line of its doc is what it asks."""
    name = getattr(run, "__name__", "")
    _CHECKS[name] = Check(name, (run.__doc__ or "").strip().splitlines()[0], run)
    return run


def _rows(connection: Connection, query: str) -> Iterator[Any]:
    """The rows of a query, streamed."""
    yield from connection.execute(text(query), execution_options={"yield_per": 5_000})


def _broken(check: str, message: str, *, claim: str | None = None, line: str | None = None) -> Finding:
    """A finding of a check; it names control numbers and cents."""
    place = Location(field=check, claim=claim, line=line)
    return Finding(code=f"VER_{check.upper()}", severity=Severity.ERROR, message=message, location=place)


@_check
def trial_balance(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every claim: charge = paid + contractual + patient + denied + open."""
    query = """SELECT patient_control_number, billed, paid + contractual + patient + denied + open_balance AS told
        FROM claim WHERE billed <> paid + contractual + patient + denied + open_balance"""
    for number, billed, told in _rows(connection, query):
        yield _broken(
            "trial_balance",
            f"charge {decimal_text(billed)} but the accounts come to {decimal_text(told)}",
            claim=number,
        )


_ACCOUNTS: Final = ("paid", "contractual", "patient", "denied", "pended")


@_check
def claim_sums(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every claim's account columns are the sums of its postings."""
    sums = ", ".join(
        f"COALESCE(CAST(SUM(CASE WHEN x.account = '{name}' THEN x.cents ELSE 0 END) AS BIGINT), 0) AS {name}"
        for name in _ACCOUNTS
    )
    query = f"""SELECT o.patient_control_number, s.*, o.paid AS told_paid, o.contractual AS told_contractual,
        o.patient AS told_patient, o.denied AS told_denied, o.pended AS told_pended
        FROM claim o LEFT JOIN (
            SELECT c.root AS root, {sums} FROM posting x
            JOIN claim_payment p ON p.id = x.claim_payment_id JOIN claim c ON c.id = p.claim_id GROUP BY c.root
        ) s ON s.root = o.id"""
    for row in _rows(connection, query):
        for name in _ACCOUNTS:
            posted, told = getattr(row, name) or 0, getattr(row, f"told_{name}")
            if posted != told:
                message = (
                    f"{name}: postings come to {decimal_text(posted)}, the claim says {decimal_text(told)}"
                )
                yield _broken("claim_sums", message, claim=row.patient_control_number)


@_check
def claim_answers(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every claim counts the claim payments that are posted on it."""
    query = """SELECT c.patient_control_number, c.adjudications, COALESCE(s.answers, 0) AS answers FROM claim c
        LEFT JOIN (SELECT claim_id, COUNT(*) AS answers FROM claim_payment WHERE outcome = 'posted'
        GROUP BY claim_id) s ON s.claim_id = c.id WHERE c.adjudications <> COALESCE(s.answers, 0)"""
    for number, told, answers in _rows(connection, query):
        yield _broken(
            "claim_answers", f"{answers} claim payments are posted, the claim says {told}", claim=number
        )


@_check
def remittance_totals(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every payment's claim payments add up to its counts, charges and payments."""
    query = """SELECT r.payment_key, r.claims, r.charge_total, r.paid_total, COALESCE(s.claims, 0) AS held,
        COALESCE(s.charge, 0) AS charge, COALESCE(s.paid, 0) AS paid FROM remittance r LEFT JOIN (
        SELECT remittance_id, COUNT(*) AS claims, CAST(SUM(charge) AS BIGINT) AS charge,
        CAST(SUM(paid) AS BIGINT) AS paid FROM claim_payment
        GROUP BY remittance_id) s ON s.remittance_id = r.id
        WHERE r.claims <> COALESCE(s.claims, 0) OR r.charge_total <> COALESCE(s.charge, 0)
        OR r.paid_total <> COALESCE(s.paid, 0)"""
    for row in _rows(connection, query):
        message = (
            f"payment {row.payment_key}: {row.held} claim payments of {row.claims}, charged {decimal_text(row.charge)}"
            f" of {decimal_text(row.charge_total)}, paid {decimal_text(row.paid)} of {decimal_text(row.paid_total)}"
        )
        yield _broken("remittance_totals", message)


@_check
def bank(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every payment: bank = posted + suspense + unmatched - provider adjustments."""
    query = """SELECT r.payment_key, r.amount, r.paid_total - COALESCE(s.cents, 0) AS told FROM remittance r
        LEFT JOIN (SELECT remittance_id, CAST(SUM(cents) AS BIGINT) AS cents FROM provider_adjustment
        GROUP BY remittance_id) s ON s.remittance_id = r.id WHERE r.amount <> r.paid_total - COALESCE(s.cents, 0)"""
    for key, amount, told in _rows(connection, query):
        message = f"payment {key}: bank {decimal_text(amount)} but its parts come to {decimal_text(told)}"
        yield _broken("bank", message)


@_check
def claim_payment_values(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every claim payment's columns say what its kept value says."""
    query = """SELECT p.patient_control_number, p.status, p.charge, p.paid, p.patient_responsibility, x.content
        FROM claim_payment p LEFT JOIN claim_payment_content x ON x.claim_payment_id = p.id"""
    for number, status, charge, paid, patient, content in _rows(connection, query):
        if content is None:
            yield _broken("claim_payment_values", "the claim payment's value is missing", claim=number)
            continue
        value = unpack_claim_payment(bytes(content))
        held = (
            value.patient_control_number,
            value.status,
            value.charge,
            value.paid,
            value.patient_responsibility,
        )
        if held != (number, status, charge, paid, patient):
            yield _broken("claim_payment_values", "the columns differ from the kept value", claim=number)


@_check
def postings_of_adjustments(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every posted claim payment's postings are its CLP04 and its adjustments, by group and reason."""
    query = """SELECT p.id, p.patient_control_number, c.content, x.account, x.group_code, x.reason, x.cents
        FROM claim_payment p JOIN claim_payment_content c ON c.claim_payment_id = p.id
        LEFT JOIN posting x ON x.claim_payment_id = p.id AND NOT x.transfer
        WHERE p.outcome = 'posted' ORDER BY p.id"""
    current: int | None = None
    number, content = "", b""
    told: Counter[tuple[str, str]] = Counter()
    for payment, claim, packed, account, group, reason, cents in _rows(connection, query):
        if payment != current:
            if current is not None:
                yield from _compare_postings(number, content, told)
            current, number, content, told = payment, claim, bytes(packed), Counter()
        if account is not None:
            told[(group or "", reason or "")] += cents
    if current is not None:
        yield from _compare_postings(number, content, told)


def _compare_postings(number: str, content: bytes, told: Counter[tuple[str, str]]) -> Iterator[Finding]:
    """What differs between a kept claim payment and the sums of its postings."""
    value = unpack_claim_payment(content)
    said: Counter[tuple[str, str]] = Counter({("", ""): value.paid})
    for adjustment in (*value.adjustments, *(one for line in value.lines for one in line.adjustments)):
        said[(adjustment.group, adjustment.reason)] += adjustment.cents
    for group, reason in sorted(said.keys() | told.keys()):
        if said[(group, reason)] != told[(group, reason)]:
            name = f"CAS {group} {reason}" if group or reason else "CLP04"
            file, posted = decimal_text(said[(group, reason)]), decimal_text(told[(group, reason)])
            message = f"{name} is {file} but {posted} is posted"
            yield _broken("postings_of_adjustments", message, claim=number)


@_check
def claim_values(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every submission's charge and service lines say what its kept value says."""
    for one in changed_claims(connection):
        yield _broken("claim_values", one.message, claim=one.claim)


@_check
def recomputed_books(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every claim's postings, denials and sums are what its claim payments give, computed again by these tables."""
    for one in changed_books(connection, tables):
        yield _broken("recomputed_books", one.message, claim=one.claim)


@_check
def unposted(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """What is in suspense or unmatched has no claim and no postings; what is posted has a claim."""
    query = """SELECT p.patient_control_number, p.outcome FROM claim_payment p
        WHERE (p.outcome = 'posted') <> (p.claim_id IS NOT NULL)
        OR p.outcome NOT IN ('posted', 'suspense', 'unmatched')
        OR (p.outcome <> 'posted' AND EXISTS (SELECT 1 FROM posting x WHERE x.claim_payment_id = p.id))"""
    for number, outcome in _rows(connection, query):
        yield _broken(
            "unposted", f"a claim payment {outcome} contradicts its claim or postings", claim=number
        )


@_check
def orphans(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every row that names another finds it."""
    for thing, query in BROKEN_LINKS.items():
        for (number,) in _rows(connection, query):
            yield _broken("orphans", f"{thing} ({number}) hangs in the air")


@_check
def resubmissions(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every claim that went again has the frequency of why it did."""
    query = """SELECT c.patient_control_number, x.kind, c.frequency FROM resubmission x
        JOIN claim c ON c.id = x.claim_id ORDER BY x.claim_id"""
    for number, kind, frequency in _rows(connection, query):
        if frequency not in _FREQUENCIES.get(kind, ()):
            yield _broken("resubmissions", f"sent as {kind} with frequency {frequency}", claim=number)


_FREQUENCIES: Final = {
    Again.REPLACEMENT: (REPLACEMENT,),
    Again.VOID: (VOID,),
    Again.NEW_CLAIM: (ORIGINAL,),
    Again.DENIED_LINES: (ORIGINAL,),
    Again.REJECTED: (ORIGINAL, REPLACEMENT),
    Again.SECONDARY: (ORIGINAL, REPLACEMENT),
}


@_check
def sessions_once(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """No session line stands on two chains: what a submission bills is noted for its own."""
    for one in sessions_twice(connection):
        yield _broken("sessions_once", one.message, claim=one.claim)


@_check
def duplicate_payments(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """No payment is in the books twice: neither under one key nor with one content."""
    query = """SELECT content_digest, COUNT(*) AS times FROM remittance GROUP BY content_digest HAVING COUNT(*) > 1"""
    for digest, times in _rows(connection, query):
        yield _broken("duplicate_payments", f"the content {digest[:12]} is posted {times} times")


@_check
def control_numbers(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """No control number was given twice, and every counter stands where its allocations left it."""
    query = """SELECT control_number, COUNT(*) FROM service_line WHERE allocated
        GROUP BY control_number HAVING COUNT(*) > 1"""
    for number, times in _rows(connection, query):
        yield _broken("control_numbers", f"line control number given {times} times", line=number)
    query = """SELECT interchange_control_number, partner FROM claim WHERE source = 'created'
        AND interchange_control_number <> '' GROUP BY interchange_control_number, partner
        HAVING COUNT(DISTINCT file_sha256) > 1"""
    for number, partner in _rows(connection, query):
        yield _broken("control_numbers", f"ISA13 {number} stands in two files for trading partner {partner}")
    given: Counter[str] = Counter()
    for subject, data in _rows(connection, "SELECT subject, data FROM event WHERE kind = 'allocation'"):
        given[subject] += msgspec.json.decode(data)["count"]
    for partner, kind, following in _rows(
        connection, "SELECT partner, kind, next_number FROM control_number"
    ):
        counted = given[f"control_number:{partner}/{kind}"]
        if following != counted + 1:
            message = f"{kind} of {partner or 'the store'}: {counted} given, but {following} comes next"
            yield _broken("control_numbers", message)


@_check
def denial_amounts(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
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
    for number, payment, listed, posted in _rows(connection, query):
        sums = f"denials of {decimal_text(listed)} against {decimal_text(posted)} posted denied"
        message = f"claim payment {payment}: {sums}"
        yield _broken("denial_amounts", message, claim=number)


@_check
def vault_bytes(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every file's bytes are in the vault and still hash to their name."""
    for (digest,) in _rows(connection, "SELECT sha256 FROM file ORDER BY sha256"):
        if not vault.intact(digest):
            yield _broken("vault_bytes", f"file {digest[:12]}: its bytes are missing or changed")


@_check
def vault_sums(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every payment's BPR, CLP, SVC, CAS and PLB add up to the same from the bytes of its file."""
    query = """SELECT r.id, r.file_sha256, t.st_control_number, r.amount, r.claims, r.charge_total, r.paid_total,
        COALESCE(s.lines, 0), COALESCE(s.charge, 0), COALESCE(s.paid, 0), r.adjustment_total
        FROM remittance r
        LEFT JOIN file_transaction t ON t.file_sha256 = r.file_sha256 AND t.position = r.position
        LEFT JOIN (SELECT p.remittance_id AS id, COUNT(*) AS lines, CAST(SUM(x.charge) AS BIGINT) AS charge,
            CAST(SUM(x.paid) AS BIGINT) AS paid
            FROM service_payment x JOIN claim_payment p ON p.id = x.claim_payment_id GROUP BY p.remittance_id) s
        ON s.id = r.id ORDER BY r.file_sha256, r.position"""
    adjusted = _adjusted(connection)
    current = ""
    found: dict[str, list[SetSums]] = {}
    for row in list(_rows(connection, query)):
        (
            remittance,
            digest,
            number,
            amount,
            claims,
            charged,
            paid,
            lines,
            line_charged,
            line_paid,
            provider,
        ) = row
        if digest != current:
            current, found = digest, {}
            for sums in set_sums(vault.read(digest)) if vault.path(digest).is_file() else ():
                found.setdefault(sums.st_control_number, []).append(sums)
        stored = SetSums(
            number or "",
            amount,
            claims,
            charged,
            paid,
            lines,
            line_charged,
            line_paid,
            adjusted[remittance],
            provider,
        )
        if stored not in found.get(stored.st_control_number, []):
            message = f"file {digest[:12]}, ST {number}: the store's sums are not those of the file's bytes"
            yield _broken("vault_sums", message)


def _adjusted(connection: Connection) -> Counter[int]:
    """Cents of all adjustments by remittance, from the kept values."""
    sums: Counter[int] = Counter()
    query = """SELECT p.remittance_id, x.content FROM claim_payment p
        JOIN claim_payment_content x ON x.claim_payment_id = p.id"""
    for remittance, content in _rows(connection, query):
        value = unpack_claim_payment(bytes(content))
        sums[remittance] += sum([one.cents for one in value.adjustments])
        sums[remittance] += sum([one.cents for line in value.lines for one in line.adjustments])
    return sums


CHECKS: Final = dict(sorted(_CHECKS.items()))
"""Every check by name."""
