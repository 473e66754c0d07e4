"""payers.toml: the shipped packs, an installation's own payers, and who an 835 is from."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from edi.model.finding import Finding, Severity
from edi.payers import PayerProfile, identify_payer, load_payers, shipped_packs
from edi.payers.profile import AppealLevel, LagDays, RemitIdentity, RuleOverride

PACKS = ("commercial", "medicare_b", "medicaid", "va_ccn", "workers_comp", "auto")


def load(text: str) -> tuple[dict[str, PayerProfile], tuple[Finding, ...]]:
    return load_payers(tomllib.loads(text), "payers.toml")


def test_the_shipped_packs():
    packs = shipped_packs()
    assert tuple(packs) == PACKS
    assert {key: pack.kind for key, pack in packs.items()} == {key: key for key in PACKS}
    assert all(pack.key == key and pack.name for key, pack in packs.items())


def test_the_packs_have_no_unknown_keys():
    _, findings = load_payers({"payer": {key: {"base": key} for key in PACKS}})
    assert findings == ()


def test_medicare_part_b_as_the_design_says():
    pack = shipped_packs()["medicare_b"]
    assert pack.units.method == "cms"
    assert (pack.modifiers.discipline_required, pack.modifiers.kx, pack.modifiers.assistant) == (
        True,
        True,
        "CQ/CO",
    )
    assert pack.providers.referring_required
    assert not pack.providers.assistant_may_render
    assert (pack.corrections.method, pack.corrections.void) == ("reopening", False)
    assert not pack.claim.dependents_have_own_id
    assert (pack.filing.initial_days, pack.filing.initial_months) == (None, 12)
    assert (pack.filing_indicator, pack.remittance.plb_reference) == ("MB", "medicare")
    assert not pack.edits.accepts_97014


@pytest.mark.parametrize(
    ("key", "indicator", "method"),
    [
        ("commercial", "CI", "midpoint"),
        ("medicaid", "MC", "cms"),
        ("va_ccn", "VA", "cms"),
        ("workers_comp", "WC", "midpoint"),
        ("auto", "AM", "midpoint"),
    ],
)
def test_the_other_packs(key, indicator, method):
    pack = shipped_packs()[key]
    assert (pack.filing_indicator, pack.units.method) == (indicator, method)


def test_the_va_wants_an_authorization_for_everything():
    assert shipped_packs()["va_ccn"].authorization.required("97124")
    assert not shipped_packs()["commercial"].authorization.required("97124")


FULL = """
[payer.acme]
name = "ACME"
kind = "bcbs"
claim_id = { default = "12345", office_ally = "MC001" }
eligibility_id = "E1"
filing_indicator = "BL"
address = { line_1 = "PO BOX 1", city = "LYNN", state = "MA", zip = "01901" }
remit = { trn03 = ["1512345678"], n104 = ["PAYOR123"], names = ["ACME*"] }
capitated = true
[payer.acme.units]
method = "strict15"
max_timed_units_per_day = 4
one_unit_per_code = true
[payer.acme.edits]
ncci = "none"
mue = false
pairs = [["97110", "97530"]]
bundled = ["97010"]
accepts_97014 = false
[payer.acme.modifiers]
discipline_required = true
assistant = "CQ/CO"
kx = true
at = true
order = ["59", "GP", "CQ", "KX"]
[payer.acme.providers]
assistant_may_render = true
supervising_required = true
referring_required = true
lmt_payable = true
taxonomy_required = true
[payer.acme.claim]
span = "week"
max_lines = 6
dependents_have_own_id = true
report_patient_paid = true
attachments = "fax"
[payer.acme.corrections]
method = "new_claim"
replacement_clm01 = "new"
void = false
resend_denied_lines_only = true
[payer.acme.filing]
initial_days = 120
secondary_days = 60
corrected_days = 180
clock = "primary_remittance"
[payer.acme.appeals]
levels = [{ days = 180, clock = "remittance" }, { days = 60, clock = "decision" }]
reopening_days = 30
address = "PO BOX 2"
fax = "6175550199"
portal = "portal.example"
[payer.acme.authorization]
required_for = ["97110"]
from_visit = 7
referral = true
[payer.acme.secondary]
crosses_over_to = ["other"]
wants = "claim"
bill_when_primary_paid_zero = false
[payer.acme.remittance]
sends_835 = false
lag_days = { p50 = 10, p90 = 20 }
drops = ["modifiers", "REF6R"]
status_2_means_primary = true
claim_level_cas_repeats_lines = true
plb_reference = "medicare"
[[payer.acme.rule]]
code = "UNT003"
level = "off"
from = 2026-01-01
to = 2026-06-30
reason = "counts each code by itself"
"""


def test_every_key_of_the_design():
    profiles, findings = load(FULL)
    assert findings == ()
    acme = profiles["acme"]
    assert acme.remit == RemitIdentity(trn03=("1512345678",), n104=("PAYOR123",), names=("ACME*",))
    assert acme.edits.pairs == (("97110", "97530"),)
    assert acme.appeals.levels == (AppealLevel(days=180), AppealLevel(days=60, clock="decision"))
    assert acme.remittance.lag_days == LagDays(p50=10, p90=20)
    assert acme.address is not None
    assert acme.address.zip == "01901"
    assert acme.rules == (
        RuleOverride(
            code="UNT003",
            level="off",
            reason="counts each code by itself",
            valid_from=date(2026, 1, 1),
            valid_to=date(2026, 6, 30),
        ),
    )
    assert (acme.claim.span, acme.claim.max_lines, acme.corrections.replacement_clm01) == ("week", 6, "new")


def test_the_id_depends_on_the_clearinghouse():
    acme = load(FULL)[0]["acme"]
    assert (acme.claim_id_for("office_ally"), acme.claim_id_for("else"), acme.claim_id_for()) == (
        "MC001", "12345", "12345",
    )  # fmt: skip
    assert shipped_packs()["commercial"].claim_id_for() == ""


@pytest.mark.parametrize(
    ("day", "holds"), [("2025-12-31", 0), ("2026-01-01", 1), ("2026-06-30", 1), ("2026-07-01", 0)]
)
def test_a_rule_override_has_its_dates(day, holds):
    assert load(FULL)[0]["acme"].rules[0].holds_on(date.fromisoformat(day)) == bool(holds)


def test_own_keys_win_over_the_pack():
    profiles, findings = load(
        """
        [payer.mac]
        name = "MAC"
        kind = "medicare_b"
        [payer.mac.units]
        max_timed_units_per_day = 6
        [payer.mac.edits]
        bundled = []
        """
    )
    assert findings == ()
    mac = profiles["mac"]
    assert (mac.units.method, mac.units.max_timed_units_per_day) == ("cms", 6)
    assert mac.edits.bundled == ()
    assert not mac.edits.accepts_97014


@pytest.mark.parametrize(
    ("head", "method"),
    [
        ("", "midpoint"),
        ('kind = "railroad"', "cms"),
        ('kind = "tricare"', "midpoint"),
        ('base = "medicaid"', "cms"),
        ('kind = "commercial"\nbase = "medicare_b"', "cms"),
    ],
)
def test_the_base_is_named_or_follows_the_kind(head, method):
    profiles, findings = load(f'[payer.x]\nname = "X"\n{head}')
    assert findings == ()
    assert profiles["x"].units.method == method
    assert profiles["x"].name == "X"


def test_a_pack_does_not_lend_its_name():
    profiles, findings = load('[payer.x]\nkind = "commercial"')
    assert profiles == {}
    assert [finding.severity for finding in findings] == [Severity.ERROR]
    assert "name" in findings[0].message


@pytest.mark.parametrize(
    ("text", "code", "field", "said"),
    [
        ('[payer.x]\nname="X"\nclam_id={}', "SET001", "payer.x.clam_id", "Did you mean claim_id?"),
        ('[payer.x]\nname="X"\n[payer.x.units]\nmetod="cms"', "SET001", "payer.x.units.metod", "method"),
        ('[payer.x]\nname="X"\n[payer.x.units]\nmethod="eight"', "SET002", "payer.x.units.method", "cms"),
        ('[payer.x]\nname="X"\n[payer.x.claim]\nmax_lines="6"', "SET002", "payer.x.claim.max_lines", "int"),
        ('[payer.x]\nname="X"\nkind="cash"', "SET002", "payer.x.kind", "medicare_b"),
        ('[payer.x]\nname="X"\nbase="gold"', "SET003", "payer.x.base", "commercial"),
        ("[payer]\nx = 1", "SET004", "payer.x", "[payer.key]"),
        ("payer = 1", "SET004", "payer", "[payer.key]"),
        ("[payers.x]", "SET001", "payers.toml.payers", "payer"),
        (
            '[payer.x]\nname="X"\n[[payer.x.rule]]\ncode="A"\nlevel="of"\nreason="r"',
            "SET002",
            "payer.x.rule[0].level",
            "off",
        ),
        (
            '[payer.x]\nname="X"\n[[payer.x.rule]]\ncode="A"\nlevel="off"\nreason="r"\nform=2026-01-01',
            "SET001",
            "payer.x.rule.form",
            "from",
        ),
    ],
)
def test_wrong_keys_and_values_are_named(text, code, field, said):
    _, findings = load(text)
    (finding,) = findings
    assert (finding.code, finding.location.field, finding.location.file) == (code, field, "payers.toml")
    assert said in finding.message + finding.fix
    assert finding.severity == (Severity.WARNING if code == "SET001" else Severity.ERROR)


def test_a_wrong_payer_does_not_take_the_others_along():
    profiles, findings = load('[payer.x]\nname=1\n[payer.y]\nname="Y"')
    assert list(profiles) == ["y"]
    assert len(findings) == 1


# -- who an 835 is from --------------------------------------------------------------------------------------------

SENDERS = """
[payer.acme]
name = "ACME"
claim_id = { default = "99999" }
remit = { trn03 = ["1512345678"], n104 = ["PAYOR123"], names = ["ACME*", "* OF ACME"] }
[payer.blue_east]
name = "BLUE EAST"
remit = { trn03 = ["1777777777"], n104 = ["EAST"], names = ["BLUE PLAN*"] }
[payer.blue_west]
name = "BLUE WEST"
remit = { trn03 = ["1777777777"], n104 = ["WEST"], names = ["BLUE PLAN*", "WEST?PLAN"] }
[payer.silent]
name = "SILENT"
"""


@pytest.mark.parametrize(
    ("trn03", "n104", "name", "expected"),
    [
        ("1512345678", None, None, "acme"),
        (" 1512345678 ", "", "", "acme"),
        (None, "payor123", None, "acme"),
        (None, None, "Acme  Health", "acme"),
        (None, None, "BANK OF ACME", "acme"),
        ("1777777777", "WEST", None, "blue_west"),
        ("1777777777", "EAST", "WEST PLAN", "blue_east"),
        ("1777777777", None, "west-plan", "blue_west"),
        ("1777777777", None, "BLUE PLAN", None),
        ("1777777777", "PAYOR123", None, None),
        ("1512345678", "WEST", "BLUE PLAN", "acme"),
        ("0000000000", "EAST", None, "blue_east"),
        (None, "99999", None, None),
        ("99999", None, "SILENT", None),
        (None, None, None, None),
    ],
)
def test_identify(trn03, n104, name, expected):
    assert identify_payer(load(SENDERS)[0], trn03, n104, name) == expected


def test_payers_that_no_835_can_tell_apart():
    text = '[payer.a]\nname="A"\nremit={trn03=["1"]}\n[payer.b]\nname="B"\nremit={trn03=["1"]}'
    assert [finding.code for finding in load(text)[1]] == ["SET005"]
    assert load(SENDERS)[1] == ()


LONG = "9" * 5000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f'[payer.acme]\nname="A"\n{LONG}=1', "SET001"),
        (f'[payer.{LONG}]\nname="A"\nname_=1', "SET001"),
        (f"[payer.{LONG}]\nname=1", "SET002"),
        (f'[payer.acme]\nname="A"\n[payer.acme.units]\nmethod="{LONG}"', "SET002"),
        (f'[payer.{LONG}]\nname="A"\nbase="{LONG}"', "SET003"),
        (f"[payer]\n{LONG}=1", "SET004"),
        (SENDERS.replace("acme", LONG).replace("globex", "a" + LONG), ""),
        (
            f'[payer.{LONG}]\nname="A"\nremit={{trn03=["1"]}}\n[payer.b{LONG}]\nname="B"\nremit={{trn03=["1"]}}',
            "SET005",
        ),
        (f'[payer.acme]\nname="A"\n[[payer.acme.rule]]\ncode="{LONG}"\nlevel="off"\nreason=""', "SET015"),
    ],
)
def test_a_name_without_end_is_shown_cut(text, code):
    found = load(text)[1]
    assert [one.code for one in found] == ([code] if code else [])
    for one in found:
        assert all(len(said) < 400 for said in (one.message, one.fix, one.location.field or ""))
