"""What the words of a call name in a store: what a person typed may be anything, so only what is found is noted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, or_, select

from edi.model.control import normalise_control_number
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.schema import ClaimPaymentRow, ClaimRow, PracticeRow, RemittanceRow

_CLAIM: Final = table_of(ClaimRow)
_CLAIM_PAYMENT: Final = table_of(ClaimPaymentRow)
_REMITTANCE: Final = table_of(RemittanceRow)
_PRACTICE: Final = table_of(PracticeRow)
_PAYMENT_ID: Final = re.compile(r"claim_payment:(\d{1,18})")
_SET_ID: Final = re.compile(r"transaction:([0-9a-f]{64})/\d+")
_NUMBER: Final = re.compile(r"\d{1,18}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def named(connection: Connection, words: Iterable[str]) -> dict[str, list[str]]:
    """Control numbers of claims, trace numbers of payments, ids of practices and digests of files that words name.

    Args:
        connection: any transaction.
        words: arguments of a call: control numbers, ids of claims and holds, trace numbers, practices; and the digests
            of 837P files, which stand for the claims in them.

    Returns:
        By kind (``claims``, ``payments``, ``practices``, ``files``); kinds of which nothing is named are left out.
    """
    found: dict[str, set[str]] = {"claims": set(), "payments": set(), "practices": set(), "files": set()}
    for some in chunks(dict.fromkeys(words), IN_LIST):
        numbers = [int(word) for word in some if _NUMBER.fullmatch(word)]
        held = [int(match.group(1)) for word in some if (match := _PAYMENT_ID.fullmatch(word))]
        plain = [normalise_control_number(word) for word in some]
        found["claims"].update(
            connection.execute(
                select(_CLAIM.c.patient_control_number).where(
                    or_(_CLAIM.c.pcn_normalised.in_([one for one in plain if one]), _CLAIM.c.id.in_(numbers))
                )
            ).scalars()
        )
        made = [word for word in some if _DIGEST.fullmatch(word)]
        if made:
            query = select(_CLAIM.c.patient_control_number).where(_CLAIM.c.file_sha256.in_(made))
            found["claims"].update(connection.execute(query).scalars())
        if held:
            query = select(_CLAIM_PAYMENT.c.patient_control_number).where(_CLAIM_PAYMENT.c.id.in_(held))
            found["claims"].update(one for one in connection.execute(query).scalars() if one)
        query = select(_REMITTANCE.c.trace_number).where(_REMITTANCE.c.trace_number.in_(some))
        found["payments"].update(connection.execute(query).scalars())
        query = select(_PRACTICE.c.id).where(_PRACTICE.c.id.in_(some))
        found["practices"].update(connection.execute(query).scalars())
        found["files"].update(match.group(1) for word in some if (match := _SET_ID.fullmatch(word)))
    return {kind: sorted(values) for kind, values in found.items() if values}
