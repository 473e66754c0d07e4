"""The pattern of a segment node never accepts what pyx12 refuses."""

from __future__ import annotations

from random import Random

import pytest

from edi.x12.conformance import patterns
from tests.conformance.documents import GUIDES
from tests.conformance.map_segments import (
    COMPONENT,
    ELEMENT,
    SEGMENT,
    is_clean,
    load_map,
    parsed,
    segment_nodes,
)
from tests.conformance.near_segments import near_segment

STANDARD = patterns.Delimiters(segment=SEGMENT, element=ELEMENT, component=COMPONENT)
SEPARATORS = (STANDARD, STANDARD, patterns.Delimiters("'", "+", ":"), patterns.Delimiters("!", "|", ">"))
PER_NODE = [pytest.param(20, id="20"), pytest.param(200, id="200", marks=pytest.mark.soak)]
"""Segments for each of the 519 nodes of five maps: 10,000 in every run, 100,000 in the soak."""


def unsound(node, text: str, separators: patterns.Delimiters = STANDARD) -> bool:
    """Whether a text is wrong at a node, for pyx12's element checks or for its reader."""
    segment = parsed(text, (separators.segment, separators.element, separators.component))
    return (
        not is_clean(node, segment)
        or segment.is_empty()
        or not segment.is_seg_id_valid()
        or text.startswith(" ")
        or text.endswith(separators.element)
    )


def _exchange(separators: patterns.Delimiters) -> dict[int, int]:
    """The translation that lets the usual separators and others change places."""
    usual = SEGMENT + ELEMENT + COMPONENT
    others = separators.segment + separators.element + separators.component
    return str.maketrans(usual + others, others + usual)


@pytest.mark.parametrize("per_node", PER_NODE)
def test_no_pattern_accepts_what_pyx12_refuses(seed, per_node):
    drawn = clean = accepted = without = 0
    wrong = []
    for guide in GUIDES:
        for number, node in enumerate(segment_nodes(load_map(guide.map_name))):
            rng = Random(f"{seed} {guide.name} {number}")
            separators = SEPARATORS[number % len(SEPARATORS)]
            exchange = _exchange(separators)
            pattern = patterns.pattern_of(node, separators)
            without += pattern is None
            for _ in range(per_node):
                text = near_segment(rng, node).translate(exchange)
                bad = unsound(node, text, separators)
                takes = pattern is not None and pattern.fullmatch(text) is not None
                drawn += 1
                clean += not bad
                accepted += takes
                if takes and bad:
                    wrong.append((node.get_path(), text))
    print(
        f"{drawn} segments, {clean} clean; recall {accepted / clean:.2%}; {without} nodes without a pattern; "
        f"{len(wrong)} accepted wrongly"
    )
    assert drawn >= per_node * 500
    assert not wrong, wrong[:5]
    assert 0.2 < clean / drawn < 0.8
    assert accepted / clean > 0.9
