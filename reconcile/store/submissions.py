"""Submitted claims as matching wants them: fetched by indexed key, many at a time, whole chains with their lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection

from edi.model.control import normalise_control_number
from reconcile.store.bulk import day, fetch
from reconcile.values import Again, SubmittedClaim, SubmittedLine

_CLAIM = (
    "SELECT c.id, c.practice_id, c.patient_control_number, c.charge, c.frequency, c.payer_key, c.payer_id,"
    " c.payer_name, c.member_ids, c.patient_last_name, c.patient_first_name, c.date_from, c.date_to,"
    " c.original_reference, c.sequence, c.root, c.pcn_normalised, c.adjudications, c.acknowledged,"
    " c.later_payers, c.patient_protection, a.kind, a.follows, a.repeats FROM claim c"
    " LEFT JOIN resubmission a ON a.claim_id = c.id"
)
_BY_NUMBER = f"{_CLAIM} JOIN claim n ON n.root = c.root WHERE n.pcn_normalised {{keys}}"
_BY_ROOT = f"{_CLAIM} WHERE c.root {{keys}}"
_LINES = (
    "SELECT claim_id, id, number, procedure_code, modifiers, charge, units, date_from, date_to, control_number,"
    " allocated FROM service_line WHERE claim_id {keys} ORDER BY id"
)
_ROOT_OF_PAYER_NUMBER = (
    "SELECT x.number, c.root FROM payer_claim_control_number x JOIN claim c ON c.id = x.claim_id"
    " WHERE x.number {keys}"
)
_ROOT_OF_LINE_NUMBER = (
    "SELECT x.control_number, c.root FROM service_line x JOIN claim c ON c.id = x.claim_id"
    " WHERE x.allocated AND x.control_number {keys}"
)
_PAYER_NUMBERS = (
    "SELECT claim_id, payer_claim_control_number FROM claim_payment WHERE claim_id {keys}",
    "SELECT claim_id, payer_claim_control_number FROM acknowledgment WHERE claim_id {keys}",
)
_REVERSED = (
    "SELECT payer_claim_control_number, candidates FROM claim_payment WHERE outcome <> 'posted'"
    " AND reason = 'no_original' AND payer_claim_control_number {keys}"
)
"""The first candidate of a reversal that waits for its original is the submission that it was tied to."""
_ROOT_OF = "SELECT id, root FROM claim WHERE id {keys}"
MOST_CHAINS: Final = 100
"""Chains that one payer claim control number may name. A number that a payer writes on more of them (its batch, a
constant) tells none from another, and to compare each claim payment with all of them would never end."""
MOST_ANSWERS: Final = 500
"""Claim payments that are posted on one claim. Each is worked out together with all the others, so a file that answers
one claim without end would never end; what comes beyond waits for a person."""
REJECTION: Final = ":rejected:"
"""What stands in ``ClaimRow.acknowledged`` of a submission that was rejected."""
_ROOT, _NUMBER, _ADJUDICATIONS, _ACKNOWLEDGED, _LATER_PAYERS, _PROTECTION, _AGAIN, _FOLLOWS, _REPEATS = range(
    15, 24
)
STATE: Final = """CASE WHEN acknowledged = '' THEN 'submitted' WHEN acknowledged LIKE '%rejected%' THEN 'rejected'
    ELSE 'accepted' END"""
"""The status of a submission by its acknowledgments alone, in SQL for `text`, which doubles the ``%`` for psycopg."""
WRONG_STATE: Final = f"(id <> root OR (adjudications = 0 AND status = 'submitted')) AND status <> {STATE}"
"""Of the first submission of a chain payers decide, so that it is looked at only while nothing came of it."""


class Submissions:
    """Chains of submitted claims, held for one chunk of claim payments.

    Attributes:
        chains: root -> its submissions in order.
        adjudicated: roots on which claim payments are posted already.
        answers: how many, by root.
        reversed: by root the payer's numbers on reversals that wait for their original.
        crowded: payer claim control numbers on more than ``MOST_CHAINS`` chains, which so name none.
    """

    def __init__(self) -> None:
        self.chains: dict[int, list[SubmittedClaim]] = {}
        self.adjudicated: set[int] = set()
        self.answers: dict[int, int] = {}
        self.reversed: dict[int, list[str]] = {}
        self.crowded: set[str] = set()
        self._roots: dict[str, dict[str, dict[int, None]]] = {"claim": {}, "payer": {}, "line": {}}

    def roots(self, kind: str, number: str) -> Collection[int]:
        """The chains that a number names. Kinds: ``claim`` (normalised), ``payer`` (CLP07, REF*F8), ``line`` (6R)."""
        return self._roots[kind].get(number, ())

    def is_full(self, root: int, fresh: int = 0) -> bool:
        """Whether a chain has as many answers as one may have, with ``fresh`` ones that are not in the store yet."""
        return self.answers.get(root, 0) + fresh >= MOST_ANSWERS

    def learn(self, kind: str, number: str, root: int) -> None:
        """Note that a number names a chain."""
        self._roots[kind].setdefault(number, {})[root] = None

    def learn_by_payer(self, named: Mapping[str, Mapping[int, None]]) -> set[int]:
        """Note the chains that payer claim control numbers name, those of crowded numbers aside; returns them."""
        self.crowded.update([number for number, roots in named.items() if len(roots) > MOST_CHAINS])
        roots: set[int] = set()
        for number, held in named.items():
            if number not in self.crowded:
                self._roots["payer"].setdefault(number, {}).update(held)
                roots.update(held)
        return roots


def by_numbers(
    connection: Connection, claim_numbers: Iterable[str], payer_numbers: Iterable[str]
) -> Submissions:
    """Fetch every chain named by a patient control number (normalised) or a payer claim control number (as sent)."""
    found = Submissions()
    rows = {row[0]: row for row in fetch(connection, _BY_NUMBER, sorted(set(claim_numbers) - {""}))}
    named: dict[str, dict[int, None]] = {}
    wanted = sorted(set(payer_numbers) - {""})
    for number, root in fetch(connection, _ROOT_OF_PAYER_NUMBER, wanted):
        named.setdefault(number, {})[root] = None
    tied: dict[int, list[str]] = {}
    for number, candidates in fetch(connection, _REVERSED, wanted):
        tied.setdefault(int(candidates.split()[0]), []).append(number)
    for claim, root in fetch(connection, _ROOT_OF, sorted(tied)):
        found.reversed.setdefault(root, []).extend(tied[claim])
        for number in tied[claim]:
            named.setdefault(number, {})[root] = None
    _complete(connection, found, rows, found.learn_by_payer(named))
    return found


def add_by_line_numbers(connection: Connection, found: Submissions, line_numbers: Iterable[str]) -> None:
    """Fetch also the chains that have one of these line control numbers, if this store allocated it."""
    roots: set[int] = set()
    for number, root in fetch(connection, _ROOT_OF_LINE_NUMBER, sorted(set(line_numbers) - {""})):
        found.learn("line", number, root)
        roots.add(root)
    _complete(connection, found, {}, roots - found.chains.keys())


def add_by_roots(connection: Connection, found: Submissions, roots: Iterable[int]) -> None:
    """Fetch also these chains."""
    _complete(connection, found, {}, set(roots) - found.chains.keys())


def by_roots(connection: Connection, roots: Iterable[int]) -> Submissions:
    """Fetch chains by their root."""
    found = Submissions()
    _complete(connection, found, {}, set(roots))
    return found


def _complete(
    connection: Connection, found: Submissions, rows: dict[int, tuple[Any, ...]], roots: set[int]
) -> None:
    """Turn rows, and the chains of ``roots``, into values with their lines."""
    missing = roots.difference([row[_ROOT] for row in rows.values()])
    rows.update((row[0], row) for row in fetch(connection, _BY_ROOT, sorted(missing)))
    if not rows:
        return
    lines = _lines(connection, rows)
    answered = [number for number, row in rows.items() if row[_ADJUDICATIONS] or row[_ACKNOWLEDGED]]
    payer_numbers = _payer_numbers(connection, answered) if answered else {}
    for number in sorted(rows):
        row = rows[number]
        root = row[_ROOT]
        members = row[8]
        claim = SubmittedClaim(
            id=number,
            practice_id=row[1],
            patient_control_number=row[2],
            charge=row[3],
            frequency=row[4],
            payer_key=row[5],
            payer_id=row[6],
            payer_name=row[7],
            member_ids=tuple(members.split("\n")) if members else (),
            patient_last_name=row[9],
            patient_first_name=row[10],
            date_from=day(row[11]),
            date_to=day(row[12]),
            original_reference=row[13],
            payer_claim_control_numbers=payer_numbers.get(number, ()),
            sequence=row[14],
            root=root,
            lines=tuple(lines.get(number, ())),
            has_next_payer=bool(row[_LATER_PAYERS]),
            patient_protected=bool(row[_PROTECTION]),
            again=Again(row[_AGAIN]) if row[_AGAIN] else None,
            follows=row[_FOLLOWS],
            repeats=tuple(int(one) for one in row[_REPEATS].split()) if row[_REPEATS] else (),
            rejected=not row[_ADJUDICATIONS] and REJECTION in row[_ACKNOWLEDGED],
        )
        found.chains.setdefault(root, []).append(claim)
        found.learn("claim", row[_NUMBER], root)
        if row[_ADJUDICATIONS]:
            found.adjudicated.add(root)
            found.answers[root] = found.answers.get(root, 0) + row[_ADJUDICATIONS]


def _lines(connection: Connection, claims: Iterable[int]) -> dict[int, list[SubmittedLine]]:
    """The lines of claims, in order of LX."""
    lines: dict[int, list[SubmittedLine]] = {claim: [] for claim in claims}
    for claim, line_id, number, code, modifiers, charge, units, start, end, control, allocated in fetch(
        connection, _LINES, sorted(lines)
    ):
        first = day(start)
        lines[claim].append(
            SubmittedLine(
                id=line_id,
                number=number,
                procedure_code=code,
                modifiers=_words(modifiers),
                charge=charge,
                units=units,
                date_from=first,
                date_to=first if end == start else day(end),
                control_number=control,
                allocated=bool(allocated),
            )
        )
    return lines


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    """A list column of a few words, which many rows share."""
    return tuple(text.split())


def _payer_numbers(connection: Connection, claims: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The payers' numbers of claims that were answered, from claim payments and acknowledgments."""
    numbers: dict[int, dict[str, None]] = {}
    for query in _PAYER_NUMBERS:
        for claim, number in fetch(connection, query, claims):
            if number:
                numbers.setdefault(claim, {})[number] = None
    return {claim: tuple(sorted(held)) for claim, held in numbers.items()}


def normalised(number: str | None) -> str:
    """A control number as the store indexes it; "" for none."""
    return normalise_control_number(number) if number else ""
