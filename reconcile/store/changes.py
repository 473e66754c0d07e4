"""Where two stores decided otherwise about the same payments: matches, postings, denials; one payment at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from edi.model.money import decimal_text

_KEYS: Final = "SELECT payment_key FROM remittance ORDER BY payment_key"
_NUMBERS: Final = """SELECT p.ordinal, p.patient_control_number, r.trace_number FROM claim_payment p
    JOIN remittance r ON r.id = p.remittance_id WHERE r.payment_key = :key"""
_MATCHES: Final = """SELECT p.ordinal, -1, '', p.outcome, p.reason, c.patient_control_number, c.sequence
    FROM claim_payment p JOIN remittance r ON r.id = p.remittance_id LEFT JOIN claim c ON c.id = p.claim_id
    WHERE r.payment_key = :key"""
_LINES: Final = """SELECT p.ordinal, x.ordinal, '', lc.patient_control_number, l.number
    FROM service_payment x JOIN claim_payment p ON p.id = x.claim_payment_id
    JOIN remittance r ON r.id = p.remittance_id LEFT JOIN service_line l ON l.id = x.line_id
    LEFT JOIN claim lc ON lc.id = l.claim_id WHERE r.payment_key = :key"""
_POSTINGS: Final = """SELECT p.ordinal, COALESCE(x.line, -1),
    COALESCE(x.group_code, '') || ' ' || COALESCE(x.reason, ''), x.account, CAST(SUM(x.cents) AS BIGINT)
    FROM posting x JOIN claim_payment p ON p.id = x.claim_payment_id JOIN remittance r ON r.id = p.remittance_id
    WHERE r.payment_key = :key AND NOT x.transfer GROUP BY p.ordinal, x.line, x.group_code, x.reason, x.account"""
_DENIALS: Final = """SELECT p.ordinal, COALESCE(x.line, -1), x.group_code || ' ' || x.reason, x.category, x.cause,
    x.kind, x.status, x.next_action FROM denial x JOIN claim_payment p ON p.id = x.claim_payment_id
    JOIN remittance r ON r.id = p.remittance_id WHERE r.payment_key = :key"""
_DECISIONS: Final = {"match": _MATCHES, "line": _LINES, "posting": _POSTINGS, "denial": _DENIALS}
"""By kind of decision: claim payment, line and codes that it is about, then what was decided."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that is another in the second store.

    ``kind`` is match, line, posting or denial; ``line`` the paid line (from 1, None: the whole claim), ``codes`` group
    and reason; ``before`` and ``after`` what was decided, "" where nothing was.
    """

    kind: str
    trace_number: str
    patient_control_number: str
    line: int | None
    codes: str
    before: str
    after: str


def changes(first: Connection, second: Connection) -> Iterator[Change]:
    """Yield the decisions that differ between two stores that took in the same payments.

    Args:
        first: a transaction of the store in use.
        second: one of the store to compare with it.
    """
    keys = sorted({row[0] for one in (first, second) for row in one.execute(text(_KEYS))})
    for key in keys:
        names = {**_names(second, key), **_names(first, key)}
        for kind, query in _DECISIONS.items():
            before, after = _decided(first, kind, query, key), _decided(second, kind, query, key)
            for place in sorted(before.keys() | after.keys()):
                if before.get(place) == after.get(place):
                    continue
                ordinal, line, codes = place
                number, trace = names.get(ordinal, ("", ""))
                yield Change(
                    kind=kind,
                    trace_number=trace,
                    patient_control_number=number,
                    line=None if line < 0 else line + 1,
                    codes=codes.strip(),
                    before="; ".join(before.get(place, ())),
                    after="; ".join(after.get(place, ())),
                )


def _names(connection: Connection, key: str) -> dict[int, tuple[str, str]]:
    """Control number and trace number of the claim payments of a payment, by ordinal."""
    return {row[0]: (row[1], row[2]) for row in connection.execute(text(_NUMBERS), {"key": key})}


def _decided(
    connection: Connection, kind: str, query: str, key: str
) -> dict[tuple[int, int, str], list[str]]:
    """What was decided in a payment, by claim payment, line and codes."""
    found: dict[tuple[int, int, str], list[str]] = {}
    for ordinal, line, codes, *what in connection.execute(text(query), {"key": key}):
        found.setdefault((ordinal, line, codes), []).append(_words(kind, what))
    return {place: sorted(words) for place, words in found.items()}


def _words(kind: str, what: list[Any]) -> str:
    """A decision as text."""
    if kind == "posting":
        return f"{what[0]} {decimal_text(what[1])}"
    return " ".join(str(one) for one in what if one not in (None, ""))
