"""The best one-to-one pairing of two small sets, exact and in integers.

O(n^2 * m) with the shorter side as n: a submitted claim has at most 50 lines, however many a payer answers with.

scipy's ``linear_sum_assignment`` does the same and is the better kept code, but scipy and numpy are sixty megabytes
for one function that sees a handful of lines, and only those that no line control number decided.
"""

from __future__ import annotations

from collections.abc import Sequence


def best_pairs(scores: Sequence[Sequence[int]]) -> list[int]:
    """Pair rows with columns so that the sum of scores is greatest (Hungarian method with potentials).

    Args:
        scores: one row per left item, one score per right item; 0 means that the two may not be paired.

    Returns:
        For each row the index of its column, or -1. Rows come first among equals: the result is the same at each call.
    """
    rows = len(scores)
    columns = len(scores[0]) if rows else 0
    if not columns:
        return [-1] * rows
    if rows > columns:
        pairs = [-1] * rows
        for column, row in enumerate(best_pairs(list(zip(*scores, strict=True)))):
            if row >= 0:
                pairs[row] = column
        return pairs
    width = (
        columns + rows
    )  # a private empty column for each row: to stay unpaired costs nothing and gains nothing
    row_price = [0] * (rows + 1)
    column_price = [0] * (width + 1)
    owner = [0] * (width + 1)
    for row in range(1, rows + 1):
        _augment(row, scores, row_price, column_price, owner, columns, width)
    pairs = [-1] * rows
    for column in range(1, columns + 1):
        row = owner[column]
        if row and scores[row - 1][column - 1] > 0:
            pairs[row - 1] = column - 1
    return pairs


def _augment(
    row: int,
    scores: Sequence[Sequence[int]],
    row_price: list[int],
    column_price: list[int],
    owner: list[int],
    columns: int,
    width: int,
) -> None:
    """Bring one more row into the pairing along the cheapest alternating path (costs are negated scores)."""
    infinity = 1 << 60
    owner[0] = row
    least = [infinity] * (width + 1)
    came_from = [0] * (width + 1)
    used = [False] * (width + 1)
    column = 0
    while True:
        used[column] = True
        current = owner[column]
        gains = scores[current - 1]
        delta, following = infinity, 0
        for other in range(1, width + 1):
            if used[other]:
                continue
            cost = -gains[other - 1] if other <= columns else 0
            reduced = cost - row_price[current] - column_price[other]
            if reduced < least[other]:
                least[other] = reduced
                came_from[other] = column
            if least[other] < delta:
                delta, following = least[other], other
        for other in range(width + 1):
            if used[other]:
                row_price[owner[other]] += delta
                column_price[other] -= delta
            else:
                least[other] -= delta
        column = following
        if not owner[column]:
            break
    while column:
        previous = came_from[column]
        owner[column] = owner[previous]
        column = previous
