"""The derived rows of claims against the same, computed anew from kept values: for ``reconcile.store.checks``.

Nothing is held beyond a block of chains, so a store of any size is compared in constant memory. Which payers pay by
capitation stands in the settings and not in the store: where a claim payment has an adjustment that this decides, the
books are right if they are so for a payer with capitation or for one without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection, text

from edi.codes.lookup import Tables
from edi.model.money import decimal_text
from reconcile.accounts import CAPITATION
from reconcile.reconciliation import reconcile_claim
from reconcile.store.adjudications import posted_on
from reconcile.store.bulk import day, fetch
from reconcile.store.content import unpack_claim
from reconcile.store.rendering import rendered_claim, rendered_line
from reconcile.store.submissions import by_roots
from reconcile.values import Adjudication, ClaimState, SubmittedClaim

_Row: TypeAlias = tuple[Any, ...]

BLOCK: Final = 500
"""Chains that are compared together."""
_SUMS: Final = ("billed", "paid", "contractual", "patient", "denied", "pended", "open_balance", "suspense")
_PARTS: Final = ("charge", "paid", "contractual", "patient", "denied", "pended", "open", "suspense")
"""The fields of a line's balance in the order of ``_SUMS``."""
_MOST_PAYERS: Final = 6
_CLAIMS: Final = (
    f"SELECT id, patient_control_number, tables_version, {', '.join(_SUMS)} FROM claim WHERE id {{keys}}"  # noqa: S608
)
_POSTINGS: Final = (
    "SELECT c.root, x.claim_payment_id, x.line, x.line_id, x.account, x.cents, x.group_code, x.reason, x.quantity,"
    " x.transfer FROM claim c JOIN claim_payment p ON p.claim_id = c.id"
    " JOIN posting x ON x.claim_payment_id = p.id WHERE c.root {keys}"
)
_DENIALS: Final = (
    "SELECT c.root, d.claim_payment_id, d.line, d.line_id, d.group_code, d.reason, d.category, d.extent, d.charge,"
    " d.amount, d.recovered, d.status FROM claim c JOIN denial d ON d.claim_id = c.id WHERE c.root {keys}"
)
_CONTENTS: Final = (
    "SELECT c.id, c.patient_control_number, c.charge, c.rendered_by, x.content FROM claim c"
    " JOIN claim_content x ON x.claim_id = c.id WHERE c.id {keys}"
)
_LINES: Final = (
    "SELECT claim_id, number, procedure_code, modifiers, charge, units, date_from, date_to, control_number, rendered_by"
    " FROM service_line WHERE claim_id {keys} ORDER BY id"
)


_ROOTS: Final = (
    "SELECT c.id, c.root, c.practice_id, c.patient_control_number, x.content FROM claim c"
    " JOIN claim_content x ON x.claim_id = c.id WHERE c.id {keys}"
)
_SESSIONS: Final = (
    "SELECT b.practice_id, b.line_id, c.root FROM billed_session b JOIN claim c ON c.id = b.claim_id"
    " WHERE b.line_id {keys}"
)


class Difference(msgspec.Struct, frozen=True):
    """What differs on one claim, by its patient control number, in words without PHI."""

    claim: str
    message: str


def changed_claims(connection: Connection) -> Iterator[Difference]:
    """Yield every submission whose charge, number or lines are not those of its kept value."""
    for numbers in _blocks(connection, "SELECT id FROM claim WHERE id > :after ORDER BY id LIMIT :most"):
        lines: dict[int, list[_Row]] = {}
        for claim_id, number, code, modifiers, charge, units, first, last, control, who in fetch(
            connection, _LINES, numbers
        ):
            row = (number, code, modifiers, charge, units, day(first), day(last), control, who)
            lines.setdefault(claim_id, []).append(row)
        for claim_id, name, charge, who, content in fetch(connection, _CONTENTS, numbers):
            kept = unpack_claim(bytes(content))
            if who != rendered_claim(kept):
                yield Difference(name, "the claim was rendered by another than was sent")
            if (name, charge) != (kept.patient_control_number, kept.charge):
                told = f"{decimal_text(charge)}, its kept value {decimal_text(kept.charge)}"
                yield Difference(name, f"the claim's charge or number is another than was sent: {told}")
            sent = [
                (
                    line.number,
                    line.procedure.code,
                    " ".join(line.procedure.modifiers),
                    line.charge,
                    line.units,
                    line.date_from,
                    line.date_to or line.date_from,
                    line.line_control_number,
                    rendered_line(line),
                )
                for line in kept.lines
            ]
            held = lines.get(claim_id, [])
            if held != sent:
                wrong = [line[0] for line, other in zip(sent, held, strict=False) if line != other]
                place = f"line {wrong[0]}" if wrong else f"{len(held)} lines for {len(sent)}"
                yield Difference(name, f"the service lines are others than were sent: {place}")


def sessions_twice(connection: Connection) -> Iterator[Difference]:
    """Yield every submission that bills a session line which is noted as billed by another chain."""
    for numbers in _blocks(connection, "SELECT id FROM claim WHERE id > :after ORDER BY id LIMIT :most"):
        billed: dict[tuple[str, str], dict[int, str]] = {}
        for _, root, practice, name, content in fetch(connection, _ROOTS, numbers):
            for line in unpack_claim(bytes(content)).lines:
                for session in line.session_line_ids:
                    billed.setdefault((practice, session), {})[root] = name
        names = sorted({session for _, session in billed})
        for practice, session, holder in fetch(connection, _SESSIONS, names):
            for root, name in billed.get((practice, session), {}).items():
                if root != holder:
                    yield Difference(name, f"session line {session} of it is billed by another claim")


def changed_books(connection: Connection, tables: Tables) -> Iterator[Difference]:
    """Yield what differs between the stored postings, denials and sums of chains and those that follow from them.

    Chains whose books other tables made are left out: these may have classed a code otherwise.
    """
    roots = "SELECT id FROM claim WHERE root = id AND id > :after ORDER BY id LIMIT :most"
    for block in _blocks(connection, roots):
        claims = {row[0]: row[1:] for row in fetch(connection, _CLAIMS, block)}
        current = [root for root in block if claims[root][1] in ("", tables.version)]
        chains = by_roots(connection, current).chains
        posted = posted_on(connection, current, frozenset())
        postings = _counted(fetch(connection, _POSTINGS, current), flag=True)
        denials = _counted(fetch(connection, _DENIALS, current))
        for root in current:
            stored = _Books(claims[root][2:], postings.get(root, Counter()), denials.get(root, Counter()))
            for message in _compare(stored, chains[root], posted.get(root, []), tables):
                yield Difference(claims[root][0], message)


class _Books(msgspec.Struct, frozen=True):
    """The derived rows of a chain: its sums in the order of ``_SUMS``, its postings and its denials."""

    sums: _Row
    postings: Counter[_Row]
    denials: Counter[_Row]


def _blocks(connection: Connection, query: str) -> Iterator[list[int]]:
    """The ids that a query gives, a block at a time."""
    after = 0
    while block := [row[0] for row in connection.execute(text(query), {"after": after, "most": BLOCK})]:
        yield block
        after = block[-1]


def _counted(rows: Iterator[_Row], *, flag: bool = False) -> dict[int, Counter[_Row]]:
    """Rows by root, as often as they stand there; ``flag``: the last column is a truth value."""
    found: dict[int, Counter[_Row]] = {}
    for root, *row in rows:
        key = (*row[:-1], bool(row[-1])) if flag else tuple(row)
        found.setdefault(root, Counter())[key] += 1
    return found


def _compare(
    stored: _Books, claims: Sequence[SubmittedClaim], posted: Sequence[Adjudication], tables: Tables
) -> list[str]:
    """What differs; nothing if the books are right for one choice of the payers with capitation."""
    first: list[str] | None = None
    for adjudications in assumptions(posted):
        try:
            books = _books(reconcile_claim(claims, adjudications, tables))
        except (LookupError, ValueError, TypeError):
            return ["the books cannot be computed again from what is stored"]
        found = _differences(stored, books)
        if not found:
            return []
        first = first or found
    return first or []


def assumptions(posted: Sequence[Adjudication]) -> Iterator[Sequence[Adjudication]]:
    """The adjudications, without capitation and then with it for each choice of payers that it matters for."""
    payers = sorted({one.payer for one in posted if _depends_on_capitation(one)})[:_MOST_PAYERS]
    for chosen in product((False, True), repeat=len(payers)):
        capitated = {payer for payer, is_so in zip(payers, chosen, strict=True) if is_so}
        yield [msgspec.structs.replace(one, capitated=one.payer in capitated) for one in posted]


def _depends_on_capitation(one: Adjudication) -> bool:
    """Whether an adjustment of the claim payment is posted otherwise for a payer with capitation."""
    claim = one.claim
    of_lines = (adjustment for line in claim.lines for adjustment in line.adjustments)
    return any(adjustment.reason in CAPITATION for adjustment in (*claim.adjustments, *of_lines))


def _books(state: ClaimState) -> _Books:
    """A computed state in the shape of the rows."""
    return _Books(
        tuple(sum(getattr(balance, part) for balance in state.balances) for part in _PARTS),
        Counter(
            (
                one.adjudication,
                one.line,
                one.line_id,
                one.account.value,
                one.cents,
                one.group,
                one.reason,
                one.quantity,
                one.transfer,
            )
            for one in state.postings
        ),
        Counter(
            (
                one.adjudication,
                one.line,
                one.line_id,
                one.group,
                one.reason,
                one.category,
                one.extent,
                one.charge,
                one.amount,
                one.recovered,
                one.status.value,
            )
            for one in state.denials
        ),
    )


def _differences(stored: _Books, computed: _Books) -> list[str]:
    """What differs between stored and computed books, one sentence for each sum and each kind of row."""
    found = [
        f"{name} is {decimal_text(told)}, computed again it is {decimal_text(right)}"
        for name, told, right in zip(_SUMS, stored.sums, computed.sums, strict=True)
        if told != right
    ]
    for thing, told, right in (
        ("postings", stored.postings, computed.postings),
        ("denials", stored.denials, computed.denials),
    ):
        extra, missing = told - right, right - told
        if extra or missing:
            payment = min(row[0] for row in (*extra, *missing))
            found.append(
                f"{thing} differ from those computed again: {extra.total()} too many, {missing.total()} missing,"
                f" first of claim payment {payment}"
            )
    return found
