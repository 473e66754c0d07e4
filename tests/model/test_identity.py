"""Whom an answer about coverage is about: never a relative, a twin or another store's patient."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.intake.confirmations import with_confirmations
from edi.model.confirmation import confirmation_of
from edi.model.eligibility import EligibilityAnswer, EligibilityInquiry
from edi.model.identity import answers_by_member, answers_by_trace, same_name
from edi.model.party import Person, Provider
from edi.model.records import Coverage, PatientRecord, Records
from edi.model.spelling import alike, spelled
from edi.payers.profile import PayerProfile

TRACE = "E000000001"
PAYERS = {"60601": "acme", "87726": "other"}

# Few values, so that two people often share all but one of them: families, twins, namesakes.
members = st.sampled_from(["FAM1", "fam-1", "OTHER9"])
people = st.builds(
    Person,
    last_name=st.sampled_from(["MÜLLER", "GARCIA", "O'BRIEN"]),
    first_name=st.sampled_from(["Anna", "ALICE", "BEN"]),
    birth_date=st.sampled_from([date(1980, 1, 1), date(2015, 5, 5)]),
)


def inquiry(person: Person, member_id: str = "FAM1", **changes) -> EligibilityInquiry:
    given = {
        "practice_id": "orchard",
        "patient_id": "P1",
        "payer_key": "acme",
        "trace_number": TRACE,
        "trace_assigner": "1123456789",
        "payer_id": "60601",
        "provider": Provider(is_person=False, last_name="CLINIC"),
        "subscriber": person,
        "member_id": member_id,
    }
    return EligibilityInquiry(**{**given, **changes})


def answer(
    person: Person, member_id: str = "FAM1", trace: str = TRACE, assigner: str = "1123456789", **changes
) -> EligibilityAnswer:
    given = {
        "answered_on": date(2026, 3, 21),
        "traces": (("2", trace, assigner),) if trace else (),
        "payer_id": "60601",
        "subscriber": person,
        "member_id": member_id,
    }
    return EligibilityAnswer(**{**given, **changes})


def is_other(one: Person, other: Person) -> bool:
    """Whether two persons of the strategy are two people."""
    return (one.last_name, one.first_name, one.birth_date) != (
        other.last_name,
        other.first_name,
        other.birth_date,
    )


@given(
    asked=people,
    meant=people,
    ids=st.tuples(members, members),
    payer_id=st.sampled_from(sorted(PAYERS)),
    data=st.data(),
)
def test_no_answer_about_one_person_is_tied_to_another(asked, meant, ids, payer_id, data):
    """Whatever the trace number says, and whatever the answer leaves out that does not tell the two apart."""
    if not is_other(asked, meant):
        meant = msgspec.structs.replace(meant, first_name="ZOE")
    said = meant
    if (asked.last_name, asked.first_name) != (meant.last_name, meant.first_name) and data.draw(
        st.booleans()
    ):
        said = msgspec.structs.replace(said, birth_date=None)
    elif asked.birth_date != meant.birth_date and data.draw(st.booleans()):
        said = msgspec.structs.replace(said, last_name="", first_name="")
    member_id = data.draw(st.sampled_from([ids[1], ""]))
    of_trace = answer(said, member_id, payer_id=payer_id)
    assert not answers_by_trace(of_trace, inquiry(asked, ids[0]))
    assert not answers_by_member(of_trace, inquiry(asked, ids[0]))


@given(asked=people, meant=people, ids=st.tuples(members, members), payer_id=st.sampled_from(sorted(PAYERS)))
def test_no_answer_about_one_person_is_stamped_on_another(asked, meant, ids, payer_id):
    if not is_other(asked, meant):
        meant = msgspec.structs.replace(meant, first_name="ZOE")
    coverage = Coverage(rank=1, payer="acme", member_id=ids[0], coverage_from=date(2025, 1, 1))
    patient = PatientRecord(practice_id="orchard", patient_id="P1", person=asked, coverages=(coverage,))
    records = Records(patients={("orchard", "P1"): patient})
    profiles = {
        key: PayerProfile(key=key, name=key, claim_id={"default": number}) for number, key in PAYERS.items()
    }
    loose = confirmation_of(answer(meant, ids[1], payer_id=payer_id))
    made, _ = with_confirmations(records, [loose], profiles)
    assert made.patients["orchard", "P1"].coverages == (coverage,)
    own = confirmation_of(answer(asked, ids[0]))
    made, _ = with_confirmations(records, [own, loose], profiles)
    assert made.patients["orchard", "P1"].coverages[0].confirmation == own, "a twin's answer hides nobody's"


@given(asked=people, member_id=members, silent=st.sampled_from(["", "member", "birth", "name"]))
def test_the_own_answer_is_found(asked, member_id, silent):
    """As the payer has it on file: in capitals and without accents, now and then without one of the three."""
    last = {"MÜLLER": "MULLER"}.get(asked.last_name, asked.last_name)
    said = msgspec.structs.replace(asked, last_name=last, first_name=asked.first_name.upper())
    if silent == "birth":
        said = msgspec.structs.replace(said, birth_date=None)
    if silent == "name":
        said = msgspec.structs.replace(said, last_name="", first_name="")
    told = answer(said, "" if silent == "member" else member_id)
    assert answers_by_trace(told, inquiry(asked, member_id))
    assert answers_by_member(told, inquiry(asked, member_id)) == (not silent)


ADA = Person(last_name="TESTER", first_name="ADA", birth_date=date(1980, 1, 1))
BEA = Person(last_name="TESTER", first_name="BEA", birth_date=date(2015, 5, 5))


@pytest.mark.parametrize(
    ("told", "is_ours"),
    [
        (answer(ADA), True),
        (answer(ADA, "NEW7"), True),
        (answer(ADA, payer_id="ELSEWHERE"), True),
        (answer(ADA, payer_id=""), True),
        (answer(ADA, assigner=""), True),
        (
            answer(ADA, traces=(("1", TRACE, "9PAYER"), ("2", "CH7", "9HOUSE"), ("2", TRACE, "1123456789"))),
            True,
        ),
        (answer(ADA, assigner="1999999999"), False),
        (answer(ADA, traces=(("1", TRACE, "1123456789"),)), False),
        (answer(ADA, "NEW7", payer_id="ELSEWHERE"), False),
        (answer(BEA), False),
        (answer(msgspec.structs.replace(ADA, birth_date=date(1980, 1, 2))), False),
        (answer(msgspec.structs.replace(ADA, first_name="EVE")), False),
        (answer(msgspec.structs.replace(ADA, last_name="MARRIED")), False),
        (answer(Person(last_name="TESTER", first_name="ZOE"), "OTHER9"), False),
        (answer(Person(), ""), False),
        (answer(Person()), False),
        (answer(Person(birth_date=ADA.birth_date)), True),
    ],
)
def test_what_ties_an_answer_with_our_trace_number(told, is_ours):
    assert answers_by_trace(told, inquiry(ADA)) == is_ours


def test_a_dependent_is_compared_with_the_dependent():
    asked = inquiry(ADA, patient=BEA)
    assert answers_by_trace(answer(ADA, patient=BEA), asked)
    assert answers_by_trace(answer(BEA), asked), "the payer knows her under an id of her own"
    assert not answers_by_trace(answer(ADA), asked)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("SMITH", "ROBERT"), ("Smith", "Rob"), True),
        (("SMITH", "R"), ("SMITH", "ROBERT"), True),
        (("SMITH", "MARY ANN"), ("SMITH", "MARYANN"), True),
        (("SMITH-JONES", "ADA"), ("SMITH", "ADA"), True),
        (("DE LA CRUZ", "ADA"), ("CRUZ", "ADA"), True),
        (("O'BRIEN", "ADA"), ("OBRIEN", "ADA"), True),
        (("Łukasz", "Zoë"), ("LUKASZ", "ZOE"), True),
        (("SMITH", "ANNA"), ("SMITH", "ALICE"), False),
        (("SMITH", "ADA"), ("SMYTHE", "ADA"), False),
        (("SMITH", "ADA"), ("", "EVE"), False),
        (("SMITH", "ADA"), ("", "ADA"), None),
        (("SMITH", ""), ("SMITH", "ADA"), None),
        (("", ""), ("SMITH", "ADA"), None),
        (("Ада", "Ада"), ("SMITH", "ADA"), None),
    ],
)
def test_names(one, other, same):
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_spelling():
    assert spelled("w-12 3/é") == "W123E"
    assert (alike("W-1", "w1"), alike("W1", "W2"), alike("", "W2"), alike("W1", "-")) == (
        True,
        False,
        None,
        None,
    )
