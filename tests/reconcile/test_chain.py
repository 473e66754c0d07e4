"""Chains: which lines of several submissions bill one service, and which do not."""

from __future__ import annotations

import pytest

from reconcile.chain import build_chain

SECOND = {
    # frequency, the line that comes second (code and charge), whether it is the service of the first
    "a resend": ("1", "97110-GP", "50", True),
    "a resend with a modifier more": ("1", "97110-GP-KX", "50", True),
    "a resend that adds the discipline": ("1", "97110", "50", True),
    "another code": ("1", "97530-GO", "60", False),
    "another code at the same charge": ("1", "97530-GO", "50", False),
    "another charge": ("1", "97110-GP", "60", False),
    "another discipline": ("1", "97110-GO", "50", False),
    "a replacement with another code": ("7", "97530-GP", "60", True),
    "a replacement with another charge": ("7", "97110-GP", "60", True),
    "a void with another discipline": ("8", "97110-GO", "50", True),
}


@pytest.mark.parametrize("name", SECOND)
def test_lines_of_a_second_submission(claim, line, name):
    frequency, code, charge, same = SECOND[name]
    first = claim(1, "C1", [line(11, "97110-GP", "50", number=1)])
    second = claim(2, "C1", [line(21, code, charge, number=1)], root=1, sequence=2, frequency=frequency)
    chain = build_chain([second, first])
    assert chain.service_of == {11: 11, 21: 11 if same else 21}


def test_two_visits_under_one_number_keep_both_charges(stage, claim, line, totals):
    first = claim(1, "C1", [line(11, "97110-GP", "50", number=1)])
    second = claim(2, "C1", [line(21, "97530-GO", "60", number=1)], root=1, sequence=2)
    scene = stage(first, second)
    scene.remit("CLP*C1*1*60*60**12*P2*11*1~SVC*HC:97530:GO*60*60**1~DTM*472*20260105~")
    state = scene.state(1)
    assert [(one.line_id, one.charge, one.paid, one.open) for one in state.balances] == [
        (11, 5000, 0, 5000),
        (21, 6000, 6000, 0),
    ]
