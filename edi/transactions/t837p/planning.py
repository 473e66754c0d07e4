"""Which claims go into which file and transaction set: the trading partner's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from edi.model.claim import Claim
from edi.model.directory import TradingPartner

_Item = TypeVar("_Item")


def plan_files(claims: Sequence[Claim], partner: TradingPartner) -> list[list[list[Claim]]]:
    """Divide claims into files of transaction sets, in the order given.

    Args:
        claims: what is to go to the trading partner.
        partner: ``max_claims_per_st``, ``max_st_per_file``, ``max_claims_per_file`` and ``one_practice_per_file``
            decide. Without the last, several billing providers share a file.

    Returns:
        Files, each a list of transaction sets, each a list of claims. No claims, no file.
    """
    practices: dict[str, list[Claim]] = {}
    for claim in claims:
        key = (claim.practice_id or claim.billing.npi) if partner.one_practice_per_file else ""
        practices.setdefault(key, []).append(claim)
    files: list[list[list[Claim]]] = []
    for members in practices.values():
        for together in chunks(members, partner.max_claims_per_file or len(members)):
            sets = list(chunks(together, partner.max_claims_per_st))
            files.extend(chunks(sets, partner.max_st_per_file))
    return files


def chunks(items: Sequence[_Item], size: int) -> Iterator[list[_Item]]:
    """Yield the items in lists of ``size`` (at least one), in order."""
    step = max(1, size)
    for start in range(0, len(items), step):
        yield list(items[start : start + step])
