"""Every row of modifiers.csv that names a misuse, as a claim that shows it and the rule that says so."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from edi.model.finding import Severity

ATTESTED = {"kx_attested": True}
HOME = {"place_of_service": "10"}


def line(code, *modifiers, **row):
    """A claim of one line."""
    discipline = row.pop("discipline", "PT")
    return lambda m: m.draft(m.row(code, modifiers=modifiers, **row), discipline=discipline)


def below_threshold(m):
    return m.draft(m.row(modifiers=("GP", "KX"), session=ATTESTED))


def repeated(m):
    return m.draft(m.row("97012"), m.row("97012", modifiers=("77", "GP")))


SHOWN = {
    "GP": [("DSC002", line("97110", "GP", "GO")), ("DSC004", line("97165", "GP", discipline="OT"))],
    "GO": [("DSC002", line("97110", "GO", "GN")), ("DSC004", line("97161", "GO"))],
    "GN": [("DSC002", line("92507", "GN", "GP", discipline="SLP"))],
    "KX": [("KX002", below_threshold), ("KX003", line("97110", "GP", "KX"))],
    "CQ": [
        ("AST002", line("97110", "CQ")),
        ("AST003", line("97110", "CQ", "GP", session={"assistant_minutes": 7})),
    ],
    "CO": [("AST002", line("97110", "CO", "GP", discipline="OT"))],
    "59": [
        ("BND001", lambda m: m.draft(m.row("97140"), m.row("97124", modifiers=("59", "GP")))),
        ("MOD008", line("99213", "59", discipline="DC")),
        ("MOD007", line("97110", "59", "XU", "GP")),
        ("MUE001", lambda m: m.draft(m.row("97610"), m.row("97610", modifiers=("59", "GP")))),
    ],
    "XE": [("MOD007", line("97110", "59", "XE", "GP"))],
    "XP": [("MOD007", line("97110", "59", "XP", "GP"))],
    "XS": [("MOD007", line("97110", "59", "XS", "GP"))],
    "XU": [("MOD007", line("97110", "59", "XU", "GP"))],
    "25": [("MOD008", line(f"9716{n}", "25", "GP")) for n in range(1, 5)]
    + [("MOD008", line(f"9716{n}", "25", "GO", discipline="OT")) for n in range(5, 9)]
    + [("MOD008", line("97110", "25", "GP"))],
    "57": [("MOD008", line("97110", "57", "GP"))],
    "24": [("MOD008", line("97110", "24", "GP"))],
    "76": [("MOD008", line("97110", "76", "GP"))],
    "77": [("DUP005", repeated)],
    "91": [("MOD008", line("97110", "91", "GP"))],
    "51": [("MOD008", line("97110", "51", "GP"))],
    "50": [("MOD008", line("97110", "50", "GP"))],
    "LT": [("MOD008", line("97110", "GP", "LT"))],
    "RT": [("MOD008", line("97110", "GP", "RT"))],
    "22": [("MOD008", line("97110", "22", "GP"))],
    "52": [("MOD008", line("97110", "52", "GP", minutes=7))],
    "53": [("MOD008", line("97110", "53", "GP"))],
    "AT": [
        ("MCB001", line("98941", "AT", "GA", discipline="DC")),
        ("CHI002", line("98941", "AT", discipline="DC", session={"active_care": False})),
        ("CHI003", line("97012", "AT", discipline="DC")),
    ],
    "GA": [
        ("MCB001", line("98941", "AT", "GA", discipline="DC")),
        ("MOD007", line("97110", "GP", "GA", "GZ")),
        ("MOD007", line("97110", "GP", "GA", "GX")),
    ],
    "GX": [("MOD007", line("97110", "GP", "GX", "GA")), ("MOD007", line("97110", "GP", "GX", "GZ"))],
    "GY": [("MOD007", line("97110", "GP", "GY", "GZ"))],
    "GZ": [("MOD007", line("97110", "GP", "GZ", other)) for other in ("GA", "GX")]
    + [("MOD007", line("97110", "GP", "KX", "GZ", session=ATTESTED))],
    "95": [("TEL003", line("97110", "GP", "95"))],
    "GT": [("MOD007", line("97110", "GP", "GT", "95", line=HOME))],
    "93": [("MOD007", line("97110", "GP", "93", "95", line=HOME))],
    "GQ": [("MOD007", line("97110", "GP", "GQ", "95", line=HOME))],
    "FQ": [("MOD008", line("97110", "GP", "FQ"))],
    "96": [("MOD007", line("97110", "GP", "96", "97"))],
    "97": [("MOD007", line("97110", "GP", "96", "97"))],
    "SZ": [("MOD005", line("97110", "GP", "SZ", day=date(2018, 1, 1)))],
    "TH": [("MOD008", line("97110", "GP", "TH"))],
    "U1-U9,UA-UD": [("MOD010", line("97110", "GP", f"U{n}")) for n in "123456789ABCD"],
    "PN": [("MOD009", line("97110", "GP", "PN"))],
    "PO": [("MOD009", line("97110", "GP", "PO"))],
    "27": [("MOD009", line("99213", "27", discipline="DC"))],
    "99": [("MOD011", line("97110", "GP", "99"))],
}
NOT_ON_A_CLAIM = {"GW": "that the care is related to the hospice's condition"}
"""Misuses that no field of a claim or row can show."""


@pytest.mark.parametrize(
    ("modifier", "code", "draft"),
    [(modifier, code, draft) for modifier, shown in SHOWN.items() for code, draft in shown],
)
def test_the_misuse_is_told(make, modifier, code, draft):
    shown = draft(make)
    found = make.findings(shown, code=code)
    assert found
    given = shown.claim.lines[-1].procedure.modifiers
    assert any(one in found[0].message for one in given), found[0].message


@pytest.mark.corpus
def test_every_row_with_a_misuse_is_shown(facts_dir):
    with facts_dir.joinpath("modifiers.csv").open(encoding="utf-8", newline="") as file:
        wanted = {row["modifier"] for row in csv.DictReader(file) if row["do_not_use"]}
    assert wanted == set(SHOWN) | set(NOT_ON_A_CLAIM)


@pytest.mark.parametrize(
    ("payer", "given", "wanted"),
    [
        ("medicare", ("GP", "CQ", "59"), "59 CQ GP"),
        ("medicare", ("KX", "GP"), "GP KX"),
        ("medicare", ("CR", "97", "GP"), "GP 97 CR"),
        ("commercial", ("GP", "XS"), "XS GP"),
        ("medicaid", ("GP", "U2", "59"), "59 U2 GP"),
    ],
)
def test_the_payers_order_is_named(make, payer, given, wanted):
    (found,) = make.findings(make.draft(make.row(modifiers=given), payer=payer), code="MOD006")
    assert (found.severity, found.fix) == (Severity.INFO, f"Write {wanted}.")
    in_order = make.draft(make.row(modifiers=tuple(wanted.split())), payer=payer)
    assert make.findings(in_order, code="MOD006") == []


def test_an_order_that_the_payer_does_not_have_is_not_asked(make):
    payers = make.payers(modifiers=make.replace(make.payers()["medicare"].modifiers, order=()))
    assert make.findings(make.draft(make.row(modifiers=("GP", "59"))), payers=payers, code="MOD006") == []


@pytest.mark.parametrize(
    ("code", "modifiers"),
    [
        ("99213", ("25",)),
        ("97760", ("GP", "LT")),
        ("97012", ("76", "GP")),
        ("98943", ("51",)),
        ("97161", ("52", "GP")),
        ("29540", ("LT",)),
    ],
)
def test_what_is_right_on_a_code_is_not_told(make, code, modifiers):
    assert make.findings(make.draft(make.row(code, modifiers=modifiers)), code="MOD008") == []


@pytest.mark.parametrize(
    ("code", "severity"),
    [("97110", Severity.ERROR), ("97129", Severity.WARNING), ("97010", Severity.WARNING), ("20560", None)],
)
def test_a_missing_discipline_weighs_as_sure_as_the_list_is(make, code, severity):
    found = make.findings(make.draft(make.row(code, modifiers=())), code="DSC001")
    assert [one.severity for one in found] == ([severity] if severity else [])
    assert all("lacks GP" in one.message for one in found)


@pytest.mark.parametrize(
    ("abn", "modifiers", "codes"),
    [
        ("signed", ("GA",), set()),
        ("signed", ("GX",), {"ABN001"}),
        ("signed", ("GZ",), {"ABN001"}),
        ("voluntary", ("GX", "GY"), set()),
        ("voluntary", ("GA",), {"ABN001"}),
        ("none", ("GZ",), set()),
        ("none", ("GX",), {"ABN001"}),
        ("", ("GX",), {"ABN003"}),
        ("", ("GZ",), set()),
        ("", ("GY",), set()),
        ("voluntary", (), {"ABN002"}),
    ],
)
def test_statements_of_liability_against_the_notice(make, abn, modifiers, codes):
    draft = make.draft(make.row(modifiers=("GP", *modifiers), session={"abn": abn}))
    assert {one.code for one in make.findings(draft) if one.code.startswith("ABN")} == codes


@pytest.mark.parametrize("payer", ["commercial", "medicaid", "workers_comp"])
def test_other_payers_have_no_notice(make, payer):
    draft = make.draft(make.row(modifiers=("GP", "GA"), session={"abn": "none"}), payer=payer)
    assert [one.code for one in make.findings(draft) if one.code.startswith("ABN")] == []


@pytest.mark.parametrize(
    ("active", "modifiers", "told"),
    [
        (True, (), [("CHI001", Severity.ERROR)]),
        (None, (), [("CHI001", Severity.WARNING)]),
        (False, (), []),
        (False, ("AT",), [("CHI002", Severity.ERROR)]),
        (True, ("AT",), []),
        (None, ("AT",), []),
        (None, ("GA",), []),
    ],
)
def test_active_care(make, active, modifiers, told):
    draft = make.draft(
        make.row("98940", modifiers=modifiers, session={"active_care": active}), discipline="DC"
    )
    found = [one for one in make.findings(draft) if one.code.startswith("CHI")]
    assert [(one.code, one.severity) for one in found] == told
    unchecked = [one.message.startswith("UNCHECKED") for one in found]
    assert unchecked == [severity is Severity.WARNING for _, severity in told]


@pytest.mark.parametrize(
    ("telehealth", "place", "modifiers", "told"),
    [
        ("video", "02", ("95",), set()),
        ("video", "10", ("GT",), set()),
        ("audio", "10", ("93",), set()),
        ("video", "10", (), {"TEL002"}),
        ("audio", "02", ("95",), {"TEL004"}),
        ("video", "02", ("93",), {"TEL004"}),
        ("video", "", (), {"TEL001"}),
        ("video", "", ("95",), {"TEL003"}),
        ("", "", ("93",), {"TEL003"}),
        ("", "02", ("GQ",), set()),
        ("", "", (), set()),
    ],
)
def test_place_modifier_and_row_of_telehealth(make, telehealth, place, modifiers, told):
    row = make.row(
        modifiers=("GP", *modifiers), session={"telehealth": telehealth}, line={"place_of_service": place}
    )
    found = {one.code for one in make.findings(make.draft(row)) if one.code.startswith("TEL")}
    assert found == told
    whole = make.draft(
        make.row(modifiers=("GP", *modifiers), session={"telehealth": telehealth}),
        place_of_service=place or "11",
    )
    assert {one.code for one in make.findings(whole) if one.code.startswith("TEL")} == told
