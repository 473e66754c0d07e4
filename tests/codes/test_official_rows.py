"""Which table a sheet is, which release a name says, and what is kept of a row."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes import load_tables
from edi.codes.official import (
    UNDERSTOOD,
    part_of_name,
    recognise,
    release_of_name,
    release_of_text,
    unfit,
)
from edi.codes.official.rows import rationale_of
from edi.model.errors import InputError
from tests.codes.official_files import (
    BANNER,
    CARC_HEADER,
    CARC_ROWS,
    MUE_HEADER,
    MUE_ROWS,
    PTP_HEADER,
    PTP_ONE_ROW,
    PTP_ROWS,
    RARC_ROWS,
)


def kept(*rows):
    found = recognise(rows)
    return found.table, list(found.lines), found.left_out


# -- tables ------------------------------------------------------------------------------------------------------------

PAIRS = [
    "97140\t97124\t0\t19960101\t\tmutually-exclusive",
    "97530\t97110\t1\t20200101\t20261231\tpractice-standard",
    "97530\t97116\t1\t20200101\t20191231\tpractice-standard",
    "0001A\t00100\t1\t19960101\t\tother",
]


@pytest.mark.parametrize(
    "header",
    [
        PTP_HEADER,
        [PTP_ONE_ROW],
        [
            (
                "Column 1 Code",
                "Column 2 Code",
                "",
                "Effective Date",
                "Deletion Date",
                "Modifier Indicator",
                "Rationale",
            )
        ],
    ],
)
def test_pairs_under_any_wrapping_of_the_header(header):
    official = recognise([(BANNER, "", "", "", "", "", ""), ("Column1/Column2 Edits",), *header, *PTP_ROWS])
    assert official.table == "ptp"
    assert list(official.lines) == PAIRS
    assert official.left_out == 1, "the pair that was taken back on the day it began"


def test_columns_are_found_by_name_not_by_place():
    turned = [tuple(reversed(row)) for row in (MUE_HEADER, *MUE_ROWS)]
    assert kept(*turned) == kept(MUE_HEADER, *MUE_ROWS)


def test_limits():
    assert kept(("a preamble",), ("",), MUE_HEADER, *MUE_ROWS) == (
        "mue",
        ["97110,8,3,clinical-data", "97161,1,2,descriptor", "97010,0,3,cms-policy"],
        0,
    )


def test_a_list_keeps_codes_and_dates_and_no_text():
    table, lines, _ = kept(CARC_HEADER, *CARC_ROWS)
    assert table == "carc"
    assert lines == [
        "1,1995-01-01,,",
        "45,1995-01-01,,2027-07-01",
        "97,1995-01-01,2027-11-01,",
        "325,2026-11-01,,",
    ]


def test_a_list_copied_from_the_page_has_its_dates_in_the_text():
    rows = [
        ("Code", "Description"),
        ("M15", "A text.\nStart: 01/01/1997"),
        ("MA130", "A text. Start: 10/12/2001 | Last Modified: 03/01/2011 | Stop: 06/01/2027"),
        ("N130", "Start: 03/01/2026 | Last Modified: 07/01/2026"),
    ]
    assert kept(*rows) == (
        "rarc",
        ["M15,1997-01-01,,", "MA130,2001-10-12,2027-06-01,2011-03-01", "N130,2026-03-01,,2026-07-01"],
        0,
    )


@pytest.mark.parametrize("text", ["2026-11-01", "11/01/2026", "11/1/2026", "20261101"])
def test_dates_in_any_form(text):
    _, lines, _ = kept(CARC_HEADER, *CARC_ROWS[:3], ("325", "x", text, "", ""))
    assert lines[3:] == ["325,2026-11-01,,"]


def test_blank_rows_and_footers_are_passed_over():
    rows = [MUE_HEADER, MUE_ROWS[0], ("",), ("© the publisher", "", "", "")]
    assert kept(*rows)[1] == ["97110,8,3,clinical-data"]


# -- refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no header that is understood"),
        ([("code", "kind", "amount"), ("97110", "charge", "50")], "no header that is understood"),
        ([("NPI", "Name")] * 500, "no header that is understood"),
        ([PTP_ONE_ROW[:4], PTP_ROWS[0]], "not all its columns"),
        ([PTP_ONE_ROW], "no rows under it"),
        ([CARC_HEADER], "no rows under it"),
        (
            [
                (
                    "HCPCS/CPT Code",
                    "Outpatient Hospital Services MUE Values",
                    "MUE Adjudication Indicator",
                    "MUE Rationale",
                )
            ],
            "of outpatient hospitals",
        ),
        (
            [
                (
                    "HCPCS/CPT Code",
                    "DME Supplier Services MUE Values",
                    "MUE Adjudication Indicator",
                    "MUE Rationale",
                )
            ],
            "of DME suppliers",
        ),
        (
            [PTP_ONE_ROW, ("971-0", "97124", "", "19960101", "*", "0", "x")],
            "row 2: '971-0' is not a procedure code",
        ),
        ([PTP_ONE_ROW, ("97140", "97124", "", "19960101", "*", "7", "x")], "row 2: no modifier indicator"),
        (
            [PTP_ONE_ROW, ("97140", "97124", "", "", "*", "0", "x")],
            "row 2: no modifier indicator or effective",
        ),
        (
            [PTP_ONE_ROW, ("97140", "97124", "", "next year", "*", "0", "x")],
            "row 2: 'next year' is not a date",
        ),
        ([MUE_HEADER, ("97110", "many", "3", "x")], "row 2: no MUE value"),
        ([MUE_HEADER, ("97110", "6", "4", "x")], "row 2: no MUE value"),
        ([MUE_HEADER, MUE_ROWS[0], MUE_ROWS[0]], "row 3: '97110' is there twice"),
        (
            [CARC_HEADER, ("1", "x", "01/01/1995", "", ""), ("M1", "x", "", "", "")],
            "neither all CARCs nor all RARCs",
        ),
        ([CARC_HEADER, *CARC_ROWS, ("2", "x", "31/31/1995", "", "")], "row 6: '31/31/1995' is not a date"),
        ([CARC_HEADER, ("CO", "x", "01/01/1995", "", "")], "neither all CARCs"),
    ],
)
def test_what_is_not_understood_is_refused(rows, said):
    with pytest.raises(InputError, match=said):
        kept(*rows)


def test_a_late_row_of_another_list_is_refused():
    rows = [(str(code), "x", "01/01/1995", "", "") for code in range(1, 100)]
    with pytest.raises(InputError, match="row 101: N1 is no CARC"):
        kept(CARC_HEADER, *rows, ("N1", "x", "01/01/1995", "", ""))


PLACES_OF_SERVICE = [("01", "Pharmacy"), ("02", "Telehealth"), ("11", "Office"), ("99", "Other")]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("Code", "Description"), *PLACES_OF_SERVICE], "form of CARCs, but X12's list has 1, 45, 97 too"),
        ([CARC_HEADER, *CARC_ROWS[:2], CARC_ROWS[3]], "has 97 too"),
        ([CARC_HEADER, *RARC_ROWS[1:]], "form of RARCs, but X12's list has M15 too"),
        ([("Code", "Description"), ("M1", "Size"), ("N2", "Size")], "has M15, MA130, N130 too"),
    ],
)
def test_another_list_of_codes_of_the_same_form_is_refused(rows, said):
    with pytest.raises(InputError, match=said):
        kept(*rows)


@pytest.mark.parametrize(("table", "rows"), [("carc", CARC_ROWS), ("rarc", RARC_ROWS)])
def test_the_codes_that_a_list_must_have_are_shipped_too(table, rows):
    assert kept(CARC_HEADER, *rows)[0] == table
    known = load_tables().carcs if table == "carc" else load_tables().rarcs
    assert {code for code, *_ in rows[:3]} <= known.keys()


def test_the_refusal_names_the_headers_that_are_understood():
    with pytest.raises(InputError) as caught:
        kept(("a", "b"))
    assert all(header in str(caught.value) for header in UNDERSTOOD)


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=8), max_size=30))
def test_anything_is_a_table_or_refused(rows):
    with suppress(InputError):
        assert kept(*rows)[0] in ("ptp", "mue", "carc", "rarc")


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "release", "part"),
    [
        (("ccipra-v302r0-f1.txt",), "2024Q3", 1),
        (("ccipra-v320r0-f4.xlsx",), "2026Q1", 4),
        (("CCIPRA-V331R2-F2.TXT",), "2027Q2", 2),
        (("ptp.txt", "medicare-ncci-2026q2-practitioner-ptp-edits-ccipra-v321r0-f3.zip"), "2026Q2", 3),
        (("medicare-ncci-2025-q4-practitioner-services-mue-table.zip",), "2025Q4", 0),
        (("MCR_MUE_PractitionerServices_Eff_10-01-2026.csv",), "2026Q4", 0),
        (("MCR_MUE_PractitionerServices_Eff_01-01-2026.xlsx", "any.zip"), "2026Q1", 0),
    ],
)
def test_the_quarter_that_a_name_says(names, release, part):
    found = release_of_name(*names)
    assert found is not None
    assert (found.release, found.part) == (release, part)
    assert found.valid_to is not None
    assert (found.valid_to - found.valid_from).days in (89, 90, 91)


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (("ptp_part_f1.txt",), 1),
        (("ptp part 2.txt",), 2),
        (("Part3.csv",), 3),
        (("f4.txt",), 4),
        (("edits.txt", "ccipra-v323r0-f2.zip"), 2),
        (("edits-f1.txt", "ccipra-v323r0-f2.zip"), 1),
        (("edits.txt",), 0),
        (("eff1.txt",), 0),
        (("edits-f12.txt",), 0),
        (("edits-f0.txt",), 0),
        (("counterpart.txt",), 0),
    ],
)
def test_the_part_that_a_name_says(names, part):
    assert part_of_name(*names) == part


def test_a_quarter_is_its_three_months():
    found = release_of_name("ccipra-v320r0-f1.txt")
    assert found is not None
    assert (found.valid_from, found.valid_to) == (date(2026, 1, 1), date(2026, 3, 31))


@pytest.mark.parametrize(
    "name", ["edits.txt", "v3.txt", "ccipra-v325r0.txt", "2026.csv", "Eff_13-01-2026.csv"]
)
def test_names_that_say_no_quarter(name):
    assert release_of_name(name) is None


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("2026Q4", "2026Q4"),
        ("2026q4", "2026Q4"),
        ("2026-11-01", "2026-11-01"),
        ("2026-13-01", None),
        ("Q4", None),
        ("2026Q5", None),
    ],
)
def test_the_release_that_a_person_names(text, release):
    found = release_of_text(text)
    assert (found.release if found else None) == release


@pytest.mark.parametrize(
    ("name", "is_unfit"),
    [
        ("ccipra-v323r0-f1.txt", False),
        ("MCR_MUE_PractitionerServices_Eff_10-01-2026.csv", False),
        ("ccioph-v323r0-f1.txt", True),
        ("medicaid-ncci-q2-2026-ptp-edits-practitioner-services.zip", True),
        ("MCD_MUE_PractitionerServices_Eff_10-01-2026.csv", True),
        ("medicare-ncci-2026q2-practitioner-quarterly-additions-deletions-revisions-ptp.zip", True),
    ],
)
def test_names_of_tables_that_only_look_alike(name, is_unfit):
    assert bool(unfit("edits.txt", name)) is is_unfit


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("CPT Manual or CMS manual coding instruction", "coding-instruction"),
        ("CPT Separate procedure definition", "separate-procedure"),
        ("HCPCS/CPT procedure code definition", "code-definition"),
        ("Misuse of Column Two code with Column One code", "misuse-of-column-2"),
        ("More extensive procedure", "more-extensive"),
        ("Anatomic Consideration", "anatomic"),
        ("Clinical: Society Comment", "society-comment"),
        ("Clinical: CMS Workgroup", "cms-workgroup"),
        ("Nature of Service/Procedure", "nature-of-service"),
        ("", "other"),
    ],
)
def test_rationales_in_our_own_words(text, word):
    assert rationale_of(text) == word
