"""Writing an 835, and that reading gives back what was written."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st_
from msgspec.structs import replace

from edi.model.finding import Finding
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Payee,
    Payment,
    Procedure,
    ProviderAdjustment,
    ProviderSummary,
    RemittanceHeader,
    RemittanceParty,
    RemittancePayer,
    RemittanceTrailer,
    ServicePayment,
)
from edi.transactions import t835
from edi.x12.delimiters import Delimiters
from edi.x12.envelope import Envelope, TransactionSet
from tests.x12_texts import BODY, of_835, st, text


def read_back(header, claims, trailer, envelope=None, version="") -> list:
    """Everything the reader makes of what the writer makes of these values."""
    segments = list(t835.write(header, claims, trailer))
    assert all(segment[-1] or len(segment) == 1 for segment in segments)
    assert segments[-1] == ["SE", str(len(segments)), header.st_control_number]
    transaction = TransactionSet(
        kind="835",
        control_number=header.st_control_number,
        version=version,
        envelope=envelope,
        delimiters=Delimiters(),
        segments=iter(segments),
    )
    return list(t835.read(transaction))


def plain(value):
    """The value without what only its place in a file decides."""
    if isinstance(value, ClaimPayment):
        return replace(value, segment=0, lines=tuple(replace(line, segment=0) for line in value.lines))
    if isinstance(value, RemittanceTrailer):
        adjustments = tuple(replace(one, segment=0) for one in value.provider_adjustments)
        return replace(
            value,
            provider_adjustments=adjustments,
            segments=0,
            declared_segments=None,
            complete=True,
            control_number_matches=True,
        )
    return value


def test_the_standard_body_is_written_as_it_was():
    ((_, (header, *claims, trailer)),) = of_835(text().encode())
    written = ["*".join(segment) for segment in t835.write(header, claims, trailer)]
    assert written == [segment.replace("*-.42", "*-0.42").replace("*.42", "*0.42") for segment in st(BODY)]


# -- what has more than one way to be said -------------------------------------------------------------------------


def one_claim(**fields) -> ClaimPayment:
    return ClaimPayment(
        **{
            "segment": 0,
            "ordinal": 0,
            "patient_control_number": "C1",
            "status": "1",
            "charge": 10000,
            "paid": 10000,
            **fields,
        }
    )


def header_of(**fields) -> RemittanceHeader:
    return RemittanceHeader(
        **{
            "st_control_number": "0001",
            "payment": Payment(amount=10000),
            "payer": RemittancePayer(),
            "payee": Payee(),
            **fields,
        }
    )


def written(header=None, claims=(), **trailer) -> list[str]:
    return ["*".join(one) for one in t835.write(header or header_of(), claims, RemittanceTrailer(**trailer))]


def line_of(**fields) -> ServicePayment:
    return ServicePayment(
        **{"segment": 0, "procedure": Procedure("HC", "97110"), "charge": 100, "paid": 100, **fields}
    )


day, other = date(2026, 3, 4), date(2026, 3, 5)
seven = tuple(Adjustment("CO", str(n), n * 100) for n in range(1, 8))
plb = ProviderAdjustment(segment=0, provider="1", fiscal_date=day, reason="WO", identifier="A", cents=150)
WRITTEN = {
    "patient share absent": (written(claims=[one_claim()]), "CLP*C1*1*100*100"),
    "patient share zero": (written(claims=[one_claim(patient_responsibility=0)]), "CLP*C1*1*100*100*0"),
    "reversal": (
        written(claims=[one_claim(status="22", charge=-10050, paid=-1)]),
        "CLP*C1*22*-100.5*-0.01",
    ),
    "one day": (
        written(claims=[one_claim(lines=(line_of(date_from=day, date_to=day),))]),
        "DTM*472*20260304",
    ),
    "two days": (
        written(claims=[one_claim(lines=(line_of(date_from=day, date_to=other),))]),
        "DTM*151*20260305",
    ),
    "member id into the patient": (
        written(claims=[one_claim(member_id="W1", parties=(RemittanceParty(role="QC", kind="1"),))]),
        "NM1*QC*1******MI*W1",
    ),
    "remarks become a MOA": (written(claims=[one_claim(remarks=("MA18", "N130"))]), "MOA***MA18*N130"),
    "seven adjustments": (written(claims=[one_claim(adjustments=seven)]), "CAS*CO*7*7"),
    "description": (
        written(claims=[one_claim(lines=(line_of(procedure=Procedure("HC", "1", ("GP",), "D")),))]),
        "SVC*HC:1:GP::::D*1*1",
    ),
    "tax id alone": (written(header_of(payee=Payee(name="A", tax_id="9"))), "N1*PE*A*FI*9"),
    "tax id beside the NPI": (written(header_of(payee=Payee(name="A", npi="1", tax_id="9"))), "REF*TJ*9"),
    "payment by fields": (
        written(
            header_of(
                payment=Payment(
                    amount=0, method="NON", date=day, handling="H", credit_debit="C", trace_number="T"
                )
            )
        ),
        "BPR*H*0*C*NON************20260304",
    ),
    "trace number": (
        written(header_of(payment=Payment(amount=0, trace_number="T", payer_id="1P"))),
        "TRN*1*T*1P",
    ),
    "seven provider adjustments": (
        written(provider_adjustments=(plb,) * 7),
        "PLB*1*20260304" + "*WO:A*1.5" * 6,
    ),
    "the seventh": (written(provider_adjustments=(plb,) * 7), "PLB*1*20260304*WO:A*1.5"),
    "summary without claims": (
        written(summaries=(ProviderSummary(header_number="3", ts3=("TS3", "1")),)),
        "LX*3",
    ),
    "change of LX": (
        written(claims=[one_claim(header_number="1"), one_claim(header_number="2")]),
        "LX*2",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_how_values_are_written(name):
    segments, wanted = WRITTEN[name]
    assert segments.count(wanted) == 1, segments


def test_a_changed_amount_wins_over_the_bpr_as_read():
    ((_, (header, *claims, trailer)),) = of_835(text().encode())
    header = replace(header, payment=replace(header.payment, amount=5, method="CHK"))
    segments = list(t835.write(header, claims, trailer))
    assert segments[1][2] == "0.05"
    assert segments[1][4] == "CHK"
    assert segments[1][6:8] == ["01", "071000013"]


# -- properties ----------------------------------------------------------------------------------------------------

word = st_.text("ABCXYZ0189 -'", min_size=1, max_size=8)
code = st_.text("ABC019", min_size=1, max_size=4)
maybe = st_.none() | word
cents = st_.integers(-(10**12), 10**12)
dates = st_.dates(date(1900, 1, 1), date(2099, 12, 31))
quantity = st_.sampled_from(["1", "2.5", "-3", "0"])
tuples = lambda part, size=3: st_.lists(part, max_size=size).map(tuple)  # noqa: E731
references = tuples(st_.tuples(st_.sampled_from(["LU", "EA", "F8", "1K"]), word))
amounts = tuples(st_.tuples(st_.sampled_from(["AU", "KH", "I"]), cents))
quantities = tuples(st_.tuples(st_.sampled_from(["CA", "ZK"]), quantity))
raws = tuples(st_.builds(lambda tag, text: (tag, text), st_.sampled_from(["K3", "ZZZ"]), word), 2)
adjustments = tuples(
    st_.builds(Adjustment, st_.sampled_from(["CO", "PR", "OA", "PI"]), code, cents, st_.none() | quantity), 9
)
modifiers = tuples(code, 4)
procedures = st_.builds(Procedure, st_.sampled_from(["HC", "N4", "AD"]), code, modifiers, maybe)


@st_.composite
def lines(draw):
    return draw(
        st_.builds(
            ServicePayment,
            segment=st_.just(0),
            procedure=procedures,
            charge=cents,
            paid=cents,
            units=st_.none() | quantity,
            revenue_code=maybe,
            submitted_procedure=st_.none() | procedures,
            submitted_units=st_.none() | quantity,
            date_from=st_.none() | dates,
            date_to=st_.none() | dates,
            line_control_number=maybe,
            allowed=st_.none() | cents,
            adjustments=adjustments,
            remarks=tuples(code),
            amounts=amounts,
            quantities=quantities,
            references=references,
            other_remarks=tuples(st_.tuples(st_.just("RX"), code)),
            kept=raws,
        )
    )


parties = st_.builds(
    RemittanceParty,
    role=st_.sampled_from(["QC", "IL", "74", "82", "TT"]),
    kind=st_.sampled_from(["", "1", "2"]),
    last_name=maybe,
    first_name=maybe,
    middle_name=maybe,
    suffix=maybe,
    id_qualifier=maybe,
    id=maybe,
)


@st_.composite
def claim_payments(draw, ordinal):
    made = tuple(draw(st_.lists(parties, max_size=3)))
    patient = [party.id for party in made if party.role == "QC" and party.id is not None]
    insured = [party.id for party in made if party.role == "IL" and party.id is not None]
    codes = draw(tuples(code, 5))
    return ClaimPayment(
        segment=0,
        ordinal=ordinal,
        patient_control_number=draw(word),
        status=draw(code),
        charge=draw(cents),
        paid=draw(cents),
        patient_responsibility=draw(st_.none() | cents),
        filing_indicator=draw(maybe),
        payer_claim_control_number=draw(maybe),
        facility_code=draw(maybe),
        frequency=draw(maybe),
        drg=draw(st_.sampled_from([(), ("123",), ("", "1.5"), ("1", "2", "3", "Y")])),
        member_id=next(iter(patient + insured), None),
        parties=made,
        adjustments=draw(adjustments),
        remarks=codes,
        outpatient=("MOA", "", "", *codes) if codes else (),
        references=draw(references),
        dates=draw(tuples(st_.tuples(st_.sampled_from(["232", "233", "036", "050"]), dates))),
        amounts=draw(amounts),
        quantities=draw(quantities),
        contacts=draw(tuples(st_.tuples(st_.just("PER"), st_.just("CX"), word), 2)),
        header_number="1",
        kept=draw(raws),
        lines=tuple(draw(st_.lists(lines(), max_size=3))),
    )


@st_.composite
def remittances(draw):
    claims = [draw(claim_payments(ordinal)) for ordinal in range(draw(st_.integers(0, 3)))]
    npi, tax_id = draw(maybe), draw(maybe)
    other = draw(maybe) if npi is None else None
    header = RemittanceHeader(
        st_control_number="0042",
        payment=Payment(
            amount=draw(cents),
            method=draw(maybe),
            date=draw(st_.none() | dates),
            trace_number=draw(word),
            payer_id=draw(maybe),
            credit_debit=draw(maybe),
            handling=draw(maybe),
        ),
        payer=RemittancePayer(
            **draw(
                st_.sampled_from([{}, {"id": "9", "id_qualifier": "XV"}, {"id": "8", "id_qualifier": "2U"}])
            ),
            name=draw(maybe),
            address=draw(tuples(st_.tuples(st_.just("N3"), word), 2)),
            references=draw(references),
            contacts=draw(tuples(st_.tuples(st_.just("PER"), st_.just("CX"), word), 2)),
        ),
        payee=Payee(
            name=draw(maybe),
            npi=npi,
            tax_id=tax_id,
            id=other,
            id_qualifier=None if other is None else "XV",
            references=(("TJ", tax_id),) if tax_id is not None else (),
            delivery=draw(st_.sampled_from([(), ("RDM", "BM", "X")])),
        ),
        production_date=draw(st_.none() | dates),
        references=draw(references),
        currency=draw(st_.sampled_from([(), ("CUR", "PR", "USD")])),
        kept=draw(raws),
    )
    trailer = RemittanceTrailer(
        provider_adjustments=draw(
            tuples(
                st_.builds(
                    ProviderAdjustment,
                    segment=st_.just(0),
                    provider=st_.sampled_from(["A", "B"]),
                    fiscal_date=st_.none() | st_.just(date(2024, 12, 31)),
                    reason=code,
                    identifier=maybe,
                    cents=cents,
                ),
                9,
            )
        ),
        summaries=draw(
            st_.sampled_from([(), (ProviderSummary(header_number="1", ts3=("TS3", "1"), ts2=("TS2", "2")),)])
        ),
        claims=len(claims),
        lines=sum(len(claim.lines) for claim in claims),
        charge_total=sum(claim.charge for claim in claims),
        paid_total=sum(claim.paid for claim in claims),
    )
    return header, claims, trailer


@given(remittances())
def test_reading_gives_back_what_was_written(values):
    header, claims, trailer = values
    found = read_back(*values)
    assert not [one for one in found if isinstance(one, Finding)]
    back, *claims_back, trailer_back = found
    payment = replace(back.payment, bpr=(), trn=())
    assert replace(back, payment=payment) == header
    assert [plain(claim) for claim in claims_back] == claims
    assert plain(trailer_back) == plain(trailer)


@pytest.mark.corpus
def test_every_clean_file_of_the_corpus_survives_a_round_trip(corpus_dir):
    with (corpus_dir / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    done = 0
    for row in rows:
        if not row["local_file"].startswith(("835/", "bad/")):
            continue
        for transaction, found in of_835((corpus_dir / row["local_file"]).read_bytes()):
            values = [one for one in found if not isinstance(one, Finding)]
            missing = any(one.code == "RMT004" for one in found if isinstance(one, Finding))
            if missing or transaction.delimiters.component != ":":
                continue
            header, *claims, trailer = values
            envelope = transaction.envelope or Envelope()
            back = read_back(header, claims, trailer, envelope, transaction.version)
            again = [one for one in back if not isinstance(one, Finding)]
            assert [plain(one) for one in again] == [plain(one) for one in values], row["local_file"]
            done += 1
    assert done > 150
