"""Imported claims of patients whom nobody may bill (QMB): an 837P does not say so, the practice's records do.

Such a claim is marked as those made here are: when it is imported, if an earlier claim of the same person has the mark
or patients.csv is given; else as soon as a patients.csv with the person comes. So is a claim made here before there was
a mark (schema 0010): its kept value does not say, and no upgrade can. A person is known by practice, member id and
birth date. Nothing takes a mark away. Source: Social Security Act 1902(n)(3)(B).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection, func, or_, select, update

from edi.model.claim import Claim
from edi.model.records import PatientRecord
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.claims import IMPORTED, member_ids
from reconcile.store.content import unpack_claim
from reconcile.store.schema import ClaimContentRow, ClaimRow

Person: TypeAlias = tuple[str, str, date]
"""Practice, member id, birth date."""
QMB: Final = "qmb"
"""The mark in ``ClaimRow.patient_protection``."""
_CLAIM = table_of(ClaimRow)
_CONTENT = table_of(ClaimContentRow)


def protected_records(patients: Iterable[PatientRecord]) -> frozenset[Person]:
    """The persons among records of patients whom nobody may bill, once for each of their coverages."""
    return frozenset(
        (one.practice_id, coverage.member_id, one.person.birth_date)
        for one in patients
        if one.qmb and one.person.birth_date is not None
        for coverage in one.coverages
        if coverage.member_id
    )


def protected_persons(connection: Connection) -> frozenset[Person]:
    """The persons whom nobody may bill, as the claims of the store say."""
    names = (_CLAIM.c.practice_id, _CLAIM.c.member_ids, _CLAIM.c.patient_id, _CLAIM.c.patient_first_name)
    last = select(func.max(_CLAIM.c.id)).where(_CLAIM.c.patient_protection != "").group_by(*names)
    numbers = list(connection.execute(last).scalars())
    found: set[Person] = set()
    for some in chunks(numbers, IN_LIST):
        query = select(_CONTENT.c.claim_id, _CLAIM.c.practice_id, _CONTENT.c.content).join(
            _CLAIM, _CLAIM.c.id == _CONTENT.c.claim_id
        )
        for row in connection.execute(query.where(_CONTENT.c.claim_id.in_(some))):
            found |= _persons(row.practice_id, unpack_claim(row.content))
    return frozenset(found)


def protect_imported(
    connection: Connection, persons: Collection[Person], among: Sequence[int] | None = None
) -> tuple[int, ...]:
    """Mark the claims of persons whom nobody may bill, as far as they do not say it: imported, or of an older version.

    Args:
        connection: a write transaction.
        persons: all that are known of.
        among: only these claims; None for all.

    Returns:
        The chains of the claims that had no mark yet: their books are to be worked out anew.
    """
    by_practice: dict[str, set[str]] = {}
    for practice, member, _ in persons:
        by_practice.setdefault(practice, set()).add(member)
    known = frozenset(persons)
    marked: dict[int, int] = {}
    for practice, members in by_practice.items():
        for query in _unmarked(practice, members, among):
            for row in connection.execute(query):
                if row.source != IMPORTED and _says(row.content):
                    continue
                if not known.isdisjoint(_persons(practice, unpack_claim(row.content))):
                    marked[row.id] = row.root
    for some in chunks(sorted(marked), IN_LIST):
        connection.execute(update(_CLAIM).where(_CLAIM.c.id.in_(some)).values(patient_protection=QMB))
    return tuple(sorted(set(marked.values())))


def _unmarked(practice: str, members: Collection[str], among: Sequence[int] | None) -> Iterator[Any]:
    """Queries of a practice's claims without a mark that may be of these members, with their content."""
    query = (
        select(_CLAIM.c.id, _CLAIM.c.root, _CLAIM.c.source, _CONTENT.c.content)
        .join(_CONTENT, _CONTENT.c.claim_id == _CLAIM.c.id)
        .where(_CLAIM.c.practice_id == practice)
        .where(_CLAIM.c.patient_protection == "", _CLAIM.c.member_ids != "")
    )
    if among is not None:
        yield from (query.where(_CLAIM.c.id.in_(some)) for some in chunks(among, IN_LIST))
        return
    for some in chunks(sorted(members), IN_LIST):
        several = _CLAIM.c.member_ids.contains("\n", autoescape=True)
        yield query.where(or_(_CLAIM.c.member_ids.in_(some), several))


def _says(content: bytes) -> bool:
    """Whether a kept value says if the patient may be billed, as each does since schema 0010."""
    return "patient_protection" in msgspec.msgpack.decode(content)


def _persons(practice: str, claim: Claim) -> set[Person]:
    """Whose claim it is, once for each member id."""
    born = claim.patient_person.birth_date
    return {(practice, member, born) for member in member_ids(claim)} if born is not None else set()
