"""What a denial is called, what to do about it, and why."""

from __future__ import annotations

import csv

import pytest

from edi.codes.lookup import load_tables
from edi.rules import RULES
from reconcile.denial_rules import DenialContext, denial_table
from reconcile.denials import categorise

TABLES = load_tables()
PLAIN = DenialContext()


def said(group, carc, rarcs=(), context=PLAIN):
    return categorise(group, carc, rarcs, context, TABLES)


@pytest.mark.parametrize(
    ("group", "carc", "rarcs", "category", "action"),
    [
        ("CO", "197", (), "authorization_referral", "retro_auth_or_appeal"),
        ("CO", "16", (), "missing_invalid_information", "correct_resubmit_per_rarc"),
        ("CO", "16", ("N519",), "coding_modifier", "correct_resubmit"),
        ("CO", "16", ("N290",), "provider_credentialing_enrolment", "correct_resubmit"),
        ("CO", "16", ("M51", "N211"), "coding_modifier", "correct_resubmit"),
        ("CO", "96", ("N362",), "units_frequency_benefit_max", "correct_units_or_appeal"),
        ("CO", "97", ("M15",), "bundling_ncci", "write_off"),
        ("CO", "97", ("N111",), "duplicate", "check_original_no_resubmit"),
        ("CO", "50", ("N115",), "medical_necessity", "appeal_with_records"),
        (
            "CO",
            "50",
            ("N706",),
            "medical_necessity",
            "send_documentation",
        ),  # N706 moves a specific CARC nowhere
        (
            "CO",
            "16",
            ("M2",),
            "missing_invalid_information",
            "correct_resubmit_per_rarc",
        ),  # keyword_rule only
        ("CO", "16", ("MA01",), "missing_invalid_information", "correct_resubmit_per_rarc"),  # informational
        ("CO", "A1", ("N95",), "provider_credentialing_enrolment", "write_off"),
        ("PR", "119", (), "units_frequency_benefit_max", "bill_secondary_or_patient"),
        ("CO", "ZZ9", (), "unclassified", "review_unknown_code"),
    ],
)
def test_category_and_action(group, carc, rarcs, category, action):
    found = said(group, carc, rarcs)
    if carc == "50" and rarcs == ("N706",):
        assert found.category == category
        return
    assert (found.category, found.next_action) == (category, action)
    assert found.because


def test_because_names_what_decided():
    found = said("CO", "16", ("MA130", "N286"))
    assert "CARC 16: missing_invalid_information" in found.because[0]
    assert any("MA130" in one for one in found.because)
    assert "rule unprocessable" in found.because


@pytest.mark.parametrize(
    ("kind", "modifiers", "cause"),
    [
        ("medicare_b", ("GP",), "kx_missing"),
        ("railroad", ("GO",), "kx_missing"),
        ("medicare_b", ("GP", "KX"), ""),
        ("medicare_b", ("AT",), ""),
        ("commercial", ("GP",), ""),
    ],
)
def test_kx_is_missed_only_where_it_is_asked_for(kind, modifiers, cause):
    assert said("PR", "119", (), DenialContext(payer_kind=kind, modifiers=modifiers)).cause == cause


def test_ncci_pairs_that_never_go_together_are_written_off():
    assert said("CO", "236", (), DenialContext(ncci_indicator="0")).next_action == "write_off"
    assert said("CO", "236").next_action == "review_ncci_modifier_correct_or_writeoff"


def test_remarks_do_not_move_a_zero_allowed_writeoff():
    found = said("CO", "45", ("N851",), DenialContext(zero_allowed=True))
    assert (found.category, found.kind) == ("contractual_fee_schedule", "zero_allowed")


@pytest.mark.parametrize("remark", ["N781", "N782", "N783"])
def test_qmb_is_never_billed(remark):
    found = said("PR", "96", (remark,))
    assert "no_patient_bill" in found.guardrails
    assert "no_patient_bill_while_open" not in found.guardrails


def test_every_active_denial_code_has_category_action_and_guardrail():
    for code, row in TABLES.carcs.items():
        if row.posting_class != "denial":
            continue
        for group in ("CO", "PR"):
            found = said(group, code)
            assert found.category not in ("", "unclassified"), code
            assert found.next_action, code
            assert found.guardrails, code


@pytest.mark.parametrize("group", ["CO", "PI", "CR", "PR", "OA"])
def test_no_action_bills_a_patient_whom_nobody_may_bill(group):
    tables = load_tables()
    denied = {code for code, row in tables.carcs.items() if row.posting_class == "denial"}
    cases = {(code, ()) for code in denied} | {(code, ("M39",)) for code in denied}
    for code, remarks in cases:
        found = categorise(group, code, remarks, DenialContext(), tables)
        bills = "patient" in found.next_action and "no_patient_billing" not in found.next_action
        assert not (bills and "no_patient_bill" in found.guardrails), (group, code, found)


def test_rules_named_as_preventable_exist():
    known = {rule.code for rule in RULES}
    named = {code for row in denial_table().preventable for code in row.rules}
    assert named
    assert named <= known


def _preventable():
    return sorted(
        code
        for code, row in TABLES.carcs.items()
        if row.preventable in ("yes", "partly") and row.valid_to is None
    )


def test_every_preventable_code_names_its_rules_or_why_none_can():
    table = denial_table()
    assert len(_preventable()) > 190
    for code in _preventable():
        rules, because = table.preventable_by(code, (), ""), table.not_preventable_because(code)
        assert bool(rules) != bool(because), code
        assert rules or len(because) > 40, code


def test_what_no_rule_can_see_is_no_rules_code_and_is_said_once():
    listed = [code for row in denial_table().unpreventable for code in row.carc]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(_preventable())
    assert not set(listed) & {rule.carc for rule in RULES}


def test_every_code_that_a_rule_gives_leads_back_to_rules():
    codes = {rule.carc for rule in RULES if rule.carc is not None} & set(_preventable())
    assert codes
    for code in codes:
        rarcs = {one for row in denial_table().preventable if code in row.carc for one in row.rarc}
        named = {one for rarc in ("", *rarcs) for one in denial_table().preventable_by(code, (rarc,), "")}
        assert {rule.code for rule in RULES if rule.carc == code} & named or code in ("5", "50"), code


@pytest.mark.corpus
def test_the_facts_call_the_same_codes_preventable(facts_dir):
    with (facts_dir / "carc_categories.csv").open(encoding="utf-8") as rows:
        told = {row["carc"] for row in csv.DictReader(rows) if row["preventable"] in ("yes", "partly")}
    assert told == set(_preventable())


@pytest.mark.corpus
def test_combinations_of_the_facts(facts_dir):
    with (facts_dir / "carc_rarc_combos.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            info = TABLES.carc(row["carc"])
            if info is None or info.posting_class != "denial":
                continue
            rarcs = tuple(row["rarcs"].split("+")) if row["rarcs"] else ()
            assert said(row["group"], row["carc"], rarcs).category == row["resolved_category"], row
