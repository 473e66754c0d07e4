"""Rejections in words: which claim, which field, what to do; pyx12's own 999 of broken files is understood."""

from __future__ import annotations

from datetime import datetime

import pytest

from cli.jobs.rejected.explaining import Explainer, rejection_rows
from cli.jobs.rejected.places import places
from cli.jobs.rejected.words import problems, said_of
from edi.codes import load_tables
from edi.payers import PayerProfile
from reconcile.store.open_work import open_work
from reconcile.store.rejections import Answer, Sent, count_rejected, rejections
from tests.command_line import claimloop
from tests.jobs.acks import HEAD, claim_answer, from_partner
from tests.jobs.broken_claims import NUMBERS, file_of_two, keep_sent, pyx12_answer

FIRST, SECOND = NUMBERS
TABLES = load_tables()
OTHERS = "its whole transaction set was, because of errors in another claim"


def told(desk):
    """The rows of `work list` by claim."""
    with desk.store.read() as connection:
        found = rejections(connection)
        assert count_rejected(connection) == len(found)
        keys = [
            key for key in open_work(connection, now=datetime(2026, 3, 20)) if key.startswith("rejection:")
        ]
        assert len(keys) == len(found)
    rows = rejection_rows(found, Explainer(desk.store.vault, TABLES), {})
    return {row["claim"]: row for row in rows}


def spoiled(old: str, new: str, *, claim: str = SECOND) -> str:
    """The file with a change in one claim's part, counted anew."""
    head, mark, tail = file_of_two().partition(f"CLM*{claim}")
    assert old in tail
    return head + mark + tail.replace(old, new, 1)


# -- pyx12's own 999 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (
            spoiled("HI*ABK:M5450", "HI*ABK"),
            OTHERS,
            "diagnoses (HI01-2 at 35 in loop 2300) is required and missing",
        ),
        (spoiled("HI*ABK:M5450", "HI*ABK", claim=FIRST), "diagnoses (HI01-2 at 20 in loop 2300)", OTHERS),
        (
            spoiled("*100*UN", "**UN"),
            OTHERS,
            "lines.charge (SV102 at 39 in loop 2400) is required and missing",
        ),
        (
            spoiled("**11:B:1", "**11:Q:1"),
            OTHERS,
            "CLM05-2 at 34 in loop 2300 is no code that is allowed there",
        ),
        (
            file_of_two().replace("*MB~", "*ZZZ~", 1),
            "subscriber.filing_indicator (SBR09 at 13 in loop 2000B) is too long",
            OTHERS,
        ),
        (
            file_of_two().replace("PRV*BI*PXC", "PRV*XX*PXC"),
            "PRV at 7 in loop 2000A is not known",
            "PRV at 7 in loop 2000A is not known",
        ),
    ],
)
def test_pyx12s_999_of_a_broken_file_names_claim_and_field(desk, text, first, second):
    keep_sent(desk.store, text)
    desk.ingest(pyx12_answer(text))
    rows = told(desk)
    assert first in rows[FIRST]["reason"]
    assert second in rows[SECOND]["reason"]
    for number, said in ((FIRST, first), (SECOND, second)):
        mended = "" if said == OTHERS else "--sessions FILE "
        assert rows[number]["command"] == f"claimloop claims correct {number} {mended}--out DIR"


def test_a_set_that_is_only_miscounted_is_said_so(desk):
    text = file_of_two().replace("\nSE*", "\nSE*9", 1)
    keep_sent(desk.store, text)
    desk.ingest(pyx12_answer(text))
    assert (
        told(desk)[FIRST]["reason"] == "999: the whole transaction set: SE01 is not the count of segments (4)"
    )


def test_pyx12s_999_of_a_sound_file_rejects_nothing(desk):
    keep_sent(desk.store, file_of_two())
    desk.ingest(pyx12_answer(file_of_two()))
    assert told(desk) == {}
    assert desk.rows("SELECT DISTINCT status FROM claim") == [("accepted",)]


def test_a_999_for_a_file_that_is_not_kept_still_says_what_it_says(desk):
    text = spoiled("HI*ABK:M5450", "HI*ABK")
    keep_sent(desk.store, text)
    desk.ingest(pyx12_answer(text))
    ((sha256,),) = desk.rows("SELECT sha256 FROM file WHERE direction = 'out'")
    desk.store.vault.remove(sha256)
    for row in told(desk).values():
        assert "HI01-2 at 35 is required and missing" in row["reason"]


# -- other answers ---------------------------------------------------------------------------------------------------


def test_a_context_names_the_claim_before_our_own_file_does():
    notes = "IK3 NM1 17 2010BB 8 CLM01 A 2 IK4 NM109 7 IK3 HI 20 8 IK4 HI01-2 1"
    one, other = problems(notes)
    assert (one.segment, one.position, one.loop, one.code, one.element, one.element_code) == (
        "NM1", 17, "2010BB", "8", "NM109", "7",
    )  # fmt: skip
    assert (one.claims, other.claims, other.loop) == (["A 2"], [], "")


def answer(**fields) -> Answer:
    plain = {
        "kind": "277CA", "level": "claim", "accepted": False, "code": "A7", "status": "562", "entity": "85",
        "line_control_number": "", "segment_in_error": "", "element_in_error": "", "notes": "", "date": None,
    }  # fmt: skip
    return Answer(**{**plain, **fields})


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "rejected: invalid information (A7): NPI (562) of billing provider (85)"),
        ({"notes": "STC A7:9999:XX AMT YY 5"}, "code 9999 (not known here) of code XX (not known here)"),
        ({"code": "Q9", "status": "", "entity": ""}, "code Q9 (not known here): no status"),
        ({"level": "line", "line_control_number": "L1"}, "line L1: rejected: invalid information (A7)"),
        ({"kind": "TA1", "status": "006"}, "the whole file: the sender (ISA06) is not known (006)"),
        ({"kind": "TA1", "status": "999"}, "the whole file: code 999 (not known here)"),
        ({"kind": "999", "level": "group", "status": "4", "notes": "included 1"}, "the whole group: GE02 is not GS06"),
        ({"kind": "999", "level": "transaction", "status": "", "notes": ""}, "no reason is given"),
        ({"kind": "999", "level": "transaction", "notes": "IK3 ZZ 4 99"}, "ZZ at 4 has error 99, which is not known"),
    ],
)  # fmt: skip
def test_words_are_ours_and_an_unknown_code_is_said_to_be(fields, text):
    assert text in said_of(answer(**fields), "A1", {}, TABLES).text


def test_a_277ca_that_accepts_later_ends_the_work(desk):
    desk.submit()
    desk.ingest(claim_answer("A0000001", "A3"))
    assert "returned as unprocessable" in told(desk)["A0000001"]["reason"]
    desk.ingest(claim_answer("A0000001", "A2", day="20260322"))
    assert told(desk) == {}


def test_a_rejected_interchange_is_every_claims_work(desk):
    keep_sent(desk.store, file_of_two())
    answer_ = (HEAD.format(9) + "\nTA1*000000001*260320*1200*R*006~\nIEA*0*000000009~").encode()
    desk.ingest(from_partner(answer_, "house"))
    rows = told(desk)
    assert set(rows) == set(NUMBERS)
    assert "the sender (ISA06) is not known (006)" in rows[FIRST]["reason"]
    assert "[[trading_partner]]" in rows[FIRST]["next_step"]
    assert rows[FIRST]["command"] == f"claimloop claims correct {FIRST} --out DIR"


def test_one_number_of_two_partners_is_told_by_the_file(desk):
    text = spoiled("HI*ABK:M5450", "HI*ABK")
    keep_sent(desk.store, text)
    other = text.replace("HOUSE ", "OTHER ").replace("*HOUSE*", "*OTHER*").replace("A000000", "B000000")
    numbers = [number.replace("A", "B") for number in NUMBERS]
    keep_sent(desk.store, other, partner="other", numbers=numbers)
    desk.ingest(pyx12_answer(text))
    assert set(told(desk)) == set(NUMBERS)
    desk.ingest(pyx12_answer(other))
    for number in (*NUMBERS, *numbers):
        assert told(desk)[number]["reason"].count("HI01-2") == number.endswith("2")


def test_the_last_day_of_a_first_claim_is_told(desk):
    desk.submit()
    desk.ingest(claim_answer("A0000001", "A7"))
    with desk.store.read() as connection:
        found = rejections(connection)
    profile = PayerProfile(key=found[0].payer, name="Payer", kind="commercial")
    explainer = Explainer(desk.store.vault, TABLES)
    (row,) = rejection_rows(found, explainer, {found[0].payer: profile})
    assert row["due_date"] == profile.filing.last_day(found[0].date_from)


def test_a_position_outside_the_file_is_nowhere(desk):
    keep_sent(desk.store, file_of_two())
    ((sha256,),) = desk.rows("SELECT sha256 FROM file")
    sent = Sent(
        file_sha256=sha256, interchange_control_number="1", group_control_number="1", st_control_number="0001"
    )
    found = places(desk.store.vault, sent, {3, 12, 13, 20, 999})
    assert {number: (place.loop, place.claims) for number, place in found.items()} == {
        3: ("1000A", list(NUMBERS)),
        12: ("2000B", [FIRST]),
        13: ("2000B", [FIRST]),
        20: ("2300", [FIRST]),
    }


# -- the commands ----------------------------------------------------------------------------------------------------


def test_the_commands_show_it(desk_lite):
    text = spoiled("HI*ABK:M5450", "HI*ABK")
    keep_sent(desk_lite.store, text)
    desk_lite.ingest(pyx12_answer(text))
    config = desk_lite.folder / "claimloop.toml"
    config.write_text("[store]\n", encoding="utf-8")
    options = ("--config", config)
    shown = claimloop("claims", "show", SECOND, *options)
    assert "diagnoses (HI01-2 at 35 in loop 2300) is required and missing" in shown.out
    assert f"next: claimloop claims correct {SECOND} --sessions FILE --out DIR" in shown.out
    (story,) = claimloop("claims", "show", SECOND, "--json", *options).json["claims"]
    assert story["command"].startswith("claimloop claims correct")
    assert any("HI01-2" in (one["says"] or "") for one in story["acknowledgments"])
    listed = claimloop("work", "list", "--json", *options).json
    assert [(row["id"], row["claim"], row["kind"]) for row in listed] == [
        (None, FIRST, "rejection"),
        (None, SECOND, "rejection"),
    ]
    assert claimloop("work", "list", "--status", "done", "--json", *options).json == []
