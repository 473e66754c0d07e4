"""A step that was learned once does what pyx12's walker does, whatever the counts are.

The differential reaches the counts that files bring about; here they are drawn at random, so that the claim "needs only
these paths, has only this limit, changes only these counts" is put to the walker itself.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import pyx12.map_walker
from pyx12.nodeCounter import NodeCounter

from edi.x12.conformance import plain, program
from tests.conformance.documents import GUIDES, Piece
from tests.conformance.map_segments import parsed
from tests.conformance.test_conformance_nodes import STANDARD

DRAWS = [pytest.param(600, id="600"), pytest.param(6_000, id="6000", marks=pytest.mark.soak)]
"""Steps for each of the five maps."""

QUALIFIER_AT = {
    program.NO_QUALIFIER: None,
    program.FIRST: "01",
    program.COMPONENT: "01-1",
    program.THIRD: "03",
}


def near_pair(rng: Random, walks: list[tuple[Piece, ...]]) -> tuple[Any, str]:
    """The node of a segment, and the text of one that stands a little before or behind it."""
    pieces = rng.choice(walks)
    place = rng.randrange(1, len(pieces) - 1)
    return pieces[place].node, pieces[max(1, min(len(pieces) - 1, place + rng.randint(-3, 6)))].text


def counts_near(rng: Random, step: program.Step, paths: list[Any]) -> dict[Any, int]:
    """Counts of all paths, close to what the step needs and allows."""
    needed = [path for number, path in enumerate(paths) if step.need >> number & 1]
    match rng.randrange(4):
        case 0:
            there = set(paths)
        case 1:
            there = set(paths) - {rng.choice(paths)}
        case 2:
            there = set(needed) | set(rng.sample(paths, k=rng.randrange(6)))
        case _:
            there = set(needed) - {rng.choice(needed)} if needed else set()
    counts = {path: rng.choice((1, 1, 1, 2, 5)) for path in paths if path in there}
    if step.bit and rng.random() < 0.5:
        counts[paths[step.number]] = max(0, min(step.limit, 10_000) + rng.choice((-2, -1, -1, 0)))
    return {path: count for path, count in counts.items() if count}


def after_step(step: program.Step, counts: dict[Any, int], paths: list[Any]) -> dict[Any, int] | None:
    """The counts after the step, as its fields say; None when it may not be taken."""
    seen = sum(1 << number for number, path in enumerate(paths) if path in counts)
    count = counts.get(paths[step.number], 0) + 1
    if seen & step.need != step.need or (seen & step.bit and count > step.limit):
        return None
    kept = {
        path: times
        for number, path in enumerate(paths)
        if (times := counts.get(path)) and step.keep >> number & 1
    }
    kept[paths[step.number]] = count
    if step.opened < len(paths):
        kept[paths[step.opened]] = 1
    return kept


@pytest.mark.parametrize("guide", GUIDES, ids=[guide.name for guide in GUIDES])
@pytest.mark.parametrize("draws", DRAWS)
def test_a_step_is_what_the_walker_does(seed, clean_documents, guide, draws):
    rng = Random(f"{seed} {guide.name}")
    learned = program.Program(guide.map_name, STANDARD)
    nodes = program.segment_nodes(learned.map)
    paths = list(dict.fromkeys(node.x12path for node in learned.map.loop_segment_iterator()))
    assert [learned.paths.number(path) for path in paths] == list(range(len(paths)))
    walks = [one.pieces for one in clean_documents if one.guide is guide]
    taken = refused = needlessly = 0
    while taken + refused < draws:
        node, text = (
            near_pair(rng, walks)
            if rng.random() < 0.9
            else (rng.choice(nodes), rng.choice(rng.choice(walks)).text)
        )
        segment = parsed(text)
        state, name = learned.state(node), segment.get_seg_id()
        row = learned.row(state, name) if state is not None else None
        if row is None or state is None:
            continue
        where = QUALIFIER_AT[row[0]]
        step = learned.step(state, name, (segment.get_value(where) or "") if where else "")
        if step is None:
            continue
        counts = counts_near(rng, step, paths)
        walker = pyx12.map_walker.walk_tree()
        walker.counter = NodeCounter(counts)
        found, _, _, errors = walker.walk_errors(node, segment, 1, 1, None)
        expected = after_step(step, counts, paths)
        if expected is None:
            refused += 1
            needlessly += not errors
            continue
        taken += 1
        where_told = (node.get_path(), str(segment))
        assert not errors, where_told
        assert found is step.after.node, where_told
        assert dict(walker.counter.getState()) == expected, where_told
    print(f"{guide.name}: {taken} steps taken, {refused} left to pyx12, {needlessly} of them without need")
    assert taken > draws // 4
    assert refused > draws // 20
    assert needlessly < refused


def test_the_oracle_and_the_program_walk_the_same_map():
    assert all(
        program.Program(guide.map_name, STANDARD).map is plain.load_map(guide.map_name) for guide in GUIDES
    )
