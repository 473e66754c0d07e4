"""Cells changed in the bytes of a sessions file: what is asked for, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.jobs.scrub.edit import Change, edited
from edi.intake.table import Row, read_table

HEAD = "line_id,patient_id,modifiers,units,remark"


def change(row=2, line_id="V1-1", field="modifiers", value=("GP",)):
    return Change(row=row, line_id=line_id, field=field, value=value)


def data_of(*rows, head=HEAD, end="\n"):
    return "".join(row + end for row in (head, *rows)).encode()


CASES = {
    "a plain cell": (data_of("V1-1,P,GP GP,1,x"), change(), data_of("V1-1,P,GP,1,x")),
    "units": (data_of("V1-1,P,GP,3,x"), change(field="units", value=2), data_of("V1-1,P,GP,2,x")),
    "quotes stay": (data_of('V1-1,P,"GP GP",1,"a ""b"""'), change(), data_of('V1-1,P,"GP",1,"a ""b"""')),
    "glued stay glued": (
        data_of("V1-1,P,GP59GP,1,x"),
        change(value=("59", "GP")),
        data_of("V1-1,P,59GP,1,x"),
    ),
    "a comma between modifiers": (
        data_of('V1-1,P,"GP,59",1,x'),
        change(value=("59", "GP")),
        data_of('V1-1,P,"59,GP",1,x'),
    ),
    "an empty cell": (
        data_of("V1-1,P,,1,x"),
        change(value=("59", "GP")),
        data_of("V1-1,P,59 GP,1,x"),
    ),
    "semicolons, CRLF and a mark": (
        b"\xef\xbb\xbf" + data_of("V1-1;P;GP GP;1;\u00e9", head=HEAD.replace(",", ";"), end="\r\n"),
        change(),
        b"\xef\xbb\xbf" + data_of("V1-1;P;GP;1;\u00e9", head=HEAD.replace(",", ";"), end="\r\n"),
    ),
    "tabs": (
        data_of("V1-1\tP\tGP GP\t1\tx", head=HEAD.replace(",", "\t")),
        change(),
        data_of("V1-1\tP\tGP\t1\tx", head=HEAD.replace(",", "\t")),
    ),
    "Windows-1252": (
        data_of("V1-1,P,GP GP,1,x") + b"V2-1,P,GP,1,caf\xe9\n",
        change(),
        data_of("V1-1,P,GP,1,x") + b"V2-1,P,GP,1,caf\xe9\n",
    ),
    "no line end at the end": (data_of("V1-1,P,GP GP,1,x")[:-1], change(), data_of("V1-1,P,GP,1,x")[:-1]),
    "a comment, a blank row and a row of two lines before it": (
        data_of("# a", "", 'V0,P,GP,1,"two\nlines"', "V1-1,P,GP GP,1,x"),
        change(row=5),
        data_of("# a", "", 'V0,P,GP,1,"two\nlines"', "V1-1,P,GP,1,x"),
    ),
    "a comment before the heading": (
        b"# export\n" + data_of("V1-1,P,GP GP,1,x"),
        change(),
        b"# export\n" + data_of("V1-1,P,GP,1,x"),
    ),
    "a row of two lines itself": (
        data_of('V1-1,P,GP GP,1,"two\r\nlines"', "V2,P,,,"),
        change(),
        data_of('V1-1,P,GP,1,"two\r\nlines"', "V2,P,,,"),
    ),
    "four columns": (
        data_of("V1-1,GP,GP,,", head="line_id,modifier_1,modifier_2,modifier_3,modifier_4"),
        change(),
        data_of("V1-1,GP,,,", head="line_id,modifier_1,modifier_2,modifier_3,modifier_4"),
    ),
    "JSON Lines": (
        b'{"line_id": "V1-1", "modifiers":"GP GP" ,"units":3, "odd": {}}\n'.replace(b"{}", b'"\xc3\xa9"'),
        change(row=1),
        b'{"line_id": "V1-1", "modifiers":"GP" ,"units":3, "odd": {}}\n'.replace(b"{}", b'"\xc3\xa9"'),
    ),
    "a JSON list and number": (
        b'\n{"line_id":"V1-1","modifiers":["GP","GP"],"units":3}',
        change(row=1),
        b'\n{"line_id":"V1-1","modifiers":["GP"],"units":3}',
    ),
    "JSON units": (
        b'{"line_id":"V0"}\n{"line_id":"V1-1","units":3}\n',
        change(field="units", value=2),
        b'{"line_id":"V0"}\n{"line_id":"V1-1","units":2}\n',
    ),
    "a JSON key that is absent": (
        b'{"line_id":"V1-1" }\n',
        change(row=1),
        b'{"line_id":"V1-1", "modifiers": "GP" }\n',
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_only_the_cell_is_changed(name):
    before, asked, after = CASES[name]
    done = edited(before, [asked], {})
    assert done.refused == ()
    assert done.data == after
    assert len(done.hunks) == 1


REFUSED = {
    "another line_id in the row": (data_of("V9,P,GP GP,1,x"), change(), "found again"),
    "no such row": (data_of("V1-1,P,GP GP,1,x"), change(row=7), "found again"),
    "no column": (b"line_id,units\nV1-1,1\n", change(), "add the column"),
    "a short row": (data_of("V1-1,P"), change(), "add the column"),
    "too few columns": (
        b"line_id,modifier_1\nV1-1,GP\n",
        change(value=("59", "GP")),
        "1 columns for modifiers",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_place_is_refused_and_the_file_stays(name):
    before, asked, reason = REFUSED[name]
    done = edited(before, [asked], {})
    ((refused, said),) = done.refused
    assert refused == asked
    assert reason in said
    assert (done.data, done.hunks) == (before, ())


def test_a_practice_s_own_headings_are_understood():
    before = b"Line,Mods\nV1-1,GP GP\n"
    done = edited(before, [change()], {"Line": "line_id", "Mods": "modifiers"})
    assert done.data == b"Line,Mods\nV1-1,GP\n"


@pytest.mark.parametrize(
    "before",
    [
        data_of("V1-1,SECRET,GP GP,1,SECRET"),
        b'{"line_id":"V1-1","patient_id":"SECRET","modifiers":"GP GP","remark":"SECRET"}\n',
    ],
)
def test_a_diff_hides_what_may_be_phi_or_is_not_known_unless_asked(before):
    row = 2 if before.startswith(b"line") else 1
    (hidden,) = edited(before, [change(row=row)], {}).hunks
    (shown,) = edited(before, [change(row=row)], {}, show_phi=True).hunks
    assert "SECRET" not in hidden
    assert "V1-1" in hidden
    assert shown.count("SECRET") == 4
    minus, plus = (line for line in shown.splitlines() if line[:1] in "+-")
    assert minus[1:].encode() in before
    assert plus[1:].replace("GP", "GP GP", 1) == minus[1:]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff\ufffd"), max_size=8)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6),
    place=st.integers(0, 5),
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    quoted=st.booleans(),
)
def test_every_other_cell_reads_the_same_and_every_other_byte_stays(
    rows, place, delimiter, end, mark, quoted
):
    def cell(text, always=False):
        odd = always or any(one in text for one in '",;\t\n') or text.startswith("#")
        return '"' + text.replace('"', '""') + '"' if odd else text

    place %= len(rows)
    texts = [
        delimiter.join((f"L{number}", cell(first), cell("GP GP", quoted), cell(last, quoted)))
        for number, (first, last) in enumerate(rows)
    ]
    head = delimiter.join(("line_id", "patient_id", "modifiers", "zzz"))
    before = mark + end.join((head, *texts, "")).encode()
    read = [one for one in read_table([before]) if isinstance(one, Row)]
    done = edited(before, [change(row=read[place].number, line_id=f"L{place}")], {})
    assert done.refused == ()
    again = [one for one in read_table([done.data]) if isinstance(one, Row)]
    for number, (old, new) in enumerate(zip(read, again, strict=True)):
        assert new.cells == ({**old.cells, "modifiers": "GP"} if number == place else old.cells)
    assert len(before) - len(done.data) == 3
    same = next(i for i, (a, b) in enumerate(zip(before, done.data + b"\0", strict=False)) if a != b)
    assert done.data[same:] == before[same + 3 :]


def test_many_changes_of_one_row_and_file():
    before = data_of("V1-1,P,GP GP,3,x", "V1-2,P,GP,1,x", "V1-3,P,GP GP,1,x")
    changes = [change(), change(field="units", value=1), change(row=4, line_id="V1-3")]
    done = edited(before, changes, {})
    assert done.data == data_of("V1-1,P,GP,1,x", "V1-2,P,GP,1,x", "V1-3,P,GP,1,x")
    assert len(done.hunks) == 2


def test_json_stays_json():
    before = b'{"line_id":"V1-1","modifiers":"gp,gp","units":"3"}\n'
    done = edited(before, [change(row=1), change(row=1, field="units", value=2)], {})
    assert json.loads(done.data) == {"line_id": "V1-1", "modifiers": "GP", "units": "2"}
