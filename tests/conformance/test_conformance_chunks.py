"""The stream of errors: however the bytes arrive, as soon as may be, and in constant memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from random import Random

import pytest

from edi.x12.conformance import fast, plain
from tests.conformance.engines import Differential
from tests.conformance.mutations import mutated

ENGINES = pytest.mark.parametrize("engine", [plain, fast], ids=["plain", "fast"])
FILES = [pytest.param(100, id="100"), pytest.param(500, id="500", marks=pytest.mark.soak)]


def in_chunks(rng: Random, data: bytes) -> Iterator[bytes]:
    """The data in pieces of chance: single bytes, nothing at all, or large ones."""
    sizes = rng.choice(((1,), (0, 1, 2, 3), (1, 106, 107, 8_192), (5, 50, 500), (8_192, 8_193, 20_000)))
    place = 0
    while place < len(data):
        size = rng.choice(sizes)
        yield data[place : place + size]
        place += size


@pytest.mark.parametrize("count", FILES)
def test_chunks_of_any_size_give_the_same_errors(seed, clean_documents, count):
    rng = Random(f"{seed} chunks")
    found = 0
    for _ in range(count):
        spoiled = mutated(rng, rng.choice(clean_documents), clean_documents)
        right = plain.check(spoiled.data)
        found += bool(right.errors)
        for engine in (plain, fast):
            stream = engine.stream(in_chunks(rng, spoiled.data))
            assert stream.opinion() == right, (engine.__name__, spoiled.kinds, spoiled.data)
    assert found > 0.5 * count


# -- a long file, made while it is read ----------------------------------------------------------------------------

HEAD = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260321*0805*^*00501*000000001*0*P*:~"
    "GS*HC*SENDER*RECEIVER*20260321*0805*1*X*005010X222A1~ST*837*0001*005010X222A1~BHT*0019*00*1*20260321*0805*CH~"
    "NM1*41*2*DESK*****46*DESK~PER*IC*DESK*TE*6175550100~NM1*40*2*HOUSE*****46*HOUSE~HL*1**20*1~"
    "NM1*85*2*ORCHARD*****XX*1000000103~N3*1 WAY~N4*SALEM*MA*01970~REF*EI*123456789~"
)
CLAIM = (
    "HL*{level}*1*22*0~SBR*P*18*******CI~NM1*IL*1*TESTER*ADA****MI*W{level}~N3*1 WAY~N4*SALEM*MA*01970~"
    "DMG*D8*19600517*F~NM1*PR*2*ACME*****PI*12345~CLM*A{level}*100***11:B:1*{assign}*A*Y*Y~HI*ABK:M5450~"
    "LX*1~SV1*HC:97110:GP*50*UN*1***1~DTP*472*D8*20260310~LX*{line}~SV1*HC:97140:GP*50*UN*1***1~DTP*472*D8*20260310~"
)


class LongFile:
    """An 837P of one transaction set with so many claims, in chunks of one claim; ``given`` counts them."""

    def __init__(self, claims: int, *, every: int = 0) -> None:
        self.claims = claims
        self.every = every
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        yield HEAD.encode()
        for number in range(self.claims):
            self.given += 1
            wrong = bool(self.every) and number % self.every == self.every - 1
            assign, line = ("Q", 3) if wrong else ("Y", 2)
            yield CLAIM.format(level=number + 2, assign=assign, line=line).encode()
        segments = HEAD.count("~") - 2 + self.claims * CLAIM.count("~") + 1
        yield f"SE*{segments}*0001~GE*1*1~IEA*1*000000001~".encode()


def test_the_long_file_is_clean_but_for_its_mistakes():
    seen = Differential()
    assert seen.compare(b"".join(LongFile(60)))
    assert seen.dirty == 0
    spoiled = b"".join(LongFile(60, every=20))
    assert seen.compare(spoiled)
    assert [(error.element or error.code, error.claims) for error in plain.check(spoiled).errors] == [
        (name, (f"A{claim}",)) for claim in (21, 41, 61) for name in ("CLM06", "LX")
    ]


@ENGINES
def test_the_first_error_comes_while_the_file_is_read(engine):
    file = LongFile(2_000, every=100)
    first = next(iter(engine.stream(iter(file))))
    assert first.claims == ("A101",)
    assert file.given < 150


@pytest.mark.parametrize(
    "claims", [pytest.param(800, id="800"), pytest.param(8_000, id="8000", marks=pytest.mark.soak)]
)
def test_memory_does_not_grow_with_the_file(claims):
    def peak(size: int) -> int:
        tracemalloc.start()
        try:
            errors = sum(1 for _ in fast.stream(iter(LongFile(size, every=100))))
            assert errors == 2 * (size // 100)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    fast.check(b"".join(LongFile(200, every=100)))
    small, large = peak(claims // 4), peak(claims)
    print(f"peak of {claims // 4} claims {small:,} bytes, of {claims} claims {large:,} bytes")
    assert large < 1.25 * small + 50_000


@pytest.mark.parametrize("cut", [0, 1, 105, 106, 107, 300])
@ENGINES
def test_a_file_that_ends_early(engine, clean_documents, cut):
    document = clean_documents[0]
    data = document.data()[:cut]
    assert engine.stream([data]).opinion() == plain.check(data)
    assert engine.stream([]).opinion() == plain.check(b"")
