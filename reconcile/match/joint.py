"""All lines of one claim payment at once: scores, the best pairing, and what explains the lines left over."""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Sequence
from typing import Final

from edi.model.balance import REVERSAL
from edi.model.remittance import ClaimPayment, ServicePayment
from reconcile.match.assignment import best_pairs
from reconcile.match.evidence import (
    claim_date,
    code_agrees_with,
    day_agrees_with,
    evidence_of,
    line_notes,
    line_number,
    same_quantity,
)
from reconcile.values import LineEvidence, LineMatch, SubmittedLine

_LONGEST_RUN: Final = 4
"""A line is split into at most so many that follow each other."""
_BLANK: Final = LineMatch(line_ids=(), evidence=LineEvidence.NONE)

_CONTROL, _FOREIGN_CONTROL, _LINE_NUMBER = 4000, 1500, 700
_CHARGE, _DATE, _CODE, _NO_DATE = 800, 150, 100, 75
_MODIFIERS, _UNITS, _UNANSWERED = 12, 6, 3
"""Weights in whole points; they only order pairs, nothing is a probability. Two pairs of unlike charge weigh less than
one of equal charge, so that a part of a line never takes the line of another; modifiers and units only settle ties."""


class JointLines:
    """All lines of one claim payment at once. ``lines`` are in submitted order."""

    def __init__(
        self,
        paid: Sequence[ServicePayment],
        lines: Sequence[SubmittedLine],
        payment: ClaimPayment,
        answered: Collection[int],
    ) -> None:
        self.paid = paid
        self.lines = lines
        self.day = claim_date(payment)
        self.charge = abs(payment.charge)
        self.answered = answered
        self.reversal = payment.status == REVERSAL
        self.scores = [self._row(service) for service in paid]
        self.choice: list[list[int]] = [[] for _ in paid]
        self.extra: list[set[str]] = [set() for _ in paid]
        self.twins: set[int] = set()

    def solve(self) -> tuple[LineMatch, ...]:
        """Pair, explain what is left over, and say how."""
        timely = self._timely()
        for named in (True, False):
            self._runs(timely, named=named)
        self._pair(timely)
        self._release_parts()
        self._merged()
        self._whole()
        self._twins_in_order()
        self._splits()
        for scores in (timely, self.scores):  # lines that parts of others had held, then other days
            self._pair(scores)
            self._splits()
        self._recoded()
        return tuple(self._result(row) for row in range(len(self.paid)))

    def _runs(self, scores: list[list[int]], *, named: bool) -> None:
        """Rows that follow each other and sum to a line's charge, none of which has a line of its own charge: split.

        Runs in which a row names its line by an allocated number go first (``named``).
        """
        count = len(self.paid)
        free = self._free()
        for start in range(count - 1):
            if not free:
                return
            for end in range(start + 1, min(start + _LONGEST_RUN, count)):
                rows = range(start, end + 1)
                if any(self.choice[row] or self._has_own(scores[row], row) for row in rows):
                    break
                total = sum(abs(self.paid[row].charge) for row in rows)
                fitting = [
                    column
                    for column in free
                    if self.lines[column].charge == total
                    and all(scores[row][column] for row in rows)
                    and not any(
                        other[column] >= _CONTROL for row, other in enumerate(scores) if row not in rows
                    )
                ]
                if not fitting or (named and not any(scores[row][fitting[0]] >= _CONTROL for row in rows)):
                    continue
                for row in rows:
                    self.choice[row] = [fitting[0]]
                    self.extra[row].add("split")
                if len(fitting) > 1:
                    self.twins.update(rows)
                free = self._free()
                break

    def _has_own(self, scores: list[int], row: int) -> bool:
        """Whether a line fits the row with its whole charge."""
        charge = abs(self.paid[row].charge)
        return any(score and line.charge == charge for score, line in zip(scores, self.lines, strict=True))

    def _pair(self, scores: list[list[int]]) -> None:
        """Pair the paid lines that have no submitted line yet with the submitted lines that are free."""
        rows = [row for row, columns in enumerate(self.choice) if not columns]
        free = self._free()
        pairs = best_pairs([[scores[row][column] for column in free] for row in rows])
        for row, index in zip(rows, pairs, strict=True):
            if index >= 0:
                self.choice[row] = [free[index]]

    def _timely(self) -> list[list[int]]:
        """The scores without pairs of different days: those are tried when nothing better explains a line."""
        return [
            [
                score if score >= _FOREIGN_CONTROL or not self._other_day(service, line) else 0
                for score, line in zip(row, self.lines, strict=True)
            ]
            for service, row in zip(self.paid, self.scores, strict=True)
        ]

    def _other_day(self, service: ServicePayment, line: SubmittedLine) -> bool:
        """Whether both sides tell a day and it is not the same."""
        begin = service.date_from or self.day
        return (
            begin is not None
            and line.date_from is not None
            and not day_agrees_with(begin, service.date_to, line)
        )

    def _row(self, service: ServicePayment) -> list[int]:
        """Scores of a paid line with every submitted line; an allocated number that hits leaves no other choice."""
        scores = [self._score(service, line) for line in self.lines]
        if max(scores) >= _CONTROL:
            return [score if score >= _CONTROL else 0 for score in scores]
        return scores

    def _release_parts(self) -> None:
        """Take a part of a split line off the wrong line: its charge fits nothing but the rest of another line."""
        for row, columns in enumerate(self.choice):
            if not columns or self.extra[row] or self.scores[row][columns[0]] >= _CONTROL:
                continue
            charge = abs(self.paid[row].charge)
            if charge == self.lines[columns[0]].charge:
                continue
            for other, taken in enumerate(self.choice):
                if other == row or not taken or self.extra[other] or not self.scores[row][taken[0]]:
                    continue
                if abs(self.paid[other].charge) + charge == self.lines[taken[0]].charge:
                    self.choice[row] = []
                    break

    def _score(self, service: ServicePayment, line: SubmittedLine) -> int:
        """How strongly a paid line points at a submitted line; 0 when it may not."""
        begin = service.date_from or self.day
        date_agrees = day_agrees_with(begin, service.date_to, line)
        charge_agrees = abs(service.charge) == line.charge
        code_agrees = code_agrees_with(service, line)
        number = service.line_control_number
        points = 0
        if number and number == line.control_number and (code_agrees or date_agrees or charge_agrees):
            points = _CONTROL if line.allocated else _FOREIGN_CONTROL
        elif number and line_number(number) == line.number and (date_agrees or charge_agrees):
            points = _LINE_NUMBER if code_agrees else _LINE_NUMBER // 2
        elif not (code_agrees and (date_agrees or charge_agrees or begin is None)):
            return 0
        points += _CODE * code_agrees + _CHARGE * charge_agrees
        points += _DATE if date_agrees else _NO_DATE if begin is None else 0
        given = (service.submitted_procedure or service.procedure).modifiers
        if given:
            shared = len(set(given) & set(line.modifiers))
            points += min(shared, 4) * 2 + (4 if set(given) == set(line.modifiers) else 0)
        if same_quantity(service.submitted_units or service.units, line.units):
            points += _UNITS
        if (line.id in self.answered) is self.reversal:
            points += _UNANSWERED
        return points

    def _free(self) -> list[int]:
        """Submitted lines that no paid line has, in order."""
        taken = {column for columns in self.choice for column in columns}
        return [column for column in range(len(self.lines)) if column not in taken]

    def _merged(self) -> None:
        """A paid line whose charge is the sum of its own and further lines of the same code stands for them all."""
        for row, columns in enumerate(self.choice):
            service = self.paid[row]
            if len(columns) != 1:
                continue
            first = self.lines[columns[0]]
            rest = abs(service.charge) - first.charge
            if rest <= 0:
                continue
            alike = [
                column
                for column in self._free()
                if code_agrees_with(service, self.lines[column])
                and (
                    service.date_from is None
                    or day_agrees_with(service.date_from, service.date_to, self.lines[column])
                )
            ]
            more = _subset(alike, [self.lines[column].charge for column in alike], rest)
            if more:
                columns.extend(more)
                columns.sort()
                self.extra[row].add("merged")

    def _whole(self) -> None:
        """A paid line that is charged with all that is left of the claim answers it, whatever the codes of the lines.

        Only where every other paid line has its own and CLP03 is the charge of the claim: else it may be a charge that
        the payer read wrong.
        """
        free = self._free()
        if not free or not all(self.choice) or self.charge != sum(line.charge for line in self.lines):
            return
        rest = sum(self.lines[column].charge for column in free)
        for row, columns in enumerate(self.choice):
            service = self.paid[row]
            held = sum(self.lines[column].charge for column in columns)
            if abs(service.charge) != held + rest or self.extra[row] - {"merged"}:
                continue
            if any(self._other_day(service, self.lines[column]) for column in free):
                continue
            columns.extend(free)
            columns.sort()
            self.extra[row] |= {"merged", "merged_codes"}
            return

    def _twins_in_order(self) -> None:
        """Among submitted lines that a paid line cannot tell apart, take them in submitted order and say so."""
        single = [row for row, columns in enumerate(self.choice) if len(columns) == 1 and not self.extra[row]]
        groups: dict[tuple[object, ...], list[int]] = {}
        for row in single:
            line = self.lines[self.choice[row][0]]
            key = (line.procedure_code, line.charge, self._alike(row))
            groups.setdefault(key, []).append(row)
        for rows in groups.values():
            columns = list(self._alike(rows[0]))
            if len(columns) < 2 or len(rows) > len(columns):
                continue
            others = {column for row, taken in enumerate(self.choice) if row not in rows for column in taken}
            free = [column for column in columns if column not in others]
            self.twins.update(rows)
            for row, column in zip(sorted(rows), free, strict=False):
                self.choice[row] = [column]

    def _alike(self, row: int) -> tuple[int, ...]:
        """Columns that score the same for the row as its own and bill the same code and charge."""
        own = self.choice[row][0]
        line, points = self.lines[own], self.scores[row][own]
        return tuple(
            column
            for column, other in enumerate(self.lines)
            if self.scores[row][column] == points
            and other.procedure_code == line.procedure_code
            and other.charge == line.charge
        )

    def _splits(self) -> None:
        """Further paid lines of a submitted line: split (same code, parts of its charge) or unbundled (charge 0)."""
        holders: dict[int, list[int]] = {}
        answered_by: dict[int, int] = {}
        last: dict[int, int] = {}
        for row, columns in enumerate(self.choice):
            if len(columns) == 1:
                holders.setdefault(columns[0], []).append(row)
                answered_by[columns[0]] = answered_by.get(columns[0], 0) + abs(self.paid[row].charge)
        for row, columns in enumerate(self.choice):
            if columns:
                continue
            service = self.paid[row]
            best, best_key = -1, (-1, -1, -1)
            for column, line in enumerate(self.lines):
                held = holders.get(column)
                if not held:
                    continue
                answered = answered_by[column]
                fits = answered + abs(service.charge) <= line.charge
                unbundled = service.charge == 0
                by_number = bool(service.line_control_number) and (
                    service.line_control_number == line.control_number
                )
                if not (self.scores[row][column] or by_number or unbundled) or not (fits or unbundled):
                    continue
                if self._other_day(service, line) and not by_number:
                    continue
                if unbundled and not (self.scores[row][column] or by_number) and held[-1] != row - 1:
                    continue  # an unbundled line without a name of its own follows the line it came from
                key = (
                    int(by_number),
                    int(answered + abs(service.charge) == line.charge),
                    self.scores[row][column],
                )
                if key > best_key:
                    best, best_key = column, key
            if best >= 0:
                self.choice[row] = [best]
                self.extra[row].add("unbundled" if service.charge == 0 else "split")
                insort(holders[best], row)
                answered_by[best] += abs(service.charge)
                last[best] = row
        for column, newest in last.items():
            for row in holders[column]:
                if row != newest:
                    self.extra[row].add("split")

    def _recoded(self) -> None:
        """A paid line of another code without SVC06: the one free line of its charge and date, if there is but one."""
        for row, columns in enumerate(self.choice):
            if columns:
                continue
            service = self.paid[row]
            begin = service.date_from or self.day
            free = self._free()
            last = len(free) == 1 and sum(not taken for taken in self.choice) == 1
            fitting = []
            for column in free:
                line = self.lines[column]
                same_charge = abs(service.charge) == line.charge
                same_date = begin is None or day_agrees_with(begin, service.date_to, line)
                if (same_charge and same_date) or (
                    last and (same_charge or (begin is not None and same_date))
                ):
                    fitting.append(column)
            if len(fitting) == 1:
                self.choice[row] = fitting

    def _result(self, row: int) -> LineMatch:
        columns = self.choice[row]
        if not columns:
            return _BLANK
        service, line = self.paid[row], self.lines[columns[0]]
        points = self.scores[row][columns[0]]
        notes = [
            note for note in line_notes(service, line) if note != "charge_differs" or not self.extra[row]
        ]
        if "split" in self.extra[row] or "merged" in self.extra[row]:
            notes = [note for note in notes if note != "units_differ"]
        runner_up, margin = self._runner_up(row, points)
        return LineMatch(
            line_ids=tuple(self.lines[column].id for column in columns),
            evidence=evidence_of(service, line, self.day),
            twin=row in self.twins,
            notes=(*notes, *sorted(self.extra[row])),
            runner_up=runner_up,
            margin=margin,
        )

    def _runner_up(self, row: int, points: int) -> tuple[int | None, int]:
        """The id of the best line that was not taken, and how far behind it is."""
        others = [
            (score, -column)
            for column, score in enumerate(self.scores[row])
            if score and column not in self.choice[row]
        ]
        if not others:
            return None, 0
        score, column = max(others)
        return self.lines[-column].id, max(points - score, 0)


def _subset(items: Sequence[int], weights: Sequence[int], target: int) -> list[int]:
    """The first items whose weights sum to the target, earliest items preferred; [] when none do."""
    reached: dict[int, list[int]] = {0: []}
    for item, weight in zip(items, weights, strict=True):
        for total, chosen in list(reached.items()):
            if total + weight <= target and total + weight not in reached:
                reached[total + weight] = [*chosen, item]
        if target in reached:
            return reached[target]
    return []
