"""S01 to S25: the data equals the facts, segment by segment, and balances; expectations hold together."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from cli.jobs.simulate import remittance_bytes
from edi.model.balance import claim_imbalances, transaction_imbalance
from edi.model.claim import Claim
from edi.model.directory import Submitter, TradingPartner
from edi.model.errors import UsageError
from edi.model.money import parse_cents
from edi.model.remittance import ClaimPayment, RemittanceHeader
from edi.testpayer import (
    RemittanceFile,
    RemittanceSet,
    scenario_claims,
    scenario_expectation,
    scenario_history,
    scenario_ids,
    scenario_remittances,
    scenario_sent_dates,
    scenario_title,
)
from edi.testpayer.adjudications import Remittance
from edi.transactions import t835, t837p
from edi.x12.envelope import TransactionSet, read_transactions

IDS = tuple(f"S{number:02d}" for number in range(1, 26))
CORE = ("BPR", "TRN", "CLP", "MOA", "SVC", "DTM", "CAS", "REF", "AMT", "LQ", "PLB", "NM1")


def normal(segment: list[str]) -> list[str]:
    """One spelling of each amount: -.53 and -0.53 are the same."""
    texts = []
    for element in segment:
        try:
            texts.append(str(parse_cents(element)) if "." in element else element)
        except ValueError:
            texts.append(element)
    return texts


def core_segments(remittance: Remittance) -> list[list[str]]:
    """What the facts show of a set: no envelope, no N1, no QC, no claim dates, BPR up to its method."""
    kept = []
    for segment in t835.write(*remittance):
        name = segment[0]
        if name not in CORE or (name == "NM1" and segment[1] != "TT"):
            continue
        if (name == "DTM" and segment[1] != "472") or (name == "REF" and segment[1] != "6R"):
            continue
        kept.append(normal(segment[:5] if name == "BPR" else segment))
    return kept


def items(data: bytes, read: Callable[[TransactionSet], Iterator[object]]) -> list[object]:
    """What a reader makes of every transaction set of a file without envelope problems."""
    found: list[object] = []
    for transaction in read_transactions([data]):
        assert isinstance(transaction, TransactionSet), transaction
        found += read(transaction)
    return found


def facts(facts_dir: Path) -> dict[str, dict[str, str]]:
    with (facts_dir / "testpayer_scenarios.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_all_twenty_five_are_there() -> None:
    assert scenario_ids() == IDS
    assert all(scenario_title(one) for one in IDS)


def test_an_unknown_scenario_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="S01 to S25"):
        scenario_claims("S26")


@pytest.mark.corpus
@pytest.mark.parametrize("scenario_id", IDS)
def test_the_segments_are_those_of_the_facts(scenario_id: str, facts_dir: Path) -> None:
    row = facts(facts_dir)[scenario_id]
    texts = [row[f"set_{number}_segments"] for number in (1, 2) if row[f"set_{number}_segments"]]
    expected = [[normal(part.split("*")) for part in text.rstrip("~").split("~")] for text in texts]
    assert [core_segments(one) for one in scenario_remittances(scenario_id)] == expected


@pytest.mark.parametrize("scenario_id", IDS)
def test_every_set_balances(scenario_id: str) -> None:
    broken = []
    for header, claims, trailer in (*scenario_history(scenario_id), *scenario_remittances(scenario_id)):
        paid = sum(claim.paid for claim in claims)
        assert transaction_imbalance(header.payment.amount, paid, trailer.provider_adjustments) is None
        broken += [(item.claim, item.code) for claim in claims for item in claim_imbalances(claim)]
    meant = [("C100125", "BAL001"), ("C100125", "BAL002"), ("C100225", "BAL004")]
    assert broken == (meant if scenario_id == "S25" else [])


@pytest.mark.parametrize("scenario_id", IDS)
def test_expected_lines_hold_together(scenario_id: str) -> None:
    """Every submitted line is accounted for or belongs to a submission that nothing is posted to."""
    claims, expected = scenario_claims(scenario_id), scenario_expectation(scenario_id)
    assert len(scenario_sent_dates(scenario_id)) == len(claims)
    for line in expected.lines:
        submitted = {one.number: one.charge for one in claims[line.submission].lines}
        assert line.charge == sum(submitted[number] for number in line.lines)
        answered = line.paid + line.contractual + line.patient + line.denied + line.open
        # a reversed first submission is left without anything on it
        assert answered == line.charge
        assert line.pended <= line.open
    numbers = [(line.submission, number) for line in expected.lines for number in line.lines]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("scenario_id", IDS)
def test_expected_matches_cover_every_835_line(scenario_id: str) -> None:
    sets, expected = scenario_remittances(scenario_id), scenario_expectation(scenario_id)
    claims = scenario_claims(scenario_id)
    assert {(one.set, one.claim) for one in expected.matches} == {
        (number, claim.ordinal) for number, (_, found, _) in enumerate(sets, start=1) for claim in found
    }
    for match in expected.matches:
        payment = sets[match.set - 1][1][match.claim]
        submitted = claims[match.submission]
        assert payment.patient_control_number == submitted.patient_control_number
        assert len(match.lines) == len(payment.lines)
        for numbers, line in zip(match.lines, payment.lines, strict=True):
            for number in numbers:
                found = submitted.lines[number - 1]
                assert found.number == number
                if match.evidence == "line_control_number":
                    assert line.line_control_number == found.line_control_number or scenario_id == "S16"


@pytest.mark.parametrize("scenario_id", IDS)
def test_effects_are_the_sum_of_the_end_state(scenario_id: str) -> None:
    """What the sets move, with what the history left, is what the lines hold in the end."""
    expected = scenario_expectation(scenario_id)
    before = [claim for _, claims, _ in scenario_history(scenario_id) for claim in claims]
    cash = sum(effect.cash for effect in expected.effects) + sum(claim.paid for claim in before)
    assert sum(line.paid for line in expected.lines) == cash
    banked = sum(header.payment.amount for header, _, _ in scenario_remittances(scenario_id))
    assert sum(effect.bank for effect in expected.effects) == banked
    for effect, (header, claims, trailer) in zip(
        expected.effects, scenario_remittances(scenario_id), strict=True
    ):
        plb = sum(item.cents for item in trailer.provider_adjustments)
        assert effect.cash + effect.suspense == sum(claim.paid for claim in claims)
        assert header.payment.amount == effect.cash + effect.suspense - plb
        assert plb == effect.forward + effect.takeback - effect.interest
    if not before:
        assert sum(line.denied for line in expected.lines) == sum(one.denied for one in expected.effects)
        patient = sum(line.patient for line in expected.lines)
        assert patient == sum(one.patient for one in expected.effects)


@pytest.mark.parametrize("scenario_id", IDS)
def test_expected_denials_are_the_denied_money(scenario_id: str) -> None:
    expected = scenario_expectation(scenario_id)
    standing = sum(denial.amount for denial in expected.denials if denial.status == "open")
    assert standing == sum(line.denied for line in expected.lines)
    assert all(denial.next_action and denial.category for denial in expected.denials)


@pytest.mark.corpus
def test_expected_categories_are_those_of_the_code_table(facts_dir: Path) -> None:
    with (facts_dir / "carc_categories.csv").open(encoding="utf-8", newline="") as file:
        table = {row["carc"]: row for row in csv.DictReader(file)}
    for scenario_id in IDS:
        for denial in scenario_expectation(scenario_id).denials:
            if denial.reason and denial.kind != "zero_allowed":
                assert table[denial.reason]["category"] == denial.category, scenario_id
                assert table[denial.reason]["posting_class"] == "denial", scenario_id


@pytest.mark.parametrize("scenario_id", IDS)
def test_claims_can_be_written_and_read(scenario_id: str) -> None:
    partner = TradingPartner(id="x", sender_id="DEMO", receiver_id="MEADOWGATE")
    for number, claim in enumerate(scenario_claims(scenario_id), start=1):
        written = t837p.write(
            [("0001", [claim])],
            submitter=Submitter(
                organization_name="DEMO", etin="DEMO", contact_name="DESK", phone="5555550100"
            ),
            partner=partner,
            interchange_control_number=number,
            group_control_number=number,
            created=datetime(2026, 1, 8, 9, 0),
        )
        assert written.findings == ()
        (read,) = [item for item in items(written.data, t837p.read) if isinstance(item, Claim)]
        assert read.patient_control_number == claim.patient_control_number
        assert (read.frequency, read.original_reference) == (claim.frequency, claim.original_reference)
        assert [line.procedure for line in read.lines] == [line.procedure for line in claim.lines]
        assert [line.line_control_number for line in read.lines] == [
            line.line_control_number for line in claim.lines
        ]


@pytest.mark.parametrize("scenario_id", IDS)
def test_sets_read_back_as_they_were(scenario_id: str) -> None:
    for header, claims, trailer in (*scenario_history(scenario_id), *scenario_remittances(scenario_id)):
        one = RemittanceSet(header=header, claims=tuple(claims), trailer=trailer)
        interchange = header.interchange_control_number or "0"
        file = RemittanceFile(name="x.835", interchange_control_number=interchange, sets=(one,))
        read = items(remittance_bytes(file), t835.read)
        payments = [item for item in read if isinstance(item, ClaimPayment)]
        assert [(p.patient_control_number, p.status, p.charge, p.paid, p.remarks) for p in payments] == [
            (p.patient_control_number, p.status, p.charge, p.paid, p.remarks) for p in claims
        ]
        for payment, claim in zip(payments, claims, strict=True):
            assert [msgspec.structs.replace(line, segment=0) for line in payment.lines] == list(claim.lines)
        heads = [item for item in read if isinstance(item, RemittanceHeader)]
        assert [(h.payment.amount, h.payer, h.payee) for h in heads] == [
            (header.payment.amount, header.payer, header.payee)
        ]
