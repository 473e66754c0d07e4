"""`simulate`: an 837P file in, the answer as files out."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from random import Random

import msgspec
import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.jobs.simulate import simulate, simulate_all
from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.claim import Claim
from edi.model.directory import Submitter, TradingPartner
from edi.model.errors import InputError
from edi.testpayer import Truth, generate_claims, shipped_scenario
from edi.transactions import t277ca, t837p, t999, ta1
from edi.x12.envelope import TransactionSet, read_transactions

TODAY = date(2026, 3, 2)


def claims_of(count: int) -> list[Claim]:
    return list(generate_claims(Random(3), count, today=TODAY))


def write_837(path: Path, claims: list[Claim], control_number: int = 17) -> Path:
    written = t837p.write(
        [("0001", claims[: len(claims) // 2]), ("0002", claims[len(claims) // 2 :])],
        submitter=Submitter(
            organization_name="DEMO OFFICE", etin="DEMO", contact_name="DESK", phone="5555550100"
        ),
        partner=TradingPartner(id="x", sender_id="DEMO", receiver_id="MEADOWGATE"),
        interchange_control_number=control_number,
        group_control_number=control_number,
        created=datetime(2026, 3, 2, 8, 0),
    )
    assert written.findings == ()
    path.write_bytes(written.data)
    return path


def acknowledgments(path: Path) -> list[Acknowledgment]:
    readers = {"TA1": ta1.read, "999": t999.read, "277": t277ca.read}
    found: list[Acknowledgment] = []
    for transaction in read_transactions([path.read_bytes()]):
        assert isinstance(transaction, TransactionSet), transaction
        for item in readers[transaction.kind](transaction):
            assert isinstance(item, Acknowledgment), item
            found.append(item)
    return found


def test_generated_claims_survive_the_837(tmp_path: Path) -> None:
    """What is written reads back with the same numbers, codes, modifiers, dates and charges."""
    claims = claims_of(120)
    path = write_837(tmp_path / "claims.837", claims)
    read: list[Claim] = []
    for transaction in read_transactions([path.read_bytes()]):
        assert isinstance(transaction, TransactionSet)
        read += [item for item in t837p.read(transaction) if isinstance(item, Claim)]
    found = {one.patient_control_number: one for one in read}
    assert set(found) == {one.patient_control_number for one in claims}
    for one in claims:
        other = found[one.patient_control_number]
        assert (one.charge, one.payer.id, one.billing.npi) == (
            other.charge,
            other.payer.id,
            other.billing.npi,
        )
        assert [(x.procedure, x.charge, x.units, x.date_from, x.line_control_number) for x in one.lines] == [
            (x.procedure, x.charge, x.units, x.date_from, x.line_control_number) for x in other.lines
        ]


def test_the_answer_is_written_whole(tmp_path: Path) -> None:
    claims = claims_of(120)
    path = write_837(tmp_path / "claims.837", claims)
    out = tmp_path / "out"
    made = simulate(path, out=out, seed=5, today=TODAY)
    assert made.findings == ()
    assert sorted(file.name for file in out.iterdir()) == sorted(made.files)
    assert list(made.files) == sorted(made.files)
    truth = msgspec.json.decode(Path(made.truths[0]).read_bytes(), type=Truth)
    assert truth.totals == made.totals[0]
    told_of = {claim.patient_control_number for claim in truth.claims}
    assert told_of == {claim.patient_control_number for claim in claims}
    assert {file.file for file in truth.files} == {name for name in made.files if name.endswith(".835")}

    told = [one for name in made.files if not name.endswith(".835") for one in acknowledgments(out / name)]
    (interchange,) = [one for one in told if one.kind == "TA1"]
    assert (interchange.interchange_control_number, interchange.accepted) == ("000000017", True)
    sets = [
        one.transaction_control_number for one in told if one.kind == "999" and one.transaction_control_number
    ]
    assert sets == ["0001", "0002"]
    statuses = {one.patient_control_number: one for one in told if one.level is AcknowledgmentLevel.CLAIM}
    for claim in truth.claims:
        status = statuses[claim.patient_control_number]
        assert status.accepted == (claim.status != "rejected")
        if status.payer_claim_control_number:
            assert status.payer_claim_control_number == claim.payer_claim_control_number


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    path = write_837(tmp_path / "claims.837", claims_of(60))
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        simulate(path, out=tmp_path / name, seed=seed, today=TODAY)
    contents = {
        name: {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in "abc"
    }
    assert contents["a"] == contents["b"]
    assert contents["a"] != contents["c"]


def test_each_interchange_is_answered_by_itself(tmp_path: Path) -> None:
    first = write_837(tmp_path / "1.837", claims_of(10), 17).read_bytes()
    second = write_837(tmp_path / "2.837", claims_of(12), 18).read_bytes()
    both = tmp_path / "both.837"
    both.write_bytes(first + second)
    made = simulate(both, out=tmp_path / "out", seed=5, today=TODAY, scenario=shipped_scenario("clean"))
    beside = [str(tmp_path / f"out-truth-{batch}.json") for batch in ("000017", "000018")]
    assert list(made.truths) == beside
    assert [one.claims for one in made.totals] == [10, 12]


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"ISA*00"], ids=["empty", "pdf", "cut"])
def test_a_file_without_claims_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.837"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no professional claim"):
        simulate(path, out=tmp_path / "out", seed=1, today=TODAY)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        simulate(tmp_path / "none.837", out=tmp_path, seed=1, today=TODAY)


def test_the_command_answers_in_json(tmp_path: Path) -> None:
    path = write_837(tmp_path / "claims.837", claims_of(20))
    scenario = tmp_path / "mine.toml"
    scenario.write_text('name = "mine"\n[classes]\n45 = "contractual"\n', encoding="utf-8")
    arguments = [
        "simulate",
        str(path),
        "--out",
        str(tmp_path / "out"),
        "--as-of",
        "2026-03-02",
        "--seed",
        "9",
    ]
    done = CliRunner().invoke(app, [*arguments, "--scenario", str(scenario), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["schema_version"], said["scenario"], said["seed"]) == (1, "mine", 9)
    assert said["totals"]["claims"] == 20
    truth = json.loads(Path(said["truths"][0]).read_text(encoding="utf-8"))
    assert said["totals"]["cash"] == f"{truth['totals']['cash'] / 100:.2f}"


def test_several_files_are_answered_each_as_if_alone(tmp_path: Path) -> None:
    paths = [write_837(tmp_path / f"{number}.837", claims_of(10 + number), number) for number in (17, 18, 19)]
    options = ["--as-of", "2026-03-02", "--seed", "9", "--json"]
    together = [*map(str, paths), "--out", str(tmp_path / "all")]
    done = CliRunner().invoke(app, ["simulate", *together, *options])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["totals"]["claims"] == sum(10 + number for number in (17, 18, 19))
    files: dict[str, bytes] = {}
    truths: list[str] = []
    for path in paths:
        alone = ["--out", str(tmp_path / "alone")]
        one = json.loads(CliRunner().invoke(app, ["simulate", str(path), *alone, *options]).stdout)
        files |= {name: (tmp_path / "alone" / name).read_bytes() for name in one["files"]}
        truths += one["truths"]
    assert said["files"] == list(files)
    assert {file.name: file.read_bytes() for file in (tmp_path / "all").iterdir()} == files
    for mine, other in zip(said["truths"], truths, strict=True):
        assert Path(mine).read_bytes() == Path(other).read_bytes()


def test_two_files_of_one_control_number_are_not_answered_over_each_other(tmp_path: Path) -> None:
    paths = [write_837(tmp_path / f"{name}.837", claims_of(10), 17) for name in "ab"]
    with pytest.raises(InputError, match="interchange control number 000000017"):
        simulate_all(paths, out=tmp_path / "out", seed=1, today=TODAY)
    simulate(paths[0], out=tmp_path / "alone", seed=1, today=TODAY)
    kept = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert kept == {file.name: file.read_bytes() for file in (tmp_path / "alone").iterdir()}


def test_the_command_shows_a_table(tmp_path: Path) -> None:
    path = write_837(tmp_path / "claims.837", claims_of(20))
    arguments = [
        "simulate",
        str(path),
        "--out",
        str(tmp_path / "out"),
        "--as-of",
        "2026-03-02",
        "--scenario",
        "clean",
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "scenario clean" in done.stdout
    assert "contractual" in done.stdout
