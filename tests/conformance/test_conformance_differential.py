"""The fast engine gives plain pyx12's error list, field by field: generated, mutated and real files.

How much is done: 2,000 mutated documents in every run, 20,000 in the soak; the corpus up to 12,000 bytes a file in every
run, all of it in the soak. Everything is drawn from --seed, which is printed.
"""

from __future__ import annotations

import re
from random import Random

import pytest

from edi.x12.conformance import fast, plain, state
from edi.x12.conformance.errors import Tally
from tests.conformance.documents import GUIDES, GUIDES_4010, make_document
from tests.conformance.engines import Differential, differs, smallest, told
from tests.conformance.mutations import MUTATIONS, mutated

LONG = [pytest.mark.soak, pytest.mark.timeout(1_800)]
MUTATED = [pytest.param(2_000, id="2000"), pytest.param(20_000, id="20000", marks=LONG)]
LARGEST = [pytest.param(12_000, id="12kB"), pytest.param(10_000_000, id="all", marks=LONG)]


def test_clean_documents(clean_documents):
    seen = Differential()
    for document in clean_documents:
        seen.compare(document.data())
    print(seen.summary())
    assert not seen.wrong, seen.report()
    assert seen.dirty == 0
    assert seen.degraded == 0
    assert seen.tally.proved > 0.8 * (seen.tally.proved + seen.tally.checked + seen.tally.stepped)


@pytest.mark.parametrize("count", MUTATED)
def test_mutated_documents(seed, clean_documents, count):
    seen = Differential()
    seen.compare_mutated(Random(f"{seed} {count}"), clean_documents, count)
    print(seen.summary())
    print(", ".join(f"{kind} {times}" for kind, times in sorted(seen.kinds.items())))
    assert not seen.wrong, seen.report()
    assert seen.files == count
    assert set(seen.kinds) == set(MUTATIONS)
    assert seen.dirty > 0.5 * count
    assert seen.degraded < 0.1 * count
    assert seen.tally.proved > seen.tally.stepped


@pytest.mark.parametrize("guide", GUIDES_4010, ids=[guide.name for guide in GUIDES_4010])
def test_mutated_documents_of_4010(seed, guide):
    rng = Random(f"{seed} {guide.name}")
    made = tuple(make_document(rng, guide, fill=rng.choice((0.1, 0.4))) for _ in range(6))
    seen = Differential()
    for _ in range(20):
        spoiled = mutated(rng, rng.choice(made), made)
        seen.compare(spoiled.data.replace(b"*00501*", b"*00401*"), spoiled.kinds)
    print(seen.summary())
    assert not seen.wrong, seen.report()
    assert seen.tally.proved > 20


# -- real files ----------------------------------------------------------------------------------------------------


def from_the_isa_on(data: bytes) -> bytes:
    """Without what stands before the first interchange: a byte order mark, or prose."""
    return data[max(0, data.find(b"ISA")) :]


def marked(data: bytes) -> bytes:
    """With a byte order mark."""
    return b"\xef\xbb\xbf" + data


def other_delimiters(data: bytes) -> bytes:
    """With four other separators; they change places, so that nothing collides."""
    data = from_the_isa_on(data)
    usual = data[105:106] + data[3:4] + data[104:105] + data[82:83]
    wanted = b"!|>^" if data[3:4] != b"|" else b"'+<%"
    return data.translate(bytes.maketrans(usual + wanted, wanted + usual)) if len(set(usual)) == 4 else data


def mapped(data: bytes) -> bytes:
    """With the GS08 of which pyx12 has a map, by GS01."""
    data = from_the_isa_on(data)
    separator = re.escape(data[3:4])
    for guide in GUIDES:
        kind, version = guide.functional_id.encode(), guide.version.encode()
        head = rb"(GS%b%b(?:%b[^%b]*){5}%bX%b)[0-9A-Z]+" % (separator, kind, *[separator] * 4)
        data = re.sub(head, rb"\g<1>" + version, data)
    return data


def unmapped(data: bytes) -> bytes:
    """With a GS08 of which pyx12 has no map."""
    return re.sub(rb"005010X(222A1|221A1|231|214)", b"005010X999", data)


WAYS = {
    "as it is": bytes,
    "marked": marked,
    "from the ISA on": from_the_isa_on,
    "other delimiters": other_delimiters,
    "GS08 mapped": mapped,
    "GS08 unmapped": unmapped,
}


@pytest.mark.corpus
@pytest.mark.parametrize("largest", LARGEST)
def test_the_corpus(corpus_dir, largest):
    paths = sorted(path for folder in corpus_dir.iterdir() if folder.is_dir() for path in folder.iterdir())
    seen, ways = Differential(), dict.fromkeys(WAYS, 0)
    for path in paths:
        original, before = path.read_bytes(), set()
        if len(original) > largest:
            continue
        for way, change in WAYS.items():
            data = change(original)
            if data not in before:
                before.add(data)
                ways[way] += 1
                seen.compare(data, (way, path.name))
    print(seen.summary(), ways)
    assert not seen.wrong, seen.report()
    assert ways["as it is"] > 150
    assert ways["other delimiters"] > 130
    assert ways["GS08 mapped"] >= 20
    assert seen.tally.proved > seen.tally.stepped


# -- the comparison itself -----------------------------------------------------------------------------------------


def test_an_unknown_version_of_pyx12_is_left_to_pyx12(monkeypatch, clean_documents):
    monkeypatch.setattr(state, "KNOWN_VERSIONS", {"3.0.0": ""})
    tally = Tally()
    data = clean_documents[0].data().replace(b"*HC*", b"*XX*")
    assert fast.check(data, tally) == plain.check(data)
    assert tally.degraded
    assert tally.proved == 0


def test_a_difference_is_made_small_and_told(monkeypatch, clean_documents):
    data = clean_documents[0].data()
    segments = data.count(b"~")
    small = smallest(data, lambda one: b"CLM*" in one)
    assert (small.count(b"~"), small.count(b"CLM*")) == (1, 1)
    assert segments > 20
    assert not differs(data)
    monkeypatch.setattr(fast, "check", lambda data, tally=None: plain.check(b""))
    assert differs(data)
    assert "plain: Opinion(" in told(data)
