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


def check(world: World) -> int:
    """Take a world round; returns how many claims it made."""
    items = list(build_claims(world.lines, world.records, world.directory, world.payers))
    drafts = [item for item in items if isinstance(item, ClaimDraft)]
    summary = items[-1]
    assert isinstance(summary, ChargeSummary)
    assert summary.billed == len(world.lines), summary
    context = RuleContext(
        tables=load_tables(),
        payers=world.payers,
        directory=world.directory,
        records=world.records,
        today=TODAY,
    )
    said = [item for item in (*items, *run(drafts, context)) if isinstance(item, Finding)]
    assert [one for one in said if one.severity is Severity.ERROR] == []
    assert max(len(draft.claim.lines) for draft in drafts) <= 50
    claims = numbered(drafts)
    back: list[Claim] = []
    for file in written(claims, world):
        errors = [
            one
            for one in (*file.findings, *check_bytes(file.data).findings)
            if one.severity is Severity.ERROR
        ]
        assert errors == []
        again = read_back(file.data)
        assert len(again) == file.claims
        back += again
    assert {one.patient_control_number: (one.charge, len(one.lines)) for one in back} == {
        one.patient_control_number: (one.charge, len(one.lines)) for one in claims
    }
    return len(drafts)


@pytest.mark.parametrize("number", range(12))
def test_a_world_makes_clean_files(number, seed):
    assert check(make_world(seed * 1000 + number))


@pytest.mark.soak
def test_a_thousand_worlds_make_clean_files(seed):
    claims = sum(check(make_world(seed * 10_000 + number)) for number in range(1000))
    print(f"1,000 worlds, {claims} claims, each file clean")
