"""What is wrong in an 835 is a Finding with segment and element; no value is echoed."""

from __future__ import annotations

import re

import pytest

from edi.model.balance import claim_imbalances
from edi.model.finding import Severity
from edi.model.remittance import RemittanceTrailer
from edi.transactions import t835
from tests.x12_texts import BODY, CAS, CLP, CLP2, DTM, LX, SVC, changed, claims, findings, read, with_more

# Name: (found, code, element, segment, claim)
BAD_CASES = {
    "no charge": (changed(CLP, "CLP*C1*1**80*20*12*P1"), "RMT001", "CLP03", 12, "C1"),
    "letters as payment": (changed(CLP, "CLP*C1*1*210*MARKER*20*12*P1"), "RMT001", "CLP04", 12, "C1"),
    "fraction of a cent": (changed(CLP, "CLP*C1*1*210*80.001*20*12*P1"), "RMT001", "CLP04", 12, "C1"),
    "short CLP": (changed(CLP, "CLP*C1*1*210"), "RMT001", "CLP04", 12, "C1"),
    "bad patient share": (changed(CLP, "CLP*C1*1*210*80*MARKER*12*P1"), "RMT003", "CLP05", 12, "C1"),
    "no control number": (changed(CLP, "CLP**1*210*80*20*12*P1"), "RMT008", "CLP01", 12, None),
    "no status": (changed(CLP, "CLP*C1**210*80*20*12*P1"), "RMT008", "CLP02", 12, "C1"),
    "line charge": (changed(SVC, "SVC*HC:97110*1,50*80"), "RMT001", "SVC02", 16, "C1"),
    "line payment": (changed(SVC, "SVC*HC:97110*150"), "RMT001", "SVC03", 16, "C1"),
    "no procedure": (changed(SVC, "SVC**150*80"), "RMT008", "SVC01", 16, "C1"),
    "adjustment amount": (changed(CAS, "CAS*CO*45*MARKER"), "RMT001", "CAS03", 18, "C1"),
    "adjustment without amount": (changed(CAS, "CAS*CO*45"), "RMT001", "CAS03", 18, "C1"),
    "second adjustment amount": (changed(CAS, "CAS*CO*45*50**97*x"), "RMT001", "CAS06", 18, "C1"),
    "adjustment without reason": (changed(CAS, "CAS*CO**50"), "RMT005", "CAS02", 18, "C1"),
    "adjustment without group": (changed(CAS, "CAS**45*50"), "RMT005", "CAS01", 18, "C1"),
    "empty adjustment": (changed(CAS, "CAS*CO"), "RMT005", "CAS02", 18, "C1"),
    "service date": (changed(DTM, "DTM*472*20241350"), "RMT002", "DTM02", 17, "C1"),
    "no service date": (changed(DTM, "DTM*472"), "RMT002", "DTM02", 17, "C1"),
    "claim date": (changed("DTM*232*20240502", "DTM*232*MARKER"), "RMT002", "DTM02", 15, "C1"),
    "allowed amount": (changed("AMT*B6*100", "AMT*B6*MARKER"), "RMT003", "AMT02", 21, "C1"),
    "payment amount": (changed(BODY[0], "BPR*I*MARKER*C*ACH"), "RMT001", "BPR02", 2, None),
    "payment date": (changed(BODY[0], BODY[0].replace("20240601", "2024MARKER")), "RMT002", "BPR16", 2, None),
    "provider adjustment": (
        changed("PLB*1234567893*20241231*CS:Y*.42", "PLB*1*20241231*CS:Y*MARKER"),
        "RMT001",
        "PLB04",
        30,
        None,
    ),
    "provider adjustment without reason": (
        changed("PLB*1234567893*20241231*CS:Y*.42", "PLB*1*20241231**5"),
        "RMT005",
        "PLB03",
        30,
        None,
    ),
    "fiscal date": (
        changed("PLB*1234567893*20241231*CS:Y*.42", "PLB*1*MARKER*CS:Y*.42"),
        "RMT002",
        "PLB02",
        30,
        None,
    ),
    "no BPR": (read(BODY[1:]), "RMT004", "BPR", 1, None),
    "no TRN": (read([BODY[0], *BODY[2:]]), "RMT004", "TRN", 1, None),
    "no payer": (read([s for s in BODY if not s.startswith("N1*PR")]), "RMT004", "N1*PR", 1, None),
    "no payee": (read([s for s in BODY if not s.startswith("N1*PE")]), "RMT004", "N1*PE", 1, None),
    "line before any claim": (with_more(LX, "SVC*HC:97110*150*80"), "RMT007", "SVC", 12, None),
    "line after the summary": (with_more(BODY[-1], "SVC*HC:97110*1*1"), "RMT007", "SVC", 31, None),
    "element without a place": (
        changed("REF*6R*L1", "REF*6R*L1*MARKER"),
        "RMT006",
        "REF03",
        20,
        "C1",
    ),
    "name prefix": (
        changed("NM1*QC*1*MARKERNAME*MARKERFIRST****MI*W1", "NM1*QC*1*MARKERNAME***MARKER**MI*W1"),
        "RMT006",
        "NM106",
        13,
        "C1",
    ),
    "more than a name": (
        changed("NM1*QC*1*MARKERNAME*MARKERFIRST****MI*W1", "NM1*QC*1*A*B****MI*W1*MARKER"),
        "RMT006",
        "NM110",
        13,
        "C1",
    ),
}


@pytest.mark.parametrize("name", BAD_CASES)
def test_what_is_wrong_is_a_finding_with_segment_and_element(name):
    found, code, element, segment, claim = BAD_CASES[name]
    hits = [one for one in findings(found) if (one.code, one.location.element) == (code, element)]
    assert [(one.location.segment, one.location.claim) for one in hits] == [(segment, claim)]
    assert hits[0].location.transaction == "0001"
    assert "MARKER" not in "".join(repr(one) for one in findings(found))
    documented = dict(re.findall(r"^(RMT\d+)  (\w+)", t835.__doc__ or "", re.MULTILINE))
    assert all(one.severity.value == documented[one.code] for one in findings(found))
    assert isinstance(found[-1], RemittanceTrailer)


def test_findings_come_right_before_the_claim_they_are_about():
    found = changed(CLP2, "CLP*C2*1*100*x*20*12*P2")
    kinds = [type(one).__name__ for one in found]
    assert kinds == ["RemittanceHeader", "ClaimPayment", "Finding", "ClaimPayment", "RemittanceTrailer"]


@pytest.mark.parametrize(("bad", "gone"), [(CLP, "80"), (SVC, "80"), (CAS, "50")])
def test_an_amount_that_is_none_does_not_balance_by_chance(bad, gone):
    """0 stands in, so the claim's own equations break as well, or the error keeps it from posting."""
    found = changed(bad, bad.replace(f"*{gone}", "*?", 1))
    assert [one.severity for one in findings(found)] == [Severity.ERROR]
    assert any(one.severity is Severity.ERROR for one in claim_imbalances(claims(found)[0]))
