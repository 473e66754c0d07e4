"""Several releases at once: which one answers for a day, and what an installation adds to the shipped tables."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes import Tables, load_tables
from edi.codes.changes import changes
from edi.codes.editions import ALL_BLOCKS, Installed, complete, in_force, packed_line
from edi.codes.values import Edition, Release

SHIPPED = load_tables()
Q3, Q4 = date(2026, 8, 1), date(2026, 11, 1)
IN_2024 = date(2024, 8, 1)
SPANS = {
    "2025Q4": (date(2025, 10, 1), date(2025, 12, 31)),
    "2026Q3": (date(2026, 7, 1), date(2026, 9, 30)),
    "2026Q4": (date(2026, 10, 1), date(2026, 12, 31)),
    "2024Q3": (date(2024, 7, 1), date(2024, 9, 30)),
}


def edition(table, release, data="", **changed):
    begins, ends = SPANS.get(release, (None, None))
    given = {
        "code": table,
        "release": release,
        "valid_from": begins,
        "valid_to": ends,
        "name": f"{table} edits",
        "rows": 1,
        "file": f"{release}.zip",
        "digest": f"{table}{release}{changed.get('part', '')}{data}",
        "data": data or f"{table}-{release}{changed.get('part', '')}",
    }
    return Edition(**{**given, **changed})


def tables_with(*editions, **texts):
    """Tables of an installation; texts by data name, those of pairs as lines that are put into blocks."""

    def read(data, block):
        text = texts[data.replace("-", "_")]
        if not data.startswith("ptp"):
            return text
        lines = text.splitlines()
        if block == ALL_BLOCKS:
            return "\n".join(sorted({line[:3] for line in lines}))
        return "\n".join(line for line in lines if line[:3] == block)

    return Tables(installed=Installed(editions, read))


def lines(*pairs):
    return "\n".join(packed_line(*pair, "x") for pair in pairs)


QUARTERS = tables_with(
    edition("ptp", "2026Q3"),
    edition("ptp", "2026Q4"),
    edition("mue", "2026Q4"),
    ptp_2026Q3=lines(
        ("97530", "97116", "1", "20200101", "20260831"), ("99213", "97140", "0", "20200101", "")
    ),
    ptp_2026Q4=lines(("97530", "97116", "0", "20261001", ""), ("99213", "97140", "0", "20200101", "")),
    mue_2026Q4="code,units,mai,rationale\n97110,8,3,clinical-data\n",
)


def test_each_day_is_answered_by_its_quarter():
    def indicator(day):
        found = QUARTERS.ptp("97530", "97116", day)
        return (found.indicator, found.source) if found else None

    assert indicator(Q3) == ("1", "NCCI PTP practitioner 2026Q3")
    assert indicator(date(2026, 9, 1)) is None, "deleted in the middle of the quarter"
    assert indicator(Q4) == ("0", "NCCI PTP practitioner 2026Q4")
    assert indicator(date(2019, 5, 1)) == ("1", "NCCI PTP practitioner 2024Q3"), "older than all: the oldest"


def test_a_later_day_is_answered_by_the_nearest_older_quarter():
    assert QUARTERS.release_on("ptp", date(2027, 3, 1)).release == "2026Q4"
    assert QUARTERS.release_on("ptp", date(2025, 3, 1)).release == "2024Q3"
    assert [QUARTERS.covers("ptp", day) for day in (Q3, Q4, date(2027, 1, 1), date(2025, 3, 1))] == [
        True,
        True,
        False,
        False,
    ]


def test_codes_that_are_not_of_therapy_have_their_pairs_too():
    assert SHIPPED.pair("99213", "97140", Q4) is None
    found = QUARTERS.pair("97140", "99213", Q4)
    assert found is not None
    assert (found.code, found.column_2) == ("99213", "97140")


def test_limits_of_the_day():
    def units(day):
        found = QUARTERS.mue("97110", day)
        return found.units if found else None

    assert (units(Q4), units(IN_2024), units(None)) == (8, 6, 8)
    assert QUARTERS.mue("97161", Q4) is None, "the newer quarter does not name it"
    assert QUARTERS.releases["mue"].release == "2026Q4"


def test_a_quarter_that_lacks_a_part_is_not_in_force():
    halves = [edition("ptp", "2026Q4", part=part, parts=2) for part in ("f1", "f2")]
    kept = {
        "ptp_2026Q4f1": lines(("97140", "97124", "0", "19960101", "")),
        "ptp_2026Q4f2": lines(("97530", "97110", "1", "20200101", "")),
    }
    assert tables_with(halves[0], **kept).release_on("ptp", Q4).release == "2024Q3"
    whole = tables_with(*halves, **kept)
    assert whole.release_on("ptp", Q4).release == "2026Q4"
    assert whole.ptp("97140", "97124", Q4) is not None
    assert whole.ptp("97530", "97110", Q4) is not None
    assert not complete(halves[:1])


def test_an_installed_quarter_outranks_the_shipped_one_of_the_same_name():
    ours = tables_with(edition("ptp", "2024Q3"), ptp_2024Q3=lines(("97110", "97112", "0", "20200101", "")))
    assert len(ours.editions["ptp"]) == 1
    assert ours.ptp("97110", "97112", IN_2024) is not None
    assert ours.ptp("97140", "97124", IN_2024) is None


def test_the_version_follows_what_is_installed():
    versions = {
        SHIPPED.version,
        QUARTERS.version,
        tables_with(edition("ptp", "2026Q3")).version,
        tables_with(edition("ptp", "2026Q3", digest="other")).version,
    }
    assert len(versions) == 4
    assert QUARTERS.version.startswith("2026Q4+")
    assert Tables(installed=Installed()).version == SHIPPED.version


def test_a_newer_list_of_carcs():
    text = "code,valid_from,valid_to,last_modified,source\n97,1995-01-01,2027-11-01,2026-07-01,L\n325,2026-11-01,,,L\n"
    tables = tables_with(edition("carc", "2026-11-01", valid_from=date(2026, 11, 1)), carc_2026_11_01=text)
    known, new = tables.carc("97"), tables.carc("325")
    assert known is not None
    assert new is not None
    shipped = SHIPPED.carc("97")
    assert shipped is not None
    assert (known.category, known.posting_class) == (shipped.category, "denial")
    assert (known.valid_to, known.last_modified) == (date(2027, 11, 1), date(2026, 7, 1))
    assert (new.category, new.posting_class, new.default_action) == (
        "unclassified",
        "denial",
        "review_unknown_code",
    )
    assert tables.carc("45") == SHIPPED.carc("45"), "what a list leaves out stays"
    assert SHIPPED.carc("325") is None


def test_a_newer_list_of_rarcs():
    tables = tables_with(
        edition("rarc", "2026-11-01", valid_from=date(2026, 11, 1)),
        rarc_2026_11_01="code,valid_from,valid_to,last_modified,source\nN999,2026-11-01,,,L\nM15,1997-01-01,,2026-07-01,L\n",
    )
    new, known = tables.rarc("N999"), tables.rarc("M15")
    assert new is not None
    assert known is not None
    assert (new.category, new.effect, new.assignment) == ("unclassified", "none", "")
    assert known.last_modified == date(2026, 7, 1)


# -- in_force ----------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), min_size=1, max_size=6, unique=True),
    st.integers(-5, 30),
)
def test_a_covering_release_wins_then_the_nearest_older_then_the_oldest(spans, at):
    start = date(2026, 1, 1).toordinal()
    releases = sorted(
        (
            Release(
                code="t",
                release=str(n),
                valid_from=date.fromordinal(start + a),
                valid_to=date.fromordinal(start + a + n),
            )
            for a, n in spans
        ),
        key=lambda one: (one.valid_from, one.release),
    )
    day = date.fromordinal(start + at)
    found = in_force(releases, day)
    covering = [one for one in releases if one.holds_on(day)]
    older = [one for one in releases if one.valid_to < day]
    if covering:
        assert found in covering
        assert found.valid_from == max(one.valid_from for one in covering)
    elif older:
        assert found in older
        assert found.valid_from == max(one.valid_from for one in older)
    else:
        assert found.valid_from == min(one.valid_from for one in releases)


# -- changes -----------------------------------------------------------------------------------------------------------


def test_what_a_quarter_changes_against_the_one_before():
    before = tables_with(
        edition("ptp", "2026Q3"),
        ptp_2026Q3=lines(
            ("97530", "97116", "1", "20200101", ""),
            ("97140", "97124", "0", "19960101", ""),
            ("99213", "36415", "1", "20200101", ""),
            ("97110", "97112", "1", "20200101", "20260930"),
        ),
    )
    after = tables_with(
        edition("ptp", "2026Q3"),
        edition("ptp", "2026Q4"),
        ptp_2026Q3=before.installed.read("ptp-2026Q3", "*") and "",
        ptp_2026Q4=lines(
            ("97530", "97116", "0", "20261001", ""),
            ("97150", "97110", "1", "20261001", ""),
            ("11111", "22222", "1", "20261001", ""),
            ("97110", "97112", "1", "20200101", "20260930"),
        ),
    )
    found = changes("ptp", "2026Q4", before, after)
    assert (found.against, found.within) == ("2026Q3", None)
    assert (found.added, found.ended, found.changed, found.same) == (2, 3, 1, 0)
    assert [(one.change, one.code, one.column_2, one.before, one.after) for one in found.details] == [
        ("ended", "97110", "97112", "1", None),
        ("ended", "97140", "97124", "0", None),
        ("added", "97150", "97110", None, "1"),
        ("changed", "97530", "97116", "1", "0"),
    ]
    assert found.by_code["97110"] == {"added": 1, "ended": 1, "changed": 0}


def test_against_the_shipped_quarter_only_codes_that_it_knows_are_compared():
    after = tables_with(
        edition("ptp", "2026Q4"),
        ptp_2026Q4=lines(("97140", "97124", "0", "19960101", ""), ("11111", "22222", "1", "20200101", "")),
    )
    found = changes("ptp", "2026Q4", SHIPPED, after)
    assert (found.against, found.added) == ("2024Q3", 0)
    assert found.within is not None
    assert found.ended > 1000


def test_limits_and_lists_that_change():
    text = "code,units,mai,rationale\n97110,8,3,x\n97161,1,2,x\n99999,1,2,x\n"
    found = changes("mue", "2026Q4", SHIPPED, tables_with(edition("mue", "2026Q4"), mue_2026Q4=text))
    changed = [one for one in found.details if one.change == "changed"]
    assert [(one.code, one.before, one.after) for one in changed] == [
        ("97110", "6 a day, MAI 3", "8 a day, MAI 3")
    ]
    assert (found.added, found.changed) == (0, 1)
    listed = (
        "code,valid_from,valid_to,last_modified,source\n97,1995-01-01,2027-11-01,,L\n325,2026-11-01,,,L\n"
    )
    carcs = tables_with(edition("carc", "2026-11-01", valid_from=date(2026, 11, 1)), carc_2026_11_01=listed)
    told = changes("carc", "2026-11-01", SHIPPED, carcs)
    assert [(one.change, one.code) for one in told.details] == [("added", "325"), ("ended", "97")]


def test_an_older_quarter_that_comes_late_has_nothing_to_be_compared_with():
    late = edition("mue", "2023Q1", valid_from=date(2023, 1, 1), valid_to=date(2023, 3, 31))
    found = changes("mue", "2023Q1", SHIPPED, tables_with(late, mue_2023Q1="code,units,mai\n97110,6,3\n"))
    assert (found.against, found.added, found.details) == (None, 0, ())


@pytest.mark.parametrize("table", ["procedures", "mpfs", "carc", "rarc"])
def test_tables_without_quarters_answer_for_every_day(table):
    assert SHIPPED.release_on(table, date(2030, 1, 1)) == SHIPPED.releases[table]


@pytest.mark.parametrize(("left", "cut_off"), [(0, True), (1, True), (2, False), (4, False)])
def test_a_release_that_lost_most_of_the_one_before_looks_cut_off(left, cut_off):
    pairs = [("97110", f"9711{n}", "1", "20200101", "") for n in range(4)]
    before = tables_with(edition("ptp", "2026Q3"), ptp_2026Q3=lines(*pairs))
    new = edition("ptp", "2026Q4")
    after = tables_with(new, ptp_2026Q4=lines(*pairs[:left]))
    found = changes("ptp", "2026Q4", before, after)
    assert (found.same, found.ended, found.looks_cut_off) == (left, 4 - left, cut_off)
