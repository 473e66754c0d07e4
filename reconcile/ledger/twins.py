"""Lines of one claim that nothing tells apart, answered by several adjudications.

The matcher ties twins in submitted order, which is as good as any for the first adjudication. The next payer's lines,
or a reversal's, must then fall on the same twins, or each would be posted against the other's books. What tells them
apart by now is money: a reversal takes back what was paid, OA-23 repeats what the earlier payers settled, and a
supplement pays what was left to the patient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from edi.model.remittance import ServicePayment
from reconcile.match.assignment import best_pairs
from reconcile.values import Adjudication, SubmittedLine

TwinKey: TypeAlias = tuple[object, ...]
_FITS: Final = 1 << 44
"""More than any difference in cents, so that every row gets a service."""

NO_ORIGINAL: Final = 1 << 40
"""How badly a reversal fits a service on which nothing stands that it could take back."""


def twin_key(line: SubmittedLine) -> TwinKey:
    """Code, date and charge: lines that agree in these are twins."""
    return (line.procedure_code, line.date_from, line.charge)


def retie_twins(
    adjudication: Adjudication,
    lines: Sequence[SubmittedLine],
    doubtful: set[TwinKey],
    is_live: Callable[[int], bool],
    mismatch: Callable[[ServicePayment, int], int],
) -> Mapping[int, int]:
    """Tie the rows of twins to the lines whose books they fit best.

    Args:
        adjudication: a later adjudication or a reversal.
        lines: the lines of the submission it answers.
        doubtful: twins that some adjudication was tied to in submitted order only; added to here.
        is_live: whether an adjudication stands on the line's service.
        mismatch: cents by which a row misses the books of a line's service.

    Returns:
        Row -> line id for the rows that must move; empty nearly always.
    """
    if len(lines) < 2:
        return {}
    groups: dict[TwinKey, list[int]] = {}
    for line in lines:
        groups.setdefault(twin_key(line), []).append(line.id)
    if len(groups) == len(lines):
        return {}
    rows_of: dict[int, list[int]] = {}
    for row, match in enumerate(adjudication.match.lines):
        for line_id in match.line_ids:
            rows_of.setdefault(line_id, []).append(row)
    moved: dict[int, int] = {}
    for key, twins in groups.items():
        rows = sorted({row for line_id in twins for row in rows_of.get(line_id, ())})
        matches = [adjudication.match.lines[row] for row in rows]
        if len(twins) < 2 or not rows:
            continue
        if any(match.twin for match in matches):
            doubtful.add(key)
        whole = all(len(match.line_ids) == 1 for match in matches) and len(rows) <= len(twins)
        if key not in doubtful or not whole or not any(is_live(line_id) for line_id in twins):
            continue
        if len({match.line_ids for match in matches}) < len(rows):
            continue  # a split twin: its parts stay together
        scores = [
            [
                2 * (_FITS - mismatch(adjudication.claim.lines[row], line_id))
                + (line_id == match.line_ids[0])
                for line_id in twins
            ]
            for row, match in zip(rows, matches, strict=True)
        ]
        moved.update({row: twins[column] for row, column in zip(rows, best_pairs(scores), strict=True)})
    return moved


def by_codes(row: ServicePayment) -> dict[tuple[str | None, str | None], int]:
    """Cents of a row by group and reason; its payment under (None, None)."""
    found: dict[tuple[str | None, str | None], int] = {(None, None): row.paid}
    for one in row.adjustments:
        found[one.group, one.reason] = found.get((one.group, one.reason), 0) + one.cents
    return found
