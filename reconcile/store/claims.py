"""Submitted claims in and out of the store: saved whole, found by what an 835 gives back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection, func, select

from edi.model.claim import Claim
from edi.model.control import normalise_control_number
from edi.model.coordination import RANKS
from edi.model.frequency import REPLACEMENT, VOID
from reconcile.chain import one_discipline
from reconcile.store.bulk import IN_LIST, chunks, columns_of, insert, next_id, table_of
from reconcile.store.content import claim_digest, pack_claim, unpack_claim
from reconcile.store.rendering import rendered_claim, rendered_line
from reconcile.store.schema import (
    BilledSessionRow,
    ClaimContentRow,
    ClaimRow,
    PayerClaimControlNumberRow,
    ServiceLineRow,
)

CREATED: Final = "created"
IMPORTED: Final = "imported"
SUBMITTED: Final = "submitted"
"""Status of a claim that nobody has answered yet."""


class ClaimOrigin(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where submitted claims come from.

    ``source`` is ``created`` (this store allocated their line control numbers) or ``imported``. ``partner`` is the
    trading partner's id. Control numbers are those of the 837P transaction set that carries them; ``file_sha256``
    the file in the vault. ``rules_version`` names the rules that let them pass. ``submission_reference`` is the BHT03
    of imported claims.
    """

    source: str
    partner: str = ""
    file_sha256: str = ""
    interchange_control_number: str = ""
    group_control_number: str = ""
    st_control_number: str = ""
    rules_version: str = ""
    submission_reference: str = ""


class SavedClaims(msgspec.Struct, frozen=True):
    """What ``save_claims`` did.

    Attributes:
        new: ids of the claims that were new, in order.
        known: how many were there already.
        extended: roots of chains that were there and got another submission: their books are to be recomputed.
        unchained: ids of submissions that several earlier claims fit alike, so that they joined none of them.
    """

    new: tuple[int, ...]
    known: int
    extended: tuple[int, ...] = ()
    unchained: tuple[int, ...] = ()


_Billed: TypeAlias = tuple[str, date | None, int, tuple[str, ...]]
"""What tells the lines of two submissions apart: code, day, charge in cents, modifiers."""


class _Earlier(msgspec.Struct, frozen=True):
    """What the chain of submissions needs to know of one already stored."""

    root: int
    sequence: int
    names: frozenset[str]
    lines: tuple[_Billed, ...]


def save_claims(
    connection: Connection,
    claims: Sequence[Claim],
    origin: ClaimOrigin,
    session_hashes: Mapping[tuple[str, str], str] | None = None,
    roots: Sequence[int] | None = None,
) -> SavedClaims:
    """Store submitted claims of one transaction set. A claim stored already with the same content is left alone.

    Args:
        connection: the write transaction that also allocated their control numbers.
        claims: with ``practice_id``, patient control number and line control numbers filled in.
        origin: where they come from.
        session_hashes: content hash of each session line billed, by (practice_id, line_id); None when imported, and
            for claims that go again: these note their session lines themselves.
        roots: for each claim the root of the chain that it is known to belong to, when all of them go again.

    Raises:
        StoreError: a session line with a hash is billed already (``billed_sessions`` tells before).
    """
    rows: list[tuple[Any, ...]] = []
    contents: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    sessions: list[tuple[Any, ...]] = []
    known = 0
    number, line_number = next_id(connection, ClaimRow), next_id(connection, ServiceLineRow)
    chain = _Chain(connection, set(roots or ()))
    known_roots = roots if roots is not None else [None] * len(claims)
    for block in chunks(zip(claims, known_roots, strict=True), IN_LIST):
        some = [claim for claim, _ in block]
        digests = [claim_digest(claim) for claim in some]
        stored = _stored_digests(connection, some)
        chain.load(some)
        for (claim, given), digest in zip(block, digests, strict=True):
            identity = (claim.practice_id, claim.patient_control_number, digest)
            if identity in stored:
                known += 1
                continue
            stored.add(identity)
            root, sequence = chain.place(claim, number, given)
            rows.append(_claim_row(claim, number, root, sequence, digest, origin))
            contents.append((number, pack_claim(claim)))
            for line in claim.lines:
                lines.append(_line_row(line, line_number, number, allocated=origin.source == CREATED))
                line_number += 1
            if session_hashes is not None:
                sessions += _billed(claim, number, session_hashes)
            number += 1
    insert(connection, ClaimRow, rows)
    insert(connection, ClaimContentRow, contents)
    insert(connection, ServiceLineRow, lines)
    insert(connection, BilledSessionRow, sessions)
    extended = {row[_ROOT] for row in rows if row[_ROOT] != row[0]}
    return SavedClaims(tuple(row[0] for row in rows), known, tuple(sorted(extended)), tuple(chain.unchained))


def _billed(
    claim: Claim, number: int, hashes: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str, str, int, int]]:
    """The rows of the session lines that a claim bills, each at the first service line that does."""
    seen: set[str] = set()
    for line in claim.lines:
        for name in line.session_line_ids:
            if name not in seen:
                seen.add(name)
                digest = hashes.get((claim.practice_id, name), "")
                yield claim.practice_id, name, digest, number, line.number


def _names(claim: Claim) -> frozenset[str]:
    """What tells whether two claims are of one patient: member ids and the patient's name."""
    person = claim.patient_person
    return frozenset(
        name
        for name in (
            *member_ids(claim),
            f"{person.last_name}|{person.first_name}|{person.birth_date}".upper(),
        )
        if name.strip("|")
    )


def member_ids(claim: Claim) -> tuple[str, ...]:
    """The ids under which payers know the patient: the subscriber's, and his own if the file has one."""
    own = claim.patient.member_id if claim.patient is not None else ""
    return tuple(dict.fromkeys(number for number in (claim.subscriber.member_id, own) if number))


def later_payers(claim: Claim) -> tuple[str, ...]:
    """The coverages after this claim's: their keys, or for an imported claim the ranks of its 2320 loops (SBR01)."""
    if claim.later_payers:
        return claim.later_payers
    own = RANKS.find(claim.subscriber.rank)
    ranks = [one.rank for one in claim.other_payers]
    return tuple(rank for rank in ranks if len(rank) == 1 and RANKS.find(rank) > own)


def _billed_lines(claim: Claim) -> tuple[_Billed, ...]:
    return tuple(
        (line.procedure.code, line.date_from, line.charge, line.procedure.modifiers) for line in claim.lines
    )


def _resent(lines: Sequence[_Billed], held: Sequence[_Billed]) -> bool:
    """Whether a submission repeats a line of another one: code, day, charge, and no other discipline."""
    return not (lines and held) or any(
        one[:3] == other[:3] and one_discipline(one[3], other[3]) for one in lines for other in held
    )


class _Chain:
    """Which claims are submissions of one and the same, of one practice and one patient.

    A resend or a claim to the next payer repeats lines under the same CLM01; a CLM01 that comes with other lines is
    another claim. A replacement or a void may change every line: it belongs to the claim that its REF*F8 names, else
    to the one under its CLM01. Where several claims fit alike it joins none.
    """

    def __init__(self, connection: Connection, known: set[int]) -> None:
        self._connection = connection
        self._last = _last_sequences(connection, known)
        self._by_number: dict[tuple[str, str], list[_Earlier]] = {}
        self._by_reference: dict[tuple[str, str], dict[int, frozenset[str]]] = {}
        self.unchained: list[int] = []

    def load(self, claims: Sequence[Claim]) -> None:
        """Fetch what is stored about the claims' numbers."""
        claim, content = table_of(ClaimRow), table_of(ClaimContentRow)
        wanted = {normalise_control_number(one.patient_control_number) for one in claims}
        fresh = {number for _practice, number in self._by_number}
        query = select(
            claim.c.practice_id, claim.c.pcn_normalised, claim.c.root, claim.c.sequence, content.c.content
        )
        query = query.join(content, content.c.claim_id == claim.c.id).order_by(claim.c.id)
        for row in self._connection.execute(query.where(claim.c.pcn_normalised.in_(sorted(wanted - fresh)))):
            held = unpack_claim(row.content)
            earlier = _Earlier(row.root, row.sequence, _names(held), _billed_lines(held))
            self._by_number.setdefault((row.practice_id, row.pcn_normalised), []).append(earlier)
        references = {one.original_reference for one in claims if one.original_reference}
        if references:
            numbers = table_of(PayerClaimControlNumberRow)
            named = select(numbers.c.number, claim.c.practice_id, claim.c.root, content.c.content)
            named = named.join(claim, claim.c.id == numbers.c.claim_id)
            named = named.join(content, content.c.claim_id == claim.c.id)
            found = self._connection.execute(named.where(numbers.c.number.in_(sorted(references))))
            for number, practice, root, packed in found:
                roots = self._by_reference.setdefault((practice, number), {})
                roots[root] = roots.get(root, frozenset()) | _names(unpack_claim(packed))

    def place(self, claim: Claim, number: int, given: int | None) -> tuple[int, int]:
        """The root and sequence of a claim that gets the id ``number``; ``given`` is its root where that is known."""
        names, lines = _names(claim), _billed_lines(claim)
        key = (claim.practice_id, normalise_control_number(claim.patient_control_number))
        earlier = self._by_number.setdefault(key, [])
        sequence = 1 + max((one.sequence for one in earlier), default=0)
        own = [one for one in earlier if not names or names & one.names]
        root = number if given is None else given
        if root in self._last:
            sequence = self._last[root] = max(sequence, 1 + self._last[root])
        if root == number and (own or claim.original_reference):
            held = self._by_reference.get((claim.practice_id, claim.original_reference), {})
            referred = {one for one, known in held.items() if names & known}
            if claim.frequency in (REPLACEMENT, VOID):
                roots = _corrected(own, referred, lines)
            else:
                roots = {one.root for one in own if _resent(lines, one.lines)} or referred
            if len(roots) == 1:
                (root,) = roots
            elif roots:
                self.unchained.append(number)
        earlier.append(_Earlier(root, sequence, names, lines))
        return root, sequence


def _last_sequences(connection: Connection, roots: set[int]) -> dict[int, int]:
    """The highest sequence of each chain, over all the control numbers its claims went out under."""
    table = table_of(ClaimRow)
    query = select(table.c.root, func.max(table.c.sequence)).group_by(table.c.root)
    rows = connection.execute(query.where(table.c.root.in_(sorted(roots)))) if roots else ()
    return {int(root): int(last) for root, last in rows}


def _corrected(own: Sequence[_Earlier], referred: set[int], lines: Sequence[_Billed]) -> set[int]:
    """The roots that a replacement or void may mean, given the claims under its CLM01 and those its REF*F8 names."""
    roots = {one.root for one in own}
    if roots & referred or not roots:
        return roots & referred or referred
    days = {one[:2] for one in lines}
    shared = {
        root: len(days & {held[:2] for one in own if one.root == root for held in one.lines})
        for root in roots
    }
    return {root for root, count in shared.items() if count == max(shared.values())}


def _stored_digests(connection: Connection, claims: Iterable[Claim]) -> set[tuple[str, str, str]]:
    """Identities of the claims already stored under the same patient control numbers."""
    table = table_of(ClaimRow)
    numbers = sorted({normalise_control_number(claim.patient_control_number) for claim in claims})
    query = select(table.c.practice_id, table.c.patient_control_number, table.c.content_digest)
    return {
        (practice, number, digest)
        for practice, number, digest in connection.execute(query.where(table.c.pcn_normalised.in_(numbers)))
    }


def _claim_row(
    claim: Claim, number: int, root: int, sequence: int, digest: str, origin: ClaimOrigin
) -> tuple[Any, ...]:
    """The row of a claim, columns in schema order."""
    person = claim.patient_person
    starts = [line.date_from for line in claim.lines if line.date_from]
    billed = sum(line.charge for line in claim.lines) if root == number else 0
    ends = [line.date_to or line.date_from for line in claim.lines if line.date_to or line.date_from]
    values: dict[str, Any] = {
        "id": number,
        "practice_id": claim.practice_id,
        "patient_control_number": claim.patient_control_number,
        "pcn_normalised": normalise_control_number(claim.patient_control_number),
        "sequence": sequence,
        "root": root,
        "frequency": claim.frequency,
        "original_reference": claim.original_reference,
        "payer_key": claim.payer.key,
        "payer_id": claim.payer.id,
        "payer_name": claim.payer.name,
        "patient_id": claim.patient_id,
        "patient_last_name": person.last_name,
        "patient_first_name": person.first_name,
        "member_ids": "\n".join(member_ids(claim)),
        "later_payers": " ".join(later_payers(claim)),
        "patient_protection": claim.patient_protection,
        "charge": claim.charge,
        "date_from": min(starts, default=None),
        "date_to": max((day for day in ends if day is not None), default=None),
        "source": origin.source,
        "partner": origin.partner,
        "file_sha256": origin.file_sha256,
        "interchange_control_number": origin.interchange_control_number,
        "group_control_number": origin.group_control_number,
        "st_control_number": origin.st_control_number,
        "content_digest": digest,
        "rules_version": origin.rules_version,
        "status": SUBMITTED,
        "acknowledged": "",
        "next_actions": "",
        "guardrails": "",
        "tables_version": "",
        "adjudications": 0,
        "billed": billed,
        "paid": 0,
        "contractual": 0,
        "patient": 0,
        "denied": 0,
        "pended": 0,
        "open_balance": billed,
        "suspense": 0,
        "rendered_by": rendered_claim(claim),
        "submission_reference": origin.submission_reference,
    }
    return tuple(values[name] for name in _CLAIM_COLUMNS)


_CLAIM_COLUMNS: Final = columns_of(ClaimRow)
_ROOT: Final = _CLAIM_COLUMNS.index("root")


def _line_row(line: Any, number: int, claim_id: int, *, allocated: bool) -> tuple[Any, ...]:
    """The row of a service line, columns in schema order."""
    return (
        number,
        claim_id,
        line.number,
        line.procedure.code,
        " ".join(line.procedure.modifiers),
        line.charge,
        line.units,
        line.date_from,
        line.date_to or line.date_from,
        line.line_control_number,
        allocated and bool(line.line_control_number),
        rendered_line(line),
    )


def session_hash(content: msgspec.Struct) -> str:
    """The content hash of a session line: of everything but where it was read."""
    fields = msgspec.to_builtins(content)
    for place in ("file", "row"):
        fields.pop(place, None)
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()


def billed_sessions(connection: Connection, practice_id: str, line_ids: Iterable[str]) -> dict[str, str]:
    """Content hashes of those session lines of a practice that are billed already, by line_id."""
    table = table_of(BilledSessionRow)
    found: dict[str, str] = {}
    for some in chunks(line_ids, IN_LIST):
        query = select(table.c.line_id, table.c.content_hash)
        query = query.where(table.c.practice_id == practice_id, table.c.line_id.in_(some))
        found.update((line_id, digest) for line_id, digest in connection.execute(query))
    return found


def load_claim(connection: Connection, claim_id: int) -> Claim | None:
    """The whole claim value, or None."""
    table = table_of(ClaimContentRow)
    content = connection.execute(select(table.c.content).where(table.c.claim_id == claim_id)).scalar()
    return None if content is None else unpack_claim(content)
