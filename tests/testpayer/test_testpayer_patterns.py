"""The patterns of the test payer: each is drawn, balances to the cent, and is what its name says."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random

import msgspec
import pytest

from edi.model.balance import claim_imbalances, transaction_imbalance
from edi.model.remittance import ClaimPayment
from edi.testpayer import Answer, Scenario, answer, generate_claims, parse_scenario, shipped_scenario
from edi.testpayer.again import claims_again
from edi.testpayer.patterns import PATTERNS
from edi.testpayer.values import Rates, Submission

TODAY = date(2026, 1, 5)
NASTY = msgspec.structs.replace(shipped_scenario(), rates=Rates(), nasty=1.0, spread=True)


def made(scenario: Scenario, count: int = 900, seed: int = 3) -> Answer:
    claims = list(generate_claims(Random(seed), count, today=date(2026, 12, 31), days=360))
    return answer(claims, rng=Random(seed), today=TODAY, scenario=scenario)


@pytest.fixture(scope="module")
def year() -> Answer:
    return made(NASTY)


def payments_of(answered: Answer, pattern: str) -> list[list[ClaimPayment]]:
    """The claim payments of every claim on which the pattern was played, in the order of arrival."""
    by_place = {
        (file.name, one.header.st_control_number, number): claim
        for file in answered.files
        for one in file.sets
        for number, claim in enumerate(one.claims)
    }
    found = []
    for claim in answered.truth.claims:
        if pattern in claim.traits:
            places = {
                (one.file, one.transaction, one.claim) for line in claim.lines for one in line.answered_by
            }
            found.append([by_place[place] for place in sorted(places)])
    return found


def test_every_pattern_is_drawn(year: Answer) -> None:
    drawn = Counter(trait for claim in year.truth.claims for trait in claim.traits)
    assert [name for name in PATTERNS if drawn[name] < 3] == []


def test_everything_balances(year: Answer) -> None:
    for file in year.files:
        for one in file.sets:
            assert [item for claim in one.claims for item in claim_imbalances(claim)] == []
            trailer = one.trailer
            assert (
                transaction_imbalance(
                    one.header.payment.amount, trailer.paid_total, trailer.provider_adjustments
                )
                is None
            )


def test_the_answers_are_spread_over_the_year(year: Answer) -> None:
    days = {one.header.payment.date for file in year.files for one in file.sets}
    assert len({day.month for day in days if day}) == 12


def test_a_scenario_without_a_share_plays_none() -> None:
    calm = made(msgspec.structs.replace(NASTY, nasty=0.0), 200)
    assert not {trait for claim in calm.truth.claims for trait in claim.traits}.intersection(PATTERNS)


def test_the_share_is_a_parameter() -> None:
    drawn = made(msgspec.structs.replace(NASTY, nasty=0.1), 2000)
    played = sum(bool(set(claim.traits).intersection(PATTERNS)) for claim in drawn.truth.claims)
    assert played / 2000 == pytest.approx(0.1, abs=0.03)


def test_a_scenario_file_may_name_its_patterns() -> None:
    scenario = parse_scenario('name = "x"\nnasty = 1.0\npatterns = ["zero_paid"]\nspread = true\n')
    drawn = made(scenario, 30)
    assert {claim.traits for claim in drawn.truth.claims} == {("zero_paid",)}
    assert {claim.paid for file in drawn.files for one in file.sets for claim in one.claims} == {0}


@pytest.mark.parametrize(
    ("pattern", "statuses"),
    [
        ("correction_before_its_reversal", ["1", "1", "22"]),
        ("corrected_across_files", ["1", "22", "1"]),
        ("correction_a_file_before_its_reversal", ["1", "1", "22"]),
        ("corrected_twice", ["1", "22", "1", "22", "1"]),
        ("tertiary", ["19", "20", "3"]),
        ("not_ours_and_forwarded", ["23", "1"]),
        ("split_claim", ["1", "1"]),
        ("secondary_status_from_the_first_payer", ["2"]),
    ],
)
def test_what_is_sent_in_which_order(pattern: str, statuses: list[str], year: Answer) -> None:
    told = payments_of(year, pattern)
    assert told
    for payments in told:
        assert [one.status for one in payments] == statuses


def test_shapes(year: Answer) -> None:
    (unbundled, *_) = payments_of(year, "unbundled")
    new = [line for line in unbundled[0].lines if line.submitted_procedure is not None]
    assert len(new) == 2
    assert (new[1].charge, new[0].submitted_units) == (0, new[1].submitted_units)
    for payments in payments_of(year, "many_adjustments"):
        assert max(sum(one.group == "CO" for one in line.adjustments) for line in payments[0].lines) > 6
    assert all(not one[0].lines for one in payments_of(year, "claim_level_without_lines"))
    assert all(one[0].party("74") for one in payments_of(year, "patient_replaced"))
    split = payments_of(year, "split_claim")
    assert all(one.payer_claim_control_number != two.payer_claim_control_number for one, two in split)


def test_replacements_and_voids_are_answered_with_their_original() -> None:
    claims = list(generate_claims(Random(5), 80, today=date(2026, 12, 31), days=300))
    submission = Submission(interchange_control_number="000000042")
    more = list(claims_again(Random(6), claims, 1.0, batch=submission.batch))
    scenario = msgspec.structs.replace(NASTY, nasty=0.0)
    given = answer([*claims, *more], rng=Random(7), today=TODAY, scenario=scenario, submission=submission)
    again = given.truth.claims[80:]
    assert {claim.status for claim in again} == {"again"}
    assert not any(claim.lines for claim in again)
    for trait, statuses in (("replaced", ["1", "22", "1"]), ("voided", ["1", "22"])):
        told = payments_of(given, trait)
        assert told
        assert all([one.status for one in payments] == statuses for payments in told)
    assert all(payments[-1].frequency == "8" for payments in payments_of(given, "voided"))
    assert all(payments[-1].frequency == "7" for payments in payments_of(given, "replaced"))
