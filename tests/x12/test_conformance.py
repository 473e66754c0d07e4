"""The second opinion: pyx12's own error list, in our words, with claim and field, without data, without surprises."""

from __future__ import annotations

import functools
import io
import logging
from random import Random

import msgspec
import pytest
import pyx12.error_handler
import pyx12.map_if
import pyx12.params
import pyx12.x12n_document

from edi.model.claim import Person
from edi.model.errors import UsageError
from edi.model.finding import Severity
from edi.x12 import conformance
from edi.x12.conformance import ACCEPTED_DIFFERENCES, ConformanceError, ErrorKind
from tests.builders import DAY, make_address, make_claim, make_dependent, make_person, make_subscriber
from tests.claim_strategies import write
from tests.conformance.documents import documents
from tests.conformance.mutations import mutated

CLEAN = write(
    [
        make_claim(),
        make_claim(
            patient_control_number="A0000002",
            subscriber=make_subscriber(is_patient=False, member_id="W2"),
            patient=make_dependent(),
        ),
        make_claim(patient_control_number="A0000003", subscriber=make_subscriber(member_id="W3")),
    ]
).data


def check(data: bytes, old: str = "", new: str = "", count: int = 1):
    changed = data.replace(old.encode(), new.encode("latin-1"), count) if old else data
    assert not old or changed != data
    return conformance.check_bytes(changed)


# -- exactly what pyx12 says ---------------------------------------------------------------------------------------


class _Recorder(pyx12.error_handler.err_handler):  # type: ignore[misc]
    """pyx12's error handler, writing down the codes it is given."""

    said: list[tuple[str, str]] = []  # noqa: RUF012 - one list for the instance pyx12 makes

    def isa_error(self, err_cde, err_str):
        self.said.append(("isa", err_cde))

    def gs_error(self, err_cde, err_str):
        self.said.append(("gs", err_cde))

    def st_error(self, err_cde, err_str):
        self.said.append(("st", err_cde))

    def seg_error(self, err_cde, err_str, err_value=None, src_line=None):
        self.said.append(("seg", err_cde))

    def ele_error(self, err_cde, err_str, bad_value, refdes=None):
        self.said.append(("ele", err_cde))


@pytest.fixture
def pyx12_says(monkeypatch):
    """pyx12.x12n_document itself as a function from bytes to (codes in order, name of its crash or None)."""
    monkeypatch.setattr(pyx12.error_handler, "err_handler", _Recorder)
    load = functools.cache(lambda name, parameters, path: pyx12_load(name, pyx12.params.ParamsBase(), path))
    pyx12_load = pyx12.map_if.load_map_file
    monkeypatch.setattr(pyx12.map_if, "load_map_file", lambda name, _, path=None: load(name, None, path))

    def said(data: bytes):
        _Recorder.said = []
        stream = io.StringIO(data.decode("latin-1"), newline="")
        try:
            pyx12.x12n_document.x12n_document(pyx12.params.ParamsBase(), stream, None, None)
        except Exception as crash:  # noqa: BLE001 - what pyx12 raises is the subject
            return _Recorder.said, type(crash).__name__
        return _Recorder.said, None

    return said


def ours(data: bytes):
    return [(error.kind.value, error.code) for error in conformance.check(data).errors]


@pytest.mark.parametrize("count", [100, pytest.param(2_000, marks=pytest.mark.soak)])
def test_the_walk_says_what_pyx12_says_on_spoiled_files(seed, pyx12_says, count):
    rng = Random(f"{seed} walk")
    made = documents(seed, (8, 3, 2, 2, 3, 1, 1, 1))
    judged = 0
    for _ in range(count):
        spoiled = mutated(rng, rng.choice(made), made)
        said, crash = pyx12_says(spoiled.data)
        found = ours(spoiled.data)
        assert found[: len(said)] == said, (spoiled.kinds, spoiled.data)
        if crash is None:
            assert len(found) == len(said), (spoiled.kinds, spoiled.data)
            judged += 1
    assert judged > count // 2


@pytest.mark.corpus
@pytest.mark.parametrize("largest", [30_000, pytest.param(10_000_000, marks=pytest.mark.soak)])
def test_the_walk_says_what_pyx12_says_on_the_corpus(corpus_dir, pyx12_says, largest):
    judged = 0
    for path in sorted(
        path for folder in corpus_dir.iterdir() if folder.is_dir() for path in folder.iterdir()
    ):
        data = path.read_bytes()
        if len(data) > largest:
            continue
        said, crash = pyx12_says(data)
        if crash is None:
            assert ours(data) == said, path.name
            judged += 1
        else:
            assert ours(data)[: len(said)] == said, path.name
            assert not conformance.check_bytes(data).opinion, path.name
    assert judged > 120


MUTATIONS = [
    ("CLM*A0000002", "CLX*A0000002"),
    ("HI*ABK:M5450~", ""),
    ("LX*2~", "LX*3~"),
    ("HL*2*1*22*0", "HL*9*1*22*0"),
    ("HL*3*1*22*1", "HL*3*7*22*1"),
    ("DMG*D8*19600517*F", "DMG*D8*19601345*F"),
    ("SV1*HC:97110:GP*50*UN*1***1", "SV1*HC:97110:GP*50*UN*1***1~SV1*HC:97110:GP*50*UN*1***1"),
    ("N4*BOSTON*MA*021390001", "N4*BOSTON*MA*021390001*********"),
    ("NM1*PR*2*ACME HEALTH*****PI*12345~", ""),
    ("SE*7", "SE*97"),
    ("GE*1*7", "GE*2*7"),
    ("IEA*1*000000007", "IEA*1*000000008"),
    ("ST*837*0001*", "ST*837*0002*"),
    ("BHT*", "ZZZ*1~BHT*"),
    ("CLM*A0000001*100", "CLM*A0000001*1OO"),
    ("***11:B:1*", "***11:B:1:X:Y*"),
    ("TESTER", "TEST\x07ER"),
    ("TESTER", "TESTER "),
    ("REF*6R*L0000001", "REF*6R*" + "L" * 60),
    ("GS*HC*", "GS*HP*"),
    ("\nHL*1**20*1~", "\nHL*1**20*1~~"),
]


@pytest.mark.parametrize(("old", "new"), MUTATIONS)
def test_the_walk_says_what_pyx12_says_on_mutations(pyx12_says, old, new):
    data = CLEAN.replace(old.encode(), new.encode(), 1)
    assert data != CLEAN
    said, crash = pyx12_says(data)
    assert said or crash
    assert [one for one in ours(data) if one[0] != "crash"][: len(said)] == said
    if crash is None:
        assert ours(data) == said


# -- mapped back ---------------------------------------------------------------------------------------------------

PLACES = [
    ("CLM*A0000001*100*", "CLM*A0000001*1OO*", "PYXE6", "CLM02", "charge", ["A0000001"], None),
    ("HI*ABK:M5450~", "", "PYXS3", "HI", "diagnoses", ["A0000001"], None),
    ("DMG*D8*19600517*F", "DMG*D8*19601345*F", "PYXE8", "DMG02", "subscriber.person.birth_date", ["A0000001"], None),
    ("N3*12 ORCHARD ROAD~", "", "PYXS3", "N3", "billing.address.line_1", [None], None),
    ("MI*W2~", "MI*~", "PYXE1", "NM109", "subscriber.member_id", ["A0000002"], None),
    ("NM1*QC*1*TESTER", "NM1*QC*1*", "PYXE1", "NM103", "patient.person.last_name", ["A0000002"], None),
    ("PAT*19", "PAT*99", "PYXS3", "PAT", "patient.relationship", ["A0000002"], None),
    ("NM1*82*1*WALKER", "NM1*82*1*", "PYXE1", "NM103", "rendering.last_name", ["A0000001"], None),
    ("*UN*1***1~", "*XX*1***1~", "PYXE7", "SV103", "lines.unit_basis", ["A0000001"], "1"),
    ("DTP*472*D8*20260310~", "", "PYXS3", "DTP", "lines.date_from", ["A0000001"], "1"),
    ("SV1*HC:97140", "SV1*ZZ:97140", "PYXS1", "SV1", None, ["A0000001"], "2"),
    ("PER*IC*BILLING*TE*6175550100~", "", "PYXS3", "PER", "submitter.contact", [None], None),
    ("SE*7", "SE*97", "PYXT4", "SE", None, [None], None),
    ("CLM*A0000003*100***11:B:1*Y", "CLM*A0000003*100***11:B:1*Q", "PYXE7", "CLM06", "provider_signature", ["A0000003"],
     None),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "element", "field", "claims", "line"), PLACES)
def test_errors_lead_to_claim_line_and_field(old, new, code, element, field, claims, line):
    verdict = check(CLEAN, old, new)
    assert verdict.opinion
    assert not verdict.passed
    found = [one for one in verdict.findings if one.code == code and one.location.element == element]
    assert [one.location.claim for one in found] == claims
    assert found[0].location.field == field
    assert found[0].location.line == line
    assert found[0].severity is Severity.ERROR


def test_an_error_of_a_subscriber_stands_at_each_of_his_claims():
    data = write([make_claim(patient_control_number=f"A{number}") for number in range(3)]).data
    verdict = check(data, "DMG*D8*19600517", "DMG*D8*19601345")
    assert [one.location.claim for one in verdict.findings] == ["A0", "A1", "A2"]


def test_a_missing_loop_is_blamed_on_the_claim_it_is_missing_from():
    start = CLEAN.index(b"LX*1~")
    end = CLEAN.index(b"HL*3*")
    (found,) = [
        one for one in conformance.check_bytes(CLEAN[:start] + CLEAN[end:]).findings if one.code == "PYXS3"
    ]
    assert found.location.claim == "A0000001"
    assert found.location.field == "lines"


def test_a_clean_file_passes_with_nothing_to_say():
    verdict = conformance.check_bytes(CLEAN)
    assert verdict.passed
    assert verdict.findings == ()
    assert verdict.engine == "pyx12 4.0.0"


def test_field_names_are_only_for_claims():
    verdict = conformance.check_bytes(CLEAN.replace(b"*HC*", b"*HP*").replace(b"X222A1", b"X221A1"))
    assert verdict.findings
    assert {one.location.field for one in verdict.findings} >= {None}


# -- accepted differences ------------------------------------------------------------------------------------------


def employer(**changes):
    subscriber = make_subscriber(
        is_patient=False,
        organization="BIG EMPLOYER",
        person=Person(),
        member_id="",
        filing_indicator="WC",
        **changes,
    )
    return write(
        [
            make_claim(
                subscriber=subscriber,
                patient=make_dependent(relationship="20"),
                accident_causes=("EM",),
                dates=(("439", DAY),),
            )
        ]
    ).data


def test_an_employer_without_a_member_id_is_accepted_and_a_person_without_one_is_not():
    verdict = conformance.check_bytes(employer())
    assert verdict.passed
    assert [(one.code, one.severity) for one in verdict.findings] == [("PYX902", Severity.INFO)] * 2
    assert "employer" in verdict.findings[0].message
    person = write([make_claim(subscriber=make_subscriber(member_id=""))]).data
    assert not conformance.check_bytes(person).passed


REMITTANCE = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*US             *260321*0805*^*00501*000000001*0*P*:~"
    "GS*HP*PAYER*US*20260321*0805*1*X*005010X221A1~ST*835*0001~BPR*I*0*C*NON************20260321~TRN*1*1*1512345678~"
    "DTM*405*20260321~N1*PR*ACME~N3*1 WAY~N4*SALEM*MA*01970~PER*BL*DESK*TE*6175550100~N1*PE*ORCHARD*XX*1000000103~"
    "PLB*1000000103*20261231*WO:1*5~PLB*1000000103*20261231*WO:2*-5~SE*12*0001~GE*1*1~IEA*1*000000001~"
)


def test_a_second_plb_is_accepted():
    verdict = conformance.check_bytes(REMITTANCE.encode())
    assert verdict.passed, [one.message for one in verdict.findings]
    assert [one.code for one in verdict.findings] == ["PYX902"]
    assert "several-plb" in verdict.findings[0].message


ALONE = REMITTANCE[: REMITTANCE.index("GS*")] + "{}IEA*0*000000001~"
TA1 = "TA1*000000001*260321*0805*A*000~"


@pytest.mark.parametrize(
    ("inside", "passes"), [(TA1, True), (TA1 + TA1, True), ("", False), ("XX*1~", False), ("TA2*1~", False)]
)
def test_a_group_may_be_missing_where_a_ta1_is(inside, passes):
    verdict = conformance.check_bytes(ALONE.format(inside).encode())
    missing = [one for one in verdict.findings if "GS" in one.message or "without-group" in one.message]
    assert missing
    assert {one.code for one in missing} == {"PYX902" if passes else "PYXS3"}


def test_every_accepted_difference_is_one_of_those_above_and_has_a_reason():
    assert {difference.name for difference in ACCEPTED_DIFFERENCES} == {
        "employer-subscriber", "several-plb", "interchange-without-group"
    }  # fmt: skip
    assert all(len(difference.reason) > 20 for difference in ACCEPTED_DIFFERENCES)


def test_a_difference_covers_nothing_else():
    error = ConformanceError(
        kind=ErrorKind.ELEMENT,
        code="1",
        line=9,
        segment_id="NM1",
        loop="2010BA",
        element="NM109",
        entity_type="2",
    )
    (difference,) = [one for one in ACCEPTED_DIFFERENCES if one.covers(error)]
    for change in (
        {"loop": "2010BB"},
        {"element": "NM103"},
        {"entity_type": "1"},
        {"code": "7"},
        {"segment_id": "N3"},
    ):
        assert not difference.covers(msgspec.structs.replace(error, **change))


# -- no opinion, and crashes ---------------------------------------------------------------------------------------

NO_OPINION = [
    (b"", "no ISA"),
    (b"%PDF-1.7 not X12 at all", "no ISA"),
    (CLEAN.replace(b"X222A1", b"X222"), "005010X222 HC"),
    (CLEAN.replace(b"*HC*ORCH01", b"*HS*ORCH01"), "005010X222A1 HS"),
    (CLEAN.replace(b"*00501*", b"*00600*"), "no ISA"),
]


@pytest.mark.parametrize(("data", "named"), NO_OPINION)
def test_no_second_opinion_is_said_and_never_clean(data, named):
    verdict = conformance.check_bytes(data)
    assert not verdict.opinion
    assert not verdict.passed
    (found,) = verdict.findings
    assert (found.code, found.severity) == ("PYX901", Severity.INFO)
    assert named in found.message


def test_a_group_without_a_map_does_not_hide_the_other():
    foreign = b"GS*HS*A*B*20260320*0930*8*X*005010X279A1~\nST*270*0001*005010X279A1~\nSE*2*0001~\nGE*1*8~\n"
    data = CLEAN.replace(b"GS*HC*", foreign + b"GS*HC*").replace(b"IEA*1*", b"IEA*2*")
    verdict = check(data)
    assert not verdict.opinion
    assert [one.code for one in verdict.findings] == ["PYX901"]
    broken = check(data, "HI*ABK:M5450~", "K3*X~")
    assert {one.code for one in broken.findings} == {"PYX901", "PYXS3"}


def test_a_crash_of_pyx12_is_a_finding_and_the_rest_is_still_judged():
    verdict = conformance.check_bytes(
        CLEAN.replace(b"SV1*HC:97110:GP*", b"SV1*HC:97110:GP:::::X:Y:Z*", 1).replace(
            b"DMG*D8*20150203", b"DMG*D8*20159915", 1
        )
    )
    assert not verdict.opinion
    assert {one.code for one in verdict.findings} >= {"PYX900", "PYXE8"}
    (crash,) = [one for one in verdict.findings if one.code == "PYX900"]
    assert (crash.location.claim, crash.location.line, crash.severity) == ("A0000001", "1", Severity.ERROR)


@pytest.mark.parametrize("letter", ["ñ", "é", "\xa0"])
def test_letters_beyond_ascii_are_errors_and_no_crash(letter):
    verdict = conformance.check_bytes(CLEAN.replace(b"TESTER", f"TEST{letter}R".encode("latin-1"), 1))
    assert verdict.opinion
    assert {one.code for one in verdict.findings} == {"PYXE6"}


@pytest.mark.corpus
def test_no_file_of_the_corpus_raises(corpus_dir):
    for path in sorted((corpus_dir / "bad").iterdir()):
        for data in (path.read_bytes(), path.read_bytes()[:-40], path.read_bytes()[150:]):
            conformance.check_bytes(data)


def test_there_are_two_engines_and_no_other():
    assert conformance.check_bytes(CLEAN, engine="pyx12") == conformance.check_bytes(CLEAN)
    with pytest.raises(UsageError):
        conformance.check_bytes(CLEAN, engine="other")


# -- nothing of the data comes out ---------------------------------------------------------------------------------

PHI = [
    {"last_name": "MARKER\x07"}, {"first_name": "MARKER" * 12}, {"middle_name": "MARKER" * 12},
    {"suffix": "MARKER" * 9}, {"sex": "MARKER"}, {"address": make_address(line_1="MARKER" * 20)},
    {"address": make_address(city="MARKER" * 20)}, {"address": make_address(zip="MARKER" * 9)},
    {"address": make_address(state="MARKER")},
]  # fmt: skip


@pytest.mark.parametrize("broken", PHI)
@pytest.mark.parametrize("whose", ["subscriber", "patient"])
def test_no_value_of_a_person_comes_out(broken, whose, caplog, capfd):
    person = make_person(**broken)
    if whose == "subscriber":
        claim = make_claim(subscriber=make_subscriber(person=person, member_id="MARKER" * 20))
    else:
        claim = make_claim(
            subscriber=make_subscriber(is_patient=False), patient=make_dependent(person=person)
        )
    data = write([claim]).data.replace(b"DMG*D8*", b"DMG*D8*MARKER")
    with caplog.at_level(logging.DEBUG):
        verdict = conformance.check_bytes(data)
    assert not verdict.passed
    assert "MARKER" not in repr(verdict)
    assert "MARKER" not in repr(conformance.check(data))
    assert "MARKER" not in caplog.text
    out, err = capfd.readouterr()
    assert "MARKER" not in out + err


def test_a_version_that_pyx12_has_no_map_of_is_shown_cut():
    findings = check(CLEAN, "*X*005010X222A1", "*X*" + "9" * 3000).findings
    assert "PYX901" in {finding.code for finding in findings}
    assert max(len(finding.message) for finding in findings) < 200
