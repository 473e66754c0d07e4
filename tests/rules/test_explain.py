"""`claimloop explain`: every kind of code, codes that are several things, and codes that are none."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from cli.commands.explain import explain as command
from cli.exits import MEANING
from cli.jobs.code_texts import finding_codes
from cli.jobs.explain import explain, next_actions, similar
from cli.jobs.fix_texts import FIXES
from cli.jobs.word_texts import ACTIONS
from edi.codes import load_tables
from edi.rules import RULES
from reconcile.denial_rules import DenialContext
from reconcile.denials import categorise
from reconcile.values import Account, ClaimEvidence, DenialStatus, LineEvidence

TABLES = load_tables()


def kinds(code):
    return [one.kind for one in explain(code, TABLES, RULES)]


def run(*arguments):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("UNT003", ["rule"]),
        ("unt003", ["rule"]),
        ("97", ["carc"]),
        ("CO-97", ["carc"]),
        ("carc 97", ["carc"]),
        ("B7", ["carc"]),
        ("M15", ["rarc"]),
        ("bundling_ncci", ["category"]),
        ("143", ["carc", "exit_code"]),
        ("4", ["carc", "claim_status", "exit_code"]),
        ("co97", ["carc"]),
        ("CARC 4", ["carc"]),
        ("exit 4", ["exit_code"]),
        ("CO-999", []),
        ("CO", ["group"]),
        ("A7", ["carc", "acknowledgment_category"]),
        ("WO", ["provider_adjustment"]),
        ("zero_allowed", ["word"]),
        ("conflict", ["word", "word"]),
        ("bank", ["check"]),
        ("0", ["exit_code"]),
        ("nothing", []),
        ("", []),
    ],
)
def test_what_a_code_may_be(code, expected):
    assert kinds(code) == expected


def test_a_carc_says_what_a_biller_needs():
    (one,) = explain("97", TABLES, RULES)
    assert one.title == "included in another adjudicated service"
    assert one.facts["category"] == "bundling_ncci"
    assert one.facts["posting_class"] == "denial"
    assert [line.partition(":")[0] for line in one.facts["by_group"]] == ["CO", "PR", "OA", "PI"]
    assert "review_ncci_modifier_correct_or_writeoff" in one.facts["by_group"][0]
    assert "never bill patient" in one.facts["group_dependence"]
    assert one.facts["valid_from"] == "1995-01-01"
    assert "CO 97 M15: bundling_ncci, write_off (status-B code e.g. 97010)" in one.facts["with_remarks"]


def test_a_deactivated_carc_names_its_end_and_successor():
    (one,) = explain("15", TABLES, RULES)
    assert one.title == "deactivated on 2018-05-01"
    assert one.facts["successor"] == "284/296/197"


def test_a_rule_says_why_fix_and_carc():
    (one,) = explain("UNT003", TABLES, RULES)
    assert {"why", "fix", "source", "severity"} <= set(one.facts)
    assert one.facts["would_come_back_as"].startswith("CARC 151: ")


def test_every_code_is_explained():
    for code in (*TABLES.carcs, *TABLES.rarcs, *TABLES.categories, *(one.code for one in RULES)):
        found = explain(code, TABLES, RULES)
        assert found, code
        assert all(one.title and all(one.facts.values()) for one in found), code


def test_every_exit_code_is_explained():
    for code, meaning in MEANING.items():
        assert meaning in [one.title for one in explain(str(int(code)), TABLES, RULES)]


@pytest.mark.parametrize(
    ("code", "meant"),
    [("UNT03", "UNT003"), ("MA1300", "MA130"), ("bundling_nci", "bundling_ncci")],
)
def test_what_was_meant(code, meant):
    near = similar(code, TABLES, RULES)
    assert len(near) <= 3
    assert meant in near


@pytest.mark.parametrize("typed", ["CO-999", "999", "co 0", "12345"])
def test_a_number_suggests_nothing(typed):
    assert similar(typed, TABLES, RULES) == ()


@pytest.mark.parametrize("carc", ["204", "96", "27", "4", "97", "16"])
@pytest.mark.parametrize("group", ["CO", "PR", "OA", "PI"])
def test_a_group_is_answered_as_the_worklist_would(group, carc):
    made = categorise(group, carc, (), DenialContext(), TABLES)
    (one,) = explain(f"{group}-{carc}", TABLES, RULES)
    assert one.code == f"{group}-{carc}"
    assert one.facts["posted_as"] == "denied"
    assert one.facts["category"] == made.category
    assert one.facts["next_action"].startswith(f"{made.next_action}: ")
    assert tuple(word.partition(":")[0] for word in one.facts.get("guardrails", ())) == made.guardrails
    (bare,) = (one for one in explain(carc, TABLES, RULES) if one.kind == "carc")
    assert "next_action" not in bare.facts
    (line,) = (line for line in bare.facts["by_group"] if line.startswith(f"{group}: "))
    assert made.next_action in line
    assert all(word in line for word in made.guardrails)


def test_a_denial_by_the_provider_never_advises_to_bill_the_patient():
    (ours,) = explain("CO-204", TABLES, RULES)
    (patients,) = explain("PR-204", TABLES, RULES)
    assert ours.facts["next_action"].startswith("appeal_or_writeoff: Appeal")
    assert any(word.startswith("no_patient_bill:") for word in ours.facts["guardrails"])
    assert patients.facts["next_action"].startswith("bill_patient_or_secondary: ")
    assert "bill_patient" not in str(ours.facts["next_action"])


def test_what_is_no_denial_is_not_told_as_one():
    (ours,) = explain("CO-1", TABLES, RULES)
    (patients,) = explain("PR-1", TABLES, RULES)
    (schedule,) = explain("CO-45", TABLES, RULES)
    assert ours.facts["posted_as"].startswith("written off")
    assert ours.facts["next_action"].startswith("contact_payer_contracting_appeal: ")
    assert patients.facts["posted_as"].startswith("the patient's")
    assert schedule.facts["posted_as"].startswith("written off")
    whole = categorise("CO", "45", (), DenialContext(zero_allowed=True), TABLES)
    assert schedule.facts["next_action"].startswith(f"{whole.next_action}: ")


def test_every_next_action_is_a_sentence():
    for action in next_actions(TABLES):
        assert ACTIONS[action].endswith("."), action
        assert (
            action.replace("_", " ") not in ACTIONS[action].lower() or len(ACTIONS[action]) > len(action) + 8
        )


def test_every_group_and_carc_that_is_denied_has_an_action_with_a_sentence():
    for carc in TABLES.carcs:
        for group in ("CO", "PR", "OA", "PI"):
            for one in explain(f"{group}-{carc}", TABLES, RULES):
                assert "no text yet" not in str(one.facts), (group, carc)


def test_every_word_of_the_matcher_and_the_ledger_is_explained():
    words = {*ClaimEvidence, *LineEvidence, *Account, *DenialStatus} - {"none"}
    words |= {
        "unknown_payee",
        "no_claim",
        "ambiguous",
        "conflict",
        "lines_unmatched",
        "unbalanced",
        "other_patient",
    }
    words |= {"too_many_answers"}
    words |= {
        "submitted",
        "reversed",
        "pended",
        "partly_answered",
        "overpaid",
        "denied",
        "partly_denied",
        "settled",
    }
    words |= {"posted", "duplicate", "partial", "quarantined", "rejected", "suspense"}
    words |= {"merits", "unprocessable", "duplicate", "zero_allowed"}
    assert {word for word in words if "word" not in kinds(word)} == set()


def test_a_finding_of_the_intake_says_how_to_mend_it():
    (one,) = explain("CHG007", TABLES, RULES)
    assert "[[provider]]" in one.facts["fix"]
    assert set(FIXES) <= set(finding_codes())


def test_json_is_one_document():
    done = run("4", "--json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["schema_version"] == 1
    assert document["code"] == "4"
    assert [one["kind"] for one in document["explanations"]] == ["carc", "claim_status", "exit_code"]
    assert set(document["explanations"][0]) == {"kind", "code", "title", "facts"}


def test_text_has_a_heading_and_facts():
    done = run("97")
    assert done.exit_code == 0
    assert done.stdout.startswith(
        "CARC 97: included in another adjudicated service\n  category: bundling_ncci\n"
    )


def test_an_unknown_code_is_a_usage_error_with_a_question():
    done = run("UNT03")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "did you mean UNT003" in done.stderr


def test_a_rule_says_what_the_payers_make_of_it_and_whether_it_can_be_mended(tmp_path):
    (tmp_path / "claimloop.toml").write_text("", encoding="utf-8")
    (tmp_path / "payers.toml").write_text(
        """
[payer.harbor]
base = "commercial"
name = "Harbor"
[[payer.harbor.rule]]
code = "MOD002"
level = "warning"
reason = "takes them twice, by letter"
from = 2026-01-01
""",
        encoding="utf-8",
    )
    settings = ("--config", str(tmp_path / "claimloop.toml"))
    told = run("MOD002", *settings)
    assert "harbor: warning from 2026-01-01: takes them twice, by letter" in told.stdout
    assert "mended by: claimloop scrub --fix" in told.stdout
    other = run("MOD001", *settings, "--json")
    (one,) = json.loads(other.stdout)["explanations"]
    assert "at_your_payers" not in one["facts"]
    assert "mended_by" not in one["facts"]
