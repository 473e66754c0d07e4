"""The test payer as a whole: same seed, same answer; the truth agrees with the money sent; rates are kept."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random

import msgspec
import pytest

from cli.jobs.simulate import answer_files, remittance_bytes
from edi.model.balance import claim_imbalances, transaction_imbalance
from edi.model.claim import Claim
from edi.model.errors import UsageError
from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from edi.testpayer import (
    Answer,
    Scenario,
    Submission,
    answer,
    generate_claims,
    parse_scenario,
    shipped_scenario,
)
from edi.testpayer.values import Rates, TrueClaim, TrueLine
from edi.transactions import t835
from edi.x12.envelope import TransactionSet, read_transactions

TODAY = date(2026, 3, 2)
COUNT = 2000


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


# -- determinism ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes() -> None:
    claims = claims_of(150)
    first, second = answered(claims), answered(claims)
    assert msgspec.json.encode(first.truth) == msgspec.json.encode(second.truth)
    submission = Submission()
    assert list(answer_files(first, claims, submission)) == list(answer_files(second, claims, submission))


def test_another_seed_gives_another_answer() -> None:
    claims = claims_of(150)
    assert answered(claims, 2).truth != answered(claims, 3).truth


def test_generated_claims_come_again_from_their_seed_and_differ_by_number() -> None:
    assert claims_of(50) == claims_of(50)
    numbers = [claim.patient_control_number for claim in claims_of(500)]
    assert len(set(numbers)) == 500
    more = generate_claims(Random(1), 5, today=TODAY, first_number=501)
    assert not {claim.patient_control_number for claim in more} & set(numbers)


# -- money ---------------------------------------------------------------------------------------------------------


def test_everything_balances(made: Answer) -> None:
    for file in made.files:
        for one in file.sets:
            paid = sum(claim.paid for claim in one.claims)
            amount = one.header.payment.amount
            assert amount >= 0
            assert transaction_imbalance(amount, paid, one.trailer.provider_adjustments) is None
            assert [item for claim in one.claims for item in claim_imbalances(claim)] == []


def test_the_truth_adds_up_to_what_was_sent(made: Answer) -> None:
    totals = made.truth.totals
    assert totals.cash == sum(claim.paid for _, _, claim, _ in posted(made))
    assert totals.cash == totals.bank + totals.provider_adjustments
    assert totals.charge == totals.cash + totals.contractual + totals.patient + totals.denied + totals.open
    assert totals.bank == sum(
        one.header.payment.amount for file in made.files if file.outcome == "posted" for one in file.sets
    )


def test_the_truth_of_each_claim_adds_up_to_its_claim_payments(made: Answer) -> None:
    """By the numbers in answered_by, not by CLP01: mangling must not matter."""
    paid: Counter[tuple[str, str, int]] = Counter()
    for file in made.files:
        for one in file.sets:
            for claim in one.claims:
                paid[file.name, one.header.st_control_number, claim.ordinal] = claim.paid
    for true in made.truth.claims:
        places = {(a.file, a.transaction, a.claim) for line in true.lines for a in line.answered_by}
        assert sum(line.cash for line in true.lines) == sum(paid[place] for place in places)
        assert bool(places) == (true.status == "adjudicated")


def test_adjustments_of_plain_claims_are_the_truth_of_each_line(claims: list[Claim], made: Answer) -> None:
    """A second path for the claims nothing special happened to: read each account off the CAS."""
    classes = shipped_scenario().classes
    sent = {(name, header.st_control_number, claim.ordinal): claim for name, header, claim, _ in posted(made)}
    seen = 0
    for claim, line in lines_of(made):
        if set(claim.traits) - {"mangled"}:
            continue
        (only_answer,) = line.answered_by
        payment = sent[only_answer.file, only_answer.transaction, only_answer.claim].lines[only_answer.line]
        sums: Counter[str] = Counter()
        for item in payment.adjustments:
            account = classes[item.reason]
            if item.cents == payment.charge and account == "contractual":
                account = "denial"
            sums[account] += item.cents
        assert payment.paid == line.cash
        assert sums["contractual"] == line.contractual
        assert sums["patient"] == line.patient
        assert sums["denial"] == line.denied
        assert sums["pended"] == line.pended
        assert bool(line.category) == (line.denied > 0)
        seen += 1
    assert seen > len(claims)


def test_no_line_ends_below_zero(made: Answer) -> None:
    for _, line in lines_of(made):
        if len(line.group) == 1:
            assert min(line.cash, line.contractual, line.patient, line.denied, line.open, line.memo) >= 0


def test_forward_balances_are_settled_by_the_next_payment_of_the_account() -> None:
    """Nothing but reversals in the second wave: totals get negative, and equal corrections settle them."""
    scenario = only(reversed=1.0, corrected_in_same_file=0.0, corrected_alike=1.0)
    made = answered(claims_of(60), scenario=scenario)
    forwarded: Counter[str] = Counter()
    kinds = set()
    for file in made.files:
        for one in file.sets:
            for item in one.trailer.provider_adjustments:
                assert item.reason == "FB"
                forwarded[str(item.identifier)] += item.cents
                kinds.add(item.cents > 0)
    assert kinds == {True, False}
    assert set(forwarded.values()) == {0}
    for claim in made.truth.claims:
        assert [a.kind for a in claim.lines[0].answered_by] == ["first", "reversal", "correction"]


# -- groups --------------------------------------------------------------------------------------------------------


def test_lines_that_nothing_tells_apart_are_grouped(claims: list[Claim], made: Answer) -> None:
    sent = {(name, header.st_control_number, claim.ordinal): claim for name, header, claim, _ in posted(made)}
    alone = grouped = 0
    for source, claim in zip(claims, made.truth.claims, strict=True):
        by_number = {line.number: line for line in source.lines}
        for line in claim.lines:
            assert line.number in line.group
            assert all(claim.lines[number - 1].group == line.group for number in line.group)
            mine = by_number[line.number]
            twins = [one for one in source.lines if one.procedure == mine.procedure]
            if len(twins) < 2 or not line.answered_by:
                continue
            lost = any(
                sent[a.file, a.transaction, a.claim].lines[a.line].line_control_number is None
                for twin in twins
                for a in claim.lines[twin.number - 1].answered_by
            )
            grouped += lost
            alone += not lost
            assert not lost or set(line.group) >= {twin.number for twin in twins}
    assert alone > 20
    assert grouped > 20


# -- bytes ---------------------------------------------------------------------------------------------------------


def read_file(data: bytes) -> list[tuple[RemittanceHeader, list[ClaimPayment], RemittanceTrailer]]:
    sets = []
    for transaction in read_transactions([data]):
        assert isinstance(transaction, TransactionSet), transaction
        header: RemittanceHeader | None = None
        claims: list[ClaimPayment] = []
        for item in t835.read(transaction):
            if isinstance(item, RemittanceHeader):
                header = item
            elif isinstance(item, ClaimPayment):
                claims.append(item)
            else:
                assert isinstance(item, RemittanceTrailer), item
                assert header is not None
                sets.append((header, claims, item))
    return sets


def without_places(claim: ClaimPayment) -> ClaimPayment:
    lines = tuple(msgspec.structs.replace(line, segment=0) for line in claim.lines)
    return msgspec.structs.replace(claim, segment=0, lines=lines)


def test_reading_the_835_gives_the_values_back(made: Answer) -> None:
    for file in made.files:
        read = read_file(remittance_bytes(file))
        assert len(read) == len(file.sets)
        for one, (header, claims, trailer) in zip(file.sets, read, strict=True):
            assert header == one.header
            assert [without_places(claim) for claim in claims] == list(one.claims)
            assert trailer.paid_total == one.trailer.paid_total
            assert trailer.charge_total == one.trailer.charge_total
            plb = [msgspec.structs.replace(item, segment=0) for item in trailer.provider_adjustments]
            assert plb == list(one.trailer.provider_adjustments)


def test_duplicates_are_what_they_say(made: Answer) -> None:
    """A renamed file has the bytes of an earlier one, a rewrapped one its segments, a reenveloped one its sets."""
    earlier: list[tuple[str, bytes]] = []
    seen: Counter[str] = Counter()
    for file in made.files:
        data = remittance_bytes(file)
        if file.outcome == "posted":
            assert data not in [other for _, other in earlier]
        else:
            seen[file.why] += 1
            same_bytes = data in [other for _, other in earlier]
            assert same_bytes == (file.why == "renamed")
            if file.why == "rewrapped":
                assert data.replace(b"\n", b"") in [other for _, other in earlier]
            if file.why == "reenveloped":
                bodies = [body(other) for _, other in earlier]
                assert body(data) in bodies
        earlier.append((file.name, data))
    assert len(seen) == 3
    assert [name for name, _ in earlier] == sorted(name for name, _ in earlier)


def body(data: bytes) -> list[bytes]:
    envelope = (b"ISA", b"GS*", b"ST*", b"SE*", b"GE*", b"IEA")
    return [part for part in data.split(b"~") if not part.startswith(envelope)]


# -- acknowledgments -----------------------------------------------------------------------------------------------


def test_acknowledgments_answer_every_number_of_the_file() -> None:
    submission = Submission(
        interchange_control_number="000000042", groups=(("7", ("0001", "0002")), ("8", ("0003",)))
    )
    claims = claims_of(300)
    made = answer(claims, rng=Random(1), today=TODAY, scenario=only(rejected=0.2), submission=submission)
    assert made.interchange.interchange_control_number == "000000042"
    told = [(one.group_control_number, one.transaction_control_number) for one in made.functional]
    assert told == [("7", "0001"), ("7", "0002"), ("7", None), ("8", "0003"), ("8", None)]
    for claim, status, truth in zip(claims, made.claims, made.truth.claims, strict=True):
        assert status.patient_control_number == claim.patient_control_number
        assert status.accepted == (truth.status != "rejected")
        assert status.accepted == (status.code == "A2")
        if not status.accepted:
            assert sum(line.open for line in truth.lines) == claim.charge
    assert 0.12 < made.truth.totals.rejected / 300 < 0.28


def test_a_void_is_acknowledged_and_not_paid() -> None:
    claims = [msgspec.structs.replace(claim, frequency="8") for claim in claims_of(3)]
    made = answered(claims, scenario=only())
    assert [claim.status for claim in made.truth.claims] == ["unanswered"] * 3
    assert made.files == ()
    assert all(status.accepted for status in made.claims)


def test_numbers_of_two_answers_never_meet() -> None:
    claims = claims_of(40)
    answers = [
        answer(
            claims,
            rng=Random(1),
            today=TODAY,
            scenario=only(),
            submission=Submission(interchange_control_number=number),
        )
        for number in ("000000001", "000000002")
    ]
    traces = [{h.payment.trace_number for _, h, _, _ in posted(one)} for one in answers]
    numbers = [{c.payer_claim_control_number for _, _, c, _ in posted(one)} for one in answers]
    assert not traces[0] & traces[1]
    assert not numbers[0] & numbers[1]


# -- scenario files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "cannot be read"),
        ('name = "x"\nspeed = 1', "unknown field"),
        ('name = "x"\n[rates]\ndenied = 1.5', "between 0 and 1"),
        ('name = "x"\n[rates]\ndenied = "often"', "cannot be read"),
        (
            'name = "x"\n[[denials]]\ngroup = "CO"\nreason = "50"\ncategory = "medical_necessity"\nweight = 1',
            "no class for CARC 50",
        ),
    ],
)
def test_a_scenario_that_is_none_is_a_usage_error(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_scenario(text)


def test_an_unknown_shipped_scenario_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="demo, clean"):
        shipped_scenario("dirty")
