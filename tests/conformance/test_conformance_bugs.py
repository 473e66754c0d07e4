"""Ten mistakes, made in the fast engine on purpose: the comparison with plain pyx12 finds each of them."""

from __future__ import annotations

from random import Random

import pytest

from edi.x12.conformance import checks, fast, patterns, program
from tests.conformance.documents import GUIDES
from tests.conformance.engines import Differential
from tests.conformance.map_segments import load_map, segment_nodes
from tests.conformance.near_segments import near_segment
from tests.conformance.test_conformance_nodes import STANDARD, unsound

BUDGET = 1_500
"""Mutated documents at most, to find a mistake with; the kinds are those that touch it. All kinds find all ten as well."""

BUGS = {
    "need": (program, "needed", 0, ("needed_segment_removed", "delete_segment", "loop_removed")),
    "max": (program, "limit_of", 2**31 - 1, ("segment_beyond_max", "loop_beyond_max", "duplicate_segment")),
    "reset": (program, "kept", -1, ("loop_beyond_max", "needed_segment_removed", "segment_beyond_max")),
    "syntax": (patterns, "syntax_condition", "", ("blank_element", "insert_element", "drop_element")),
    "date": (patterns, "DATE", "[0-9]{8}", ("wrong_date", "leap_day")),
    "trailing separator": (patterns, "no_trailing", "", ("trailing_separator",)),
    "HL": (checks, "hl_follows", True, ("wrong_hl01", "wrong_hl02")),
    "LX": (checks, "lx_follows", True, ("wrong_lx",)),
    "SE count": (checks, "se_closes", True, ("wrong_se01", "delete_segment")),
    "length": (patterns, "lengths", (1, 99), ("lengthen_element", "shorten_element")),
}
"""Name: module, what is replaced in it, by which value (or what it then answers), kinds of mutation."""

BY_THE_NODES = {
    "syntax": lambda node: bool(node.syntax),
    "date": lambda node: node.id in ("DTP", "DMG"),
    "trailing separator": lambda node: True,
    "length": lambda node: True,
}
"""Mistakes in a pattern, which the fuzz node by node has to find too: name to the nodes it is in."""


@pytest.fixture
def mistake(monkeypatch):
    """Put a mistake in; taken out, with all that was compiled, after the test."""

    def put(name: str) -> None:
        module, what, value, _ = BUGS[name]
        monkeypatch.setattr(module, what, value if what.isupper() else lambda *_, **__: value)
        fast.forget()

    yield put
    monkeypatch.undo()
    fast.forget()


@pytest.mark.parametrize("name", BUGS)
def test_the_comparison_finds_the_mistake(seed, clean_documents, mistake, name):
    kinds = BUGS[name][3]
    before = Differential()
    before.compare_mutated(Random(f"{seed} {name}"), clean_documents, 20, kinds)
    assert not before.wrong, before.report()
    mistake(name)
    seen = Differential()
    seen.compare_mutated(Random(f"{seed} {name}"), clean_documents, BUDGET, kinds, stop_at=1)
    print(f"{name}: found with file {seen.files}")
    assert seen.wrong


@pytest.mark.parametrize("name", BY_THE_NODES)
def test_the_nodes_find_the_mistake(seed, mistake, name):
    mistake(name)
    nodes = [node for node in segment_nodes(load_map(GUIDES[0].map_name)) if BY_THE_NODES[name](node)]
    rng = Random(f"{seed} {name}")
    for drawn in range(1, 4_000):
        node = rng.choice(nodes)
        text = near_segment(rng, node)
        pattern = patterns.pattern_of(node, STANDARD)
        if pattern is not None and pattern.fullmatch(text) and unsound(node, text):
            print(f"{name}: found with segment {drawn}")
            return
    pytest.fail("not found")
