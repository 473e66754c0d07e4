"""Runs `build_claims` on small inputs, and takes its output apart."""

from __future__ import annotations

from edi.intake import ChargeSummary, build_claims
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding
from edi.payers import load_payers
from tests.builders import make_directory, make_records, make_session_line


def payers(**tables):
    own = {"name": "ACME HEALTH", "claim_id": {"default": "12345", "house": "MC001"}, **tables}
    profiles, findings = load_payers({"payer": {"acme": own, "other": {"name": "OTHER"}}})
    assert findings == ()
    return profiles


def run(*lines, records=None, directory=None, profiles=None, **options):
    return list(
        build_claims(
            lines or (make_session_line(),),
            records or make_records(),
            directory or make_directory(),
            profiles or payers(),
            **options,
        )
    )


def drafts(items):
    return [item for item in items if isinstance(item, ClaimDraft)]


def only(items) -> ClaimDraft:
    (draft,) = drafts(items)
    return draft


def codes(items, severity=None):
    return [item.code for item in items if isinstance(item, Finding) and severity in (None, item.severity)]


def summary(items) -> ChargeSummary:
    assert isinstance(items[-1], ChargeSummary)
    found = items[-1]
    counted = found.billed + found.held + found.zero_units + found.self_pay + found.unsigned + found.cancelled
    assert found.lines == counted + found.no_show + sum(found.do_not_bill.values())
    return found


def line(number=1, **changes):
    return make_session_line(**{"line_id": f"V1-{number}", "row": number + 1, **changes})
