"""Made-up practices whole: from their records to files that the rules, the reader and the second opinion accept."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from edi.codes import load_tables
from edi.intake import ChargeSummary, build_claims
from edi.model.claim import Claim
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.rules import RuleContext, run
from edi.transactions import t837p
from edi.x12.conformance import check_bytes
from edi.x12.envelope import TransactionSet, read_transactions
from tests.worlds.practice_world import TODAY, World, make_world
from tests.worlds.second_round import second_round

CREATED = datetime(2026, 3, 31, 9, 30)


def numbered(drafts: list[ClaimDraft]) -> list[Claim]:
    """The claims with control numbers as the store would give them."""
    claims, line_number = [], 0
    for number, draft in enumerate(drafts, 1):
        lines = []
        for line in draft.claim.lines:
            line_number += 1
            lines.append(msgspec.structs.replace(line, line_control_number=f"L{line_number:07d}"))
        claims.append(
            msgspec.structs.replace(draft.claim, patient_control_number=f"W{number:07d}", lines=tuple(lines))
        )
    return claims


def written(claims: list[Claim], world: World) -> list[t837p.WrittenSubmission]:
    """The files of the world's claims."""
    partner = world.directory.trading_partners["house"]
    return [
        t837p.write(
            [(f"{number:04d}", part) for number, part in enumerate(plan, 1)],
            submitter=world.directory.submitter,
            partner=partner,
            interchange_control_number=place,
            group_control_number=place,
            created=CREATED,
        )
        for place, plan in enumerate(t837p.plan_files(claims, partner), 1)
    ]


def read_back(data: bytes) -> list[Claim]:
    """The claims of a file."""
    claims: list[Claim] = []
    for transaction in read_transactions([data]):
        assert isinstance(transaction, TransactionSet), transaction
        for item in t837p.read(transaction):
            assert not isinstance(item, Finding) or item.severity is Severity.INFO, item
            if isinstance(item, Claim):
                claims.append(item)
    return claims


def said_of(drafts: list[ClaimDraft], world: World) -> list[Finding]:
    """What the rules say of claims."""
    context = RuleContext(
        tables=load_tables(),
        payers=world.payers,
        directory=world.directory,
        records=world.records,
        today=TODAY,
    )
    return list(run(drafts, context))


def check(world: World) -> tuple[int, int]:
    """Take a world round twice; returns how many claims went first, and how many after the answers."""
    items = list(build_claims(world.lines, world.records, world.directory, world.payers))
    drafts = [item for item in items if isinstance(item, ClaimDraft)]
    summary = items[-1]
    assert isinstance(summary, ChargeSummary)
    assert summary.billed == len(world.lines), summary
    assert errors([item for item in items if isinstance(item, Finding)]) == []
    assert max(len(draft.claim.lines) for draft in drafts) <= 50
    claims = numbered(drafts)
    check_files(drafts, claims, world)
    after = list(second_round(drafts, claims, world.payers, world.seed))
    again = [
        claim
        if not draft.claim.patient_control_number
        else msgspec.structs.replace(claim, patient_control_number=draft.claim.patient_control_number)
        for draft, claim in zip(after, numbered(after), strict=True)
    ]
    check_files(after, again, world)
    return len(drafts), len(after)


def errors(findings: list[Finding]) -> list[Finding]:
    """Those that hold a claim."""
    return [one for one in findings if one.severity is Severity.ERROR]


def check_files(drafts: list[ClaimDraft], claims: list[Claim], world: World) -> None:
    """The rules pass the claims, the second opinion their files, and the reader gives them back."""
    assert errors(said_of(drafts, world)) == []
    back: list[Claim] = []
    for file in written(claims, world):
        assert errors([*file.findings, *check_bytes(file.data).findings]) == []
        again = read_back(file.data)
        assert len(again) == file.claims
        back += again

    def told(some: list[Claim]) -> dict[tuple[str, str], tuple[object, ...]]:
        return {
            (one.patient_control_number, one.subscriber.rank): (
                one.charge,
                one.frequency,
                one.original_reference,
                [other.paid for other in one.other_payers],
                [[(d.paid, d.adjustments, d.paid_on) for d in line.adjudications] for line in one.lines],
            )
            for one in some
        }

    assert told(back) == told(claims)


@pytest.mark.parametrize("number", range(12))
def test_a_world_makes_clean_files(number, seed):
    first, _ = check(make_world(seed * 1000 + number))
    assert first


@pytest.mark.soak
def test_a_thousand_worlds_make_clean_files(seed):
    first = after = 0
    for number in range(1000):
        made, followed = check(make_world(seed * 10_000 + number))
        first, after = first + made, after + followed
    assert after > 1000
    print(f"1,000 worlds, {first} claims, {after} secondary claims, replacements and voids, each file clean")
