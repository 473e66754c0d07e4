"""`redact` element by element, held against the names that pyx12's maps give: what names somebody goes, codes stay.

Every element of the maps of the 837P, 835, 999, 277CA, 270, 271, 276 and 277 is judged by its name alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import pyx12.map_if
import pyx12.params
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.jobs.redact import redact
from edi.model.finding import Finding
from edi.transactions import t835
from edi.x12 import conformance
from edi.x12.envelope import read_transactions
from edi.x12.redact import Redactor, Renamed
from tests.loop.rewrap import segments_of
from tests.remits import claim, file_of, line, payment

KEY = b"a key of the tests, no secret"
MAPS = (
    "837.5010.X222.A1.xml", "835.5010.X221.A1.xml", "999.5010X231.A1.xml", "277.5010.X214.xml", "277.5010.X212.xml",
    "270.4010.X092.A1.xml", "271.4010.X092.A1.xml", "276.4010.X093.A1.xml", "277.4010.X093.A1.xml",
)  # fmt: skip
NAMES_SOMEBODY = re.compile(
    r"\b(Name|Address|City|ZIP|Postal|Identifier|Identification|(?<!Service )ID|Communications?|Contact Number|Patient Control Number"
    r"|Claim Control Number|Account Number|Policy Number|Trace Number|Check Number|Description|Text|Location)\b"
)
A_DATE = re.compile(r"\bDate\b")
A_CODE = re.compile(
    r"\b(Qualifier|Code|Codes|Indicator|Amount|Count|Quantity|Percent|Percentage|Rate|Modifier|Unit|Time|Version|Number of"
    r"|Sequence|Segment|Loop|Element|Taxonomy|Diagnosis|Procedure|DRG|Remark|Weight|Days|Units|Price|Pointer|Multiplier"
    r"|Factor|Method|Prefix)\b"
)
KEPT = {
    # Of a file and not of a person: control numbers of the envelopes, and what a 999 says of positions.
    ("TA1", 1), ("ISA", 13), ("IEA", 2), ("GS", 6), ("GE", 2), ("GS", 8), ("ST", 3), ("AK1", 3), ("AK2", 3), ("AK1", 2),
    ("AK2", 2), ("ST", 2), ("SE", 2), ("ISA", 11), ("ISA", 12), ("CTX", 4), ("IK3", 3), ("CTX", 1), ("IK3", 1),
    # Of payers, or codes by another name.
    ("BPR", 10), ("SVD", 1), ("LQ", 2), ("LS", 1), ("LE", 1), ("HL", 1), ("HL", 2), ("LIN", 1), ("LX", 1), ("CN1", 6),
    ("SV5", 1), ("SV1", 1), ("SVC", 1), ("SVC", 6), ("SV2", 2), ("SVD", 3), ("EQ", 2), ("EB", 13), ("HCP", 6), ("CR2", 8),
    ("MEA", 1), ("BHT", 6), ("HI", 1), ("TRN", 1), ("CLM", 11), ("CR1", 3), ("CR1", 4),
}  # fmt: skip
"""Elements whose names sound like somebody's, and which are kept; the descriptions in composites have a test of their own."""
REPLACED = {
    ("DMG", 2), ("FRM", 3), ("PS1", 1), ("REF", 3), ("PER", 4), ("PER", 6), ("PER", 8), ("GS", 2), ("GS", 3), ("N4", 3),
    ("BPR", 7), ("BPR", 13), ("BPR", 11), ("TRN", 4), ("REF", 2), ("PRV", 3), ("CN1", 4), ("N4", 6), ("HCP", 4), ("NM1", 6),
    ("SV1", 17), ("SV1", 18), ("BPR", 19), ("BPR", 21), ("ISA", 2), ("ISA", 4), ("BHT", 3), ("TRN", 2), ("TRN", 3),
    ("NM1", 9), ("PWK", 6), ("TS3", 1), ("SBR", 3), ("SBR", 4), ("MSG", 1), ("STC", 9), ("STC", 12), ("IK4", 4), ("CLP", 7),
    ("INS", 14), ("CR1", 7), ("CR1", 8), ("QTY", 4), ("III", 4), ("EB", 5), ("CR3", 5), ("K3", 1), ("K3", 2), ("PER", 9), ("DTM", 6), ("INS", 12), ("FRM", 4),
}  # fmt: skip
"""Elements that must go whatever they are called."""


@cache
def named_elements() -> dict[tuple[str, int], tuple[set[str], str]]:
    """Simple elements of the maps, by segment and place, with every name they have and a value of their type."""
    found: dict[tuple[str, int], tuple[set[str], str]] = {}
    for name in MAPS:
        whole = pyx12.map_if.load_map_file(name, pyx12.params.ParamsBase())
        for segment in _segments(whole):
            for place, element in enumerate(segment.children, 1):
                if not element.is_composite():
                    kind = whole.data_elements.get_by_elem_num(element.data_ele)
                    value = "7" if kind["data_type"][0] in "NRT" else "QX71KLMN"[: int(kind["max_len"])]
                    value = NUMBERS.get((segment.id, place), value)
                    found.setdefault((segment.id, place), (set(), value))[0].add(str(element.name))
    return found


NUMBERS = dict.fromkeys(
    [("HL", 1), ("HL", 2), ("ST", 2), ("SE", 2), ("AK2", 2), ("AK2", 1), ("BHT", 1), ("ISA", 12)], "0001"
)
"""Texts and codes by their type, which are numbers."""


def _segments(node) -> Iterator:
    if node.is_segment():
        yield node
        return
    children = [one for some in node.pos_map.values() for one in some]
    for child in children:
        yield from _segments(child)


def copied(segment: str) -> str:
    """What a segment becomes in a file of its own."""
    text = f"ST*837*0001~{segment}~SE*3*0001~"
    made = b"".join(piece for piece in Redactor(KEY).copy([text.encode()]) if isinstance(piece, bytes))
    return made.decode().split("~\n")[1]


def element_after(name: str, place: int, value: str) -> str:
    elements = [""] * place
    elements[-1] = value
    if place > 1:
        elements[0] = "XX"
    return copied("*".join([name, *elements])).split("*")[place]


def test_every_element_that_names_somebody_is_replaced_and_every_code_stays():
    wrong, replaced, kept = [], 0, 0
    for (name, place), (names, plain) in sorted(named_elements().items()):
        if (name, place) in ({("ISA", at) for at in range(1, 17)} | {("ST", 1)}) or name == "PLB":
            continue  # of the envelope, and composed of several; both have tests of their own
        text = " | ".join(sorted(names))
        is_date = any(A_DATE.search(one) and not A_CODE.search(one) for one in names)
        somebody = any(NAMES_SOMEBODY.search(one) and not A_CODE.search(one) for one in names)
        must_go = (name, place) in REPLACED or ((somebody or is_date) and (name, place) not in KEPT)
        value = "20260310" if is_date else "QX71KLMN" if must_go else plain
        goes = element_after(name, place, value) != value
        if must_go is not goes:
            wrong.append(f"{name}{place:02d} is {'kept' if must_go else 'replaced'}: {text}")
        replaced, kept = replaced + goes, kept + (not goes)
    assert "\n".join(wrong) == ""
    assert replaced > 60
    assert kept > 250


PUBLIC = {("BPR", 10), ("CN1", 6), ("SVD", 1)}
"""Numbers of payers, which may be words."""


@pytest.mark.parametrize("word", ["MARGARET", "ADA TESTER", "O'HARA"])
def test_a_name_where_a_code_or_number_belongs_goes_from_every_element(word):
    for name, place in sorted(named_elements()):
        if name in ("PLB", "ISA") or ("'" not in word and " " not in word and (name, place) in PUBLIC):
            continue
        made = element_after(name, place, word)
        assert not set(word.replace("'", " ").split()) & set(made.replace("'", " ").split()), (
            f"{name}{place:02d}"
        )
        assert len(made) == len(word)


@pytest.mark.parametrize(
    ("segment", "gone"),
    [
        ("LX*ADA", "ADA"), ("LX*123456789", "123456789"), ("HL*ADA*BEA*22*0", "BEA"), ("CLP*A1*1*5*5**12*P1*11*1**JANE*1*1*DOE", "DOE"),
        ("CLM*A1*60***MARGARET:B:1*Y", "MARGARET"), ("SV1*HC:MARGARET:59*60*UN*1***ADA:BEA", "MARGARET"),
        ("HI*ABK:MARGARET", "MARGARET"), ("STC*A1:MARGARET:PR*20260310", "MARGARET"), ("CAS*CO*MARGARET*10", "MARGARET"),
        ("REF*MARGARET*1", "MARGARET"), ("MOA***123-45-6789", "123-45-6789"), ("EB*1^MARGARET*IND", "MARGARET"), ("CTX*MARGARET:A1", "MARGARET"),
        ("PLB*1*20261231*MARGARET:R1*5", "MARGARET"), ("DTP*434*TM*ADA", "ADA"), ("PRV*BI*PXC*ADA MARGARET", "MARGARET"),
    ],
)  # fmt: skip
def test_malformed_segments_keep_no_name(segment, gone):
    made = copied(segment)
    assert gone not in made
    assert len(made) == len(segment), "and their structure"


def test_a_terminator_within_a_text_leaves_no_name_of_a_segment():
    text = "ST*835*0001~NTE*ADD*SEEN WITH~QZXSMITH JOHN 19600517~QZXSMITH*1~LEE~SE*6*0001~"
    *copy, last = Redactor(KEY).copy([text.encode()])
    made = b"".join(copy).decode().split("~\n")
    assert last == Renamed(segments=3)
    for gone in ("QZXSMITH", "JOHN", "19600517", "LEE"):
        assert not [line for line in made if gone in line], gone
    assert [len(line) for line in made] == [len(line) for line in text.split("~")]
    assert made[2].split()[0] == made[3].split("*")[0], "equal words stay equal"


SHARDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", max_size=9).map(lambda text: f"QZX{text}J")
"""Words that are no name of a segment."""


@settings(max_examples=60)
@given(SHARDS, st.sampled_from(["", "*1", "*A*B"]))
def test_no_word_survives_as_the_name_of_a_segment_or_becomes_a_real_one(word, rest):
    made = copied(word + rest).split("*")
    assert made[0] != word
    assert len(made[0]) == len(word)
    assert len(made) == 1 + rest.count("*")


@cache
def composites() -> tuple[tuple[str, int, int], ...]:
    """Composite elements of the maps: segment, place and how many parts they have."""
    found: dict[tuple[str, int], int] = {}
    for name in MAPS:
        for segment in _segments(pyx12.map_if.load_map_file(name, pyx12.params.ParamsBase())):
            for place, element in enumerate(segment.children, 1):
                if element.is_composite():
                    where = (segment.id, place)
                    found[where] = max(found.get(where, 0), len(element.children))
    return tuple((*where, parts) for where, parts in sorted(found.items()))


@pytest.mark.parametrize(
    "word", ["123-45-6789", "617-555-0100", "MARGARET", "ADA TESTER", "W12345678", "TESTE"]
)
def test_nothing_survives_in_any_part_of_a_composite_that_has_not_its_form(word):
    assert len(composites()) > 15
    for name, place, parts in composites():
        for part in range(parts + 1):
            made = element_after(name, place, ":" * part + word).split(":")
            assert word != made[part], f"{name}{place:02d}-{part + 1}"
            assert (len(made), len(made[part])) == (part + 1, len(word))


@pytest.mark.parametrize(
    "segment",
    [
        "SVC*HC:97110:GP:KX:59:CQ*10*10", "SVC*N4:01234567891*10*10", "SV2*0420*NU:0420*10", "SV2*0120*HP:1CFK1*10",
        "HI*ABK:M54.50*ABF:M5450:::::::Y*BBR:0SRC0J9*DR:470*BE:80:::5", "CLM**60***11:B:1*Y*A*Y*Y**AA:OA:EM:MA:US",
        "SV1*HC:97110*10*UN*1***1:2:10:12", "STC*A3:562:85", "TOO*JP*12*M:O", "IK4*2:1:3*1036*7",
        "CTX*CLM01:", "MEA*OG*R1*5*GR:1:1",
    ],
)  # fmt: skip
def test_codes_in_every_part_of_a_composite_stay(segment):
    assert copied(segment) == segment


def test_numbers_that_tie_a_malformed_file_still_tie():
    text = "ST*837*ADA1~HL*A*~HL*B*A*22*0~SE*4*ADA1~"
    made = b"".join(one for one in Redactor(KEY).copy([text.encode()]) if isinstance(one, bytes)).decode()
    first, parent, child, last = (line.split("*") for line in made.replace("~", "").splitlines())
    assert (first[2], child[2]) == (last[2], parent[1])


@pytest.mark.parametrize(
    ("segment", "place"),
    [
        ("SV1*HC:97110:GP::::SECRET WORDS*10", 1), ("SVC*HC:97110:GP::::SECRET WORDS*10*10", 1),
        ("SVD*12345*10*HC:97110:GP::::SECRET WORDS", 3), ("EQ**HC:97110:::::SECRET WORDS", 2),
        ("EB*1*IND*30**GOLD*26*1*1*1*1*Y*Y*HC:97110:::::SECRET WORDS", 13), ("SV2*0420*HC:97110:::::SECRET WORDS*10", 2),
    ],
)  # fmt: skip
def test_the_description_of_a_procedure_goes_and_its_codes_stay(segment, place):
    made = copied(segment).split("*")[place]
    before = segment.split("*")[place]
    assert made.split(":")[:6] == before.split(":")[:6]
    assert "SECRET" not in made
    assert "WORDS" not in made


@pytest.mark.parametrize(
    "segment",
    [
        "PRV*BI*PXC*261QP2000X", "DTP*434*TM*1230", "HCP*10*100*20**5*DRG1*90*0420*HC*97110*UN*3*T1*1*1",
        "NM1*PR*2*ACME HEALTH*****PI*12345", "N1*PR*ACME HEALTH*XV*12345", "REF*2U*PAYER9", "REF*NF*54321",
        "LIN**N4*01234567891", "CL1*1*7*30", "HI*ABK:M5450*ABF:M2550", "CAS*CO*45*10**253*2.5", "EB*1*IND*30*MC",
        "LQ*HE*N130", "MOA***MA01*N130", "CRC*07*Y*01", "TOO*JP*12*M", "PS1**50",
    ],
)  # fmt: skip
def test_codes_of_every_kind_stay(segment):
    assert copied(segment) == segment


def test_a_patient_who_is_the_payer_is_still_a_person():
    assert "TESTER" not in copied("NM1*PR*1*TESTER*ADA****MI*W123456789")


@pytest.mark.parametrize("name", ["MÜLLER", "Núñez", "Łukasik", "Ñandú", "Ærø", "ИВАНОВ", "田中太郎"])
def test_letters_beyond_ascii_go_too(name):
    made = copied(f"NM1*IL*1*{name}*ADA").split("*")[3]
    assert len(made) == len(name)
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") <= set(made)
    assert made != name
    assert copied(f"NM1*IL*1*{name}*ADA") == copied(f"NM1*IL*1*{name}*ADA")


@given(st.lists(st.text(st.characters(categories=["L", "N"], max_codepoint=0x2FFF), min_size=1, max_size=6), unique=True, max_size=30))  # fmt: skip
def test_two_texts_of_any_letters_never_become_one(words):
    redactor = Redactor(KEY)
    made = {redactor._text(word) for word in words}
    assert len(made) == len(words)


@given(st.text("ABCDEFG0123456789", min_size=41, max_size=200))
def test_a_long_text_keeps_its_shape_and_is_another(text):
    made = Redactor(KEY)._text(text)
    assert [char.isdigit() for char in made] == [char.isdigit() for char in text]
    assert made != text


# -- whole files -------------------------------------------------------------------------------------------------------

PAID = claim("A0000001", line("97110", 5000, 4000, number="L0000001"), line("97140", 5000, 4000))


def test_a_remittance_says_the_same_sums_afterwards():
    before = file_of(payment([PAID]))
    after = b"".join(piece for piece in Redactor(KEY).copy([before]) if isinstance(piece, bytes))

    def sums(data):
        return [
            (
                type(value).__name__,
                getattr(value, "charge", None),
                getattr(value, "paid", None),
                getattr(value, "code", None),
            )
            for ts in read_transactions([data])
            if not isinstance(ts, Finding)
            for value in t835.read(ts)
        ]

    assert sums(before) == sums(after)
    assert b"A0000001" not in after
    assert b"L0000001" not in after


@pytest.mark.corpus
@pytest.mark.parametrize("kind", ["835", "837p", "999", "277ca"])
def test_a_copy_of_the_corpus_passes_the_same_checks(corpus_dir, kind):
    """The same segments, transaction sets and findings, and pyx12 says of the copy what it says of the file."""
    for path in sorted((corpus_dir / kind).iterdir())[:12]:
        data = path.read_bytes()
        if len(data) > 20_000:
            continue
        after = b"".join(piece for piece in Redactor(KEY).copy([data]) if isinstance(piece, bytes))
        assert _judged(after) == _judged(data), path.name
        tags = [
            [one.split(mark)[0] for one in segments_of(some)] for some, mark in ((data, "*"), (after, "*"))
        ]
        assert len(tags[0]) == len(tags[1]), path.name


def _judged(data: bytes) -> list[tuple[str, str, str]]:
    """pyx12's errors but for what hangs on values: NPIs and tax ids that were no such before are none afterwards."""
    return [(str(one.kind), one.code, one.element) for one in conformance.check(data).errors]


def test_a_key_file_ties_two_calls_and_no_key_does_not(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    files = []
    for number in range(2):
        path = tmp_path / f"{number}.835"
        path.write_bytes(file_of(payment([PAID], trace=f"T{number}")))
        files.append(path)

    def numbers(folder: str, key_file: Path | None) -> set[str]:
        for path in files:
            list(redact([path], tmp_path / folder, key_file))
        texts = [(tmp_path / folder / path.name).read_text() for path in files]
        return {number for text in texts for number in re.findall(r"CLP\*(\w+)", text)}

    assert len(numbers("with", key)) == 1
    assert len(numbers("without", None)) == 2
