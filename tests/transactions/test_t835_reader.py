"""Segments of an 835 -> header, claim payments, trailer and findings."""

from __future__ import annotations

from datetime import date

import pytest

from edi.model.balance import claim_imbalances
from edi.model.finding import Severity
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Procedure,
    ProviderAdjustment,
    ProviderSummary,
    RemittanceHeader,
    RemittanceParty,
    RemittanceTrailer,
)
from tests.x12_texts import (
    BODY,
    CAS,
    CLP,
    DTM,
    LX,
    SVC,
    changed,
    claims,
    codes,
    findings,
    group,
    of_835,
    read,
    text,
    with_more,
)

DAY = date(2024, 5, 2)


def test_the_order_of_what_is_read():
    kinds = [type(one) for one in read()]
    assert kinds == [RemittanceHeader, ClaimPayment, ClaimPayment, RemittanceTrailer]


def test_the_header():
    header = read()[0]
    assert (header.st_control_number, header.interchange_control_number, header.group_control_number) == (
        "0001",
        "000000001",
        "1",
    )
    assert (header.sender_id, header.receiver_id, header.version, header.test) == (
        "PAYER",
        "PRACTICE",
        "005010X221A1",
        True,
    )
    payment = header.payment
    assert (payment.amount, payment.method, payment.date) == (13000, "ACH", date(2024, 6, 1))
    assert (payment.trace_number, payment.payer_id, payment.credit_debit) == ("TRACE1", "1512345678", "C")
    assert (payment.handling, payment.trn) == ("I", ("TRN", "1", "TRACE1", "1512345678"))
    assert payment.bpr[:3] == ("BPR", "I", "130")
    assert header.production_date == date(2024, 5, 31)
    payer, payee = header.payer, header.payee
    assert (payer.name, payer.id, payer.id_qualifier) == ("EXAMPLE PLAN", "87726", "XV")
    assert payer.address == (("N3", "1 MAIN ST"), ("N4", "SPRINGFIELD", "IL", "62701"))
    assert payer.contacts == (("PER", "BL", "SERVICES", "TE", "8005550100"),)
    assert (payee.name, payee.npi, payee.tax_id, payee.id) == (
        "EXAMPLE THERAPY",
        "1234567893",
        "123456789",
        None,
    )
    assert payee.references == (("TJ", "123456789"),)


def test_the_first_claim():
    claim = claims(read())[0]
    assert (claim.segment, claim.ordinal, claim.header_number) == (12, 0, "1")
    assert (claim.patient_control_number, claim.status) == ("C1", "1")
    assert (claim.charge, claim.paid, claim.patient_responsibility) == (21000, 8000, 2000)
    assert (claim.filing_indicator, claim.payer_claim_control_number) == ("12", "P1")
    assert (claim.facility_code, claim.frequency, claim.member_id) == ("11", "1", "W1")
    assert claim.parties == (
        RemittanceParty(
            role="QC", kind="1", last_name="MARKERNAME", first_name="MARKERFIRST", id_qualifier="MI", id="W1"
        ),
    )
    assert (claim.remarks, claim.outpatient) == (("MA18",), ("MOA", "", "", "MA18"))
    assert claim.dates == (("232", DAY),)
    assert len(claim.lines) == 2


def test_the_lines():
    first, second = claims(read())[0].lines
    assert (first.segment, first.procedure) == (16, Procedure("HC", "97110", ("GP",)))
    assert (first.charge, first.paid, first.units, first.allowed) == (15000, 8000, "2", 10000)
    assert (first.date_from, first.date_to, first.line_control_number) == (DAY, DAY, "L1")
    assert first.adjustments == (Adjustment("CO", "45", 5000), Adjustment("PR", "2", 2000))
    assert (first.references, first.amounts, first.kept) == ((), (), ())
    assert (second.date_from, second.date_to) == (DAY, date(2024, 5, 3))
    assert (second.paid, second.units, second.remarks, second.line_control_number) == (
        0,
        "0",
        ("N130",),
        None,
    )


def test_a_claim_without_lines_owns_its_adjustments():
    claim = claims(read())[1]
    assert (claim.lines, claim.adjustments) == ((), (Adjustment("PR", "1", 2000),))
    assert (claim.facility_code, claim.frequency, claim.member_id, claim.ordinal) == (None, None, None, 1)


def test_the_trailer():
    trailer = read()[-1]
    assert (trailer.claims, trailer.lines, trailer.charge_total, trailer.paid_total) == (2, 2, 31000, 16000)
    assert (trailer.complete, trailer.segments, trailer.declared_segments) == (True, 31, 31)
    assert trailer.control_number_matches
    day = date(2024, 12, 31)
    assert trailer.provider_adjustments == (
        ProviderAdjustment(
            segment=29, provider="1234567893", fiscal_date=day, reason="WO", identifier="X1", cents=3000
        ),
        ProviderAdjustment(
            segment=29, provider="1234567893", fiscal_date=day, reason="L6", identifier=None, cents=-42
        ),
        ProviderAdjustment(
            segment=30, provider="1234567893", fiscal_date=day, reason="CS", identifier="Y", cents=42
        ),
    )


def first_line(found):
    return claims(found)[0].lines[0]


# Name: (found, what is asked of it, what it must be)
READ_CASES = {
    "six triplets": (
        changed(CAS, "CAS*CO*45*1**A1*2*3*45*4**50*5*1*51*6**52*7*2"),
        lambda found: first_line(found).adjustments[:6],
        (
            Adjustment("CO", "45", 100),
            Adjustment("CO", "A1", 200, "3"),
            Adjustment("CO", "45", 400),
            Adjustment("CO", "50", 500, "1"),
            Adjustment("CO", "51", 600),
            Adjustment("CO", "52", 700, "2"),
        ),
    ),
    "a gap between triplets": (
        changed(CAS, "CAS*CO****45*50"),
        lambda found: first_line(found).adjustments[0],
        Adjustment("CO", "45", 5000),
    ),
    "group CR of 4010": (
        changed(CAS, "CAS*CR*45*-50.5"),
        lambda found: first_line(found).adjustments[0],
        Adjustment("CR", "45", -5050),
    ),
    "composite in full": (
        changed(SVC, "SVC*HC:97110:GP:59:KX:CQ:DESC*150*80*0420*2*HC:97530:GO*4"),
        lambda found: (
            first_line(found).procedure,
            first_line(found).revenue_code,
            first_line(found).submitted_procedure,
            first_line(found).submitted_units,
        ),
        (
            Procedure("HC", "97110", ("GP", "59", "KX", "CQ"), "DESC"),
            "0420",
            Procedure("HC", "97530", ("GO",)),
            "4",
        ),
    ),
    "code without qualifier": (
        changed(SVC, "SVC*97110*150*80"),
        lambda found: first_line(found).procedure,
        Procedure("", "97110"),
    ),
    "no units": (changed(SVC, "SVC*HC:97110*150*80"), lambda found: first_line(found).units, None),
    "a second line number stays a reference": (
        with_more("REF*6R*L1", "REF*6R*L2", "REF*LU*11"),
        lambda found: (first_line(found).line_control_number, first_line(found).references),
        ("L1", (("6R", "L2"), ("LU", "11"))),
    ),
    "amounts and quantities": (
        with_more("REF*6R*L1", "AMT*KH*1.5", "QTY*ZK*3", "LQ*RX*75"),
        lambda found: (
            first_line(found).amounts,
            first_line(found).quantities,
            first_line(found).other_remarks,
            first_line(found).allowed,
        ),
        ((("KH", 150),), (("ZK", "3"),), (("RX", "75"),), 10000),
    ),
    "a line's other date and unknown segment are kept": (
        with_more(DTM, "DTM*036*20240601", "K3*NOTE"),
        lambda found: first_line(found).kept,
        (("DTM", "036", "20240601"), ("K3", "NOTE")),
    ),
    "a third date of a line is kept": (
        with_more(DTM, "DTM*472*20240509", "DTM*150*20240508"),
        lambda found: (first_line(found).date_from, first_line(found).kept),
        (DAY, (("DTM", "472", "20240509"), ("DTM", "150", "20240508"))),
    ),
    "claim references, dates, amounts, quantities, contacts": (
        with_more(
            "DTM*232*20240502", "REF*EA*M1", "DTM*050*20240503", "AMT*AU*9.99", "QTY*CA*2", "PER*CX*A*TE*8"
        ),
        lambda found: (
            claims(found)[0].references,
            claims(found)[0].dates,
            claims(found)[0].amounts,
            claims(found)[0].quantities,
            claims(found)[0].contacts,
        ),
        (
            (("EA", "M1"),),
            (("232", DAY), ("050", date(2024, 5, 3))),
            (("AU", 999),),
            (("CA", "2"),),
            (("PER", "CX", "A", "TE", "8"),),
        ),
    ),
    "claim amount B6 is no allowed amount": (
        with_more("DTM*232*20240502", "AMT*B6*5"),
        lambda found: claims(found)[0].amounts,
        (("B6", 500),),
    ),
    "MIA and MOA remarks": (
        with_more("MOA***MA18", "MIA*0****MA07**********" + "*" * 5 + "N1*N2"),
        lambda found: (claims(found)[0].remarks, claims(found)[0].inpatient[0]),
        (("MA07", "N1", "N2", "MA18"), "MIA"),
    ),
    "member id of the insured when the patient has none": (
        with_more("MOA***MA18", "NM1*IL*1*A*B****MI*W9"),
        lambda found: claims(found)[0].member_id,
        "W1",
    ),
    "member id of the insured": (
        changed("NM1*QC*1*MARKERNAME*MARKERFIRST****MI*W1", "NM1*IL*1*A*B****MI*W9"),
        lambda found: claims(found)[0].member_id,
        "W9",
    ),
    "diagnosis related group": (
        changed(CLP, "CLP*C1*1*210*80*20*12*P1*11*1**123*1.5"),
        lambda found: claims(found)[0].drg,
        ("123", "1.5"),
    ),
    "no patient responsibility": (
        changed(CLP, "CLP*C1*1*210*80**12*P1"),
        lambda found: claims(found)[0].patient_responsibility,
        None,
    ),
    "summaries": (
        with_more(LX, "TS3*1*11*20241231*1*210", "TS2*1*2", "TS3*2"),
        lambda found: found[-1].summaries,
        (
            ProviderSummary(
                header_number="1", ts3=("TS3", "1", "11", "20241231", "1", "210"), ts2=("TS2", "1", "2")
            ),
            ProviderSummary(header_number="1", ts3=("TS3", "2")),
        ),
    ),
    "payer id from REF*2U": (
        read([{BODY[3]: "N1*PR*EXAMPLE PLAN", BODY[4]: "REF*2U*777"}.get(one, one) for one in BODY]),
        lambda found: (found[0].payer.id, found[0].payer.id_qualifier, found[0].payer.references),
        ("777", "2U", (("2U", "777"),)),
    ),
    "payee by tax id": (
        changed("N1*PE*EXAMPLE THERAPY*XX*1234567893", "N1*PE*EXAMPLE THERAPY*FI*999999999"),
        lambda found: (found[0].payee.npi, found[0].payee.tax_id, found[0].payee.id),
        (None, "999999999", None),
    ),
    "payee by another id": (
        changed("N1*PE*EXAMPLE THERAPY*XX*1234567893", "N1*PE*EXAMPLE THERAPY*XV*A1"),
        lambda found: (found[0].payee.npi, found[0].payee.id, found[0].payee.id_qualifier),
        (None, "A1", "XV"),
    ),
    "heading extras": (
        with_more(
            "TRN*1*TRACE1*1512345678", "CUR*PR*USD", "REF*EV*R1", "REF*F2*V", "DTM*009*20240101", "ZZZ*1"
        ),
        lambda found: (found[0].currency, found[0].references, found[0].kept),
        (
            ("CUR", "PR", "USD"),
            (("EV", "R1"), ("F2", "V")),
            (("DTM", "009", "20240101"), ("ZZZ", "1")),
        ),
    ),
    "remittance delivery": (
        with_more("REF*TJ*123456789", "RDM*BM*A*B"),
        lambda found: found[0].payee.delivery,
        ("RDM", "BM", "A", "B"),
    ),
    "another party is kept": (
        with_more("REF*TJ*123456789", "N1*XX*SOMEONE", "N3*ELSEWHERE"),
        lambda found: (found[0].kept, found[0].payee.address),
        ((("N1", "XX", "SOMEONE"), ("N3", "ELSEWHERE")), ()),
    ),
    "no LX": (
        read([segment for segment in BODY if segment != LX]),
        lambda found: (claims(found)[0].header_number, len(claims(found))),
        (None, 2),
    ),
    "NM1 inside a line is kept": (
        with_more(DTM, "NM1*82*1*X"),
        lambda found: (first_line(found).kept, len(claims(found)[0].parties)),
        ((("NM1", "82", "1", "X"),), 1),
    ),
    "SE declares another count": (
        read(count=7),
        lambda found: (found[-1].declared_segments, found[-1].segments, found[-1].complete),
        (7, 31, True),
    ),
    "six-digit date of 4010": (
        changed(DTM, "DTM*472*240502"),
        lambda found: first_line(found).date_from,
        DAY,
    ),
    "a date with a time": (
        changed(DTM, "DTM*472*20240502*1200"),
        lambda found: first_line(found).date_from,
        DAY,
    ),
}


@pytest.mark.parametrize("name", READ_CASES)
def test_what_is_read(name):
    found, ask, wanted = READ_CASES[name]
    assert ask(found) == wanted
    assert [one for one in findings(found) if one.severity is not Severity.INFO] == []


def test_the_standard_body_balances():
    assert [list(claim_imbalances(claim)) for claim in claims(read())] == [[], []]


def test_a_set_that_ends_early_is_not_complete():
    data = text().split("SVC*HC:97124")[0].encode()
    ((_, found),) = of_835(data)
    assert [len(claim.lines) for claim in claims(found)] == [1]
    assert (found[-1].complete, found[-1].control_number_matches, found[-1].claims) == (False, False, 1)


def test_a_set_without_claims():
    found = read(BODY[:9])
    assert [type(one) for one in found] == [RemittanceHeader, RemittanceTrailer]
    assert (found[-1].complete, found[-1].segments) == (True, 11)
    ((_, found),) = of_835(text([group([["ST*835*1"]])]).encode())
    assert (found[-1].complete, found[-1].segments, codes(found)) == (False, 1, ["RMT004"] * 4)


def test_other_delimiters_reach_the_composites():
    ((_, found),) = of_835(text(marks="|>!").encode())
    assert first_line(found).procedure == Procedure("HC", "97110", ("GP",))
    assert found[-1].provider_adjustments[0].identifier == "X1"


def test_a_4010_transaction_set():
    data = text().replace("005010X221A1", "004010X091A1").replace("*^*00501*", "*U*00401*").encode()
    ((transaction, found),) = of_835(data)
    assert (transaction.version, found[0].version, len(claims(found))) == ("004010X091A1", "004010X091A1", 2)
