"""Generated claims, answered by the test payer with its troubles, matched and reconciled: nothing on a wrong line."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import count as count_from

import msgspec
import pytest

from edi.codes.lookup import load_tables
from edi.model.balance import claim_imbalances
from edi.model.control import normalise_control_number
from edi.model.finding import Severity
from edi.testpayer.answer import answer
from edi.testpayer.compare import FoundLine, compare
from edi.testpayer.generate import generate_claims
from edi.testpayer.scenario_files import shipped_scenario
from reconcile.match import match_claim
from reconcile.reconciliation import reconcile_claim
from reconcile.values import Adjudication, DenialStatus, SubmittedClaim, SubmittedLine

TODAY = date(2026, 11, 1)


def submissions(claims):
    """Claims as a store would give them to the matcher; ids by position."""
    for position, claim in enumerate(claims):
        yield SubmittedClaim(
            id=position * 100,
            practice_id=claim.billing.npi,
            patient_control_number=claim.patient_control_number,
            charge=claim.charge,
            frequency=claim.frequency,
            payer_key=claim.payer.id,
            payer_id=claim.payer.id,
            payer_name=claim.payer.name,
            member_ids=(claim.subscriber.member_id,),
            patient_last_name=claim.subscriber.person.last_name,
            patient_first_name=claim.subscriber.person.first_name,
            date_from=None,
            date_to=None,
            original_reference="",
            payer_claim_control_numbers=(),
            sequence=1,
            root=position * 100,
            lines=tuple(
                SubmittedLine(
                    id=position * 100 + line.number,
                    number=line.number,
                    procedure_code=line.procedure.code,
                    modifiers=line.procedure.modifiers,
                    charge=line.charge,
                    units=line.units,
                    date_from=line.date_from,
                    date_to=line.date_to,
                    control_number=line.line_control_number,
                    allocated=bool(line.line_control_number),
                )
                for line in claim.lines
            ),
        )


def learn(held, root, number):
    """Give a claim a payer claim control number, as a store does from a 277CA or an 835."""
    claim = held[root]
    if number and number not in claim.payer_claim_control_numbers:
        held[root] = msgspec.structs.replace(
            claim, payer_claim_control_numbers=(*claim.payer_claim_control_numbers, number)
        )


def played(rng, count, *, line_numbers=True):
    """The truth, and what matching and reconciling make of the files."""
    claims = list(generate_claims(rng, count, today=TODAY, line_numbers=line_numbers))
    given = answer(claims, rng=rng, today=TODAY, scenario=shipped_scenario("demo"))
    held = {claim.id: claim for claim in submissions(claims)}
    by_number, by_payer_number, by_line = defaultdict(list), defaultdict(list), defaultdict(list)
    for claim in held.values():
        by_number[normalise_control_number(claim.patient_control_number)].append(claim.id)
        for line in claim.lines:
            by_line[line.control_number].append(claim.id)
    for one in given.claims:
        if one.payer_claim_control_number and one.patient_control_number:
            for root in by_number[normalise_control_number(one.patient_control_number)]:
                by_payer_number[one.payer_claim_control_number].append(root)
                learn(held, root, one.payer_claim_control_number)
    adjudications, answered, numbers = defaultdict(list), set(), count_from(1)
    for ordinal, file in enumerate(given.files):
        if file.outcome != "posted":
            continue
        for place, remittance in enumerate(file.sets):
            header = remittance.header
            for payment in remittance.claims:
                assert not [one for one in claim_imbalances(payment) if one.severity is Severity.ERROR]
                candidates = {
                    root: held[root]
                    for root in [
                        *by_number[normalise_control_number(payment.patient_control_number)],
                        *by_payer_number[payment.payer_claim_control_number],
                        *(one for line in payment.lines for one in by_line[line.line_control_number]),
                    ]
                }
                match = match_claim(
                    payment, tuple(candidates.values()), payer_key=header.payer.id, answered=answered
                )
                if match.claim_id is None:
                    continue
                by_payer_number[payment.payer_claim_control_number].append(match.claim_id)
                learn(held, match.claim_id, payment.payer_claim_control_number)
                answered.update(line_id for one in match.lines for line_id in one.line_ids)
                adjudications[match.claim_id].append(
                    Adjudication(
                        id=next(numbers),
                        payer=header.payer.id or "",
                        payer_kind="",
                        capitated=False,
                        order=(str(header.payment.date), ordinal * 100 + place, payment.ordinal),
                        payment_date=header.payment.date,
                        claim=payment,
                        match=match,
                    )
                )
    found = {}
    tables = load_tables()
    for claim in held.values():
        state = reconcile_claim((claim,), adjudications[claim.id], tables)
        tied = {
            line_id
            for one in adjudications[claim.id]
            for match in one.match.lines
            for line_id in match.line_ids
        }
        whole = any(not one.claim.lines for one in adjudications[claim.id])
        categories = defaultdict(set)
        for denial in state.denials:
            if denial.status is DenialStatus.OPEN:
                for line_id in denial.line_ids or (denial.line_id,):
                    categories[line_id].add(denial.category)
        for balance in state.balances:
            found[claim.patient_control_number, balance.line_id % 100] = FoundLine(
                cash=balance.paid,
                contractual=balance.contractual,
                patient=balance.patient,
                denied=balance.denied,
                answered=whole or balance.line_id in tied,
                categories=frozenset(categories[balance.line_id]),
            )
    return compare(given.truth, found)


def check(rng, count, **more):
    result = played(rng, count, **more)
    assert result.wrong == ()
    assert result.recall >= 0.999, result.missed
    assert result.category_share >= 0.99, result.miscategorised
    assert result.decidable > count


@pytest.mark.parametrize("line_numbers", [True, False], ids=["6R", "imported-without-6R"])
def test_no_line_is_posted_wrong(rng, line_numbers):
    check(rng, 600, line_numbers=line_numbers)


@pytest.mark.soak
@pytest.mark.parametrize("line_numbers", [True, False], ids=["6R", "imported-without-6R"])
def test_no_line_of_five_thousand_claims_is_posted_wrong(rng, line_numbers):
    check(rng, 5000, line_numbers=line_numbers)
