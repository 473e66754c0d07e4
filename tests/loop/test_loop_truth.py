"""Claims by the hundred and the thousand, answered with every trouble a payer makes; each line against the truth.

The truth is counted from what the test payer decided, never from what the store matched. A line whose cash,
contractual, patient or denied cents differ from it is posted wrong, even if all totals agree.
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from random import Random

import msgspec
import pytest
from sqlalchemy import text

from cli.jobs.simulate import simulate
from edi.model.directory import Practice
from edi.testpayer import Truth, generate_claims, shipped_scenario
from edi.testpayer.compare import Comparison, compare
from tests.loop.loop_stage import Loop, demo_payers, write_837
from tests.loop.rewrap import WRAPPINGS, reenveloped

TODAY = date(2026, 3, 2)
RATES = {
    "line_number_dropped": 0.30,
    "modifiers_dropped": 0.10,
    "lines_merged_or_split": 0.05,
    "control_number_mangled": 0.03,
}


class Round:
    """Claims once round the loop: submitted, answered from a seed, ingested, compared.

    ``imported``: another system sent them, without line control numbers. ``shuffled``: the 835s come in any order.
    """

    def __init__(
        self, folder: Path, count: int, seed: int, *, imported: bool = False, shuffled: bool = False
    ) -> None:
        rng = Random(seed)
        claims = list(generate_claims(rng, count, today=TODAY, line_numbers=not imported))
        practices = {
            claim.billing.npi: Practice(
                id=f"practice-{claim.billing.npi}",
                name=claim.billing.last_name,
                npi=claim.billing.npi,
                tax_id=claim.billing.tax_id,
            )
            for claim in claims
        }
        self.loop = Loop(folder, payers=demo_payers(), practices=tuple(practices.values()))
        if imported:
            self.loop.import_claims(claims)
        else:
            self.loop.submit(claims)
        sent = folder / "claims.837"
        sent.write_bytes(write_837(claims, 1))
        made = simulate(sent, out=folder / "answer", seed=rng.randrange(1 << 32), today=TODAY)
        self.files = [folder / "answer" / name for name in made.files]
        self.truth = msgspec.json.decode((folder / "answer" / made.truths[0]).read_bytes(), type=Truth)
        arriving = self.files
        if shuffled:
            remittances = self.remittances
            rng.shuffle(remittances)
            arriving = [file for file in self.files if file not in remittances] + remittances
        started = time.perf_counter()
        self.manifest = self.loop.ingest(arriving)
        self.seconds = time.perf_counter() - started

    @property
    def remittances(self) -> list[Path]:
        """The 835 files."""
        return [file for file in self.files if file.suffix == ".835"]

    def comparison(self) -> Comparison:
        """The store against the truth."""
        return compare(self.truth, self.loop.found_lines())


def report(round_: Round, result: Comparison) -> None:
    """Print what was measured."""
    truth, totals = round_.truth, round_.manifest.totals
    unmatched = round_.loop.scalar("SELECT COUNT(*) FROM claim_payment WHERE outcome = 'unmatched'")
    print(
        f"{truth.totals.claims} claims, {truth.totals.lines} lines, {len(round_.remittances)} 835 files, "
        f"ingested in {round_.seconds:.1f} s: {totals.lines_matched} of {totals.lines} 835 lines matched; "
        f"wrong {len(result.wrong)}; recall {result.recall:.5f} of {result.decidable} decidable lines "
        f"(missed {len(result.missed)}); category {result.category_share:.5f} of {result.denied} denied; "
        f"undecidable {truth.totals.undecidable}; {unmatched} claim payments in the queue"
    )


def assert_all_true(round_: Round) -> None:
    """No line posted wrong, nearly every decidable line found, denials in the right category, the books whole."""
    result = round_.comparison()
    report(round_, result)
    assert result.wrong == ()
    assert result.recall >= 0.999, result.missed
    assert result.category_share >= 0.99, result.miscategorised
    assert round_.loop.broken_checks() == []
    assert_money(round_)


def assert_money(round_: Round) -> None:
    """The bank is what the truth says, and nothing of it went astray."""
    loop, totals = round_.loop, round_.truth.totals
    assert loop.scalar("SELECT SUM(amount) FROM remittance") == totals.bank
    assert loop.scalar("SELECT SUM(cents) FROM provider_adjustment") == totals.provider_adjustments
    posted = loop.scalar("SELECT COALESCE(SUM(cents), 0) FROM posting WHERE account = 'paid'")
    waiting = loop.scalar("SELECT COALESCE(SUM(paid), 0) FROM claim_payment WHERE outcome <> 'posted'")
    assert posted + waiting == totals.cash == totals.bank + totals.provider_adjustments


def assert_outcomes(round_: Round) -> None:
    """Each payment was posted or known for a duplicate, as the test payer meant it."""
    told = {file.file: file for file in round_.manifest.files}
    for file in round_.truth.files:
        entry = told[file.file]
        assert entry.outcome == file.outcome, (file.file, file.why, entry)
        if file.why != "renamed":  # the same bytes: not even opened
            assert [(one.st_control_number, one.outcome) for one in entry.payments] == [
                (one.transaction, one.outcome) for one in file.payments
            ]


def assert_nothing_changes(round_: Round, folder: Path) -> None:
    """The same files again: as they are, renamed, in other clothes, all in one interchange."""
    loop, before = round_.loop, round_.loop.digest()
    again = loop.ingest(round_.files)
    assert {file.outcome for file in again.files} == {"duplicate"}
    folder.mkdir()
    for number, file in enumerate(round_.files):
        renamed = folder / f"again-{number}"
        renamed.write_bytes(file.read_bytes())
        assert loop.ingest([renamed]).files[0].outcome == "duplicate"
    assert loop.digest() == before
    for name, wrapping in WRAPPINGS.items():
        paths = []
        for number, file in enumerate(round_.files):
            if name == "new envelope" and file.suffix != ".835":
                continue  # of an acknowledgment, the envelope is part of what it says
            path = folder / f"{name.replace(' ', '-')}-{number}"
            path.write_bytes(wrapping(file.read_bytes()))
            paths.append(path)
        manifest = loop.ingest(paths)
        assert {file.outcome for file in manifest.files} == {"duplicate"}, name
        assert loop.digest() == before, name
    whole = folder / "all-in-one"
    whole.write_bytes(reenveloped([file.read_bytes() for file in round_.remittances], 800_000_000))
    entry = loop.ingest([whole]).files[0]
    assert {payment.outcome for payment in entry.payments} == {"duplicate"}
    assert loop.digest() == before
    assert loop.broken_checks() == []


def test_three_hundred_claims_end_as_the_truth_says(tmp_path: Path, seed: int) -> None:
    round_ = Round(tmp_path / "loop", 300, seed)
    assert_all_true(round_)
    assert_outcomes(round_)
    assert_nothing_changes(round_, tmp_path / "again")
    round_.loop.close()


def test_files_in_any_order_end_as_the_truth_says(tmp_path: Path, seed: int) -> None:
    """A correction before its reversal, a second payer before the first: the books are those of the dates."""
    round_ = Round(tmp_path / "loop", 300, seed, shuffled=True)
    assert_all_true(round_)
    round_.loop.close()


def test_claims_of_another_system_end_as_the_truth_says(tmp_path: Path, seed: int) -> None:
    """No line control number anywhere: codes, dates and charges alone, and what they leave open waits."""
    round_ = Round(tmp_path / "loop", 300, seed, imported=True)
    assert_all_true(round_)
    round_.loop.close()


@pytest.mark.soak
def test_five_thousand_claims_end_as_the_truth_says(tmp_path: Path, seed: int) -> None:
    round_ = Round(tmp_path / "loop", 5000, seed)
    assert_all_true(round_)
    assert_outcomes(round_)
    assert_nothing_changes(round_, tmp_path / "again")
    round_.loop.close()


def test_the_rates_are_those_that_are_asked_for() -> None:
    """What the shipped scenario does to answers, so that an easier one cannot slip in."""
    rates = shipped_scenario().rates
    assert {name: getattr(rates, name) for name in RATES} == RATES
    for name in (
        "file_renamed", "file_rewrapped", "file_reenveloped", "reversed", "taken_back", "crossed_over",
        "later_payer_overstates", "later_payer_denies", "claim_level", "zero_trace_reused", "lines_out_of_order",
    ):  # fmt: skip
        assert getattr(rates, name) > 0, name


@pytest.mark.parametrize("account", ["paid", "contractual", "patient", "denied"])
def test_a_wrong_posting_is_seen(tmp_path: Path, seed: int, account: str) -> None:
    """One cent from one line to another of the same claim: all totals agree, and it is wrong."""
    round_ = Round(tmp_path / "loop", 40, seed)
    assert round_.comparison().wrong == ()
    alone = {
        (claim.patient_control_number, line.number)
        for claim in round_.truth.claims
        for line in claim.lines
        if len(line.group) == 1 and len(claim.lines) > 1
    }
    lines = round_.loop.rows(
        "SELECT p.claim_payment_id AS payment, p.ordinal, c.patient_control_number AS claim, l.number FROM posting p"
        " JOIN service_line l ON l.id = p.line_id JOIN claim c ON c.id = l.claim_id WHERE p.account = :account"
        " ORDER BY c.id, l.number",
        account=account,
    )
    one = next(row for row in lines if (row["claim"], row["number"]) in alone)
    with round_.loop.store.write() as connection:
        connection.execute(
            text(
                "UPDATE posting SET line_id = (SELECT o.id FROM service_line o JOIN service_line l ON l.claim_id = o.claim_id"
                " WHERE l.id = posting.line_id AND o.id <> l.id ORDER BY o.id LIMIT 1)"
                " WHERE claim_payment_id = :payment AND ordinal = :ordinal"
            ),
            {"payment": one["payment"], "ordinal": one["ordinal"]},
        )
    wrong = round_.comparison().wrong
    assert one["claim"] in {found.patient_control_number for found in wrong}
    round_.loop.close()
