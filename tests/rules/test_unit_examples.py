"""Every worked example of units_rules.md, by name, through the rules: what passes, and what one unit more is told."""

from __future__ import annotations

import re

import pytest

METHODS = {"medicare": "cms", "commercial": "midpoint"}

# Section 4: (code, minutes, units under CMS, units under the midpoint) and codes outside the sum with their units.
EXAMPLES = {
    1: [("97112", 24, 2, 2), ("97110", 23, 1, 2)],
    2: [("97112", 20, 2, 1), ("97110", 20, 1, 1)],
    3: [("97110", 33, 2, 2), ("97140", 7, 1, 0)],
    4: [("97110", 18, 1, 1), ("97140", 13, 1, 1), ("97116", 10, 1, 1), ("97035", 8, 0, 1)],
    5: [("97112", 7, 1, 0), ("97110", 7, 0, 0), ("97140", 7, 0, 0)],
    6: [("97110", 5, 1, 0), ("97140", 5, 0, 0)],
    7: [("97110", 20, 1, 1), ("97140", 7, 1, 0)],
    8: [("97110", 10, 1, 1), ("97112", 10, 1, 1), ("97140", 10, 0, 1)],
    9: [("97110", 23, 1, 2), ("97140", 8, 1, 1)],
    10: [("97110", 30, 2, 2), ("97140", 15, 1, 1), ("97035", 8, 1, 1)],
    11: [("97110", 25, 1, 2), ("97140", 15, 1, 1), ("97112", 10, 1, 1)],
    12: [("97110", 8, 1, 1)],
    13: [("97110", 7, 0, 0)],
}
OUTSIDE = {10: ("G0283", 20), 12: ("97162", 40), 13: ("97150", 45)}
OTHER_SPREADS = {
    2: [(1, 2)],
    5: [(0, 1, 0), (0, 0, 1)],
    6: [(0, 1)],
    8: [(1, 0, 1), (0, 1, 1)],
    9: [(2, 0)],
    11: [(2, 1, 0)],
}
"""The tie alternatives that the examples name, under CMS."""


def draft_of(make, number, payer, units):
    rows = [
        make.row(code, str(n), minutes, billed=n > 0)
        for (code, minutes, *_), n in zip(EXAMPLES[number], units, strict=True)
    ]
    if number in OUTSIDE:
        code, minutes = OUTSIDE[number]
        rows.append(make.row(code, "1", minutes))
    return make.draft(*rows, payer=payer)


def verdicts(make, draft):
    return {one.code for one in make.findings(draft) if one.code in ("UNT002", "UNT003", "UNT004", "UNT005")}


@pytest.mark.parametrize("payer", METHODS)
@pytest.mark.parametrize("number", EXAMPLES, ids=lambda number: f"example {number}")
def test_example_of_section_4(make, number, payer):
    column = 2 if payer == "medicare" else 3
    units = [row[column] for row in EXAMPLES[number]]
    if any(units) or number in OUTSIDE:
        assert verdicts(make, draft_of(make, number, payer, units)) == set()
    more = [n + (i == 0) for i, n in enumerate(units)]
    assert verdicts(make, draft_of(make, number, payer, more)) & {"UNT003"}
    if payer == "medicare":
        for spread in OTHER_SPREADS.get(number, ()):
            assert verdicts(make, draft_of(make, number, payer, spread)) == set()


@pytest.mark.parametrize(("number", "code"), [(number, code) for number, (code, _) in OUTSIDE.items()])
def test_codes_outside_the_sum_are_one_unit(make, number, code):
    units = [row[2] for row in EXAMPLES[number]]
    draft = draft_of(make, number, "medicare", units)
    lines = [
        make.replace(line, units="2") if line.procedure.code == code else line for line in draft.claim.lines
    ]
    doubled = make.replace(draft, claim=make.replace(draft.claim, lines=tuple(lines)))
    told = {one.code for one in make.findings(doubled)} & {"UNT003", "UNT005", "MUE001"}
    assert told == {"MUE001" if code == "97162" else "UNT005"}, "an evaluation's limit is absolute"


def assisted(make, *rows):
    """Rows of (code, units, minutes, assistant's minutes, modifiers)."""
    return make.draft(
        *(
            make.row(code, units, minutes, modifiers=modifiers, session={"assistant_minutes": by_assistant})
            for code, units, minutes, by_assistant, modifiers in rows
        )
    )


def test_example_of_section_6(make):
    """PTA 23 + PT 13 min 97110, PT 30 min 97140: 97110-CQ x1, 97110 x1, 97140 x2."""
    good = assisted(
        make,
        ("97110", "1", 23, 23, ("CQ", "GP")),
        ("97110", "1", 13, 0, ("GP",)),
        ("97140", "2", 30, 0, ("GP",)),
    )
    assert [one.code for one in make.findings(good) if one.code[:3] in ("AST", "UNT")] == []
    none = assisted(make, ("97110", "2", 36, 23, ("GP",)), ("97140", "2", 30, 0, ("GP",)))
    (found,) = make.findings(none, code="AST001")
    assert "therapist 13 + assistant 23 = 36 min, 2 units, 0 with CQ" in found.message
    assert "what passes: 97110-CQ ×1 + 97110 ×1" in found.message
    both = assisted(make, ("97110", "2", 36, 23, ("CQ", "GP")), ("97140", "2", 30, 0, ("GP",)))
    (found,) = make.findings(both, code="AST003")
    assert "2 with CQ; what passes: 97110-CQ ×1 + 97110 ×1; 1 need no CQ" in found.message


def test_an_occupational_assistant_is_marked_with_co(make):
    row = make.row("97530", "1", 15, modifiers=("GO",), session={"assistant_minutes": 15})
    (found,) = make.findings(make.draft(row, discipline="OT"), code="AST001")
    assert "97530-CO ×1" in found.message


def test_who_treated_stands_for_blank_assistant_minutes(make):
    assistant = make.clinician(id="a1", credential="PTA", npi="")
    people = (make.clinician(), assistant)
    by_assistant = make.row("97110", "1", 23, modifiers=("CQ", "GP"), session={"treating_id": "a1"})
    by_therapist = make.row("97110", "1", 13, session={"treating_id": "t1"})
    draft = make.draft(by_assistant, by_therapist)
    assert [one.code for one in make.findings(draft, clinicians=people) if one.code[:3] == "AST"] == []


@pytest.mark.parametrize(
    ("credential", "told"),
    [
        ("PTA", True),
        ("LPTA", True),
        ("lpta", True),
        ("SLPA", True),
        ("COTA", True),
        ("PT", False),
        ("", False),
    ],
)
def test_every_credential_of_an_assistant_is_asked_for_the_minutes(make, credential, told):
    """By the assistant's id, and by an NPI where there is one."""
    people = (make.clinician(), make.clinician(id="a1", credential=credential, npi="1000000004"))
    for named in ({"treating_id": "a1"}, {"treating_npi": "1000000004"}):
        draft = make.draft(make.row("97110", "1", 15, session=named))
        assert bool(make.findings(draft, code="AST005", clinicians=people)) is told


@pytest.mark.parametrize("payer", ["commercial", "medicaid"])
def test_payers_without_the_assistants_modifiers_are_not_asked(make, payer):
    row = make.row("97110", "1", 15, session={"assistant_minutes": 15})
    assert make.findings(make.draft(row, payer=payer), code="AST001") == []


@pytest.mark.corpus
def test_every_example_of_the_facts_has_a_test(facts_dir):
    text = facts_dir.joinpath("units_rules.md").read_text(encoding="utf-8")
    section = text[text.index("## 4.") : text.index("## 5.")]
    numbers = {int(one) for one in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}
    assert numbers == set(EXAMPLES)
    for number, line in re.findall(r"^\| (\d+) \| ([^|]*)\|", section, re.MULTILINE):
        minutes = {(code, int(each)) for code, each in re.findall(r"\b(97\d{3}) (\d+)", line)}
        timed = {(code, each) for code, each, *_ in EXAMPLES[int(number)]}
        assert timed <= minutes, number
    assert "PTA 23 + PT 13 min 97110, PT 30 min 97140" in text
