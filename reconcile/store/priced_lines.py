"""Service lines with what their payer allowed, for comparison with fees.csv. Only reads; money is integer cents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, text

from edi.model.claim import Claim
from reconcile.chain import build_chain
from reconcile.store.bulk import IN_LIST, chunks, day
from reconcile.store.content import unpack_claim
from reconcile.store.submissions import by_roots
from reconcile.underpaid import PaidLine
from reconcile.underpayment import Allowed, BilledLine
from reconcile.values import Again, SubmittedLine
from reconcile.worklist import work_id

SEQUESTRATION: Final = "253"
"""CARC of the federal payments' reduction."""
UNDERPAID: Final = "underpaid"
"""What an item of work of an underpaid line is about, in place of group and reason."""


_LINES: Final = """SELECT l.id, l.number, l.procedure_code, l.modifiers, l.units, l.charge, l.date_from,
    l.control_number, c.practice_id, c.patient_control_number, c.sequence, c.root, c.payer_key, c.patient_id,
    c.member_ids, c.id, c.payer_name FROM service_line l JOIN claim c ON c.id = l.claim_id WHERE c.payer_key = :payer"""
_SUMS: Final = """SELECT x.line_id,
    CAST(SUM(CASE WHEN x.account = 'paid' THEN x.cents ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN x.account = 'patient' THEN x.cents ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN x.account = 'contractual' THEN x.cents ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN x.account = 'contractual' AND x.reason = :sequestration THEN x.cents ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN x.account = 'denied' THEN x.cents ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN x.account = 'pended' THEN x.cents ELSE 0 END) AS BIGINT),
    MAX(COALESCE(r.payment_date, r.production_date)), MAX(p.payer_claim_control_number)
    FROM remittance r JOIN claim_payment p ON p.remittance_id = r.id JOIN posting x ON x.claim_payment_id = p.id
    WHERE r.payer_key = :payer AND p.outcome = 'posted' AND x.line_id IS NOT NULL{until}
    GROUP BY x.line_id"""
_UNTIL: Final = " AND COALESCE(r.payment_date, r.production_date) <= :as_of"


def paid_lines(
    connection: Connection,
    payer: str,
    *,
    credentials: Mapping[str, str] | None = None,
    as_of: date | None = None,
) -> list[PaidLine]:
    """The services billed to one payer, with its own answers.

    Args:
        connection: any transaction.
        payer: its key; what other payers answered is left out.
        credentials: credential by NPI, where rates turn on who treated or where; None where they do not.
        as_of: only what was paid on or before that day; None for all.

    Returns:
        One for each service of a claim whose first submission, or the one that first billed the service, went to the
        payer. A service that was billed again counts as it was billed last.
    """
    rows = connection.execute(text(_LINES), {"payer": payer}).cursor.fetchall()
    told: dict[str, Any] = {"payer": payer, "sequestration": SEQUESTRATION}
    until = ""
    if as_of is not None:
        until, told["as_of"] = _UNTIL, as_of
    answers = connection.execute(text(_SUMS.format(until=until)), told).cursor.fetchall()
    sums = {row[0]: row[1:] for row in answers}
    again = _billed_again(connection, payer)
    wanted = sorted({row[15] for row in rows}) if credentials is not None else []
    treated = treated_lines(connection, wanted, credentials or {})
    services = {service for service, _ in again.values()}
    found = []
    for row in rows:
        if row[0] in again and again[row[0]][0] != row[0]:
            continue  # a repeat: its service stands for it
        billed = again[row[0]][1] if row[0] in services else None
        found.append(_paid_line(row, sums.get(row[0]), billed, treated))
    return found


def _paid_line(
    row: Any, sums: Any, billed: SubmittedLine | None, treated: Mapping[tuple[int, int], tuple[str, str]]
) -> PaidLine:
    """One service out of its row, the sums of its answers and its last version."""
    paid, patient, contractual, sequestered, denied, pended, on, number = sums or (0, 0, 0, 0, 0, 0, None, "")
    credential, place = treated.get((row[15], row[1]), ("", ""))
    served = billed.date_from if billed is not None else day(row[6])
    return PaidLine(
        line=BilledLine(
            id=row[0],
            practice_id=row[8],
            payer=row[12],
            code=billed.procedure_code if billed is not None else row[2],
            modifiers=billed.modifiers if billed is not None else tuple(row[3].split()),
            units=billed.units if billed is not None else row[4],
            charge=billed.charge if billed is not None else row[5],
            day=served,
            credential=credential,
            place_of_service=place,
        ),
        visit=(row[8], row[13] or row[14] or row[9], row[12], served),
        patient_control_number=row[9],
        line_number=row[1],
        line_control_number=row[7],
        payer_name=row[16],
        claim_root=row[11],
        payer_claim_control_number=number or "",
        allowed=Allowed(paid, patient, sequestered),
        answered=bool(paid or patient or contractual or denied),
        denied=denied,
        pended=pended,
        remitted_on=day(on),
        work=work_id(row[8], row[9], row[10], row[1], row[12], UNDERPAID),
    )


def _billed_again(connection: Connection, payer: str) -> dict[int, tuple[int, SubmittedLine]]:
    """Of chains that went to the payer more than once: line id -> its service, and how that was billed last."""
    query = text(
        "SELECT DISTINCT c.root FROM claim c WHERE c.id <> c.root AND c.payer_key = :payer AND c.status <> 'rejected'"
    )
    roots = [row[0] for row in connection.execute(query, {"payer": payer})]
    found: dict[int, tuple[int, SubmittedLine]] = {}
    for claims in by_roots(connection, roots).chains.values() if roots else ():
        chain = build_chain(claims)
        counted = {
            line.id: line
            for claim in chain.claims
            if claim.payer_key == payer and not claim.rejected and claim.again is not Again.SECONDARY
            for line in claim.lines
        }
        for service, versions in chain.versions.items():
            known = [counted[one] for one in versions if one in counted]
            last = known[-1] if known else chain.lines[service]
            found.update(dict.fromkeys(versions, (service, last)))
    return found


def treated_lines(
    connection: Connection, claims: Iterable[int], credentials: Mapping[str, str]
) -> dict[tuple[int, int], tuple[str, str]]:
    """Credential of who treated and place of service of the lines of submissions, by claim and line number.

    Args:
        connection: any transaction.
        claims: ids of the submissions.
        credentials: credential by NPI.
    """
    found: dict[tuple[int, int], tuple[str, str]] = {}
    for number, claim in _claims(connection, claims):
        for line in claim.lines:
            who = line.rendering or claim.rendering or claim.billing
            place = line.place_of_service or claim.place_of_service
            found[number, line.number] = (credentials.get(who.npi, ""), place)
    return found


def _claims(connection: Connection, claims: Iterable[int]) -> Iterator[tuple[int, Claim]]:
    """The kept values of submissions, by id."""
    for some in chunks(claims, IN_LIST):
        query = text(
            "SELECT claim_id, content FROM claim_content"  # noqa: S608 (ids)
            f" WHERE claim_id IN ({', '.join(map(str, some))})"
        )
        for number, content in connection.execute(query):
            yield number, unpack_claim(bytes(content))
