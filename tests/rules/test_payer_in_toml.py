"""A payer that is added in payers.toml alone: its claims are built and judged as its tables say."""

from __future__ import annotations

import tomllib

import msgspec
import pytest

from edi.intake.charge import build_claims
from edi.model.draft import ClaimDraft
from edi.model.finding import Severity
from edi.payers import load_payers
from edi.rules import run
from edi.x12 import conformance
from tests.builders import TODAY, make_coverage, make_directory, make_patient, make_records, make_session_line
from tests.claim_strategies import write

PAYER = """
[payer.lighthouse]
name = "Lighthouse Mutual"
kind = "bcbs"
claim_id = { default = "70707" }
filing_indicator = "BL"
units = { method = "strict15" }
[payer.lighthouse.claim]
max_lines = 1
dependents_have_own_id = true
[payer.lighthouse.providers]
referring_required = true
"""
ROWS = """
[[payer.lighthouse.rule]]
code = "REQ009"
level = "off"
to = 2025-12-31
reason = "asked for nobody until 2025"
[[payer.lighthouse.rule]]
code = "REQ009"
level = "warning"
from = 2026-01-01
reason = "letter of 2026-02-02"
[[payer.lighthouse.rule]]
code = "MCB001"
level = "error"
reason = "follows Medicare for chiropractic"
"""


@pytest.fixture
def judged(make):
    """What the rules say of claims of two session lines for the payer, by the text of payers.toml."""

    def judge(text, **changes):
        payers, findings = load_payers(tomllib.loads(text))
        assert findings == ()
        directory = make_directory()
        coverage = make_coverage(payer="lighthouse", **changes)
        cases = ()
        records = make_records(patients=(make_patient(coverages=(coverage,)),), cases=cases)
        lines = [
            make_session_line(
                line_id=f"V1-{number}", case_id="", procedure_code=code, modifiers=modifiers, row=number
            )
            for number, (code, modifiers) in enumerate((("97110", ("GP",)), ("97140", ("GP", "AT", "GA"))), 2)
        ]
        drafts = [
            one for one in build_claims(lines, records, directory, payers) if isinstance(one, ClaimDraft)
        ]
        context = make.context(payers=payers, records=records, directory=directory, today=TODAY)
        return drafts, {one.code: one.severity for one in run(drafts, context)}

    return judge


def test_its_claims_are_built(judged):
    drafts, _ = judged(PAYER)
    assert [len(one.claim.lines) for one in drafts] == [1, 1], "max_lines"
    claim = drafts[0].claim
    assert (claim.payer.name, claim.payer.id, claim.payer.key) == ("Lighthouse Mutual", "70707", "lighthouse")
    assert claim.subscriber.filing_indicator == "BL"
    numbered = msgspec.structs.replace(claim, patient_control_number="A0000001")
    assert conformance.check_bytes(write([numbered]).data).passed


def test_its_settings_and_rows_decide(judged):
    _, plain = judged(PAYER)
    assert plain["REQ009"] is Severity.ERROR
    assert "MCB001" not in plain
    _, turned = judged(PAYER + ROWS)
    assert (turned["REQ009"], turned["MCB001"]) == (Severity.WARNING, Severity.ERROR)
