"""Hypothesis strategies for claims that an 837P can carry, and how to write and read them back.

`claims()` makes what the writer can write so that the reader gives the same value: text in the character set, without
delimiters, no empty contact, no id that only our side knows. All persons are random letters.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from hypothesis import strategies as st

from edi.model.claim import (
    Address,
    Attachment,
    Claim,
    ClaimPayer,
    LineAdjudication,
    OtherPayer,
    Patient,
    Person,
    Provider,
    ServiceLine,
    SpinalCondition,
    Subscriber,
)
from edi.model.finding import Finding
from edi.model.remittance import Adjustment, Procedure
from edi.transactions import t837p
from edi.x12.envelope import read_transactions
from tests import builders

CREATED = datetime(2026, 3, 20, 9, 30)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MODIFIERS = ("GP", "GO", "59", "KX", "CQ", "GA", "76", "XS")
CODES = ("97110", "97112", "97140", "97530", "97161", "98941", "G0283")
DIAGNOSES = ("M5450", "R262", "M25511", "S83511A", "Z4789", "M6281")
CLAIM_KEPT = (
    (("K3", "STATE DATA"),),
    (("CN1", "02", "550"), ("CRC", "75", "Y", "IH"), ("HI", "BP:33414")),
)
LINE_KEPT = (
    (("QTY", "PT", "2"), ("K3", "LINE DATA")),
    (("LIN", "", "N4", "01234567890"), ("CTP", "", "", "", "2", "UN")),
)
"""Segments without a field, as another system may send them."""
PARTNER = builders.make_directory().trading_partners["house"]
SUBMITTER = builders.make_directory().submitter

words = st.text(LETTERS, min_size=1, max_size=8)
names = st.lists(words, min_size=1, max_size=3).map(" ".join)
marks = st.sampled_from(["", "-", "'", ".", ", ", " & ", "/"])
surnames = st.tuples(words, marks, words).map("".join)
codes = st.text(LETTERS + "0123456789", min_size=2, max_size=12)
days = st.dates(date(2024, 1, 1), date(2026, 3, 1))
births = st.dates(date(1925, 1, 1), date(2023, 12, 31))
npis = st.integers(0, 99_999_999).map(builders.npi)
zips = st.from_regex(r"[0-9]{9}", fullmatch=True)
cents = st.integers(1, 5_000_000)
addresses = st.builds(
    Address,
    line_1=names,
    line_2=st.one_of(st.just(""), names),
    city=st.text(LETTERS, min_size=2, max_size=12),
    state=st.sampled_from(["MA", "NY", "CA", "TX"]),
    zip=zips,
)
people = st.builds(
    Person,
    last_name=surnames,
    first_name=words,
    middle_name=st.one_of(st.just(""), words),
    suffix=st.sampled_from(["", "JR", "III"]),
    birth_date=births,
    sex=st.sampled_from(["F", "M", "U"]),
    address=addresses,
)


def individuals(taxonomy: bool):
    return st.builds(
        Provider,
        is_person=st.just(True),
        last_name=surnames,
        first_name=words,
        npi=npis,
        taxonomy=st.sampled_from(["225100000X", "225X00000X"]) if taxonomy else st.just(""),
        references=st.one_of(st.just(()), codes.map(lambda number: (("G2", number),))),
    )


organizations = st.builds(
    Provider,
    is_person=st.just(False),
    last_name=names,
    npi=npis,
    taxonomy=st.sampled_from(["", "261QP2000X"]),
    tax_id=st.from_regex(r"[0-9]{9}", fullmatch=True),
    tax_id_qualifier=st.sampled_from(["EI", "SY"]),
    address=addresses,
    contact=st.one_of(
        st.none(),
        st.tuples(
            names, st.from_regex(r"[2-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "DESK@EXAMPLE.ORG"])
        ),
    ),
)
facilities = st.builds(Provider, is_person=st.just(False), last_name=names, npi=npis, address=addresses)
payers = st.builds(
    ClaimPayer,
    name=names,
    id=codes,
    address=st.one_of(st.none(), addresses),
    references=st.one_of(st.just(()), codes.map(lambda number: (("2U", number),))),
)
attachments = st.lists(
    st.one_of(
        st.builds(Attachment, report=st.sampled_from(["OZ", "M1"]), transmission=st.just("AA")),
        st.builds(
            Attachment,
            report=st.sampled_from(["OZ", "M1"]),
            transmission=st.sampled_from(["BM", "FX"]),
            control_number=codes,
        ),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
spinal = st.builds(
    SpinalCondition,
    nature=st.sampled_from("ACDEFGM"),
    description=st.one_of(st.just(""), names),
    more=st.just(""),
)
quantities = st.one_of(st.none(), st.sampled_from(["1", "2"]))
MOST_CAS = 5
"""CAS segments that a claim or line of another payer may have, of six reasons each."""
# One group after the other, as they are written: two lists of one group would be read back as one.
adjustments = (
    st.lists(
        st.tuples(
            st.sampled_from(["CO", "OA", "PR"]),
            st.lists(
                st.tuples(st.sampled_from(["1", "2", "3", "45", "97", "131", "253"]), cents, quantities),
                min_size=1,
                max_size=8,
            ),
        ),
        max_size=3,
    )
    .filter(lambda groups: sum(-(-len(reasons) // 6) for _, reasons in groups) <= MOST_CAS)
    .map(lambda groups: tuple(Adjustment(group, *reason) for group, reasons in groups for reason in reasons))
)
holders = st.builds(Person, last_name=surnames, first_name=words, address=st.one_of(st.none(), addresses))
plans = st.builds(
    ClaimPayer, name=names, id=codes, address=addresses, references=st.just((("EI", "123456782"),))
)
periods = st.tuples(days, days).map(lambda pair: (min(pair), max(pair)))


LINE_EXTRAS = {
    "attachments": attachments,
    "facility": facilities,
    "ordering": individuals(taxonomy=False),
    "referring": individuals(taxonomy=False),
    "references": codes.map(lambda text: (("9B", text),)),
    "amounts": cents.map(lambda amount: (("T", amount),)),
    "kept": st.sampled_from(LINE_KEPT),
}
CLAIM_EXTRAS = {
    "attachments": attachments,
    "spinal": spinal,
    "delay_reason": st.sampled_from(["1", "7", "15"]),
    "pay_to_plan": plans,
    "primary_care": individuals(taxonomy=False),
    "kept": st.sampled_from(CLAIM_KEPT),
}
"""Fields that few claims and lines have: two of them at most at once, to see what each does."""


def extras(draw, strategies):
    """Two of the fields at most, with their values."""
    chosen = draw(st.lists(st.sampled_from(sorted(strategies)), max_size=2, unique=True))
    return {name: draw(strategies[name]) for name in chosen}


@st.composite
def other_payers(draw, rank: str):
    """Another coverage: not asked yet, or with what its payer paid; now and then with what only others send."""
    asked = draw(st.booleans())
    employer = draw(names) if draw(st.integers(0, 3)) == 0 else ""
    return OtherPayer(
        rank=rank,
        relationship=draw(st.sampled_from(["18", "01", "19", "G8"])),
        group_number=draw(st.one_of(st.just(""), codes)),
        insurance_type=draw(st.sampled_from(["", "12", "47"])),
        filing_indicator=draw(st.sampled_from(["CI", "MB", "BL"])),
        adjustments=draw(adjustments) if asked else (),
        paid=draw(st.integers(0, 100_000)) if asked else None,
        remaining_patient_liability=draw(st.one_of(st.none(), cents)) if asked else None,
        benefits_assigned=draw(st.sampled_from("YNW")),
        release_of_information=draw(st.sampled_from("YI")),
        outpatient=("MOA", "", "", "MA01") if asked and draw(st.booleans()) else (),
        subscriber=Person(address=draw(addresses)) if employer else draw(holders),
        organization=employer,
        member_id=draw(codes),
        subscriber_references=draw(st.sampled_from([(), (("SY", "123456781"),)])),
        payer=ClaimPayer(
            name=draw(names),
            id=f"O{rank}{draw(codes)}"[:12],
            references=(("F8", draw(codes)),) if asked else (),
        ),
        paid_on=draw(days) if asked else None,
        kept=draw(st.sampled_from([(), (("NM1", "85", "2"), ("REF", "G2", "K1"))])),
    )


@st.composite
def adjudications(draw, payer_id: str):
    """What another payer decided on a line."""
    return LineAdjudication(
        payer_id=payer_id,
        paid=draw(st.integers(0, 100_000)),
        procedure=Procedure("HC", draw(st.sampled_from(CODES)), ("GP",)),
        units=draw(st.sampled_from(["1", "2"])),
        bundled_line=draw(st.sampled_from([None, 1])),
        adjustments=draw(adjustments),
        paid_on=draw(days),
        remaining_patient_liability=draw(st.one_of(st.none(), cents)),
    )


@st.composite
def service_lines(draw, number: int, diagnoses: int, decided: tuple[str, ...] = ()):
    first, last = draw(periods) if draw(st.booleans()) else (draw(days),) * 2
    unlisted = draw(st.integers(0, 9)) == 0
    return ServiceLine(
        number=number,
        procedure=Procedure(
            "HC",
            "97039" if unlisted else draw(st.sampled_from(CODES)),
            tuple(draw(st.lists(st.sampled_from(MODIFIERS), max_size=4, unique=True))),
            draw(names) if unlisted else None,
        ),
        charge=draw(cents),
        units=draw(st.sampled_from(["1", "2", "3", "10", "1.5"])),
        place_of_service=draw(st.sampled_from(["", "12"])),
        pointers=tuple(draw(st.permutations(range(1, diagnoses + 1)))[:4]),
        date_from=first,
        date_to=last,
        line_control_number=draw(st.one_of(st.just(""), codes)),
        authorization=draw(st.one_of(st.just(""), codes)),
        rendering=draw(st.one_of(st.none(), individuals(taxonomy=True))),
        supervising=draw(st.one_of(st.none(), individuals(taxonomy=False))),
        other_dates=draw(st.one_of(st.just(()), days.map(lambda day: (("454", day),)))),
        notes=draw(st.one_of(st.just(()), names.map(lambda text: (("ADD", text),)))),
        adjudications=tuple([draw(adjudications(payer)) for payer in decided]),
        **extras(draw, LINE_EXTRAS),
    )


@st.composite
def coverages(draw):
    """(subscriber, patient): the patient himself, a dependent, or an injured worker under his employer."""
    kind = draw(st.sampled_from(["self", "self", "dependent", "worker"]))
    common = {
        "rank": draw(st.sampled_from("PST")),
        "group_number": draw(st.one_of(st.just(""), codes)),
        "group_name": draw(st.one_of(st.just(""), names)),
        "filing_indicator": "WC" if kind == "worker" else draw(st.sampled_from(["CI", "MB", "BL", "MC"])),
    }
    if kind == "worker":
        subscriber = Subscriber(**common, is_patient=False, organization=draw(names))
    else:
        common["references"] = draw(st.one_of(st.just(()), st.just((("SY", "123456789"),))))
        # A REF*SY with group name is fine; the member id is what counts.
        subscriber = Subscriber(
            **common,
            is_patient=kind == "self",
            person=draw(people),
            member_id=draw(codes),
            insurance_type=draw(st.sampled_from(["", "12", "47"])),
        )
    if kind == "self":
        return subscriber, None
    references = (("Y4", draw(codes)),) if kind == "worker" else ()
    relationship = "20" if kind == "worker" else draw(st.sampled_from(["01", "19", "G8"]))
    return subscriber, Patient(relationship=relationship, person=draw(people), references=references)


@st.composite
def claims(draw, number: int = 1, billing=organizations):
    diagnoses = tuple(draw(st.lists(st.sampled_from(DIAGNOSES), min_size=1, max_size=6, unique=True)))
    count = draw(st.integers(1, 3))
    ranks = draw(st.sampled_from(["", "", "", "", "T", "TA"]))
    others = tuple([draw(other_payers(rank)) for rank in ranks])
    decided = tuple([one.payer.id for one in others if one.paid is not None])
    lines = tuple([draw(service_lines(place, len(diagnoses), decided)) for place in range(1, count + 1)])
    subscriber, patient = draw(coverages())
    accident = draw(st.sampled_from([(), ("AA",), ("EM",), ("OA", "EM")]))
    kinds = ("431", "454", "304", "453", *(("439",) if accident else ()), "455", "297", "296")
    dates = tuple((kind, draw(days)) for kind in kinds if kind == "439" or draw(st.booleans()))
    return Claim(
        patient_control_number=f"C{number:07d}",
        charge=sum(line.charge for line in lines),
        place_of_service=draw(st.sampled_from(["11", "12", "02"])),
        frequency=draw(st.sampled_from("178")),
        provider_signature=draw(st.sampled_from("YN")),
        accepts_assignment=draw(st.sampled_from("ABC")),
        benefits_assigned=draw(st.sampled_from("YNW")),
        release_of_information=draw(st.sampled_from("YI")),
        patient_signature_source=draw(st.sampled_from(["", "P"])),
        accident_causes=accident,
        accident_state="MA" if "AA" in accident else "",
        diagnoses=diagnoses,
        dates=dates,
        authorization=draw(st.one_of(st.just(""), codes)),
        referral_number=draw(st.one_of(st.just(""), codes)),
        original_reference=draw(st.one_of(st.just(""), codes)),
        patient_paid=draw(st.one_of(st.none(), st.integers(0, 100_000))),
        billing=draw(billing),
        pay_to=draw(st.one_of(st.none(), addresses)),
        subscriber=subscriber,
        patient=patient,
        payer=draw(payers),
        referring=draw(st.one_of(st.none(), individuals(taxonomy=False))),
        rendering=draw(st.one_of(st.none(), individuals(taxonomy=True))),
        facility=draw(st.one_of(st.none(), facilities)),
        supervising=draw(st.one_of(st.none(), individuals(taxonomy=False))),
        references=draw(st.one_of(st.just(()), codes.map(lambda value: (("EA", value),)))),
        notes=draw(st.one_of(st.just(()), names.map(lambda text: (("ADD", text),)))),
        diagnosis_qualifiers=draw(st.sampled_from([(), (), (), ("BK", *("BF",) * (len(diagnoses) - 1))])),
        other_payers=others,
        **extras(draw, CLAIM_EXTRAS),
        lines=lines,
    )


@st.composite
def batches(draw, most: int = 4):
    """Several claims that share billing providers and subscribers now and then, in an order that groups them."""
    billing = draw(organizations)
    made = [
        draw(claims(number, st.one_of(st.just(billing), organizations)))
        for number in range(1, draw(st.integers(1, most)) + 1)
    ]
    for place in range(1, len(made)):
        if draw(st.booleans()):
            before = made[place - 1]
            made[place] = msgspec.structs.replace(
                made[place],
                billing=before.billing,
                pay_to=before.pay_to,
                subscriber=before.subscriber,
                patient=before.patient,
                payer=before.payer,
            )
    return made


def write(made, partner=PARTNER, **changes):
    """One file of one transaction set."""
    arguments = {
        "submitter": SUBMITTER,
        "partner": partner,
        "interchange_control_number": 7,
        "group_control_number": 7,
        "created": CREATED,
    }
    return t837p.write([("0001", made)], **{**arguments, **changes})


def read(data: bytes):
    """Everything in a file: what the reader of 837P yields, and the findings of the envelope."""
    return [
        item
        for ts in read_transactions([data])
        for item in ([ts] if isinstance(ts, Finding) else t837p.read(ts))
    ]


def read_claims(data: bytes) -> list[Claim]:
    return [item for item in read(data) if isinstance(item, Claim)]


def as_sent(claim: Claim) -> Claim:
    """The claim without what never goes on the wire."""
    return msgspec.structs.replace(
        claim,
        practice_id="",
        patient_id="",
        payer=msgspec.structs.replace(claim.payer, key=""),
        lines=tuple(msgspec.structs.replace(line, session_line_ids=()) for line in claim.lines),
    )
