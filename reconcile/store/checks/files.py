# ruff: noqa: ARG001 (all checks have one signature)
"""The bytes of the vault, against the store's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.content import unpack_claim_payment
from reconcile.store.second_path import Seek, SetSums, set_sums
from reconcile.store.vault import Vault


@check
def vault_bytes(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every file's bytes are in the vault and still hash to their name."""
    for (digest,) in rows(connection, "SELECT sha256 FROM file ORDER BY sha256"):
        if not vault.intact(digest):
            yield broken("vault_bytes", f"file {digest[:12]}: its bytes are missing or changed")


@check
def vault_sums(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every payment's BPR, CLP, SVC, CAS and PLB add up to the same from the bytes of its file."""
    current = ""
    found: dict[str, list[SetSums]] = {}
    for digest, stored in _stored_sums(connection):
        if digest != current:
            current, found = digest, _sums_of_bytes(vault, digest, seek)
        sets = found.get(stored.st_control_number, [])
        if stored in sets:
            sets.remove(stored)  # it answers for one set, should two of a file share a number
        else:
            told = f"file {digest[:12]}, ST {stored.st_control_number}"
            yield broken("vault_sums", f"{told}: the store's sums are not those of the file's bytes")


_STORED: Final = """SELECT r.id, r.file_sha256, t.st_control_number, r.amount, r.claims, r.charge_total, r.paid_total,
    COALESCE(s.lines, 0), COALESCE(s.charge, 0), COALESCE(s.paid, 0), r.adjustment_total
    FROM remittance r
    LEFT JOIN file_transaction t ON t.file_sha256 = r.file_sha256 AND t.position = r.position
    LEFT JOIN (SELECT p.remittance_id AS id, COUNT(*) AS lines, CAST(SUM(x.charge) AS BIGINT) AS charge,
        CAST(SUM(x.paid) AS BIGINT) AS paid
        FROM service_payment x JOIN claim_payment p ON p.id = x.claim_payment_id GROUP BY p.remittance_id) s
    ON s.id = r.id WHERE COALESCE(t.kind, '835') = '835' ORDER BY r.file_sha256, r.position"""


def _stored_sums(connection: Connection) -> Iterator[tuple[str, SetSums]]:
    """Each 835 transaction set as the store adds it up, with its file."""
    adjusted = _adjusted(connection)
    for number, digest, st_number, *sums, provider in list(rows(connection, _STORED)):
        values = (st_number or "", *sums, adjusted[number], provider)
        yield digest, SetSums(**dict(zip(SetSums.__struct_fields__, values, strict=True)))


def _sums_of_bytes(vault: Vault, digest: str, seek: Seek) -> dict[str, list[SetSums]]:
    """The sets of a file as its bytes add up, by ST02; none where the vault lacks it."""
    found: dict[str, list[SetSums]] = {}
    for sums in set_sums(vault.read(digest) if vault.has(digest) else (), seek):
        found.setdefault(sums.st_control_number, []).append(sums)
    return found


def _adjusted(connection: Connection) -> Counter[int]:
    """Cents of all adjustments by remittance, from the kept values."""
    sums: Counter[int] = Counter()
    query = """SELECT p.remittance_id, x.content FROM claim_payment p
        JOIN claim_payment_content x ON x.claim_payment_id = p.id"""
    for remittance, content in rows(connection, query):
        value = unpack_claim_payment(bytes(content))
        sums[remittance] += sum([one.cents for one in value.adjustments])
        sums[remittance] += sum([one.cents for line in value.lines for one in line.adjustments])
    return sums
