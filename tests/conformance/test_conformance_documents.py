"""The generated documents reach nearly every node and follow from the seed; the mutations change them.

That pyx12 calls them clean is seen where they are compared (test_conformance_differential.py).
"""

from __future__ import annotations

from random import Random

from tests.conformance.documents import GUIDES, catalogue, reached
from tests.conformance.map_segments import load_map, segment_nodes
from tests.conformance.mutations import MUTATIONS, mutated

UNREACHABLE = {
    "/ISA_LOOP/TA1": "a TA1 stands before the group, where pyx12 walks its control map and not that of the guide",
    "/ISA_LOOP/GS_LOOP/ST_LOOP/DETAIL/2000A/2000B/2300/2400/PWK[CT]": "its codes are those of the sibling before it",
    "/ISA_LOOP/GS_LOOP/ST_LOOP/DETAIL/2000A/2000B/2000C/2300/2400/PWK[CT]": "its codes are those of the sibling "
    "before it",
}


def test_the_documents_reach_nearly_every_node(clean_documents):
    print(f"{len(clean_documents)} documents, {sum(len(one.pieces) for one in clean_documents)} segments")
    for guide in GUIDES:
        nodes = segment_nodes(load_map(guide.map_name))
        found = {id(piece.node) for one in clean_documents if one.guide is guide for piece in one.pieces}
        missed = {node.get_path() for node in nodes if id(node) not in found}
        print(f"{guide.name}: {len(nodes) - len(missed)} of {len(nodes)} segment nodes reached")
        for path in sorted(missed):
            print(f"  missed {path}: {UNREACHABLE.get(path, 'by chance')}")
        assert len(nodes) - len(missed) >= {"837P": 380}.get(guide.name, len(nodes) - 2)


def test_the_same_seed_gives_the_same_documents():
    def texts(seed: int) -> list[bytes]:
        return [one.data() for one in catalogue(Random(seed), GUIDES[1], 5)]

    assert texts(7) == texts(7)
    assert texts(7) != texts(8)


def test_the_nodes_reached_are_those_of_the_pieces(clean_documents):
    for document in clean_documents[::10]:
        nodes = reached(document)
        assert nodes is not None
        assert [id(node) for node in nodes] == [id(piece.node) for piece in document.pieces]


def test_there_are_many_kinds_of_mutation_and_each_changes_some_file(clean_documents, rng):
    assert len(MUTATIONS) >= 20
    for name in MUTATIONS:
        changed = 0
        for document in rng.sample(clean_documents, k=25):
            changed += mutated(rng, document, clean_documents, [name], most=1).data != document.data()
        assert changed, name
