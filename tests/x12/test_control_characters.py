"""Control characters that delimit nothing are left out and named once a file; delimiters in force always stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.finding import Finding, Severity
from edi.x12.envelope import read_transactions
from reconcile.store.second_path import declared_only, set_sums
from tests.remits import claim, file_of, line, payment

PLAIN = payment([claim("A0000001", line("97110", 5000, 4000))])


def read(data: bytes, size: int = 1 << 16) -> tuple[list[list[str]], list[Finding]]:
    """The segments of all sets, and the findings."""
    segments: list[list[str]] = []
    findings: list[Finding] = []
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    for one in read_transactions(chunks, block_size=size):
        if isinstance(one, Finding):
            findings.append(one)
        else:
            segments += list(one.segments)
    return segments, findings


@pytest.mark.parametrize("code", [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])
def test_a_control_character_is_left_out_and_named(code):
    bad = bytes((code,))
    data = file_of(PLAIN).replace(b"PATIENT", b"PAT" + bad + b"IENT").replace(b"SVC*", bad + b"SVC*")
    segments, findings = read(data)
    assert segments == read(file_of(PLAIN))[0]
    assert [(one.code, one.severity) for one in findings] == [("ENV008", Severity.WARNING)]
    sums = set_sums([data], declared_only)
    assert list(sums) == list(set_sums([file_of(PLAIN)], declared_only))


@given(st.integers(1, 400))
def test_one_finding_however_the_bytes_come(size):
    data = file_of(PLAIN, PLAIN).replace(b"TEST", b"T\x00E\x1bST").replace(b"~\nIEA", b"~\n\x00IEA")
    assert read(data, size) == read(data)
    assert [one.code for one in read(data, size)[1]] == ["ENV008"]


@pytest.mark.parametrize(
    "marks",
    [
        {"element": "\x1d", "component": "\x1f", "terminator": "\x1c"},
        {"terminator": "\x1e", "end": "\r\n"},
        {"element": "\x01", "component": "\x02", "terminator": "\x03", "end": ""},
    ],
)
def test_delimiters_that_are_control_characters_stay(marks):
    segments, findings = read(file_of(PLAIN, **marks))
    component = marks.get("component", ":")
    assert segments == [
        [part.replace(":", component) for part in segment] for segment in read(file_of(PLAIN))[0]
    ]
    assert findings == []
    spoilt = file_of(PLAIN, **marks).replace(b"PATIENT", b"PATIENT\x00")
    assert read(spoilt)[0] == segments
    assert [one.code for one in read(spoilt)[1]] == ["ENV008"]


@pytest.mark.parametrize("fill", [b"\x00" * 700, b"\x1a", b"\r\n\x1a\x00"])
def test_what_fills_a_file_up_is_nothing_to_tell(fill):
    assert read(file_of(PLAIN) + fill)[1] == []
    cut = file_of(PLAIN).split(b"GE*", maxsplit=1)[0]
    assert read(cut + fill) == read(cut)


def test_a_repetition_separator_stays():
    data = file_of(PLAIN).replace(b"*^*00501*", b"*\x1f*00501*").replace(b"PATIENT", b"PAT\x1fIENT")
    segments, findings = read(data)
    assert findings == []
    assert "PAT\x1fIENT" in {part for segment in segments for part in segment}
