"""Claims: what is accepted, what conflicts, what is ambiguous, which version of a chain is answered."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from reconcile.match import match_claim
from reconcile.values import ClaimEvidence, LineEvidence

PATIENT = {"member_ids": ("MEMBER1",), "patient_last_name": "Doe", "patient_first_name": "Jo"}
LINES = "SVC*HC:97110:GP*100*60**1~DTM*472*20260105~CAS*CO*45*40~SVC*HC:97140:GP*50*30**1~DTM*472*20260105~CAS*CO*45*20~"


def remitted(
    payments,
    *,
    number="C1",
    status="1",
    charge="150",
    member="MEMBER1",
    name="DOE*JO",
    pccn="P1",
    lines=LINES,
):
    patient = f"NM1*QC*1*{name}****MI*{member}~" if member else ""
    (one,) = payments(f"CLP*{number}*{status}*{charge}*90**12*{pccn}*11*1~{patient}{lines}")
    return one


@pytest.fixture
def simple(claim, line):
    def build(id=1, number="C1", **more):
        control = more.pop("control", None)
        codes = more.pop("codes", (("97110-GP", "100"), ("97140-GP", "50")))
        lines = [
            line(id * 10 + n, code, amount, number=n, control=f"{control}{n}" if control else "")
            for n, (code, amount) in enumerate(codes, 1)
        ]
        return claim(id, number, lines, **{**PATIENT, **more})

    return build


def test_no_candidate(payments):
    match = match_claim(remitted(payments), (), payer_key=None)
    assert (match.claim_id, match.reason) == (None, "no_claim")


@pytest.mark.parametrize(
    ("sent", "returned", "evidence"),
    [
        ("C1", "C1", ClaimEvidence.CONTROL_NUMBER),
        ("00-C1", "c1", ClaimEvidence.CONTROL_NUMBER_NORMALISED),
        ("ab 12", "AB12", ClaimEvidence.CONTROL_NUMBER_NORMALISED),
    ],
)
def test_evidence_of_the_number(payments, simple, sent, returned, evidence):
    match = match_claim(remitted(payments, number=returned), (simple(number=sent),), payer_key="first")
    assert (match.claim_id, match.evidence, match.notes) == (1, evidence, ())


def test_found_by_payer_claim_control_number(payments, simple):
    known = simple(number="OURS", payer_claim_control_numbers=("P-1",))
    match = match_claim(remitted(payments, number="0"), (known,), payer_key=None)
    assert (match.claim_id, match.evidence) == (1, ClaimEvidence.PAYER_CLAIM_CONTROL_NUMBER)


def test_found_by_allocated_line_numbers_alone(payments, simple):
    lines = LINES.replace("CAS*CO*45*40~", "CAS*CO*45*40~REF*6R*K1~").replace(
        "CAS*CO*45*20~", "CAS*CO*45*20~REF*6R*K2~"
    )
    own = simple(number="OURS", control="K")
    match = match_claim(remitted(payments, number="MANGLED", lines=lines), (own,), payer_key=None)
    assert (match.claim_id, match.evidence) == (1, ClaimEvidence.LINE_CONTROL_NUMBER)
    taught = msgspec.structs.replace(own, payer_claim_control_numbers=("ICN1",))
    again = remitted(payments, number="MANGLED", lines=lines)
    again = msgspec.structs.replace(again, payer_claim_control_number="ICN1")
    assert match_claim(again, (taught,), payer_key=None).evidence is ClaimEvidence.LINE_CONTROL_NUMBER
    imported = msgspec.structs.replace(
        own, lines=tuple(msgspec.structs.replace(one, allocated=False) for one in own.lines)
    )
    assert (
        match_claim(remitted(payments, number="MANGLED", lines=lines), (imported,), payer_key=None).claim_id
        is None
    )


AGREEMENT = {
    # charge, member and name, lines -> accepted
    "all agree": ("150", "MEMBER1", "DOE*JO", LINES, True),
    "patient unknown, charge and lines agree": ("150", "", "", LINES, True),
    "member id retyped, name agrees": ("150", "MEMBER99", "DOE*JO", LINES, True),
    "name changed, member agrees": ("150", "MEMBER1", "SMITH*AN", LINES, True),
    "charge differs, patient agrees": ("140", "MEMBER1", "DOE*JO", LINES, True),
    "member differs, no name, charge and every line agree": ("150", "MEMBER9", "*", LINES, True),
    "member differs, no name, charge differs, lines agree": ("140", "MEMBER9", "*", LINES, False),
    "member differs, no name, lines differ": ("150", "MEMBER9", "*", LINES.replace("*100*", "*110*"), False),
    "patient differs, charge differs, lines agree": ("140", "MEMBER9", "ROE*AL", LINES, False),
    "patient differs, a part without date": (
        "100",
        "MEMBER9",
        "ROE*AL",
        "SVC*HC:97110:GP*100*60**1~CAS*CO*45*40~",
        False,
    ),
    "nothing known of the patient, all else differs": (
        "77",
        "",
        "",
        "SVC*HC:99999*77*0~DTM*472*20200101~",
        False,
    ),
    "no lines, charge agrees": ("150", "", "", "", True),
    "no lines, only the number agrees": ("77", "", "", "", False),
}


@pytest.mark.parametrize("name", AGREEMENT)
def test_agreement(payments, simple, name):
    charge, member, patient, lines, accepted = AGREEMENT[name]
    one = remitted(payments, charge=charge, member=member, name=patient, lines=lines)
    match = match_claim(one, (simple(),), payer_key="first")
    if accepted:
        assert match.claim_id == 1
    else:
        assert (match.claim_id, match.reason) == (None, "conflict")
        for value in ("DOE", "ROE", "MEMBER1", "MEMBER9", "97110", "140", "150"):
            assert value not in match.detail  # fields are named, values are not
        assert "charge" in match.detail or "patient" in match.detail


def test_two_claims_with_one_number_are_told_apart_by_what_agrees(payments, simple):
    other = simple(id=2, member_ids=("MEMBER2",), patient_last_name="Roe", patient_first_name="Al")
    match = match_claim(remitted(payments), (other, simple()), payer_key="first")
    assert (match.claim_id, match.runner_up) == (1, 2)


def test_two_claims_that_fit_alike_are_ambiguous(payments, simple):
    match = match_claim(remitted(payments), (simple(), simple(id=2)), payer_key="first")
    assert (match.claim_id, match.reason, match.candidates) == (None, "ambiguous", (1, 2))


def test_the_payer_settles_a_tie_but_never_bars(payments, simple):
    twins = (simple(payer_key="other"), simple(id=2, payer_key="mine"))
    assert match_claim(remitted(payments), twins, payer_key="mine").claim_id == 2
    by_id = (simple(payer_key="a", payer_id="111"), simple(id=2, payer_key="b", payer_id="222"))
    assert match_claim(remitted(payments), by_id, payer_key=None, payer_ids=("222",)).claim_id == 2
    crossed = match_claim(remitted(payments), (simple(),), payer_key="medigap")
    assert (crossed.claim_id, crossed.notes) == (1, ("payer_differs",))


def test_version_by_frequency_when_nothing_else_tells(payments, simple):
    original = simple()
    replacement = simple(id=2, root=1, sequence=2, frequency="7")
    versions = (replacement, original)
    assert match_claim(remitted(payments), versions, payer_key="first").claim_id == 1
    correction = msgspec.structs.replace(remitted(payments), frequency="7")
    assert match_claim(correction, versions, payer_key="first").claim_id == 2


def test_reversal_goes_to_the_version_whose_payer_number_it_names(payments, simple):
    versions = (
        simple(payer_claim_control_numbers=("P1",)),
        simple(id=2, root=1, sequence=2, frequency="7", payer_claim_control_numbers=("P2",)),
    )
    lines = LINES.replace("*100*60*", "*-100*-60*").replace("*50*30*", "*-50*-30*")
    for number, expected in (("P1", 1), ("P2", 2)):
        one = remitted(payments, status="22", charge="-150", pccn=number, lines=lines)
        assert match_claim(one, versions, payer_key="first").claim_id == expected


def test_a_duplicate_answers_the_later_submission(payments, simple):
    versions = (simple(), simple(id=2, root=1, sequence=2))
    lines = "SVC*HC:97110:GP*100*0**0~DTM*472*20260105~CAS*OA*18*100~SVC*HC:97140:GP*50*0**0~DTM*472*20260105~CAS*OA*18*50~"
    assert match_claim(remitted(payments, lines=lines), versions, payer_key="first").claim_id == 2
    assert match_claim(remitted(payments), versions, payer_key="first").claim_id == 1


def test_a_paid_line_without_a_submitted_line_keeps_the_claim_in_the_queue(payments, simple):
    lines = LINES + "SVC*HC:99213*10*0**1~DTM*472*20260105~CAS*CO*45*10~"
    match = match_claim(remitted(payments, lines=lines), (simple(),), payer_key="first")
    assert (match.claim_id, match.reason) == (None, "lines_unmatched")
    assert [bool(one.line_ids) for one in match.lines] == [True, True, False]
    assert match.candidates == (1,)


def numbered(prefix="K", *numbers):
    """The two lines with echoed line control numbers."""
    first, second = numbers or (f"{prefix}1", f"{prefix}2")
    lines = LINES.replace("CAS*CO*45*40~", f"CAS*CO*45*40~REF*6R*{first}~")
    return lines.replace("CAS*CO*45*20~", f"CAS*CO*45*20~REF*6R*{second}~")


def test_line_numbers_that_name_two_claims_are_ambiguous(payments, simple):
    two = (simple(number="OURS1", control="K"), simple(id=2, number="OURS2", control="K"))
    match = match_claim(remitted(payments, number="MANGLED", lines=numbered()), two, payer_key="first")
    assert (match.claim_id, match.reason, match.candidates) == (None, "ambiguous", (1, 2))


@pytest.mark.parametrize("numbers", [("K1", "K2"), ("K1", "9")])
@pytest.mark.parametrize("order", [1, -1])
def test_a_claim_number_against_allocated_line_numbers_is_a_conflict(payments, simple, numbers, order):
    two = (simple(number="C1"), simple(id=2, number="C2", control="K"))[::order]
    match = match_claim(remitted(payments, lines=numbered("", *numbers)), two, payer_key="first")
    assert (match.claim_id, match.reason, match.candidates) == (None, "conflict", (1, 2))
    assert "CLP01" in match.detail
    assert "REF*6R" in match.detail


@pytest.mark.parametrize("order", [1, -1])
def test_line_numbers_of_two_claims_go_with_the_claim_number(payments, simple, order):
    two = (simple(number="C1", control="K"), simple(id=2, number="C2", control="K"))[::order]
    assert match_claim(remitted(payments, lines=numbered()), two, payer_key="first").claim_id == 1


# -- real files ----------------------------------------------------------------------------------------------------


def _payments_of(payments, path):
    text = path.read_text(encoding="latin-1").replace("\n", "")
    return payments(text[text.index("CLP*") : text.index("~SE*") + 1].split("PLB*")[0])


@pytest.mark.corpus
def test_corpus_workbench_pair_is_a_conflict(payments, claim, line, corpus_dir):
    day = date(2023, 1, 1)
    submitted = claim(
        1,
        "PATIENTACCTNUM",
        [line(11, "99213", "100", number=1, day=day), line(12, "87070", "50", number=2, day=day)],
        member_ids=("123456789A",),
        patient_last_name="DOE",
        patient_first_name="JOHN",
    )
    matches = [
        match_claim(one, (submitted,), payer_key=None)
        for one in _payments_of(payments, corpus_dir / "835" / "IPerception+EDI-Workbench__sample_835.edi")
    ]
    assert [(one.claim_id, one.reason) for one in matches] == [(None, "conflict")] * 2
    assert all("patient" in one.detail and "charge" in one.detail for one in matches)


SCRIBE = {
    "neurology": (
        "CLM-STROKE-NEURO-001",
        [("99214", "220", 1), ("96116", "100", 1)],
        7,
        (32000, 21000, 7000, 4000),
    ),
    "professional": (
        "CLM-STROKE-RAD-PRO-001",
        [("70450", "90", 1), ("70460", "120", 1), ("70551", "180", 2)],
        6,
        (39000, 26000, 9000, 4000),
    ),
}


@pytest.mark.corpus
@pytest.mark.parametrize("name", SCRIBE)
def test_corpus_scribe_pairs_match_every_line_without_line_numbers(
    stage, claim, line, totals, corpus_dir, name
):
    number, codes, month, cents = SCRIBE[name]
    scene = stage(
        claim(
            1,
            number,
            [
                line(10 + n, code, amount, number=n, day=date(2026, month, day))
                for n, (code, amount, day) in enumerate(codes, 1)
            ],
            member_ids=("SUB-STROKE-001", "PAT-STROKE-001"),
        )
    )
    text = (corpus_dir / "835" / f"AlexJReid+scribe__{name}_835.edi").read_text().replace("\n", "")
    (match,) = scene.remit(text[text.index("CLP*") : text.index("SE*")])
    assert [one.line_ids for one in match.lines] == [(10 + n,) for n in range(1, len(codes) + 1)]
    assert {one.evidence for one in match.lines} == {LineEvidence.CODE_DATE_CHARGE}
    end = totals(scene.state(1))
    assert (end["charge"], end["paid"], end["contractual"], end["patient"]) == cents
    assert end["open"] == end["denied"] == 0
