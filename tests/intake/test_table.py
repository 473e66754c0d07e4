"""Tables in every separator, encoding and shape, and what is not a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.intake.table import Heading, Row, read_table, rows_of
from edi.model.finding import Finding

NAMES = ("visit_id", "line_id", "charge")


def read(data: bytes, size: int = 1 << 16, **options):
    return list(read_table([data[i : i + size] for i in range(0, len(data), size)], file="t.csv", **options))


def rows(items):
    return [
        (item.number, dict(item.cells)) for item in items if isinstance(item, Row) and item.problem is None
    ]


def codes(items):
    found = [item for item in items if isinstance(item, Finding)]
    found += [item.problem for item in items if isinstance(item, Row) and item.problem is not None]
    assert all(finding.location.file == "t.csv" for finding in found)
    return [finding.code for finding in found]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 3, 7, 1 << 16])
def test_separator_bom_line_ends_and_chunks(separator, bom, end, size):
    text = end.join(separator.join(line) for line in [NAMES, ("V1", "1", "85.00"), ("V2", "é", " 90 ")])
    items = read(bom + text.encode(), size)
    assert items[0] == Heading(NAMES)
    assert rows(items) == [
        (2, {"visit_id": "V1", "line_id": "1", "charge": "85.00"}),
        (3, {"visit_id": "V2", "line_id": "é", "charge": "90"}),
    ]
    assert codes(items) == []


def test_windows_1252():
    items = read("visit_id,line_id\nV1,1\nV2,Zoë’s\nV3,ç\n".encode("cp1252"))
    assert [cells["line_id"] for _, cells in rows(items)] == ["1", "Zoë’s", "ç"]
    assert codes(items) == ["INP011"]


def test_bytes_of_no_encoding_refuse_the_row():
    items = read(b"visit_id,line_id\nV1,a\nV2,\x81\xff\nV3,c\n")
    assert [number for number, _ in rows(items)] == [2, 4]
    assert sorted(codes(items)) == ["INP009", "INP011"]


def test_json_lines():
    data = (
        b'{"Visit ID": "V1", "charge": 85.50, "npi": 1.23E+09, "modifiers": ["GP", 59], "kx": true, "none": null}\n'
        b'\n# a comment\n{"Visit ID": "V2", "charge": 3}\n'
    )
    items = read(data)
    assert rows(items) == [
        (
            1,
            {
                "visit_id": "V1",
                "charge": "85.50",
                "npi": "1.23E+09",
                "modifiers": "GP,59",
                "kx": "Y",
                "none": "",
            },
        ),
        (4, {"visit_id": "V2", "charge": "3"}),
    ]
    assert codes(items) == ["INP012"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{broken", "INP008"),
        (b"[1]", "INP008"),
        (b'{"a": {"b": 1}}', "INP008"),
        (b'{"visit_id": "1", "Visit ID": "2"}', "INP005"),
        (b"[" * 100_000, "INP008"),
    ],
)
def test_a_bad_json_line_is_one_row(line, code):
    items = read(b'{"visit_id": "V1"}\n' + line + b'\n{"visit_id": "V3"}\n')
    assert [number for number, _ in rows(items)] == [1, 3]
    assert codes(items) == [code]


def test_headings_are_mapped_and_compared_loosely():
    items = read(b"Visit ID,LINE-ID,DOS\nV1,1,2026-01-03\n", columns={"dos": "date_of_service"})
    assert items[0] == Heading(("visit_id", "line_id", "date_of_service"))


def test_a_column_twice_ends_the_file():
    items = read(b"visit_id,DOS,date_of_service\nV1,x,y\n", columns={"DOS": "date_of_service"})
    assert codes(items) == ["INP005"]
    assert rows(items) == []


def test_quotes_separators_and_line_ends_inside_a_cell():
    items = read(b'visit_id,line_note\nV1,"a, ""b""\nc"\nV2,d\n')
    assert rows(items) == [
        (2, {"visit_id": "V1", "line_note": 'a, "b"\nc'}),
        (3, {"visit_id": "V2", "line_note": "d"}),
    ]


def test_an_open_quote_names_the_lines_it_swallowed():
    data = b"visit_id,line_note\nV1,a\nV2,b\n" + b'V3,"' + b"x\n" * 80_000 + b"V9,z\n"
    items = read(data)
    refused = [item.problem for item in items if isinstance(item, Row) and item.problem is not None]
    assert refused[0].code == "INP008"
    assert "text lines 4 to" in refused[0].message


def test_a_misplaced_quote_refuses_one_row():
    items = read(b'visit_id,line_note\nV1,"a"b\nV2,c\n')
    assert [number for number, _ in rows(items)] == [3]
    assert codes(items) == ["INP008"]


def test_wide_short_and_blank_rows():
    items = read(b"visit_id,line_id,charge\nV1,1,5,6\n\n,,\nV2,2\nV3,3,5,,\n")
    assert rows(items) == [
        (5, {"visit_id": "V2", "line_id": "2"}),
        (6, {"visit_id": "V3", "line_id": "3", "charge": "5"}),
    ]
    assert codes(items) == ["INP007", "INP006"]


def test_short_rows_are_said_once_a_file():
    items = read(b"visit_id,line_id,charge\nV1,1,5\nV2,2\nV3,3\nV4,4\n")
    (finding,) = [item for item in items if isinstance(item, Finding)]
    assert (finding.code, finding.location.row) == ("INP007", 3)
    assert finding.message.startswith("3 rows have fewer cells than the 3 columns")
    assert len(rows(items)) == 4


def test_another_separator_is_named():
    items = read(b"visit_id|line_id|charge\nV1|1|5\n")
    assert codes(items) == ["INP013"]
    assert "separated by |" in items[0].message
    assert "comma" in items[0].fix
    assert codes(read(b"visit_id,line_id|charge\nV1,1\n")) == []


def test_comment_lines_are_counted():
    items = read(b"# made by init\nvisit_id,line_id\n# V0,an example\nV1,1\n")
    assert rows(items) == [(3, {"visit_id": "V1", "line_id": "1"})]
    assert [item.message for item in items if isinstance(item, Finding)] == [
        "2 lines begin with # and were skipped as comments"
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "INP001"),
        (b"\n \n", "INP001"),
        (b"\xef\xbb\xbf", "INP001"),
        (b'"open', "INP001"),
        (b"%PDF-1.7\n...", "INP002"),
        (b"PK\x03\x04rest", "INP002"),
        (b"\xd0\xcf\x11\xe0rest", "INP002"),
        ("visit_id,line_id".encode("utf-16"), "INP002"),
        (b"ISA*00*          *00*", "INP002"),
        (b"visit_id\0,line_id\n", "INP002"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 16])
def test_not_a_table(data, code, size):
    items = read(data, size)
    assert codes(items) == [code]
    assert rows(items) == []


def test_rows_of_dicts():
    items = list(rows_of([{"DOS": "2026-01-03", "units": 2}], {"DOS": "date_of_service"}))
    assert rows(items) == [(1, {"date_of_service": "2026-01-03", "units": "2"})]


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_raise_and_chunks_do_not_matter(data, size):
    def plain(items):
        return [
            (item.number, dict(item.cells), item.problem) if isinstance(item, Row) else item for item in items
        ]

    assert plain(read(data, size)) == plain(read(data))
