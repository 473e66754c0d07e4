"""`denials …` on the command line: the list, one denial, the verbs, filters that only count, what goes out again."""

from __future__ import annotations

import pytest

from cli.jobs.explain import explain
from edi.codes import load_tables
from edi.rules import RULES
from reconcile.worklist import WorkState
from tests.command_line import claimloop
from tests.jobs.again_desk import DENIES, AgainOffice, visit

AS_OF = "2026-04-10"


class Shell:
    """The command line in an office whose claim was denied line by line."""

    def __init__(self, office: AgainOffice) -> None:
        self.office = office

    def __call__(self, *words):
        return claimloop(*words, "--config", self.office.folder / "claimloop.toml")

    def list(self, *words):
        return self("denials", "list", "--json", "--as-of", AS_OF, *words).json

    def states(self):
        return [one["status"] for one in self.list("--all")]


@pytest.fixture
def shell(tmp_path) -> Shell:
    office = AgainOffice(tmp_path / "office", "acme")
    office.answer(office.create(*visit()).files[0].path, DENIES)
    (office.folder / "fees.csv").write_text(
        "kind,payer,code,basis,amount,from,source\n"
        "expected,acme,97110,per_unit,33.00,2026-01-01,contract 7\n"
        "charge,,97110,per_unit,60.00,2026-01-01,ours\n",
        encoding="utf-8",
    )
    return Shell(office)


def test_the_list_says_why_and_what_it_may_bring(shell):
    first, second = shell.list()
    assert (first["procedure_code"], first["expected"], second["expected"]) == ("97110", "33.00", None)
    assert first["status"] == "open"
    assert first["deadline_for"] == "appeal level 1"
    assert first["days_left"] > 0
    assert any(one.startswith("97110: 1 x 33.00 = 33.00 (contract 7)") for one in first["because"])
    assert first["because"][-1].startswith("priority ")
    assert {len(one["denial_id"]) for one in (first, second)} == {14}
    table = shell("denials", "list", "--as-of", AS_OF).out
    assert first["denial_id"] in table
    explained = shell("denials", "list", "--explain", "--as-of", AS_OF).out
    assert first["because"][-1] in explained
    assert "the 1 most pressing are shown" in shell("denials", "list", "--limit", "1", "--as-of", AS_OF).out
    assert len(shell.list("--limit", "1")) == 1


def test_the_list_goes_into_a_workbook(shell, tmp_path):
    book = tmp_path / "denials.xlsx"
    run = shell("denials", "list", "--format", "xlsx", "--output", book, "--as-of", AS_OF)
    assert (run.code, book.read_bytes()[:2]) == (0, b"PK")


def test_one_denial_is_shown_with_its_days_and_the_next_command(shell):
    name = shell.list()[0]["denial_id"]
    document = shell("denials", "show", name[:6], "--json", "--as-of", AS_OF).json
    assert document["denial_id"] == name
    assert document["appeal_levels"] == [{"level": 1, "days": 180, "by": document["deadline"]}]
    assert any(one.startswith(f"claimloop denials appeal {name}") for one in document["next"])
    text = shell("denials", "show", name, "--as-of", AS_OF).out
    assert "last day of appeal level 1" in text
    assert shell("denials", "show", "NONE12345678").code == 3


def test_a_verb_on_names_is_done_at_once_and_kept(shell):
    first, second = (one["denial_id"] for one in shell.list())
    run = shell("denials", "assign", first, "--to", "ana", "--by", "lead", "--as-of", AS_OF, "--json")
    assert (run.code, run.json["written"], run.json["count"]) == (0, True, 1)
    note = ("--text", "called", "--reference", "C-17")
    assert shell("denials", "note", first, *note, "--as-of", AS_OF).code == 0
    by_id = {one["denial_id"]: one for one in shell.list()}
    assert (by_id[first]["owner"], by_id[first]["status"]) == ("ana", "in_work")
    assert by_id[second]["status"] == "open"
    assert [one["denial_id"] for one in shell.list("--owner", "ANA")] == [first]
    assert [one["denial_id"] for one in shell.list("--state", "in-work")] == [first]
    history = shell("denials", "show", first, "--json", "--as-of", AS_OF).json["history"]
    assert history == [
        {"on": AS_OF, "what": "assign", "by": "lead", "owner": "ana"},
        {"on": AS_OF, "what": "note", "reference": "C-17", "text": "called"},
    ]


def test_filters_count_until_yes_is_said(shell):
    name = shell.list()[0]["denial_id"]
    words = ("denials", "appeal", "--like", name, "--as-of", AS_OF)
    counted = shell(*words)
    assert counted.code == 0
    assert (
        "2 denials, 120.00 would be meant (appeal); nothing is written: repeat it with --yes" in counted.out
    )
    assert shell(*words, "--json").json["needs_yes"] is True
    assert shell.states() == ["open", "open"]
    assert shell(*words, "--yes", "--dry-run").code == 0
    assert shell.states() == ["open", "open"]
    assert shell(*words, "--yes").code == 0
    assert shell.states() == ["appealed", "appealed"]
    assert shell("denials", "appeal").code == 2
    assert "0 denials" in shell("denials", "note", "--payer", "acme", "--code", "99999", "--text", "x").out


def test_filters_mean_what_they_say(shell):
    assert len(shell.list("--reason-code", "CO-50")) == 2
    assert len(shell.list("--reason-code", "50")) == 2
    assert shell.list("--reason-code", "PR-50") == []
    assert [one["procedure_code"] for one in shell.list("--code", "97140")] == ["97140"]
    assert shell.list("--kind", "duplicate") == []
    assert shell("denials", "list", "--kind", "nonsense").code == 2
    assert shell("denials", "list", "--state", "nonsense").code == 2


def test_a_resolution_ends_it_and_the_words_that_money_says_are_refused(shell):
    name = shell.list()[0]["denial_id"]
    for outcome, said in (
        ("recovered", "ingest the payment"),
        ("corrected", "claims correct"),
        ("gone", "none of"),
    ):
        run = shell("denials", "resolve", name, "--as", outcome)
        assert (run.code, said in run.err) == (2, True), run
    assert shell("denials", "resolve", name, "--as", "written-off").code == 2, "a reason is wanted"
    done = ("denials", "resolve", name, "--as", "written-off", "--reason", "small", "--as-of", AS_OF)
    assert shell(*done).code == 0
    assert len(shell.list()) == 1
    (row,) = [one for one in shell.list("--all") if one["denial_id"] == name]
    assert (row["status"], row["written_off"]) == ("written_off", row["amount"])
    assert shell("verify").code == 0
    refused = shell("denials", "appeal", name, "--as-of", AS_OF, "--json")
    assert (refused.code, refused.json["refused"]) == (1, [name])
    assert refused.json["findings"][0]["code"] == "DEN001"
    assert shell("denials", "reopen", name, "--as-of", AS_OF).code == 0
    assert len(shell.list()) == 2


def test_what_is_snoozed_is_left_out_until_its_day(shell):
    name = shell.list()[0]["denial_id"]
    assert shell("denials", "snooze", name, "--until", "2026-04-12", "--as-of", AS_OF).code == 0
    assert name not in [one["denial_id"] for one in shell.list()]
    assert name in [one["denial_id"] for one in shell.list("--snoozed")]
    assert "1 put aside" in shell("denials", "list", "--as-of", AS_OF).out
    later = shell("denials", "list", "--json", "--as-of", "2026-04-12").json
    assert name in [one["denial_id"] for one in later]


@pytest.mark.parametrize("until", ["2026-04-01", AS_OF])
def test_a_snooze_until_a_day_that_is_not_to_come_is_refused(shell, until):
    name = shell.list()[0]["denial_id"]
    refused = shell("denials", "snooze", name, "--until", until, "--as-of", AS_OF, "--json")
    assert (refused.code, refused.json["refused"]) == (1, [name])
    assert [one["code"] for one in refused.json["findings"]] == ["DEN009"]
    assert name in [one["denial_id"] for one in shell.list()]


def test_an_appeal_noted_by_mistake_counts_as_no_level(shell):
    name = shell.list()[0]["denial_id"]
    before = shell("denials", "show", name, "--json", "--as-of", AS_OF).json
    for back in (("--mistaken",), ()):
        assert shell("denials", "appeal", name, "--as-of", AS_OF).code == 0
        assert shell("denials", "reopen", name, *back, "--as-of", AS_OF).code == 0
    again = shell("denials", "appeal", name, "--as-of", AS_OF)
    assert (again.code, "reopen --mistaken" in " ".join(again.err.split())) == (1, True), again
    assert shell("denials", "reopen", name, "--mistaken", "--as-of", AS_OF).code == 0
    after = shell("denials", "show", name, "--json", "--as-of", AS_OF).json
    same = ("status", "deadline", "deadline_for", "days_left", "appeal_level", "appeal_levels")
    assert [after[one] for one in same] == [before[one] for one in same]
    assert shell("denials", "reopen", name, "--mistaken", "--as-of", AS_OF).code == 1


def test_a_deed_is_not_of_a_day_to_come_nor_a_note_empty(shell):
    name = shell.list()[0]["denial_id"]
    ahead = shell("denials", "resolve", name, "--as", "upheld", "--as-of", "2099-01-01")
    assert (ahead.code, "lies ahead" in " ".join(ahead.err.split())) == (2, True), ahead
    empty = shell("denials", "note", name, "--text", " ", "--as-of", AS_OF)
    assert (empty.code, "--text is empty" in " ".join(empty.err.split())) == (2, True), empty
    past = shell("denials", "due", name, "--on", "2026-04-09", "--as-of", AS_OF)
    assert (past.code, "DEN009" in past.err) == (1, True), past
    assert shell.states() == ["open", "open"]


def test_a_day_of_ones_own_stands_before_the_payers(shell):
    name = shell.list()[0]["denial_id"]
    assert shell("denials", "due", name, "--on", "2026-04-15", "--as-of", AS_OF).code == 0
    (row,) = [one for one in shell.list() if one["denial_id"] == name]
    assert (row["due_date"], row["days_left"]) == ("2026-04-15", 5)
    assert row["deadline"] > "2026-04-15"


def test_what_claims_correct_sends_is_corrected_by_itself_until_the_payer_answers(shell):
    office = shell.office
    result = office.correct("1")
    assert shell.states() == ["corrected", "corrected"]
    office.answer(result.files[0].path, DENIES, seed=2)
    assert sorted(shell.states()) == ["open", "open"], "denied anew: the same items, open again"
    assert {one["denied_times"] for one in shell.list("--all")} == {2}


def test_work_that_no_file_can_do_names_the_payers_number_and_what_is_at_stake(tmp_path):
    office = AgainOffice(tmp_path / "medicare", "federal")
    office.answer(office.create(*visit()).files[0].path, DENIES)
    assert office.correct("1").opened == 1
    shell = Shell(office)
    (row,) = shell("work", "list", "--json").json
    ((number,),) = office.rows("SELECT payer_claim_control_number FROM claim_payment")
    assert (row["amount"], row["payer_claim_control_number"]) == ("120.00", number)
    assert number in shell("work", "list").out


def test_every_state_is_explained():
    for state in WorkState:
        kinds = {one.kind for one in explain(state.value, load_tables(), RULES)}
        assert "word" in kinds, state
    for number in range(1, 9):
        (one,) = explain(f"DEN00{number}", load_tables(), RULES)
        assert one.facts["fix"], one
