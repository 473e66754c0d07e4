"""The rates of a scenario are those observed, and none is without effect."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random

import msgspec
import pytest

from edi.model.claim import Claim
from edi.model.control import normalise_control_number
from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from edi.testpayer import (
    Answer,
    Scenario,
    answer,
    generate_claims,
    shipped_scenario,
)
from edi.testpayer.values import Rates, TrueClaim, TrueLine

TODAY = date(2026, 3, 2)
COUNT = 2000
NOT_IN_THE_DEMO = dict.fromkeys(
    ("takeback_deferred", "refund_received", "adjusted", "advanced", "offset", "unknown_adjustment"), 0.3
)
"""Rates that the shipped scenarios leave at 0."""


def claims_of(count: int = COUNT, seed: int = 1) -> list[Claim]:
    return list(generate_claims(Random(seed), count, today=TODAY))


def answered(claims: list[Claim], seed: int = 2, scenario: Scenario | None = None) -> Answer:
    return answer(claims, rng=Random(seed), today=TODAY, scenario=scenario or shipped_scenario())


def only(**rates: float) -> Scenario:
    """The demo scenario with every rate at 0 but these."""
    return msgspec.structs.replace(shipped_scenario(), rates=Rates(**rates))


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    return claims_of()


@pytest.fixture(scope="module")
def made(claims: list[Claim]) -> Answer:
    return answered(claims)


def posted(made: Answer) -> list[tuple[str, RemittanceHeader, ClaimPayment, RemittanceTrailer]]:
    """Every claim payment of the files that are not duplicates, with its file name."""
    return [
        (file.name, one.header, claim, one.trailer)
        for file in made.files
        if file.outcome == "posted"
        for one in file.sets
        for claim in one.claims
    ]


def lines_of(made: Answer) -> list[tuple[TrueClaim, TrueLine]]:
    return [(claim, line) for claim in made.truth.claims for line in claim.lines]


def share(hit: int, of: int) -> float:
    return hit / of


def test_line_numbers_and_modifiers_are_dropped_at_their_rates(made: Answer) -> None:
    lines = [line for _, _, claim, _ in posted(made) if claim.status != "22" for line in claim.lines]
    assert share(sum(line.line_control_number is None for line in lines), len(lines)) == pytest.approx(
        0.30, abs=0.03
    )
    modified = [
        line for line in lines if not line.procedure.code.startswith("989") and not line.submitted_procedure
    ]
    with_modifier_submitted = {"97112", "97116", "97530", "97535", "97032", "97124", "97018"}
    told = [line for line in modified if line.procedure.code in with_modifier_submitted]
    assert share(sum(not line.procedure.modifiers for line in told), len(told)) == pytest.approx(
        0.10, abs=0.02
    )


def test_lines_are_merged_or_split_at_their_rate(made: Answer) -> None:
    changed = total = 0
    for claim in made.truth.claims:
        if claim.status != "adjudicated":
            continue
        total += len(claim.lines)
        firsts = [(line.number, a) for line in claim.lines for a in line.answered_by if a.kind == "first"]
        places = Counter((a.file, a.transaction, a.claim, a.line) for _, a in firsts)
        merged = {n for n, a in firsts if places[a.file, a.transaction, a.claim, a.line] > 1}
        split = {n for n, count in Counter(n for n, _ in firsts).items() if count > 1}
        bundled = 2 if "bundled" in claim.traits else 0
        changed += len(merged) + len(split) + bundled
    assert share(changed, total) == pytest.approx(0.05, abs=0.02)


def test_control_numbers_are_mangled_at_their_rate(made: Answer) -> None:
    accepted = [claim for claim in made.truth.claims if claim.status == "adjudicated"]
    mangled = [claim for claim in accepted if "mangled" in claim.traits]
    assert share(len(mangled), len(accepted)) == pytest.approx(0.03, abs=0.012)


def test_a_mangled_number_reads_the_same_or_is_marked(claims: list[Claim]) -> None:
    """Every mangled CLP01 either normalises to CLM01 or is cut short; cut ones hit no other claim."""
    made = answered(claims, scenario=only(control_number_mangled=1.0, claim_numbers_acknowledged=0.5))
    known = {normalise_control_number(claim.patient_control_number): claim for claim in claims}
    sent = {claim.payer_claim_control_number: claim for _, _, claim, _ in posted(made)}
    spelt: Counter[tuple[bool, bool]] = Counter()
    for claim, status in zip(made.truth.claims, made.claims, strict=True):
        number = sent[claim.payer_claim_control_number].patient_control_number
        assert number != claim.patient_control_number
        read = normalise_control_number(number)
        readable = read == normalise_control_number(claim.patient_control_number)
        if not readable:
            assert read not in known
        named = status.payer_claim_control_number is not None
        assert all(line.decidable == (readable or named) for line in claim.lines)
        assert all(bool(line.why_not) != line.decidable for line in claim.lines)
        spelt[readable, named] += 1
    assert len(spelt) == 4


def test_a_fifth_of_the_claims_or_so_has_twins(claims: list[Claim]) -> None:
    lines = twins = 0
    for claim in claims:
        keys = Counter((line.procedure, line.charge, line.units) for line in claim.lines)
        lines += len(claim.lines)
        twins += sum(count - 1 for count in keys.values())
    assert share(twins, lines) == pytest.approx(0.05, abs=0.015)


def test_denials_come_in_every_category(made: Answer) -> None:
    adjudicated = [line for claim, line in lines_of(made) if claim.status == "adjudicated"]
    categories = Counter(line.category for line in adjudicated if line.denied)
    assert set(categories) >= {reason.category for reason in shipped_scenario().denials}
    assert share(sum(categories.values()), len(adjudicated)) == pytest.approx(0.10, abs=0.03)


def test_the_other_troubles_all_happen(made: Answer) -> None:
    traits = {trait for claim in made.truth.claims for trait in claim.traits}
    assert traits >= {
        "rejected", "mangled", "split", "bundled", "merged", "reversed", "corrected_alike", "crossed_over",
        "overstates", "denies", "supplements", "claim_level",
    }  # fmt: skip
    reasons = {item.reason for _, _, _, trailer in posted(made) for item in trailer.provider_adjustments}
    assert reasons >= {"WO", "L6"}
    assert {file.why for file in made.files} == {"", "renamed", "rewrapped", "reenveloped"}


@pytest.mark.parametrize("name", sorted(set(Rates.__struct_fields__) - {"claim_numbers_acknowledged"}))
def test_no_rate_is_without_effect(name: str) -> None:
    """Against a scenario in which everything happens, leaving one thing out changes the answer."""
    claims = claims_of(800)
    full = msgspec.structs.replace(shipped_scenario(), claims_per_payment=1)
    full = msgspec.structs.replace(full, rates=msgspec.structs.replace(full.rates, **NOT_IN_THE_DEMO))
    with_it = answered(claims, scenario=full)
    rates = msgspec.structs.replace(full.rates, **{name: 0.0})
    without = answered(claims, scenario=msgspec.structs.replace(full, rates=rates))
    assert with_it.files != without.files


def test_a_claim_that_crosses_over_is_answered_line_by_line_and_its_twins_alike(claims: list[Claim]) -> None:
    """Else a later payer that names one of two twins would leave a sum that nobody can know."""
    rates = Rates(crossed_over=1.0, lines_merged_or_split=0.5)
    made = answered(claims, scenario=msgspec.structs.replace(shipped_scenario(), rates=rates))
    twins = 0
    for source, true in zip(claims, made.truth.claims, strict=True):
        if "crossed_over" not in true.traits:
            continue
        assert not {"merged", "bundled"} & set(true.traits)
        contractual: dict[tuple[str, int], set[int]] = {}
        for line, end in zip(source.lines, true.lines, strict=True):
            contractual.setdefault((line.procedure.code, line.charge), set()).add(end.contractual)
        if "supplements" in true.traits:
            twins += len(source.lines) - len(contractual)
            assert all(len(found) == 1 for found in contractual.values())
    assert twins > 10


def test_a_clean_scenario_pays_every_line_under_its_own_number() -> None:
    claims = claims_of(100)
    made = answered(claims, scenario=shipped_scenario("clean"))
    assert made.truth.totals.denied == made.truth.totals.open == made.truth.totals.memo == 0
    assert all(line.group == (line.number,) and line.decidable for _, line in lines_of(made))
    echoed = [line.line_control_number for _, _, claim, _ in posted(made) for line in claim.lines]
    assert sorted(map(str, echoed)) == sorted(
        line.line_control_number for claim in claims for line in claim.lines
    )
