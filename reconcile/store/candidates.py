"""Claims that a claim payment in the queue could mean: by its numbers, by the patient, or by charge and day."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, and_, or_, select

from edi.model.control import normalise_control_number
from reconcile.match.ranking import Ranked, rank_candidates
from reconcile.store.adjudications import Waiting
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.schema import ClaimRow
from reconcile.store.submissions import by_numbers, by_roots
from reconcile.values import SubmittedClaim

_CLAIM = table_of(ClaimRow)


def ranked_candidates(connection: Connection, queue: Sequence[Waiting]) -> dict[int, tuple[Ranked, ...]]:
    """Rank claims for every claim payment of the queue.

    Args:
        connection: a read transaction.
        queue: claim payments without a claim. Those of an unknown payee get no candidates: nothing of theirs is ours.

    Returns:
        By id of the claim payment, the best first.
    """
    found: dict[int, tuple[Ranked, ...]] = {}
    for some in chunks([one for one in queue if one.remittance.practices], IN_LIST):
        chains = _proposed(connection, some)
        for one in some:
            facts = one.remittance
            claims = [claim for claim in _of(one, chains) if claim.practice_id in facts.practices]
            found[one.id] = rank_candidates(
                one.claim, claims, payer_key=facts.payer_key, payer_ids=facts.payer_ids
            )
    return found


class _Chains(msgspec.Struct, frozen=True):
    """Submissions by what names them: numbers, member ids, and charge with first day."""

    by_root: dict[int, list[SubmittedClaim]]
    roots: dict[tuple[object, ...], set[int]]


def _keys(one: Waiting) -> list[tuple[object, ...]]:
    """What names claims for a claim payment."""
    claim = one.claim
    members = {claim.member_id, *(party.id for party in claim.parties if party.role in ("QC", "IL", "74"))}
    days = [line.date_from for line in claim.lines if line.date_from]
    days += [day for qualifier, day in claim.dates if qualifier == "232"]
    keys: list[tuple[object, ...]] = [("number", normalise_control_number(claim.patient_control_number))]
    keys.append(("payer", claim.payer_claim_control_number))
    keys += [("member", member) for member in members if member]
    if days:
        keys.append(("charge", abs(claim.charge), min(days)))
    return keys


def _proposed(connection: Connection, queue: Sequence[Waiting]) -> _Chains:
    """Every chain that something in the queue could mean."""
    keys = {key for one in queue for key in _keys(one)}
    of = {kind: sorted({str(key[1]) for key in keys if key[0] == kind and key[1]}) for kind in _KINDS}
    found = by_numbers(connection, of["number"], of["payer"])
    days = sorted({key[2] for key in keys if key[0] == "charge"}, key=str)
    charges = sorted({key[1] for key in keys if key[0] == "charge"}, key=str)
    same_visit = and_(_CLAIM.c.date_from.in_(days), _CLAIM.c.charge.in_(charges))
    query = select(_CLAIM.c.root).where(or_(_CLAIM.c.member_ids.in_(of["member"]), same_visit)).distinct()
    more = by_roots(connection, [int(root) for root in connection.execute(query).scalars()])
    chains = {**found.chains, **more.chains}
    roots: dict[tuple[object, ...], set[int]] = {}
    for root, claims in chains.items():
        for claim in claims:
            names: list[tuple[object, ...]] = [
                ("number", normalise_control_number(claim.patient_control_number)),
                ("charge", claim.charge, claim.date_from),
                *(("payer", number) for number in claim.payer_claim_control_numbers),
                *(("member", member) for member in claim.member_ids),
            ]
            for name in names:
                roots.setdefault(name, set()).add(root)
    return _Chains(chains, roots)


_KINDS = ("number", "payer", "member")


def _of(one: Waiting, chains: _Chains) -> list[SubmittedClaim]:
    """The submissions that one claim payment could mean."""
    roots = sorted({root for key in _keys(one) for root in chains.roots.get(key, ())})
    return [claim for root in roots for claim in chains.by_root[root]]
