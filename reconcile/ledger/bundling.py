"""Lines that a payer bundles, seen from the books: which services they are, and what a later payer's bundling says.

A first adjudication posts OA-94 and CO-97 as it says them. A later payer repeats them, or bundles what the first one
paid line by line: the charges are answered already, so its pair moves nothing by itself. Source:
facts/remittance_835_rules.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from reconcile.accounts import BUNDLED_IN, BUNDLED_OUT, Entry, bundles
from reconcile.values import Account, Adjudication


def bundled_services(
    adjudication: Adjudication, grouped: Mapping[int | None, Sequence[Entry]]
) -> frozenset[int]:
    """The services that a bundling of the adjudication ties together; none when it has none."""
    rows = bundles(adjudication.claim)
    if not rows:
        return frozenset()
    return frozenset(
        service
        for service, entries in grouped.items()
        if service is not None and any(entry.line in rows for entry in entries)
    )


def without_bundling(
    grouped: Mapping[int | None, Sequence[Entry]], rows: Collection[int]
) -> dict[int | None, list[Entry]]:
    """The entries with OA-94 and CO-97 of the bundled rows as memo."""
    return {
        service: [
            msgspec.structs.replace(entry, account=Account.MEMO)
            if entry.line in rows and entry.reason in (BUNDLED_IN, BUNDLED_OUT)
            else entry
            for entry in entries
        ]
        for service, entries in grouped.items()
    }
