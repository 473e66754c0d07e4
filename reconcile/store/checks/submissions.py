# ruff: noqa: ARG001 (all checks have one signature)
"""What went out: claims, their lines, sessions and control numbers, and every row that names another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec
from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.frequency import ORIGINAL, REPLACEMENT, VOID
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.links import BROKEN_LINKS
from reconcile.store.recomputed import changed_claims, sessions_twice
from reconcile.store.second_path import Seek
from reconcile.store.submissions import WRONG_STATE
from reconcile.store.vault import Vault
from reconcile.values import Again


@check
def claim_values(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every submission's charge and service lines say what its kept value says."""
    for one in changed_claims(connection):
        yield broken("claim_values", one.message, claim=one.claim)


@check
def submission_states(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every submission that no payer's answer decides has the status that its acknowledgments give it."""
    query = f"SELECT patient_control_number, status, acknowledged FROM claim WHERE {WRONG_STATE} ORDER BY id"  # noqa: S608 - a constant
    for number, status, acknowledged in rows(connection, query):
        message = (
            f"the status is {status}, and the last acknowledgment {acknowledged or 'none'}; claimloop rebuild --swap "
            "--accept-changes mends it, on PostgreSQL rebuild --into a new database"
        )
        yield broken("submission_states", message, claim=number)


@check
def orphans(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every row that names another finds it."""
    for thing, query in BROKEN_LINKS.items():
        for (number,) in rows(connection, query):
            yield broken("orphans", f"{thing} ({number}) hangs in the air")


@check
def resubmissions(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every claim that went again has the frequency of why it did."""
    query = """SELECT c.patient_control_number, x.kind, c.frequency FROM resubmission x
        JOIN claim c ON c.id = x.claim_id ORDER BY x.claim_id"""
    for number, kind, frequency in rows(connection, query):
        if frequency not in _FREQUENCIES.get(kind, ()):
            yield broken("resubmissions", f"sent as {kind} with frequency {frequency}", claim=number)


_FREQUENCIES: Final = {
    Again.REPLACEMENT: (REPLACEMENT,),
    Again.VOID: (VOID,),
    Again.NEW_CLAIM: (ORIGINAL,),
    Again.DENIED_LINES: (ORIGINAL,),
    Again.REJECTED: (ORIGINAL, REPLACEMENT),
    Again.SECONDARY: (ORIGINAL, REPLACEMENT),
}


@check
def sessions_once(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """No session line stands on two chains: what a submission bills is noted for its own."""
    for one in sessions_twice(connection):
        yield broken("sessions_once", one.message, claim=one.claim)


@check
def control_numbers(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """No control number was given twice, and every counter stands where its allocations left it."""
    query = """SELECT control_number, COUNT(*) FROM service_line WHERE allocated
        GROUP BY control_number HAVING COUNT(*) > 1"""
    for number, times in rows(connection, query):
        yield broken("control_numbers", f"line control number given {times} times", line=number)
    query = """SELECT interchange_control_number, partner FROM claim WHERE source = 'created'
        AND interchange_control_number <> '' GROUP BY interchange_control_number, partner
        HAVING COUNT(DISTINCT file_sha256) > 1"""
    for number, partner in rows(connection, query):
        yield broken("control_numbers", f"ISA13 {number} stands in two files for trading partner {partner}")
    given: Counter[str] = Counter()
    for subject, data in rows(connection, "SELECT subject, data FROM event WHERE kind = 'allocation'"):
        given[subject] += msgspec.json.decode(data)["count"]
    for partner, kind, following in rows(connection, "SELECT partner, kind, next_number FROM control_number"):
        counted = given[f"control_number:{partner}/{kind}"]
        if following != counted + 1:
            message = f"{kind} of {partner or 'the store'}: {counted} given, but {following} comes next"
            yield broken("control_numbers", message)
