"""Asking payers about coverage and using what they answer: the loop, its second run, its interruptions, its masks."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import msgspec
import pytest

from cli.inputs import RecordFiles
from cli.jobs.eligibility.ask import Asked, AskRequest, ask
from cli.jobs.eligibility.read import last_confirmations, read_answers
from cli.jobs.eligibility.simulate import simulate_answers
from cli.jobs.eligibility.words import sentence
from cli.jobs.inquiries.simulating import first_kind
from cli.settings import load_settings
from edi.model.confirmation import Confirmation, OtherCoverage
from edi.model.eligibility import Benefit, DatePeriod, EligibilityAnswer, EligibilityInquiry, Rejection
from edi.model.errors import InputError, UsageError
from edi.testpayer.eligibility import OUTCOMES, AnsweredInquiry
from edi.transactions import t270, t271
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store import Store, open_store
from tests.builders import make_directory
from tests.command_line import claimloop
from tests.jobs.office import NOW, Office, session

PARTNER = make_directory().trading_partners["house"]
ACTIVE = (Benefit(code="1", service_types=("30",), insurance_type="MB"),)
INACTIVE = (Benefit(code="6", service_types=("30",)),)


@pytest.fixture
def office(tmp_path) -> Office:
    made = Office(tmp_path, {"P1": {}, "P2": {"member_id": "2EG4TE5MK73"}})
    made.write(
        "sessions", [session("V1"), session("V2", patient="P2"), session("V3", date_of_service="2026-03-12")]
    )
    return made


def opened(office: Office) -> Store:
    settings = load_settings(office.folder / "claimloop.toml", environment={})
    return open_store(settings.store.database, Path(settings.store.vault))


def ask_for(office: Office, **options) -> Asked:
    settings = load_settings(office.folder / "claimloop.toml", environment={})
    sessions = options.pop("sessions", (office.folder / "sessions.csv",))
    records = options.pop("records", RecordFiles.beside(office.folder / "sessions.csv"))
    store = opened(office)
    try:
        request = AskRequest(
            **{"sessions": sessions, "folder": office.out, "now": NOW, "records": records, **options}
        )
        return ask(request, settings, store)
    finally:
        store.close()


def inquiries(path: Path) -> list[EligibilityInquiry]:
    return [
        one
        for item in read_transactions([path.read_bytes()])
        if isinstance(item, TransactionSet)
        for one in t270.read(item)
        if isinstance(one, EligibilityInquiry)
    ]


def reply(
    office: Office, asked: Asked, name: str = "a.271", day: date = date(2026, 3, 21), **by_patient
) -> Path:
    """A 271 that answers the inquiries in order: benefits, or a rejection."""
    answers = []
    for number, inquiry in enumerate(inquiries(Path(asked.files[0].path)), 1):
        said = by_patient.get(f"P{number}", ACTIVE)
        rejected = isinstance(said, Rejection)
        answers.append(
            EligibilityAnswer(
                reference="R",
                answered_on=day,
                traces=(("2", inquiry.trace_number, inquiry.trace_assigner),),
                payer_name=inquiry.payer_name,
                payer_id=inquiry.payer_id,
                payer_id_qualifier="PI",
                provider=inquiry.provider,
                subscriber=inquiry.subscriber,
                member_id=inquiry.member_id,
                benefits=() if rejected else said,
                rejections=(said,) if rejected else (),
            )
        )
    path = office.folder / name
    path.write_bytes(
        t271.write(
            [("0001", answers)],
            partner=PARTNER,
            interchange_control_number=7,
            created=datetime(2026, 3, 21, 9),
        )
    )
    return path


def read(office: Office, *paths: Path):
    store = opened(office)
    try:
        return read_answers(paths, store, now=NOW)
    finally:
        store.close()


def statuses(office: Office) -> dict[str, str]:
    store = opened(office)
    try:
        return {one.confirmation.patient_id: one.confirmation.status for one in last_confirmations(store)}
    finally:
        store.close()


# -- ask ---------------------------------------------------------------------------------------------------------------


def test_patients_of_the_sessions_are_asked_about_once(office):
    asked = ask_for(office)
    (file,) = asked.files
    assert (asked.asked, file.inquiries, file.partner) == (2, 2, "house")
    assert Path(file.path).name == "house-000000001.270"
    first, second = inquiries(Path(file.path))
    assert (first.trace_number, second.trace_number) == ("E000000001", "E000000002")
    assert (first.payer_id, first.member_id, first.service_types) == ("04412", "1EG4TE5MK73", ("30", "AE"))
    assert (first.date_from, first.date_to) == (date(2026, 3, 10), date(2026, 3, 12))
    assert second.date_to == date(2026, 3, 10)
    before = office.digest()
    again = ask_for(office)
    assert (again.asked, again.waiting, again.files) == (0, 2, ())
    assert office.digest() == before
    assert ask_for(office, again=True).asked == 2


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    files = []
    for name in ("one", "two"):
        made = Office(tmp_path / name, {"P1": {}, "P2": {}})
        made.write("sessions", [session("V1"), session("V2", patient="P2")])
        ask_for(made)
        files.append(made.written())
    assert files[0] == files[1]
    assert len(files[0]) == 1


def test_everyone_is_asked_about_today(office):
    asked = ask_for(office, sessions=())
    assert asked.asked == 2
    one, _ = inquiries(Path(asked.files[0].path))
    assert (one.date_from, one.date_to) == (NOW.date(), NOW.date())
    assert one.service_types == ("30", "AE"), "the discipline is the case's"


def test_a_dry_run_writes_nothing(office):
    opened(office).close()
    before = office.everything()
    asked = ask_for(office, dry_run=True)
    assert asked.asked == 2
    assert {name: data for name, data in office.everything().items() if "claimloop.db" not in name} == {
        name: data for name, data in before.items() if "claimloop.db" not in name
    }
    assert office.rows("SELECT COUNT(*) FROM eligibility_inquiry") == [(0,)]
    assert office.rows("SELECT COUNT(*) FROM control_number") == [(0,)]


def test_an_interrupted_run_s_file_is_put_back_with_the_same_bytes(office, monkeypatch):
    def killed(*_arguments, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("cli.jobs.placing.write_synced", killed)
        with pytest.raises(KeyboardInterrupt):
            ask_for(office)
    assert office.written() == {}
    again = ask_for(office)
    assert (again.put_back, again.asked, again.waiting) == (("house-000000001.270",), 0, 2)
    assert len(inquiries(office.out / "house-000000001.270")) == 2
    assert ask_for(office).put_back == ()


def test_claims_create_leaves_an_interrupted_inquiry_alone(office, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("cli.jobs.placing.place", lambda *_arguments, **_named: None)
        ask_for(office)
    office.create(second_opinion=False)
    assert [name for name in office.written() if name.endswith(".270")] == []


def test_another_file_under_the_name_is_not_replaced(office):
    office.out.mkdir()
    (office.out / "house-000000001.270").write_bytes(b"theirs")
    with pytest.raises(UsageError, match="another file"):
        ask_for(office)
    assert office.written() == {"house-000000001.270": b"theirs"}
    assert office.rows("SELECT COUNT(*) FROM eligibility_inquiry") == [(0,)]


def test_what_cannot_be_asked_is_counted_and_named(tmp_path):
    people = {
        "P1": {"payer": "nobody"},
        "P2": {"payer": "work"},
        "P3": {"last_verified": "2026-03-01"},
        "P4": {"last_verified": "2026-01-01", "last_name": "Ада"},
        "P5": {"coverage_to": "2026-02-28"},
    }
    office = Office(tmp_path, people)
    with (office.folder / "payers.toml").open("a") as file:
        file.write('[payer.nobody]\nname = "Nobody"\n[payer.work]\nname = "Work"\nkind = "workers_comp"\n')
    office.write("sessions", [session(f"V{n}", patient=f"P{n}") for n in range(1, 6)])
    asked = ask_for(office)
    assert (asked.held, asked.not_asked, asked.confirmed, asked.asked) == (2, 1, 1, 0)
    said = [
        (one.code, one.location.field, one.location.row) for one in asked.findings if one.code[:3] != "INP"
    ]
    assert said == [("ELI001", "payer.nobody.eligibility_id", None), ("SUB020", "last_name", 5)]
    assert ask_for(office, within=5).confirmed == 0


def test_send_delivers_inquiries(office):
    outbound, inbound = office.folder / "to", office.folder / "from"
    outbound.mkdir()
    inbound.mkdir()
    with (office.folder / "claimloop.toml").open("a") as file:
        file.write('transport = { kind = "folder", outbound = "to", inbound = "from" }\n')
    asked = ask_for(office)
    config = ("--config", office.folder / "claimloop.toml")
    told = claimloop("send", *config, "--json")
    assert [(one["file"], one["claims"], one["inquiries"]) for one in told.json["sent"]] == [
        ("house-000000001.270", 0, 2)
    ]
    assert (outbound / "house-000000001.270").read_bytes() == Path(asked.files[0].path).read_bytes()
    assert claimloop("send", *config, "--json").json["sent"] == []
    reply(office, asked, "from/answer.271")
    assert [
        one["file"].endswith("answer.271") for one in claimloop("fetch", *config, "--json").json["fetched"]
    ]


# -- read --------------------------------------------------------------------------------------------------------------


def test_answers_are_stored_once(office):
    answer = reply(office, ask_for(office), P2=INACTIVE)
    first = read(office, answer)
    assert [(one.tied, one.confirmation.status) for one in first.answers] == [
        ("trace", "active"),
        ("trace", "inactive"),
    ]
    (entry,) = first.manifest.files
    assert (entry.kind, entry.outcome, entry.eligibility_answers) == ("271", "posted", 2)
    assert statuses(office) == {"P1": "active", "P2": "inactive"}
    before = office.digest()
    second = read(office, answer)
    assert second.manifest.files[0].outcome == "duplicate"
    assert len(second.answers) == 2, "what it means is said again"
    assert office.digest() == before


def test_the_same_answers_in_other_wrapping_change_no_book(office):
    answer = reply(office, ask_for(office))
    read(office, answer)
    before = office.rows("SELECT digest, file_sha256 FROM eligibility_answer ORDER BY digest")
    other = office.folder / "b.271"
    other.write_bytes(answer.read_bytes().replace(b"\n", b"\r\n"))
    assert read(office, other).manifest.files[0].outcome == "duplicate"
    assert office.rows("SELECT digest, file_sha256 FROM eligibility_answer ORDER BY digest") == before


def test_a_file_that_is_no_answer_is_refused(office):
    path = office.folder / "claims.837"
    path.write_bytes(b"hello")
    other = office.folder / "theirs.270"
    other.write_bytes(Path(ask_for(office).files[0].path).read_bytes().replace(b"E00000000", b"F00000000"))
    entries = read(office, path, other, office.folder / "none.271").manifest.files
    assert [one.outcome for one in entries] == ["rejected"] * 3
    assert [one.findings[-1].code for one in entries] == ["ENV001", "ING004", "ING001"]


def test_ingest_takes_answers_too(desk):
    body = (
        "BHT*0022*11*R*20260321~HL*1**20*1~NM1*PR*2*PLAN*****PI*1~HL*2*1*21*1~NM1*1P*2*C*****XX*1234567893~"
        "HL*3*2*22*0~TRN*2*ELSEWHERE*1123456789~NM1*IL*1*SAMPLE*MARY****MI*W1~DMG*D8*19600517*F~EB*1**30"
    )
    data = (
        "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260321*0900*^*00501*000000009*0*T*:~"
        f"GS*HB*P*C*20260321*0900*1*X*005010X279A1~ST*271*0001~{body}~SE*12*0001~GE*1*1~IEA*1*000000009~"
    ).encode()
    path = desk.file(data, "answers.271")
    made = desk.ingest(path)
    (entry,) = made.files
    assert (entry.kind, entry.outcome, made.totals.eligibility_answers) == ("271", "posted", 1)
    assert [one.code for one in entry.findings] == ["ELI004"]
    assert made.exit_code() == 1
    assert desk.rows("SELECT status, tied FROM eligibility_answer") == [("active", "")]
    before = desk.digest(with_files=True)
    assert desk.ingest(path).files[0].outcome == "duplicate"
    assert desk.digest(with_files=True) == before
    assert desk.broken() == []


def test_a_run_that_was_killed_after_the_set_ends_the_same(desk, monkeypatch):
    """The answers are in, the file's outcome is not: the next run says what the first one would have."""
    data = (
        b"ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260321*0900*^*00501*000000009*0*T*:~"
        b"GS*HB*P*C*20260321*0900*1*X*005010X279A1~ST*271*0001~BHT*0022*11*R*20260321~HL*1**20*1~NM1*PR*2*PLAN*****PI*1~"
        b"HL*2*1*21*1~NM1*1P*2*C*****XX*1234567893~HL*3*2*22*0~NM1*IL*1*A*B****MI*W1~EB*1**30~SE*10*0001~GE*1*1~"
        b"IEA*1*000000009~"
    )
    path = desk.file(data, "answers.271")

    def killed(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("cli.jobs.taking.finish_kept_file", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.ingest(path)
    (entry,) = desk.ingest(path).files
    assert (entry.outcome, entry.eligibility_answers) == ("posted", 1)
    assert desk.rows("SELECT COUNT(*) FROM eligibility_answer") == [(1,)]


def test_another_store_s_answers_are_kept_listed_and_said(office):
    """Every store counts from E000000001: the child and the twin of P1 were asked about elsewhere."""
    asked = ask_for(office)
    one, _ = inquiries(Path(asked.files[0].path))
    family = [
        msgspec.structs.replace(one.subscriber, first_name=name, birth_date=born)
        for name, born in (("CHILD", date(2015, 5, 5)), ("TWIN", one.subscriber.birth_date))
    ]
    answers = [
        EligibilityAnswer(
            reference="R",
            answered_on=date(2026, 3, 21),
            traces=(("2", one.trace_number, one.trace_assigner),),
            payer_name=one.payer_name,
            payer_id=one.payer_id,
            payer_id_qualifier="PI",
            provider=one.provider,
            subscriber=person,
            member_id=one.member_id,
            benefits=INACTIVE,
        )
        for person in family
    ]
    path = office.folder / "a.271"
    created = datetime(2026, 3, 21, 9)
    path.write_bytes(
        t271.write([("0001", answers)], partner=PARTNER, interchange_control_number=7, created=created)
    )
    told = read(office, path)
    (entry,) = told.manifest.files
    (found,) = [each for each in entry.findings if each.code == "ELI004"]
    assert found.message.startswith("2 of 2 answers")
    assert [each.tied for each in told.answers] == ["", ""]
    store = opened(office)
    try:
        listed = [each.confirmation.name[1] for each in last_confirmations(store)]
    finally:
        store.close()
    assert sorted(listed) == ["CHILD", "TWIN"], "each is listed, although they share a member id"
    assert office.create(second_opinion=False).held == ()
    assert ask_for(office).waiting == 2, "nobody has answered about P1"


# -- use ---------------------------------------------------------------------------------------------------------------


def test_an_inactive_answer_holds_the_claim(office):
    ended = (Benefit(code="6", service_types=("30",), dates=(DatePeriod("347", date(2026, 2, 28)),)),)
    read(office, reply(office, ask_for(office), P1=INACTIVE, P2=ended))
    result = office.create(second_opinion=False)
    codes = {
        tuple(sorted(one.session_line_ids)): {found.code for found in one.findings} for one in result.held
    }
    assert codes == {("V1-1",): {"ELG001"}, ("V3-1",): {"ELG001"}, ("V2-1",): {"COV002"}}


def test_an_active_answer_confirms_the_coverage(office):
    read(office, reply(office, ask_for(office)))
    result = office.create(second_opinion=False)
    assert result.held == ()
    assert not [one for one in result.findings if one.code in ("COV011", "COV015")]
    again = ask_for(office, now=datetime(2026, 3, 30))
    assert (again.asked, again.confirmed) == (0, 2)
    assert ask_for(office, now=datetime(2026, 4, 30)).asked == 2


def test_a_patient_not_found_is_asked_again_when_something_changed(office):
    read(office, reply(office, ask_for(office), P1=Rejection("subscriber", "75", "C")))
    later = datetime(2026, 3, 30)
    unchanged = ask_for(office, now=later)
    assert (unchanged.not_found, unchanged.confirmed, unchanged.asked) == (1, 1, 0)
    assert ask_for(office, now=later, again=True, dry_run=True).asked == 1
    path = office.folder / "patients.csv"
    path.write_text(path.read_text().replace("1EG4TE5MK73", "9EG4TE5MK73"))
    assert ask_for(office, now=later).asked == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Confirmation(status="active"), "the coverage is in force"),
        (Confirmation(status="active", coverage_to=date(2026, 6, 30)), "in force until 2026-06-30"),
        (Confirmation(status="active", visits_left=(("PT", 0),)), "no visits are left"),
        (
            Confirmation(status="active", other_coverages=(OtherCoverage(role="PRP"),)),
            "another payer is primary",
        ),
        (Confirmation(status="active", answered_member_id="X9"), "the payer has another member id"),
        (Confirmation(status="inactive"), "not in force"),
        (Confirmation(status="not_found", rejections=(("75", "C"),)), "AAA 75"),
        (Confirmation(status="rejected", rejections=(("42", "R"),)), "AAA 42; ask again later"),
        (Confirmation(), "does not say"),
    ],
)
def test_what_an_answer_means_in_words(said, words):
    assert words in sentence(said)
    assert "X9" not in sentence(said)


# -- the test payer ----------------------------------------------------------------------------------------------------


def test_the_test_payer_answers_every_inquiry(office):
    asked = Path(ask_for(office).files[0].path)
    assert (first_kind(asked), first_kind(reply(office, ask_for(office, again=True)))) == ("270", "271")
    out = office.folder / "back"
    made = simulate_answers(asked, out=out, seed=3, today=date(2026, 3, 21))
    again = simulate_answers(asked, out=office.folder / "again", seed=3, today=date(2026, 3, 21))
    assert (out / made.files[0]).read_bytes() == (office.folder / "again" / again.files[0]).read_bytes()
    assert sum(made.outcomes.values()) == 2
    assert [one.tied for one in read(office, out).answers] == ["trace", "trace"]


def test_several_files_are_answered_each_as_if_alone(office):
    asked = [Path(ask_for(office, again=again).files[0].path) for again in (False, True)]
    out = office.folder / "back"
    made = simulate_answers(*asked, out=out, seed=3, today=date(2026, 3, 21))
    assert len(made.files) == 2
    for name, path in zip(made.files, asked, strict=True):
        alone = simulate_answers(path, out=office.folder / "alone", seed=3, today=date(2026, 3, 21))
        assert (out / name).read_bytes() == (office.folder / "alone" / alone.files[0]).read_bytes()
    assert len(msgspec.json.decode(Path(made.truth).read_bytes())) == sum(made.outcomes.values()) == 4
    with pytest.raises(InputError, match="interchange control number"):
        simulate_answers(asked[0], asked[0], out=out, seed=3, today=date(2026, 3, 21))


def test_what_is_read_is_what_the_test_payer_meant(tmp_path):
    """Two hundred patients: status, visits and dollars of every answer against the truth beside it."""
    office = Office(tmp_path, {f"P{n}": {"member_id": f"1EG4TE5M{n:03d}"} for n in range(200)})
    asked = ask_for(office, sessions=())
    assert asked.asked == 200
    made = simulate_answers(
        Path(asked.files[0].path), out=office.folder / "back", seed=11, today=date(2026, 3, 21)
    )
    truths = {
        one.trace_number: one
        for one in msgspec.json.decode(Path(made.truth).read_bytes(), type=list[AnsweredInquiry])
    }
    answers = read(office, office.folder / "back").answers
    assert len(answers) == len(truths) == 200
    assert set(made.outcomes) == set(OUTCOMES), "the seed meets with everything"
    statuses = {"inactive": "inactive", "not_found": "not_found", "cannot_answer": "rejected"}
    for one in answers:
        said, truth = one.confirmation, truths[one.confirmation.trace_number]
        assert said.status == statuses.get(truth.outcome, "active")
        assert dict(said.visits_left).get("AE") == truth.visits_left
        assert [each.used for each in said.therapy_dollars] == (
            [truth.used] if truth.used is not None else []
        )
        assert any(each.is_primary for each in said.other_coverages) == (truth.outcome == "other_payer")
        assert (said.coverage_to is not None) == (truth.outcome == "inactive")


# -- the command line --------------------------------------------------------------------------------------------------

SECRETS = ("Tester", "TESTER", "1EG4TE5MK73", "2EG4TE5MK73", "1950-05-17", "19500517")


def test_the_loop_on_the_command_line(office, monkeypatch):
    monkeypatch.chdir(office.folder)
    asked = claimloop("eligibility", "ask", "sessions.csv", "--out", "ask", "--as-of", "2026-03-20", "--json")
    assert asked.json["asked"] == 2
    (file,) = asked.json["files"]
    told = claimloop("simulate", file["file"], "--out", "back", "--as-of", "2026-03-21", "--seed", "5")
    assert told.code == 0
    answers = claimloop("eligibility", "read", "back", "--as-of", "2026-03-22")
    assert "(2 answers about eligibility)" in answers.out
    listed = claimloop("eligibility", "list", "--as-of", "2026-03-22", "--json")
    assert [row["age_days"] for row in listed.json] == [1, 1]
    assert {row["trace_number"] for row in listed.json} == {"E000000001", "E000000002"}
    said = asked.out + asked.err + told.out + told.err + answers.out + answers.err + listed.out
    assert [secret for secret in SECRETS if secret in said] == []
    shown = claimloop("eligibility", "list", "--show-phi", "--json")
    assert {row["member_id"] for row in shown.json} == {"1EG4TE5MK73", "2EG4TE5MK73"}
    assert claimloop("eligibility", "list", "--status", "gone").code == 2
    assert claimloop("eligibility", "list", "--older-than", "5", "--as-of", "2026-03-22", "--json").json == []


def test_x12_show_tells_both_without_names(office):
    asked = ask_for(office)
    answer = reply(office, asked, P2=Rejection("subscriber", "75", "C"))
    for path, name in ((asked.files[0].path, "inquiries"), (answer, "answers")):
        for options in ((), ("--json",)):
            told = claimloop("x12", "show", path, *options)
            assert told.code == 0
            assert "E000000001" in told.out
            assert [secret for secret in SECRETS if secret in told.out + told.err] == []
        shown = claimloop("x12", "show", path, "--json", "--show-phi").json[name]
        assert [one["patient"]["last_name"] for one in shown] == ["TESTER", "TESTER"]
    assert [one["status"] for one in shown] == ["active", "not_found"]


def test_sessions_or_all_must_be_said(office, monkeypatch):
    monkeypatch.chdir(office.folder)
    for words in ((), ("sessions.csv", "--all")):
        assert claimloop("eligibility", "ask", *words, "--out", "ask").code == 2
    asked = claimloop("eligibility", "ask", "--all", "--out", "ask", "--as-of", "2026-03-20")
    assert "2 coverages asked about" in asked.out
    patients = office.folder / "patients.csv"
    patients.rename(office.folder / "people.csv")
    assert claimloop("eligibility", "ask", "--all", "--out", "ask").code == 2
    named = claimloop(
        "eligibility", "ask", "--all", "--patients", "people.csv", "--out", "ask", "--again", "--json"
    )
    assert named.json["asked"] == 2
