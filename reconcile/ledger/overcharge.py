"""A payer that answers a higher charge than was submitted: its adjustments are kept within the submitted charge.

SVC02 differs from the submitted line in good faith where lines are split, merged or bundled; what is answered together
is therefore measured together, and only what the whole group was not billed at is cut.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reconcile.accounts import Entry
from reconcile.values import Account

_CUT: tuple[Account, ...] = (Account.CONTRACTUAL, Account.PATIENT, Account.DENIED)
"""What gives way, first to last: a higher charge swells the write-off before it touches what somebody still owes."""


def overcharged(
    grouped: Mapping[int | None, Sequence[Entry]],
    charges: Mapping[int | None, int],
    bundled: Collection[int],
) -> dict[int, int]:
    """Find the adjustments that go beyond what was submitted.

    Args:
        grouped: the entries of a first adjudication by service.
        charges: cents each service was submitted at.
        bundled: rows of the 835 that a bundling ties together (reconcile.accounts.bundles).

    Returns:
        ``id`` of an entry -> its cents that find no room. Empty nearly always. Money is never cut.
    """
    if all(_answered(entries) <= charges[service] for service, entries in grouped.items()):
        return {}
    beyond: dict[int, int] = {}
    for services in _groups(grouped, bundled):
        over = {service: _answered(grouped[service]) - charges[service] for service in services}
        excess = sum(over.values())
        for service in services:
            left = min(over[service], excess)
            for one in sorted(grouped[service], key=_place):
                if left > 0 and one.cents > 0 and one.account in _CUT:
                    beyond[id(one)] = min(one.cents, left)
                    left -= beyond[id(one)]
                    excess -= beyond[id(one)]
    return beyond


def _place(entry: Entry) -> int:
    """When an entry gives way."""
    return _CUT.index(entry.account) if entry.account in _CUT else len(_CUT)


def _answered(entries: Sequence[Entry]) -> int:
    """Cents that the entries answer: all but what waits and what is memo; cash that no line explains is none."""
    told = (Account.PAID, Account.SUSPENSE, *_CUT)
    return sum(one.cents for one in entries if one.account in told)


def _groups(
    grouped: Mapping[int | None, Sequence[Entry]], bundled: Collection[int]
) -> list[list[int | None]]:
    """The services that are answered together: by one row, by rows of one bundling, or by the claim as a whole."""
    groups: list[tuple[set[object], list[int | None]]] = []
    for service, entries in grouped.items():
        rows: set[object] = {"bundle" if one.line in bundled else one.line for one in entries}
        services: list[int | None] = [service]
        apart = []
        for held in groups:
            if held[0] & rows:
                rows |= held[0]
                services = held[1] + services
            else:
                apart.append(held)
        groups = [*apart, (rows, services)]
    return [services for _, services in groups]
