"""Every report of the registry: empty stores, the rows behind each figure, both databases, every form."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from cli.jobs.reports.answer import cell_of
from fixtures.report_store import fill
from reconcile.reports.registry import GROUP, REPORTS, Scope, report, tenths
from reconcile.store import open_store

TODAY = date(2026, 4, 20)
SCOPES = {
    "all": Scope(today=TODAY),
    "as_of": Scope(today=date(2026, 4, 1), as_of=date(2026, 4, 1)),
    "before": Scope(today=date(2020, 1, 1), as_of=date(2020, 1, 1)),
    "practice": Scope(today=TODAY, practice="quill"),
    "payer": Scope(today=TODAY, payer="medicare", since=date(2026, 2, 15), until=date(2026, 3, 15)),
}
ANSWERS = ("payers", "rates", "resolution")
"""Reports in which a claim that crossed over counts with each payer that answered it, and once in the total."""
SHAPES = [(name, by) for name in REPORTS for by in (report(name).groupings or ("",))]


CLAIMS_ANSWERED = ("adjudicated_claims", "adjudicated", "denied_claims", "answered", "settled", "denied_first",
                   "pended_first", "rejected_first")  # fmt: skip


def plain(rows):
    """Rows once each, whatever group they count in."""
    return {
        tuple(sorted((key, str(value)) for key, value in row.items() if key != GROUP)): row for row in rows
    }.values()


def summed(rows, part):
    return len(rows) if not part.sum else sum(row[part.sum] for row in rows)


def agree(one, figure, row, behind):
    """A figure of a row is what its formula says of the rows behind it."""
    above = summed(behind[figure.numerator.rows], figure.numerator)
    kind = next(column.kind for column in one.columns if column.name == figure.column)
    if figure.denominator is None:
        expected = above
    else:
        below = summed(behind[figure.denominator.rows], figure.denominator)
        expected = tenths(above, below, 100 if kind == "percent" else figure.scale)
    assert row[figure.column] == expected, (one.name, figure.column, row[GROUP])


def check(connection, one, scope, by):
    answer = one.read(connection, scope, by)
    sets = {rows.name: list(rows.read(connection, scope, by)) for rows in one.row_sets}
    named = {column.name for column in one.columns}
    for row in answer.rows:
        assert named <= row.keys()
    for rows in one.row_sets:
        for row in sets[rows.name]:
            assert {column.name for column in rows.columns} <= row.keys()
    figures = [one_figure for one_figure in one.figures if one_figure.numerator is not None]
    groups = defaultdict(list)
    for row in answer.rows:
        groups[row[GROUP]].append(row)
    of_total = sets
    if by == "payer" and one.name in ANSWERS:
        of_total = {rows.name: list(rows.read(connection, scope, "practice")) for rows in one.row_sets}
    for figure in figures:
        if answer.total is not None and figure.column != "share_percent":
            agree(one, figure, answer.total, {name: list(plain(rows)) for name, rows in of_total.items()})
        if figure.only_total or figure.column == "share_percent":
            continue
        for name, rows in groups.items():
            if len(rows) == 1:
                agree(
                    one,
                    figure,
                    rows[0],
                    {key: [row for row in held if row[GROUP] == name] for key, held in sets.items()},
                )


@pytest.mark.parametrize("scope", SCOPES, ids=list(SCOPES))
@pytest.mark.parametrize(("name", "by"), SHAPES, ids=[f"{name}-{by}" for name, by in SHAPES])
def test_each_figure_is_the_sum_of_the_rows_behind_it(looped, name, by, scope):
    with looped.read() as connection:
        check(connection, report(name), SCOPES[scope], by)


@pytest.mark.parametrize("name", REPORTS)
def test_groups_add_up_to_the_total(looped, name):
    one = report(name)
    if name == "preventable" or not one.groupings:
        pytest.skip("a denial may count in several groups")
    for by in one.groupings:
        with looped.read() as connection:
            answer = one.read(connection, SCOPES["all"], by)
        for column in one.columns:
            if by == "payer" and name in ANSWERS and column.name in CLAIMS_ANSWERED:
                continue
            if column.kind in ("cents", "count") and not column.name.startswith(("lag_", "oldest")):
                assert sum(row[column.name] or 0 for row in answer.rows) == answer.total[column.name], (
                    column.name
                )


def test_the_total_is_the_same_however_it_is_grouped(looped):
    with looped.read() as connection:
        for name in REPORTS:
            one = report(name)
            answers = [one.read(connection, SCOPES["all"], by).total for by in one.groupings]
            if name == "payers":
                continue
            assert all(other == answers[0] for other in answers[1:]), name


@pytest.mark.parametrize(("name", "by"), SHAPES, ids=[f"{name}-{by}" for name, by in SHAPES])
def test_an_empty_store_has_nothing_to_show(tmp_path, name, by):
    store = open_store(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path / "vault")
    try:
        with store.read() as connection:
            one = report(name)
            for scope in SCOPES.values():
                answer = one.read(connection, scope, by)
                check(connection, one, scope, by)
                if name != "kpi":
                    assert list(answer.rows) == []
                    values = {answer.total[column.name] for column in one.columns if column.name != GROUP}
                    assert values <= {0, None}
                else:
                    assert all(
                        row[key] in (None, 0) for row in answer.rows for key in ("amount", "count", "percent")
                    )
    finally:
        store.close()


def answers_of(url: str, folder: Path):
    """Every report over a store of synthetic rows, as text."""
    store = open_store(url, folder / "vault")
    try:
        with store.write() as connection:
            fill(connection, 600, random.Random(3))
        with store.read() as connection:
            for scope in (
                Scope(today=date(2026, 11, 1)),
                Scope(today=date(2025, 11, 3), as_of=date(2025, 11, 3)),
            ):
                for name, by in SHAPES:
                    one = report(name)
                    answer = one.read(connection, scope, by)
                    check(connection, one, scope, by)
                    rows = [*answer.rows, *([answer.total] if answer.total else [])]
                    yield [
                        [cell_of(row[column.name], column.kind) for column in one.columns]
                        for row in sorted(rows, key=lambda row: str(row[GROUP]))
                    ]
    finally:
        store.close()


@pytest.mark.postgres
def test_both_databases_answer_the_same(postgres_database, tmp_path):
    there = list(answers_of(postgres_database, tmp_path / "a"))
    here = list(answers_of(f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "b"))
    assert there == here


def test_each_figure_names_rows_and_columns_that_are_there():
    for name in REPORTS:
        one = report(name)
        assert one.name == name
        columns = {column.name for column in one.columns}
        headlines = name == "kpi"
        for figure in one.figures:
            assert headlines or figure.column in columns
            for part in (figure.numerator, figure.denominator):
                if part is not None:
                    held = {column.name for column in one.rows_of(part.rows).columns}
                    assert not part.sum or part.sum in held
        if not headlines:
            told = {figure.column for figure in one.figures}
            numbers = {column.name for column in one.columns if column.kind not in ("text", "date")}
            assert numbers - told <= {"denied"}, "a number without its formula"
