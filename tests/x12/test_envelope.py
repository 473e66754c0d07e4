"""Bytes to transaction sets: delimiters, line breaks, envelopes. Every case is read whole and byte by byte."""

from __future__ import annotations

import csv
import re
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st_

from edi.model.finding import Finding, Severity
from edi.x12 import delimiters, envelope, tokenizer
from edi.x12.envelope import FATAL, Envelope, TransactionSet, read_transactions
from tests.x12_texts import BODY, codes, events, group, isa, segments_of, st, text

WANTED = [segment.split("*") for segment in st()]


def read_every_way(data: bytes) -> list:
    """The events, after making sure that cutting the bytes anywhere changes nothing."""
    whole = events([data])
    assert events([bytes((byte,)) for byte in data], block_size=1) == whole
    assert events([data], block_size=7) == whole
    assert events([data[:200], b"", data[200:]]) == whole
    return whole


def wrapped(data: str, width: int, end: str = "\r\n") -> str:
    return end.join(data[place : place + width] for place in range(0, len(data), width))


PLAIN = text()
SAME_SEGMENTS = {
    "one line": PLAIN,
    "lf after": text(end="\n"),
    "crlf after": text(end="\r\n"),
    "cr after": text(end="\r"),
    "blank lines": text(end="\n\n"),
    "blanks after": text(end="   \n"),
    "tabs and blanks": text(end=" \t\r\n  "),
    "wrapped at 80": wrapped(PLAIN, 80),
    "wrapped at 80, lf": wrapped(PLAIN, 80, "\n"),
    "wrapped at 1": wrapped(PLAIN, 1, "\n"),
    "wrapped at 7": wrapped(PLAIN, 7, "\r\n"),
    "newline as terminator": PLAIN.replace("~", "\n"),
    "cr as terminator": PLAIN.replace("~", "\r"),
    "crlf as terminator": PLAIN.replace("~", "\r\n"),
    "newline terminator, blanks before": PLAIN.replace("~", "  \n"),
    "newline before the terminator": PLAIN.replace("~", "\n~"),
    "crlf before the terminator": PLAIN.replace("~", "\r\n~"),
    "bom": "\ufeff" + PLAIN,
    "blank lines before": "\r\n  \n" + PLAIN,
    "trailing blanks": PLAIN + "   \r\n\r\n  ",
    "trailing control z": PLAIN + "\n\x1a",
    "trailing nul": PLAIN + "\x00\x00",
    "last terminator missing": text(last=False),
    "last terminator missing, newline there": text(last=False) + "\n",
    "terminator twice": PLAIN.replace("~", "~~").replace("~~", "~", 1),
}
OTHER_MARKS = ["|>~", "+>'", "*>\n", "\x1d\x1f\x1c", "|;!", "<>|", ",;?"]


@pytest.mark.parametrize("name", SAME_SEGMENTS)
def test_the_same_segments_however_lines_break(name):
    found = read_every_way(SAME_SEGMENTS[name].encode())
    assert codes(found) == []
    assert segments_of(found) == [WANTED]


@pytest.mark.parametrize("marks", OTHER_MARKS)
@pytest.mark.parametrize("end", ["", "\n"])
def test_any_delimiters(marks, end):
    found = read_every_way(text(end=end, marks=marks).encode())
    assert codes(found) == []
    delimiters = found[0][4]
    assert (delimiters.element, delimiters.component, delimiters.segment) == tuple(marks)
    assert [len(segment) for segment in found[0][5]] == [len(segment) for segment in WANTED]


@pytest.mark.parametrize("between", ["", "\n", "\r\n", "\ufeff", "\n\n  "])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("marks", ["*:~", "|>!", "+>\n", "~:|"])
def test_a_second_interchange_with_other_delimiters(between, last, marks):
    if not last and not between.startswith(("\n", "\r")):
        between = "\n" + between  # without terminator and line break nothing divides the two
    second = text(number="000000002", marks=marks)
    found = read_every_way((text(last=last) + between + second + text(number="000000003")).encode())
    assert codes(found) == []
    assert [one[3].interchange_control_number for one in found] == ["000000001", "000000002", "000000003"]
    assert found[1][4].element == marks[0]
    assert [len(segments) for segments in segments_of(found)] == [len(WANTED)] * 3


def test_what_the_envelope_says():
    (found,) = events([text().encode()])
    assert found[:3] == ("835", "0001", "005010X221A1")
    assert found[3] == Envelope(
        interchange_control_number="000000001",
        sender_id="PAYER",
        receiver_id="PRACTICE",
        test=True,
        interchange_date=found[3].interchange_date,
        functional_id="HP",
        application_sender="PAYER",
        application_receiver="PRACTICE",
        group_control_number="1",
        version="005010X221A1",
    )
    assert found[3].interchange_date.isoformat() == "2024-06-01"
    assert found[4].repetition == "^"


def test_no_repetition_separator_before_version_402():
    data = text().replace("*^*00501*", "*U*00401*")
    assert events([data.encode()])[0][4].repetition == ""


def test_several_groups_and_sets():
    groups = [group([st(), st(number="0002")]), group([st(number="0003")], "2")]
    found = read_every_way(text(groups).encode())
    assert codes(found) == []
    assert [(one[1], one[3].group_control_number) for one in found] == [
        ("0001", "1"),
        ("0002", "1"),
        ("0003", "2"),
    ]


def test_what_is_not_consumed_is_skipped():
    data = text([group([st(), st(number="0002")])]).encode()
    kept = []
    for item in read_transactions([data]):
        assert isinstance(item, TransactionSet)
        kept.append((item.control_number, next(item.segments)))
    assert kept == [("0001", ["ST", "835", "0001"]), ("0002", ["ST", "835", "0002"])]


def without(*tags: str) -> str:
    return "".join(one + "~" for one in text().split("~")[:-1] if one.split("*")[0] not in tags)


# Name: (data, codes in order, words the first message must hold)
ENVELOPE_CASES = {
    "se count": (
        text([group([st(count=99)])]),
        ["ENV010"],
        "SE01 is 99 but the transaction set has 31 segments",
    ),
    "se not a number": (text().replace("SE*31*", "SE*X*"), ["ENV010"], "not a number"),
    "se number": (text().replace("SE*31*0001", "SE*31*0002"), ["ENV011"], "ST02"),
    "ge count": (text([group([st()], count=2)]), ["ENV013"], "GE01 is 2 but there are 1"),
    "ge number": (text().replace("GE*1*1", "GE*1*9"), ["ENV014"], "GS06"),
    "iea count": (text().replace("IEA*1*", "IEA*7*"), ["ENV016"], "IEA01 is 7 but there are 1"),
    "iea number": (text().replace("IEA*1*000000001", "IEA*1*000000002"), ["ENV017"], "ISA13"),
    "no se": (without("SE"), ["ENV012"], "SE missing"),
    "no ge": (without("GE"), ["ENV015"], "GE missing"),
    "no iea": (without("IEA"), ["ENV018"], "IEA missing"),
    "no trailers": (without("SE", "GE", "IEA"), ["ENV012", "ENV015", "ENV018"], "SE missing"),
    "no isa": (without("ISA", "IEA"), ["ENV005"], "guessed"),
    "no isa, gs": (without("ISA", "GS", "GE", "IEA"), ["ENV005"], "guessed"),
    "iea without isa": (without("ISA"), ["ENV005", "ENV019"], "guessed"),
    "no gs": (without("GS", "GE"), ["ENV020", "ENV016"], "outside any functional group"),
    "isa too short": (text().replace("PAYER          *", "PAYER*", 1), ["ENV004"], "96 characters"),
    "no isa16": (text().replace("*T*:~", "*T*~"), ["ENV004", "ENV004"], "105 characters"),
    "stray segment": (text().replace("GE*1*1", "ZZZ*1~GE*1*1"), ["ENV019"], "outside"),
    "narrative before": (
        "Business scenario 2\r\n\r\nDollars and data\u2019s way.\n" + text(),
        ["ENV002"],
        "skipped",
    ),
    "narrative after": (text() + "\nend of the example", ["ENV002"], "skipped"),
    "empty": ("", ["ENV001"], "empty"),
    "blank": (" \r\n\n", ["ENV001"], "empty"),
    "not x12": ("Dear Sir,\nthe ISA is not here.", ["ENV001"], "not X12"),
    "pdf": ("%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n1 0 obj\n<< /Type /Catalog >>" * 40, ["ENV001"], "not X12"),
    "cut in a segment": (text()[:400], ["ENV006", "ENV012", "ENV015", "ENV018"], ""),
    "cut in the isa": (text()[:60], ["ENV002", "ENV003"], "fewer than 16"),
    "non-ascii separator": (text().replace("*", "\u00d6"), ["ENV003", "ENV002"], "not an ASCII"),
    "isa alone": (isa(), ["ENV018", "ENV021"], "IEA missing"),
    "next isa without trailers": (
        without("SE", "GE", "IEA") + text(marks="|>!"),
        ["ENV012", "ENV015", "ENV018"],
        "SE missing",
    ),
}


@pytest.mark.parametrize("name", ENVELOPE_CASES)
def test_envelope_findings(name):
    data, wanted, words = ENVELOPE_CASES[name]
    found = read_every_way(data.encode())
    assert sorted(codes(found)) == sorted(wanted)
    assert any(words in one.message for one in found if isinstance(one, Finding))
    severities = dict(re.findall(r"^(ENV\d+)  (\w+)", envelope.__doc__ or "", re.MULTILINE))
    assert all(one.severity.value == severities[one.code] for one in found if isinstance(one, Finding))
    assert all(
        one.severity is Severity.ERROR for one in found if isinstance(one, Finding) and one.code in FATAL
    )


def test_an_se_finding_names_set_segment_and_file():
    found = events([text([group([st(count=5)])]).encode()], file="a.835")
    place = found[1].location
    assert (place.file, place.transaction, place.segment, place.element) == ("a.835", "0001", 31, "SE01")


@pytest.mark.parametrize("tags", [("ISA", "IEA"), ("ISA", "GS", "GE", "IEA")])
@pytest.mark.parametrize("marks", ["*:~", "|>!", "*:\n"])
def test_delimiters_are_guessed_without_an_isa(tags, marks):
    data = without(*tags).translate(str.maketrans("*:~", marks))
    found = read_every_way(data.encode())
    delimiters = found[1][4]
    assert (delimiters.element, delimiters.component, delimiters.segment) == tuple(marks)
    assert [len(segment) for segment in found[1][5]] == [len(segment) for segment in WANTED]


def named(name: bytes) -> bytes:
    return text().encode().replace(b"MARKERNAME", name)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Müller".encode(), "Müller"),
        ("Müller".encode("latin-1"), "Müller"),
        ("日本".encode(), "日本"),
        (b"\xff\xfe", "ÿþ"),
    ],
)
def test_utf8_or_else_latin1_segment_by_segment(sent, read):
    data = named(sent).replace(b"EXAMPLE PLAN", "Ünïon".encode())
    (segments,) = segments_of(read_every_way(data))
    assert [segment[3] for segment in segments if segment[0] == "NM1"] == [read]
    assert [segment[2] for segment in segments if segment[:2] == ["N1", "PR"]] == ["Ünïon"]


def test_a_ta1_outside_any_set():
    data = isa() + "TA1*000000905*240601*1200*A*000~IEA*0*000000001~"
    (found,) = read_every_way(data.encode())
    assert found[:2] == ("TA1", "000000905")
    assert found[5] == [["TA1", "000000905", "240601", "1200", "A", "000"]]


def test_a_segment_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(tokenizer, "SEGMENT_LIMIT", 5000)
    data = text().replace("TRACE1", "T" * 20000).encode()
    for size in (100, 1024):
        found = events([data], block_size=size)
        assert codes(found) == ["ENV007", "ENV010"]
        assert segments_of(found) == [[segment for segment in WANTED if segment[0] != "TRN"]]


def test_memory_does_not_grow_with_the_transaction_set():
    def chunks(claims: int):
        yield (isa() + "GS*HP*A*B*20240601*1200*1*X*005010X221A1~ST*835*1~BPR*I*0~").encode()
        for _ in range(claims // 100):
            yield b"CLP*C1*1*210*80*20*12*P1*11*1~NM1*QC*1*A*B~SVC*HC:97110*1*1~" * 100

    def peak(claims: int) -> int:
        tracemalloc.start()
        for item in read_transactions(chunks(claims)):
            if isinstance(item, TransactionSet):
                assert sum(1 for _ in item.segments) > claims
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    assert peak(20_000) < peak(2_000) * 1.5


pieces = st_.lists(st_.integers(0, 400), max_size=40)


@given(
    sizes=pieces,
    block=st_.integers(1, 300),
    end=st_.sampled_from(["", "\n", "\r\n", " \n"]),
    width=st_.sampled_from([0, 3, 80]),
    marks=st_.sampled_from(["*:~", "|>\n", "+^!"]),
    cut=st_.integers(0, 60),
    junk=st_.sampled_from(["", "\ufeff", "some words ISA- GS* first\n"]),
)
def test_any_chunking_gives_the_same_events(sizes, block, end, width, marks, cut, junk):
    data = junk + text(end=end, marks=marks) + text(number="000000002")
    if width and "\n" not in marks:
        data = wrapped(data, width)
    raw = data.encode()[: len(data.encode()) - cut]
    chunks, place = [], 0
    for size in sizes:
        chunks.append(raw[place : place + size])
        place += size
    chunks.append(raw[place:])
    assert events(chunks, block_size=block) == events([raw])


@pytest.mark.parametrize("length", [62, 63, 64, 127])
def test_an_isa_in_the_middle_of_a_word_is_none_wherever_a_block_ends(length):
    data = b"x" * length + text().encode()
    assert events([data], block_size=64) == events([data])


@given(st_.binary(max_size=400), st_.integers(1, 60))
def test_no_bytes_raise(data, block):
    assert events([data], block_size=block) == events([data])
    inside = text().encode()[:300] + data + text().encode()[300:]
    assert events([inside], block_size=block) == events([inside])


@pytest.mark.corpus
def test_every_note_about_an_envelope_is_a_finding(corpus_dir):
    """INDEX notes like ENVELOPE[SE01 8 actual 7; SE02!=ST02; no IEA]."""
    meant = {
        r"SE01 (\d+) actual (\d+)": "ENV010",
        r"SE02!=ST02": "ENV011",
        r"GE01 (\d+) actual (\d+)": "ENV013",
        r"GE02!=GS06": "ENV014",
        r"IEA01 (\d+) actual (\d+)": "ENV016",
        r"IEA02!=ISA13": "ENV017",
        r"no SE": "ENV012",
        r"no GE": "ENV015",
        r"no IEA": "ENV018",
    }
    asked = 0
    with (corpus_dir / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        found = events([(corpus_dir / row["local_file"]).read_bytes()])
        findings = [one for one in found if isinstance(one, Finding)]
        noted = re.search(r"ENVELOPE\[([^]]*)\]", row["notes"])
        for note in noted[1].split("; ") if noted else []:
            ((pattern, code),) = [(p, c) for p, c in meant.items() if re.fullmatch(p, note)]
            numbers = re.fullmatch(pattern, note).groups()
            named = [one for one in findings if one.code == code and all(n in one.message for n in numbers)]
            if code == "ENV018" and "ENV003" in codes(found):
                continue  # an unreadable ISA has no trailer to look for
            assert named, (row["local_file"], note, codes(found))
            asked += 1
    assert asked > 30


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"ISA*" + b"\n" * 3000 + b"!", {"ENV001"}),
        (b"*".join([b"ST*123*A" + b"\n" * 3000 + b"1"] * 20), {"ENV002", "ENV003"}),
    ],
    ids=["an ISA that breaks off in line breaks", "line breaks after each ST"],
)
def test_time_to_find_no_separators_is_linear(data, found):
    """Two kilobytes took seconds: each run of line breaks was tried in every way of sharing it out."""
    begun = time.process_time()
    told = set(codes(events([data])))
    assert time.process_time() - begun < 0.4
    assert told == found


@pytest.mark.corpus
def test_the_corpus_reads_the_same_in_any_pieces(corpus_dir):
    for path in sorted(corpus_dir.glob("*/*")):
        data = path.read_bytes()[:20_000]
        if path.is_file():
            assert events([data[i : i + 5] for i in range(0, len(data), 5)], block_size=11) == events(
                [data]
            ), path.name


def test_body_is_what_the_helpers_say():
    assert len(BODY) + 2 == 31


def test_most_segments_tell_the_terminator_that_no_isa_tells():
    data = b"GS*HP*S*R*0701*1*X*005010~>>1e9\nST*835*0001~\nBPR*I*1*C~\nTRN*1*T1~\nSE*4*0001~\n"
    start = delimiters.find_start(data, ended=True)
    assert start is not None
    heading = delimiters.read_heading(data, start)
    assert isinstance(heading, delimiters.Heading)
    assert heading.delimiters.segment == "~"
