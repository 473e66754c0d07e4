"""`run` when something is odd: one practice's or partner's fault stops only that one, and nothing new goes untold."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from cli.jobs.run import night as steps
from edi.transport import webhook
from edi.transport.base import NameTakenError, RetryPolicy
from edi.transport.folder import FolderTransport
from tests.command_line import claimloop
from tests.jobs.office import SETTINGS, Office, session
from tests.jobs.test_run import RUN, TRANSPORT, gateway, nightly
from tests.transport.sftp_server import SftpServer

NOTIFY = '[notify]\nwebhook_env = "HOOK"\nwhen = "always"\n'
OTHER = (
    '[[practice]]\nid = "grove"\nname = "Grove Therapy"\nnpi = "1000000004"\ntax_id = "223456789"\n'
    'taxonomy = "261QP2000X"\ntrading_partners = ["west"]\n'
    'address = { line_1 = "2 Grove Road", city = "Boston", state = "MA", zip = "021390001" }\n'
    '[[trading_partner]]\nid = "west"\n'
)


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    set_up(made, SETTINGS + TRANSPORT + RUN)
    for name in ("drop", "back"):
        (tmp_path / name).mkdir()
    made.write("sessions", [{**session("V1"), "practice_id": "orchard"}])
    return made


def set_up(office, text):
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")


def test_an_835_with_an_odd_name_is_taken_in(office):
    for name in (b"a:b.835", b"rem\xe9sa.835", b"a\nb.835"):
        (office.folder / "back").joinpath(name.decode("utf-8", "surrogateescape")).write_bytes(
            b"%PDF-1.7" + name
        )
    done = nightly(office, "--json")
    assert [one["counts"] for one in done.json["steps"] if one["name"] == "fetch"] == [{"files": 3}]
    assert [one.partition(": ENV001 ")[0] for one in done.json["steps"][1]["messages"]] == [
        "a%0Ab.835: rejected", "a%3Ab.835: rejected", "rem%E9sa.835: rejected",
    ]  # fmt: skip


def sftp(office, **changes):
    keys = {
        "kind": "sftp", "host": "127.0.0.1", "port": 1, "user": "u", "password_env": "WEST_PASSWORD",  # pragma: allowlist secret
        "host_key": "ssh-ed25519 AAAA", "attempts": 1, "timeout": 1, "quiet_seconds": 0, **changes,
    }  # fmt: skip
    return (
        OTHER
        + "transport = { "
        + ", ".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())
        + " }\n"
    )


@pytest.mark.parametrize(
    ("changes", "known", "said"),
    [
        ({"known_hosts": "known"}, b"127.0.0.1 ssh-ed25519 !!!!\n", "known_hosts"),
        ({"known_hosts": "known"}, b"h\xf4te ssh-ed25519 AAAA\n", "known_hosts"),
        ({"host": "sftp..example.com"}, b"", "host"),
        ({"port": 70000}, b"", "port"),
        ({"timeout": 10**12}, b"", "timeout"),
    ],
)
def test_a_partner_with_odd_settings_stops_its_practices_only(office, monkeypatch, changes, known, said):
    monkeypatch.setenv("WEST_PASSWORD", "x")
    (office.folder / "known").write_bytes(known)
    set_up(office, SETTINGS + TRANSPORT + sftp(office, **changes) + RUN)
    done = nightly(office, "--json")
    assert (done.code, len(done.json["sent"])) == (2, 1)
    (failed,) = done.json["failed_practices"]
    assert (failed["practice_id"], failed["partner"], failed["step"]) == ("grove", "west", "fetch")
    assert failed["message"].startswith(f"west: claimloop.toml: trading_partner west: transport.{said}")
    assert "failed: partner west (practice grove): fetch: west: " in (
        office.folder / "summary.txt"
    ).read_text("utf-8")


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ('sessions = { orchard = "" }', "sessions.orchard"),
        ('sessions = { orchid = "*.csv" }', "no [[practice]] orchid"),
        ('sessions = { orchard = "a\\u0000b" }', "sessions.orchard"),
        ('deposits = "a\\u0000b"', "deposits"),
        ('out = ""', "out"),
        ('inbox = " "', "inbox"),
    ],
)
def test_a_wrong_pattern_is_said_before_any_work(office, run, said):
    set_up(office, f"{SETTINGS}{TRANSPORT}[run]\n{run}\n")
    done = nightly(office)
    assert (done.code, said in done.err) == (2, True)
    assert list((office.folder / "drop").iterdir()) == []
    asked = claimloop("doctor", "--offline", "--config", office.folder / "claimloop.toml")
    assert (asked.code, said in asked.out) == (2, True)


def test_patterns_may_be_absolute_or_odd(office):
    for pattern in (str(office.folder / "sess*.csv"), "**sess*.csv", "[s]essions.csv"):
        set_up(office, f"{SETTINGS}{TRANSPORT}[run]\nsessions = {{ orchard = {json.dumps(pattern)} }}\n")
        done = nightly(office, "--json", "--dry-run")
        assert [one["counts"]["claims"] for one in done.json["steps"] if one["name"] == "claims create"] == [
            1
        ]


def test_a_full_disk_for_one_practice_s_files_is_that_practice_s(office, monkeypatch):
    real, full = steps.create_claims, []

    def create(request, *arguments, **options):
        if not full:
            full.append(request)
            raise OSError(errno.ENOSPC, "No space left on device", str(request.folder / "a.837"))
        return real(request, *arguments, **options)

    monkeypatch.setattr(steps, "create_claims", create)
    set_up(office, SETTINGS + TRANSPORT + RUN.replace("{ ", '{ "*" = "all*.csv", '))
    office.write("all", [session("V9", patient="P2")])
    done = nightly(office, "--json")
    assert (done.code, len(done.json["sent"])) == (75, 1)
    assert done.json["failed_practices"][0]["message"] == "a.837: No space left on device"


def test_any_error_is_told_by_its_kind_and_leaves_a_manifest(office, monkeypatch):
    def fail(*_, **__):
        raise KeyError("Tester, Ada")

    set_up(office, SETTINGS + TRANSPORT + RUN + NOTIFY)
    with gateway(200) as (url, told), monkeypatch.context() as patch:
        patch.setenv("HOOK", url)
        patch.setattr(steps, "open_work", fail)
        assert nightly(office).code == 70
    assert "KeyError" in told[0]["text"]
    (manifest,) = (office.folder / "runs").glob("*.json")
    left = json.loads(manifest.read_text("utf-8"))
    assert (left["exit_code"], left["stopped"]) == (70, "an unexpected error, KeyError")
    everything = "".join(path.read_text("utf-8") for path in (office.folder / "runs").iterdir())
    assert "Tester" not in everything + told[0]["text"] + (office.folder / "summary.txt").read_text("utf-8")


@pytest.mark.parametrize(("answer", "masked"), [(503, 75), (403, 4)])
def test_new_work_that_nobody_was_told_of_stays_new(office, monkeypatch, answer, masked):
    monkeypatch.setattr("cli.jobs.run.telling.tell.__defaults__", (quick,))
    set_up(office, SETTINGS + TRANSPORT + RUN + NOTIFY)
    office.write("sessions", [session("V5", modifiers="GP GP")])
    with gateway(answer, 200, 200) as (url, told):
        monkeypatch.setenv("HOOK", url)
        first = nightly(office, "--json")
        assert (first.code, first.json["exit_code"], first.json["new_work"]) == (
            masked,
            masked,
            {"unbilled": 1},
        )
        kept = [json.loads(path.read_text("utf-8")) for path in (office.folder / "runs").glob("*.json")]
        assert [(one["exit_code"], one["new_work"]) for one in kept][-1] == (masked, {"unbilled": 1})
        second = nightly(office, "--json")
        assert (second.code, second.json["new_work"]) == (1, {"unbilled": 1})
        assert "new work: 1 unbilled visit" in told[1]["text"]
        assert nightly(office, "--json").json["new_work"] == {}


def quick(url, text):
    webhook.post(url, text, RetryPolicy(attempts=1, first_wait=0, longest_wait=0))


def test_the_summary_names_what_was_refused_and_what_holds_visits(office):
    for number in range(8):
        (office.folder / "back" / f"letter-{number}.835").write_bytes(b"%PDF-1.7" + bytes([number]))
    office.write("sessions", [session("V1"), session("V5", patient="P4", modifiers="GP GP")])
    assert nightly(office).code == 3
    text = (office.folder / "summary.txt").read_text("utf-8")
    assert "ingest: letter-0.835: rejected: ENV001 the file is not X12" in text
    assert "ingest: and 3 more; the manifest has them" in text
    assert "visits held: " in text
    assert "claimloop scrub" in text


def test_a_dry_run_says_what_would_go(office):
    text = nightly(office, "--dry-run").out
    assert (
        "would bill: 1 claim in 1 file (orchard 1); would send: these, and 0 files with 0 claims that wait"
        in text
    )


def test_many_troubles_are_one_line_and_few_rows(office, monkeypatch):
    """The partner has many practices, and refuses files; each file is of one practice."""
    office.create(*(session(f"V{number}", patient=f"P{number}") for number in range(1, 7)))

    def taken(self, name, *_):
        raise NameTakenError(f"{name}: the far side holds other content")

    monkeypatch.setattr(FolderTransport, "look", taken)
    many = "".join(
        OTHER.split("[[trading_partner]]")[0].replace("grove", f"g{n}").replace("west", "house")
        for n in range(50)
    )
    set_up(
        office, SETTINGS.replace("max_claims_per_st = 2", "max_claims_per_st = 1") + TRANSPORT + many + RUN
    )
    done = nightly(office, "--json")
    files = len(list((office.folder / "out").iterdir()))
    failed = done.json["failed_practices"]
    assert files > 1
    assert [one["practice_id"] for one in failed] == ["orchard"] * files
    text = (office.folder / "summary.txt").read_text("utf-8")
    assert [line for line in text.splitlines() if "house" in line] == [
        f"failed: partner house (practice orchard): send: {failed[0]['message']} (and {files - 1} more)"
    ]


def test_a_partner_s_trouble_is_one_row_however_many_practices_it_has(office):
    many = "".join(
        OTHER.split("[[trading_partner]]")[0].replace("grove", f"g{n}").replace("west", "house")
        for n in range(50)
    )
    set_up(office, SETTINGS + TRANSPORT.replace('"back"', '"gone"') + many + RUN)
    failed = nightly(office, "--json").json["failed_practices"]
    assert [(one["step"], one["practice_id"], one["practices"]) for one in failed] == [
        ("fetch", "", 51),
        ("send", "", 51),
    ]
    assert "partner house (51 practices): fetch: " in (office.folder / "summary.txt").read_text("utf-8")


LAYOUT = '[run]\nsessions = { north = "exports/north/*.csv" }\n'


@pytest.mark.parametrize("beside", [True, False])
def test_the_layout_of_the_documentation_bills(office, beside):
    """Records beside the sessions, or beside claimloop.toml for all practices."""
    printed = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
    assert LAYOUT in printed.read_text("utf-8")
    set_up(office, SETTINGS.replace('"orchard"', '"north"') + TRANSPORT + LAYOUT)
    folder = office.folder / "exports" / "north"
    folder.mkdir(parents=True)
    names = ["sessions", *(("patients", "cases", "fees") if beside else ())]
    for name in names:
        (office.folder / f"{name}.csv").rename(folder / f"{name}.csv")
    (folder / "sessions.csv").write_text(
        (folder / "sessions.csv").read_text("utf-8").replace("orchard", "north"), "utf-8"
    )
    done = nightly(office, "--json")
    assert (done.code, done.json["billed"], len(done.json["sent"])) == (0, {"north": 1}, 1)


def test_rows_of_other_practices_in_shared_records_are_passed_over(office):
    set_up(office, SETTINGS + TRANSPORT + OTHER)
    for name in ("patients", "cases"):
        lines = (office.folder / f"{name}.csv").read_text("utf-8").splitlines()
        rows = [f"{lines[0]},practice_id"] + [
            f"{line},{who}" for line in lines[1:] for who in ("orchard", "grove")
        ]
        (office.folder / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    made = office.create(session("V1"), practice="orchard")
    assert ([one.code for one in made.findings if one.code == "INP041"], made.claims) == ([], 1)


def test_a_clock_that_was_left_set_is_said_and_sends_no_real_claims(office, monkeypatch, tmp_path_factory):
    root = tmp_path_factory.mktemp("server")
    for side in ("out", "in"):
        (root / side).mkdir()
    monkeypatch.setenv("HOUSE_PASSWORD", "not a secret")
    monkeypatch.setenv("CLAIMLOOP_CLOCK", "2026-03-20T02:10:00")
    with SftpServer(root) as server:
        way = (
            f'transport = {{ kind = "sftp", host = "127.0.0.1", port = {server.port}, user = "practice", outbound = "/out", '
            f'inbound = "/in", password_env = "HOUSE_PASSWORD", host_key = "{server.host_key}", quiet_seconds = 0, '  # pragma: allowlist secret
            "read_back = false }\n"
        )
        for usage, code, files in (("P", 2, 0), ("T", 0, 1)):
            set_up(office, f'{SETTINGS}usage = "{usage}"\ntest_and_production = true\n{way}')
            if usage == "P":
                office.create(session("V1"))
            done = claimloop("send", "--config", office.folder / "claimloop.toml")
            assert (done.code, len(list((root / "out").iterdir()))) == (code, files)
            assert "CLAIMLOOP_CLOCK sets the clock to 2026-03-20 02:10 UTC" in done.err
        assert "usage" not in done.err
    asked = claimloop("doctor", "--offline", "--config", office.folder / "claimloop.toml")
    assert "warning clock: CLAIMLOOP_CLOCK" in asked.out
