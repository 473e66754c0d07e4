"""The fast engine on its own ground: what it proves, what it leaves to pyx12, how it reads, how it degrades.

That it never says anything else than pyx12 is shown by the differential in tests/conformance.
"""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
import pyx12
import pyx12.map_walker
import pyx12.rawx12file
import pyx12.segment
from hypothesis import given
from hypothesis import strategies as st

from edi.x12 import conformance
from edi.x12.conformance import Tally, checks, fast, patterns, plain, program, state
from edi.x12.conformance.counter import Paths, SharedCounter
from edi.x12.conformance.patterns import Delimiters
from edi.x12.conformance.reading import ISA_LENGTH, Joined, Text, segments
from tests.builders import make_claim, make_dependent, make_subscriber
from tests.claim_strategies import write

DELIMITERS = Delimiters("~", "*", ":")
MAP = "837.5010.X222.A1.xml"
CLEAN = write(
    [
        make_claim(
            patient_control_number=f"A{number:07d}", subscriber=make_subscriber(member_id=f"W{number}")
        )
        for number in range(40)
    ]
    + [
        make_claim(
            patient_control_number="D1",
            subscriber=make_subscriber(is_patient=False, member_id="W2"),
            patient=make_dependent(),
        )
    ]
).data


def told(data: bytes, **changes) -> Tally:
    """Check that both engines agree, and return how the fast one did it."""
    tally = Tally()
    assert fast.check(data, tally) == plain.check(data)
    for name, value in changes.items():
        assert getattr(tally, name) == value, (name, tally)
    return tally


# -- what is proved, and what goes to pyx12 ------------------------------------------------------------------------


def test_a_clean_file_needs_pyx12_for_its_envelope_alone():
    told(CLEAN, proved=CLEAN.count(b"~") - 4, checked=0, stepped=4, degraded=None)


@pytest.mark.parametrize(
    ("old", "new", "checked", "stepped"),
    [
        (b"CLM*A0000003*100*", b"CLM*A0000003*1OO*", 0, 1),
        (b"DMG*D8*", b"DMG*D8*20240229*F~", 1, 0),
        (b"NM1*IL*1*TESTER*", b"NM1*IL*1*TESTER *", 1, 0),
        (b"\nLX*1~", b"\nLX*01~", 0, 1),
        (b"\nLX*1~", b"\nLX*2~", 0, 1),
        (b"SBR*P*18", b" SBR*P*18", 0, 1),
        (b"HI*ABK:M5450~", b"HI*ABK:M5450*~", 0, 1),
        (b"HI*ABK:M5450~\n", b"ZZZ*1~\n", 0, 2),
        (b"HI*ABK:M5450~\n", b"", 0, 1),
    ],
)
def test_one_strange_segment_costs_one_step(old, new, checked, stepped):
    changed = CLEAN.replace(old, new, 1)
    if old == b"DMG*D8*":
        at = CLEAN.index(old)
        changed = CLEAN[:at] + new + CLEAN[CLEAN.index(b"~", at) + 1 :]
    assert changed != CLEAN
    tally = told(changed)
    assert tally.checked == checked
    assert 4 + stepped <= tally.stepped <= 4 + stepped + 1


def test_the_errors_of_a_subscriber_name_the_claims_below_it():
    changed = CLEAN.replace(b"SBR*P*18", b"SBR*P*99", 1).replace(b"*P*18", b"*P*18", 1)
    told(changed)
    assert {error.claims for error in fast.check(changed).errors} == {("A0000000",)}


# -- reading -------------------------------------------------------------------------------------------------------

PIECES = st.lists(
    st.sampled_from(["A*1", "\n", "\r", "~", "~~", "x" * 900, "B", "*", "y" * 8000]), max_size=60
)


@given(PIECES, st.integers(1, 5000))
def test_segments_are_those_of_pyx12(pieces, size):
    head = CLEAN[:ISA_LENGTH].decode()
    text = head + "".join(pieces)
    data = text.encode()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    found = [one for part in segments(Joined("", Text(chunks)), "~") for one in part]
    assert found == list(pyx12.rawx12file.RawX12File(io.StringIO(text, newline="")))


@pytest.mark.parametrize("size", [1, 7, 106, 8192, 100_000])
@pytest.mark.parametrize("engine", [fast, plain])
def test_chunks_of_any_size_give_the_same(engine, size):
    changed = CLEAN.replace(b"*HC:97110", b"*HC:9711\xe9")
    chunks = (changed[at : at + size] for at in range(0, len(changed), size))
    assert engine.stream(chunks).opinion() == plain.check(changed)


@pytest.mark.parametrize("engine", ["fast", "pyx12"])
def test_the_first_error_is_told_before_the_file_is_read(engine):
    taken = []

    def chunks():
        data = CLEAN.replace(b"CLM*A0000000*100*", b"CLM*A0000000*1OO*")
        for at in range(0, len(data), 1024):
            taken.append(at)
            yield data[at : at + 1024]

    found = iter(conformance.judge(chunks(), engine=engine))
    assert next(found).location.claim == "A0000000"
    assert len(taken) <= 9 < len(CLEAN) // 1024


def test_memory_does_not_grow_with_the_file():
    begin, end = CLEAN.index(b"ST*837"), CLEAN.index(b"GE*")
    alone = write([make_claim()]).data
    body = alone[alone.index(b"ST*837") : alone.index(b"GE*")]

    def chunks(count):
        yield CLEAN[:begin]
        for number in range(count):
            yield body.replace(b"*0001", b"*%06d" % number)
        yield CLEAN[end:]

    def peak(count):
        tracemalloc.start()
        for _ in fast.stream(chunks(count)):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(600) < peak(60) + 150_000


# -- the parts -----------------------------------------------------------------------------------------------------


def test_paths_below_another_are_those_of_pyx12():
    nodes = list(plain.load_map(MAP).loop_segment_iterator())
    paths = Paths(nodes)
    for loop in [node for node in nodes if node.is_loop()][::5]:
        below = paths.below(loop.x12path.format())
        for node in nodes:
            expected = loop.x12path.is_child_path(node.x12path.format())
            assert (below >> paths.number(node.x12path) & 1) == expected


@given(st.lists(st.tuples(st.sampled_from(["increment", "reset_to_node"]), st.integers(0, 400)), max_size=40))
def test_the_shared_counter_counts_as_pyx12_does(deeds):
    nodes = list(plain.load_map(MAP).loop_segment_iterator())
    theirs = pyx12.map_walker.NodeCounter({"/OTHER/ST": 2})
    ours = SharedCounter(Paths(nodes), theirs.getState())
    assert ours.foreign
    for name, place in deeds:
        path = nodes[place % len(nodes)].x12path
        for counter in (theirs, ours):
            getattr(counter, name)(path)
    assert ours.getState() == dict(theirs.getState())
    assert all(ours.get_count(node.x12path) == theirs.get_count(node.x12path) for node in nodes)


class _Source:
    """The counts of pyx12's reader."""

    check_837_lx = True

    def __init__(self) -> None:
        self.hl_count, self.hl_stack, self.lx_count = 3, [1, 3], 0
        self.seg_count, self.st_count, self.st_ids, self.loops = 9, 1, ["0001"], [("ST", "0001")]


@pytest.mark.parametrize(
    ("number", "parent", "stack"),
    [("4", "1", [1, 4]), ("4", "", [1, 3, 4]), ("4", "3", [1, 3, 4]), ("4", "2", None), ("5", "1", None),
     ("04", "1", None), ("4", "x", None), ("4", "²", None)],
)  # fmt: skip
def test_levels(number, parent, stack):
    source = _Source()
    assert checks.hl_follows(source, number, parent) is (stack is not None)
    assert (source.hl_count, source.hl_stack) == ((4, stack) if stack else (3, [1, 3]))


def test_lines_sets_and_trailers():
    source = _Source()
    assert checks.lx_follows(source, "1")
    assert not checks.lx_follows(source, "1")
    checks.claim_begins(source)
    assert checks.lx_follows(source, "1")
    assert not checks.se_closes(source, "9", "0001")
    assert not checks.se_closes(source, "10", "0002")
    assert checks.se_closes(source, "10", "0001")
    assert source.loops == []
    assert not checks.se_closes(source, "10", "0001")
    assert not checks.st_opens(source, "0001")
    assert checks.st_opens(source, "0002")
    assert (source.st_ids, source.st_count, source.seg_count) == (["0001", "0002"], 2, 1)
    assert (source.hl_count, source.hl_stack) == (0, [])


def test_lines_are_not_counted_where_pyx12_does_not():
    source = _Source()
    source.check_837_lx = False
    assert checks.lx_follows(source, "77")
    assert source.lx_count == 0


@pytest.mark.parametrize(
    ("loop", "name", "text", "matches"),
    [
        ("2010BA", "REF", "REF*SY*123456789", True),
        ("2010BA", "REF", "REF*SY*12345678", False),
        ("2010BA", "N4", "N4*BOSTON*MA*021390001", True),
        ("2010BA", "N4", "N4*BOSTON*XX*021390001", False),
        ("2010BA", "DMG", "DMG*D8*20240228*F", True),
        ("2010BA", "DMG", "DMG*D8*20240230*F", False),
        ("2010BA", "DMG", "DMG*D8*20240229*F", False),
        ("2010BA", "NM1", "NM1*IL*1*A*B****MI*W1", True),
        ("2010BA", "NM1", "NM1*IL*1*A*B*****W1", False),
        ("2010BA", "NM1", "NM1*IL*1*A*B****MI*W1*", False),
        ("2010BA", "NM1", "NM1*IL*1*A *B****MI*W1", False),
        ("2010BA", "NM1", f"NM1*IL*1*{'A' * 60}*B****MI*W1", True),
        ("2010BA", "NM1", f"NM1*IL*1*{'A' * 61}*B****MI*W1", False),
        ("2400", "DTP", "DTP*472*RD8*20240101-20240131", True),
        ("2400", "DTP", "DTP*472*RD8*20240101", False),
        ("2400", "DTP", "DTP*472*D8*20240101-20240131", False),
        ("2400", "SV1", "SV1*HC:97110:GP*100.55*UN*1***1", True),
        ("2400", "SV1", "SV1*HC:97110:GP*100.555*UN*1***1", False),
    ],
)
def test_patterns(loop, name, text, matches):
    segment = pyx12.segment.Segment(text, "~", "*", ":")
    places = [one for one in program.segment_nodes(plain.load_map(MAP)) if one.is_match(segment)]
    nodes = [one for one in places if (one.parent.id, one.id) == (loop, name)]
    pattern = patterns.pattern_of(nodes[0], DELIMITERS)
    assert pattern is not None
    assert (pattern.fullmatch(text) is not None) is matches


def test_every_node_that_matters_has_a_pattern():
    for name in state._OUR_MAPS:
        nodes = [one for one in program.segment_nodes(plain.load_map(name)) if one.id not in ("ISA", "TA1")]
        without = [one.get_path() for one in nodes if patterns.pattern_of(one, DELIMITERS) is None]
        assert without == [], name


# -- degrading -----------------------------------------------------------------------------------------------------


def test_an_unknown_version_of_pyx12_is_left_alone(monkeypatch):
    monkeypatch.setattr(state, "KNOWN_VERSIONS", {"3.0.0": ""})
    tally = told(CLEAN, proved=0, stepped=0)
    assert tally.degraded is not None
    assert "pyx12 4.0.0" in tally.degraded
    assert conformance.check_bytes(CLEAN).degraded == tally.degraded
    assert (conformance.engine_state().engine, conformance.engine_state().reason) == ("pyx12", tally.degraded)


@pytest.mark.parametrize(
    "name", ["map_walker.py", "map_if/_segment.py", "map/837.5010.X222.A1.xml", "map/codes.xml"]
)
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_pyx12_whose_files_are_others_is_left_alone_whatever_it_says_of_its_version(
    monkeypatch, tmp_path, name, how
):
    copy = tmp_path / "pyx12"
    for one in state._FILES:
        (copy / one).parent.mkdir(parents=True, exist_ok=True)
        (copy / one).symlink_to(state._FOLDER / one)
    monkeypatch.setattr(state, "_FOLDER", copy)
    assert told(CLEAN, stepped=4).degraded is None
    state.digest_of.cache_clear()
    (copy / name).unlink()
    if how == "changed":
        (copy / name).write_bytes((Path(pyx12.__file__).parent / name).read_bytes() + b"\n")
    tally = told(CLEAN, proved=0, stepped=0)
    assert "files of pyx12 are not those of 4.0.0" in (tally.degraded or "")
    assert conformance.engine_state().reason == tally.degraded


def test_the_files_are_looked_at_once():
    state.digest_of.cache_clear()
    for _ in range(4):
        assert state.refused() is None
    assert state.digest_of.cache_info().misses == 1


def test_this_version_is_known():
    told_of = conformance.engine_state()
    assert (told_of.engine, told_of.fast, told_of.reason) == ("fast", True, None)


@pytest.mark.parametrize("separator", [b".", b"-", b"A", b"\xa6", b"\x1d", b"~"])
def test_separators_that_can_stand_in_a_value_go_to_pyx12(separator):
    tally = told(CLEAN.replace(b"*", separator))
    assert tally.degraded is not None
    assert (tally.proved, tally.stepped) == (0, 0)


@pytest.mark.parametrize("table", [bytes.maketrans(b"*:~", b"|>!"), bytes.maketrans(b"*:~", b'#"\x01')])
def test_other_separators_are_as_good(table):
    told(CLEAN.translate(table), stepped=4, degraded=None)


def test_a_map_that_cannot_be_compiled_goes_to_pyx12(monkeypatch):
    def broken(_name, _delimiters):
        raise AttributeError("pyx12 has changed")

    monkeypatch.setattr(fast, "program_of", broken)
    monkeypatch.setattr(state, "program_of", broken)
    tally = told(CLEAN, proved=0, stepped=CLEAN.count(b"~"))
    assert tally.degraded is not None
    assert "cannot be compiled (AttributeError)" in tally.degraded
    assert not conformance.engine_state().fast


def test_a_transition_that_cannot_be_learned_goes_to_pyx12(monkeypatch):
    monkeypatch.setattr(program, "_effect", lambda _changes: None)
    fast.forget()
    try:
        told(CLEAN, proved=0)
    finally:
        fast.forget()


def test_a_segment_without_a_pattern_is_judged_by_its_elements(monkeypatch):
    monkeypatch.setattr(patterns, "pattern_of", lambda _node, _delimiters: None)
    fast.forget()
    try:
        assert told(CLEAN, proved=0).checked > 100
    finally:
        fast.forget()
