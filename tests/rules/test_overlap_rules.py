"""Minutes against the clock: what cannot have been given in the time, and what could."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.finding import Severity
from edi.rules.units.overlap import Work, clash_in
from tests.rules.conftest import RENDERING


def seen(start, end, who="t1", patient="pat1", **more):
    """The session fields of a time, ``9:05`` as (9, 5)."""
    return {
        "start_time": time(*start) if start else None,
        "end_time": time(*end) if end else None,
        "treating_id": who,
        "patient_id": patient,
        **more,
    }


def clashes(make, *drafts):
    return [(one.code, one.severity) for one in make.findings(*drafts) if one.code in ("UNT011", "UNT012")]


def of(make, patient, *rows):
    given_patient = make.patient() if patient == "pat1" else make.other_patient()
    return make.draft(*rows, draft_patient=given_patient)


WITHIN = [("UNT011", Severity.ERROR)]
BETWEEN = [("UNT012", Severity.WARNING)] * 2


@pytest.mark.parametrize(
    ("group", "single", "minutes", "expected"),
    [
        (((9, 0), (9, 30)), ((9, 15), (9, 30)), 15, WITHIN),
        (((9, 0), (9, 30)), ((9, 30), (9, 45)), 15, []),
        (((9, 0), (9, 30)), ((9, 15), (9, 45)), 15, []),
        (((9, 0), (9, 30)), ((9, 15), (9, 45)), 16, WITHIN),
        (((9, 0), (9, 45)), (None, None), 15, []),
        (((9, 0), (9, 30)), (None, None), 15, [("UNT011", Severity.WARNING)]),
        (((9, 0), (9, 29)), (None, None), 15, WITHIN),
        (((9, 0), (9, 30)), ((9, 0), (9, 30)), 15, WITHIN),
        (((9, 0), (9, 45)), ((9, 0), (9, 45)), 15, []),
    ],
)
def test_group_and_one_on_one_minutes_of_a_patient(make, group, single, minutes, expected):
    draft = make.draft(
        make.row("97150", minutes=30, session=seen(*group)),
        make.row("97110", minutes=minutes, session=seen(*single)),
    )
    assert clashes(make, draft) == expected


def test_the_clock_is_named_with_the_minutes(make):
    draft = make.draft(
        make.row("97150", minutes=30, session=seen((9, 0), (9, 30))),
        make.row("97110", minutes=15, session=seen((9, 20), (9, 35))),
    )
    (found,) = make.findings(draft, code="UNT011")
    assert (
        "09:00 to 09:35 is 35 min and cannot hold 97150 30 + 97110 15 = 45 min of one therapist"
        in found.message
    )
    assert "what passes: 35 min in all" in found.message


def test_a_time_for_the_whole_visit_holds_all_its_lines(make):
    rows = [
        make.row("97110", minutes=15, session=seen((9, 0), (9, 30))),
        make.row("97140", minutes=15, session=seen(None, None)),
    ]
    other = make.row("97110", minutes=15, visit="V2", session=seen((9, 30), (9, 45)))
    assert clashes(make, make.draft(*rows, other)) == []
    other.session = seen((9, 20), (9, 40))
    assert clashes(make, make.draft(*rows, other)) == WITHIN


@pytest.mark.parametrize(
    ("start", "end", "who", "expected"),
    [
        ((9, 0), (9, 30), "t1", BETWEEN),
        ((9, 0), (9, 30), "t2", []),
        ((9, 0), (9, 45), "t1", []),
        ((9, 30), (10, 0), "t1", []),
        ((9, 15), (9, 45), "t1", []),
        ((9, 14), (9, 44), "t1", BETWEEN),
    ],
)
def test_one_therapist_with_two_patients(make, start, end, who, expected):
    first = of(make, "pat1", make.row("97110", "2", 30, session=seen((9, 0), (9, 30))))
    minutes = 15 if end == (9, 45) or start == (9, 15) else 30
    second = of(
        make, "pat2", make.row("97110", "2", minutes, visit="V2", session=seen(start, end, who, "pat2"))
    )
    if start == (9, 14):
        second = of(
            make, "pat2", make.row("97110", "1", 14, visit="V2", session=seen(start, (9, 28), who, "pat2"))
        )
    assert clashes(make, first, second) == expected


@pytest.mark.parametrize(("minutes", "expected"), [(15, []), (16, WITHIN), (60, WITHIN)])
def test_one_row_has_more_minutes_than_its_time(make, minutes, expected):
    row = make.row("97110", "1", minutes, session=seen((9, 0), (9, 15)))
    assert clashes(make, make.draft(row)) == expected
    silent = make.row("97140", "1", None, session=seen(None, None))
    assert clashes(make, make.draft(row, silent)) == expected


def test_a_time_that_is_too_short_for_one_patient_is_no_matter_of_the_next(make):
    first = of(make, "pat1", make.row("97110", "3", 45, session=seen((9, 0), (9, 30))))
    second = of(
        make, "pat2", make.row("97110", "2", 30, visit="V2", session=seen((9, 30), (10, 0), "t1", "pat2"))
    )
    assert clashes(make, first, second) == WITHIN
    between = of(
        make, "pat2", make.row("97110", "1", 15, visit="V2", session=seen((9, 15), (9, 30), "t1", "pat2"))
    )
    assert clashes(make, first, between) == [*WITHIN, *BETWEEN]


def test_two_visits_of_one_patient_do_not_hide_two_patients(make):
    """The shortest stretch that is too full is one patient's own; the longer one is of two."""
    first = of(
        make,
        "pat1",
        make.row("97110", "1", 15, session=seen((9, 0), (9, 15))),
        make.row("97140", "1", 8, visit="V3", session=seen((9, 0), (9, 15))),
    )
    second = of(
        make, "pat2", make.row("97110", "1", 8, visit="V2", session=seen((9, 0), (9, 15), "t1", "pat2"))
    )
    assert set(clashes(make, first, second)) == {*WITHIN, *BETWEEN}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"treating_id": "t1"}, {"treating_npi": RENDERING}, BETWEEN),
        ({"treating_id": "t1", "treating_npi": RENDERING}, {"treating_npi": RENDERING}, BETWEEN),
        ({"treating_id": "t1"}, {"treating_id": "t1"}, BETWEEN),
        ({"treating_id": "t1"}, {"treating_id": "t2"}, []),
        ({"treating_id": "t1"}, {"treating_npi": "1000000004"}, []),
        ({"treating_npi": "1000000004"}, {"treating_npi": "1000000004"}, BETWEEN),
    ],
)
def test_a_therapist_is_one_by_id_and_by_npi(make, one, other, expected):
    drafts = [
        of(
            make,
            patient,
            make.row(
                "97110", "2", 30, visit=patient, session={**seen((9, 0), (9, 30), "", patient), **named}
            ),
        )
        for patient, named in (("pat1", one), ("pat2", other))
    ]
    assert clashes(make, *drafts) == expected


def test_group_and_single_minutes_of_one_visit_are_told_apart(make):
    """Both patients have their own minutes after the group's, which is the therapist's time once."""
    drafts = [
        of(
            make,
            patient,
            make.row("97150", minutes=30, visit=patient, session=seen((9, 0), (10, 0), "t1", patient)),
            make.row("97110", minutes=15, visit=patient, session=seen(None, None, "t1", patient)),
        )
        for patient in ("pat1", "pat2")
    ]
    assert clashes(make, *drafts) == []


def test_a_group_is_the_therapists_time_once(make):
    drafts = [
        of(
            make,
            patient,
            make.row("97150", minutes=30, visit=patient, session=seen((9, 0), (9, 30), "t1", patient)),
        )
        for patient in ("pat1", "pat2")
    ]
    assert clashes(make, *drafts) == []
    single = of(
        make, "pat2", make.row("97110", minutes=15, visit="V3", session=seen((9, 0), (9, 15), "t1", "pat2"))
    )
    assert ("UNT012", Severity.WARNING) in clashes(make, drafts[0], single)


def test_two_disciplines_may_treat_together(make):
    physical = make.draft(make.row("97530", "2", 30, session=seen((9, 0), (9, 30), "t1")))
    occupational = make.draft(
        make.row("97530", "2", 30, modifiers=("GO",), visit="V2", session=seen((9, 0), (9, 30), "o1")),
        discipline="OT",
    )
    assert clashes(make, physical, occupational) == []


@pytest.mark.parametrize("missing", [{"minutes": None}, {"session": {}}])
def test_what_is_not_documented_says_nothing(make, missing):
    first = make.row("97110", "2", 30, session=seen((9, 0), (9, 30)))
    second = make.row("97140", "2", **{"minutes": 30, "session": seen((9, 0), (9, 31)), **missing})
    assert clashes(make, make.draft(first, second)) == []


def test_evaluations_and_supervised_modalities_do_not_bind_the_therapist(make):
    first = make.row("97110", "2", 30, session=seen((9, 0), (9, 30)))
    for code in ("97161", "G0283"):
        second = make.row(code, "1", 30, visit="V2", session=seen((9, 0), (9, 30)))
        assert clashes(make, make.draft(first, second)) == []


def works_of(rows):
    return [
        Work(
            start=start,
            end=end,
            minutes=minutes,
            patients=frozenset({str(place)}),
            visits=frozenset({str(place)}),
            lines=(("p1", str(place)),),
            told=(),
            group=False,
        )
        for place, (start, end, minutes) in enumerate(rows)
    ]


def fits(rows):
    """Whether the minutes can be laid on the clock, minute by minute, the one that ends first going first."""
    left = [minutes for _, _, minutes in rows]
    for minute in range(60):
        waiting = [i for i, (start, end, _) in enumerate(rows) if start <= minute < end and left[i]]
        if waiting:
            left[min(waiting, key=lambda i: rows[i][1])] -= 1
    return not any(left)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 25)).flatmap(
            lambda row: st.tuples(st.just(row[0]), st.just(row[0] + row[1]), st.integers(0, row[1] + 2))
        ),
        max_size=5,
    )
)
def test_a_clash_is_found_exactly_when_no_order_of_treatment_fits(rows):
    assert (clash_in(works_of(rows)) is None) is fits(rows)


@pytest.mark.parametrize(
    ("timed", "total", "minutes", "told"),
    [
        (30, None, 30, 0),
        (29, None, 30, 1),
        (None, 30, 30, 0),
        (None, 29, 30, 1),
        (30, 29, 10, 1),
        (30, 45, None, 0),
    ],
)
def test_totals_of_the_visit_against_its_lines(make, timed, total, minutes, told):
    row = make.row("97110", "2", minutes, visit_timed_minutes=timed, session={"visit_total_minutes": total})
    assert len(make.findings(make.draft(row), code="UNT013")) == told
