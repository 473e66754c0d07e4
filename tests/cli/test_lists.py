"""What the lists answer: days due, filters, next steps, money that waits, the denial rate's denominator."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import msgspec
import pytest

from cli.jobs.lists import (
    NEXT_STEPS,
    due_date,
    held_rows,
    known_payers,
    known_word,
    resubmit_by,
    unmatched_rows,
    waiting_footer,
)
from edi.model.errors import UsageError
from edi.payers.profile import AppealLevel, AppealsPolicy, FilingPolicy, PayerProfile
from reconcile.store.listing import DenialListing, HeldListing, UnmatchedListing
from tests.command_line import Office
from tests.remits import claim, file_of, line, payment

DENIAL = DenialListing(
    denial_id="1-1-CO50", practice_id="quill", patient_control_number="C1", line_control_number="L1",
    procedure_code="97110", date_of_service=date(2026, 2, 2), payer="larkspur", payer_name="LARKSPUR", group="CO",
    reason="50", remarks=(), category="medical_necessity", cause="", kind="merits", extent="full", charge=6500,
    amount=6500, status="open", counted=True, next_action="appeal_with_records", guardrails=("no_patient_bill",),
    preventable_by=(), because=(), remitted_on=date(2026, 3, 1), trace_number="T1", claim_payer="larkspur",
)  # fmt: skip
PAYERS = {
    "larkspur": PayerProfile(
        key="larkspur",
        name="Larkspur",
        filing=FilingPolicy(initial_days=120),
        appeals=AppealsPolicy(levels=(AppealLevel(days=180), AppealLevel(days=60, clock="decision"))),
    ),
    "plain": PayerProfile(key="plain", name="Plain"),
}
APPEAL, FILING = date(2026, 8, 28), date(2026, 6, 2)


@pytest.mark.parametrize(
    ("changes", "due", "resubmit"),
    [
        ({}, APPEAL, None),
        ({"guardrails": ("no_appeal", "no_patient_bill")}, None, None),
        ({"guardrails": ("no_resubmit",)}, None, None),
        ({"kind": "duplicate"}, None, None),
        ({"kind": "unprocessable", "guardrails": ("no_appeal",)}, FILING, FILING),
        ({"kind": "unprocessable", "date_of_service": None, "claim_date_from": date(2026, 2, 2)}, FILING, FILING),
        ({"kind": "unprocessable", "date_of_service": None}, None, None),
        ({"kind": "unprocessable", "payer": "plain"}, None, None),
        ({"payer": "9999999", "payer_name": "WHO"}, APPEAL, None),
        ({"payer": "9999999", "claim_payer": "nobody"}, None, None),
        ({"payer": "plain"}, None, None),
        ({"remitted_on": None}, None, None),
    ],
)  # fmt: skip
def test_what_is_due_and_when(changes, due, resubmit):
    denial = msgspec.structs.replace(DENIAL, **changes)
    assert (due_date(denial, PAYERS), resubmit_by(denial, PAYERS)) == (due, resubmit)


KNOWN = [
    ("blue", "HARBOR BLUE"),
    ("blue", "Harbor Blue Mutual"),
    ("federal", "FEDERAL B"),
    ("", "HARBOR LIGHT"),
]


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ("BLUE", {"blue"}),
        ("harbor blue", {"blue"}),
        ("fed", {"federal"}),
        ("mutual", {"blue"}),
        ("light", {""}),
    ],
)
def test_a_payer_is_meant_by_key_name_or_part(given, keys):
    assert {key for key, _ in known_payers(given, KNOWN)} == keys
    assert keys != {"blue"} or len(known_payers(given, KNOWN)) == 2, "all names of the payer"


@pytest.mark.parametrize(
    ("given", "said"), [("harbor", "could be any of"), ("x", "is none of"), ("", "none|any")]
)
def test_a_payer_that_is_not_clear_is_an_error_that_names_the_known(given, said):
    with pytest.raises(UsageError, match=said) as caught:
        known_payers(given, KNOWN)
    assert "HARBOR LIGHT" in str(caught.value)


def test_a_word_is_found_in_any_case_and_else_named():
    assert known_word("--status", "Denied", ["denied", "settled"]) == "denied"
    with pytest.raises(UsageError, match="--status: 'denyed' is none of denied, settled"):
        known_word("--status", "denyed", ["settled", "denied", ""])


def test_every_reason_has_a_next_step_and_it_is_said_once():
    one = HeldListing(
        id="x", kind="suspense", patient_control_number="", trace_number="", payer_name="", amount=100, reason="",
        detail="", file="",
    )  # fmt: skip
    held = held_rows([one, one, msgspec.structs.replace(one, kind="conflict")])
    assert waiting_footer(held, 300, "payment", "kind") == [
        "3 payments, 3.00",
        f"suspense: {NEXT_STEPS['suspense']}",
        f"conflict: {NEXT_STEPS['conflict']}",
    ]
    other = UnmatchedListing(
        id=1, patient_control_number="", payer_name="", payer_claim_control_number="", charge=0, paid=0, reason="",
        detail="", candidates=(), trace_number="", file="",
    )  # fmt: skip
    reasons = (
        "unknown_payee",
        "no_claim",
        "ambiguous",
        "conflict",
        "lines_unmatched",
        "other_patient",
        "too_many_answers",
    )
    steps = [
        row["next_step"] for row in unmatched_rows(msgspec.structs.replace(other, reason=r) for r in reasons)
    ]
    assert len(set(steps)) == len(reasons)
    assert "reissue" not in steps[3]


# -- through the command line ----------------------------------------------------------------------------------------

BROKEN, PENDED, DENIED, NEW_CLAIM = "MCC17WDRQP", "QFC2FSRJHE", "QFC4VLJ2YS", "QFC3NP5B83"


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> Office:
    """An office: one claim answered by money that does not add up, one pended, one denied, one unprocessable."""
    office = Office(tmp_path_factory.mktemp("lists") / "office")
    office.create()
    charges = {row["patient_control_number"]: row for row in office("claims", "list", "--json").json}
    npi = {"marrow": "1700000007", "quill": "1700000015"}
    found = {}
    for name in (BROKEN, PENDED, DENIED, NEW_CLAIM):
        story = office("claims", "show", name, "--json").json["claims"][0]
        found[name] = story["practice_id"], story["lines"]
    assert charges[BROKEN]["waiting"] is None
    texts = (office.folder / "claimloop.toml").read_text(encoding="utf-8").split("[[practice]]")[1:]
    for text in texts:
        fields = dict(one.split(" = ", 1) for one in text.splitlines() if " = " in one)
        npi.setdefault(fields["id"].strip('"'), fields["npi"].strip('"'))
        npi[fields["id"].strip('"')] = fields["npi"].strip('"')

    def lines(name, *adjustment):
        return [
            line(
                one["procedure_code"],
                cents(one["charge"]),
                0 if adjustment else cents(one["charge"]),
                adjustments=[f"{adjustment[0]}*{one['charge']}"] if adjustment else None,
                number=one["line_control_number"],
                day=one["date_of_service"].replace("-", ""),
                extra=adjustment[1:],
            )
            for one in found[name][1]
        ]

    answers = {
        BROKEN: claim(BROKEN.lower(), *lines(BROKEN), charge=99900, patient="*"),
        PENDED: claim(PENDED, *lines(PENDED, "OA*133"), status="4", patient="*"),
        DENIED: claim(DENIED, *lines(DENIED, "CO*50"), status="4", patient="*"),
        NEW_CLAIM: claim(NEW_CLAIM, *lines(NEW_CLAIM, "CO*16", "LQ*HE*MA130"), status="4", patient="*"),
    }
    for number, (name, told) in enumerate(answers.items(), 1):
        file = office.folder / f"m{number}.835"
        head = payment([told], trace=f"T{number}", npi=npi[found[name][0]], payer="1909090000")
        file.write_bytes(file_of(head, control=number))
        office("ingest", file)
    return office


def cents(text: str) -> int:
    return int(text.replace(".", ""))


def test_money_in_suspense_is_told_with_the_claim_it_names(answered):
    told = answered("claims", "show", BROKEN).out
    assert "65.00 held in suspense (BAL" in told
    assert "file m1.835; see claimloop held list" in told
    document = answered("claims", "show", BROKEN, "--json").json["claims"][0]
    assert [(one["outcome"], one["paid"]) for one in document["waiting"]] == [("suspense", "65.00")]
    assert isinstance(document["next_actions"], list)
    rows = {row["patient_control_number"]: row for row in answered("claims", "list", "--json").json}
    assert rows[BROKEN]["waiting"] == "65.00"
    assert {row["waiting"] for name, row in rows.items() if name != BROKEN} == {None}
    assert "suspense" not in answered("claims", "show", DENIED).out


def test_held_rows_say_what_to_do_next(answered):
    (row,) = answered("held", "list", "--json").json
    assert row["next_step"] == NEXT_STEPS["suspense"]
    table = answered("held", "list").out
    assert "1 payment, 65.00" in table
    assert table.count(NEXT_STEPS["suspense"]) == 1


def test_denials_in_the_story_name_line_day_and_guardrails(answered):
    told = answered("claims", "show", DENIED).out.splitlines()
    first = next(text for text in told if text.startswith("  denied"))
    assert "line 1 97" in first
    assert "[L0" in first
    assert "CO-50" in first
    assert told[told.index(first) + 1].strip() == "due 2026-09-16   guardrails no_patient_bill"


def test_reasons_are_whole_and_csv_has_guardrails(answered):
    rows = answered("denials", "list", "--json").json
    denied = [row for row in rows if row["patient_control_number"] == DENIED]
    assert denied[0]["because"][0] == "CARC 50: medical_necessity"
    unprocessable = next(row for row in rows if row["patient_control_number"] == NEW_CLAIM)
    assert unprocessable["due_date"] == unprocessable["resubmit_by"] == "2026-08-01"
    read = list(csv.DictReader(io.StringIO(answered("denials", "list", "--format", "csv").out)))
    assert {"guardrails", "because", "due_date"} <= set(read[0])
    assert any("CARC 50: medical_necessity; rule" in row["because"] for row in read)


def test_the_denominator_leaves_out_pended_and_unprocessable_claims(answered):
    report = answered("report", "denials", "--json").json
    assert report["rate"]["denied_claims"] == report["rate"]["adjudicated_claims"] == 1
    assert report["rate"]["denied"] == report["rate"]["adjudicated"] == "174.00"
    assert report["total"]["count"] == sum(row["count"] for row in report["rows"])
    assert "\ntotal " in answered("report", "denials").out


def test_days_left_are_counted_from_the_day_given(answered):
    rows = answered("denials", "list", "--json", "--as-of", "2026-05-01").json
    later = answered("denials", "list", "--json", "--as-of", "2026-05-31").json
    assert {row["days_left"] for row in rows if row["due_date"] is None} <= {None}
    dated = [(one, two) for one, two in zip(rows, later, strict=True) if one["due_date"] is not None]
    assert dated
    for one, two in dated:
        assert one["days_left"] == (date.fromisoformat(one["due_date"]) - date(2026, 5, 1)).days
        assert two["days_left"] == one["days_left"] - 30
    late = sum(row["days_left"] is not None for row in rows)
    assert f"{late} past the day due" in answered("denials", "list", "--as-of", "2099-01-01").out
    assert "past the day due" not in answered("denials", "list", "--as-of", "2000-01-01").out


def test_the_table_of_denials_ends_with_a_summary(answered):
    rows = answered("denials", "list", "--json").json
    last = answered("denials", "list").out.rstrip().splitlines()[-1]
    amount = sum(cents(row["amount"]) for row in rows)
    assert last.startswith(f"{len(rows)} denials, {amount / 100:.2f} denied; recovered and reversed")
    assert "--all" not in answered("denials", "list", "--all").out


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (("denials", "list", "--payer", "larkspurr"), "larkspur"),
        (("denials", "list", "--category", "medical"), "medical_necessity"),
        (("denials", "list", "--practice", "quil"), "quill"),
        (("claims", "list", "--practice", "quil"), "quill"),
        (("claims", "list", "--status", "denyed"), "partly_denied"),
    ],
)
def test_a_filter_with_a_typo_ends_2_and_names_the_known(answered, words, known):
    told = answered(*words)
    assert (told.code, told.out) == (2, "")
    assert known in told.err


def test_filters_find_in_any_spelling(answered):
    rows = answered("denials", "list", "--payer", "harbor", "--category", "Medical_Necessity", "--json").json
    assert {row["patient_control_number"] for row in rows} == {DENIED}
    assert json.loads(answered("claims", "list", "--status", "overpaid", "--json").out) == []
