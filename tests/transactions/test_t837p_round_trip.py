"""Generated claims through writer, pyx12 and reader: what is written conforms and reads back as it was."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edi.model.finding import Finding
from edi.model.submission import SubmissionHeader, SubmissionTrailer
from edi.x12 import conformance
from tests import builders, claim_strategies
from tests.claim_strategies import PARTNER, as_sent, batches, claims, read, read_claims, write

slow = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
DELIMITER_SETS = ("*:^~", "|>^\n", "+<!'", "*:^\\")


@slow
@given(made=batches())
def test_written_claims_conform_and_read_back_equal(made):
    written = write(made)
    verdict = conformance.check_bytes(written.data)
    assert verdict.passed, [(found.code, found.message) for found in verdict.findings]
    assert not written.findings
    back = {claim.patient_control_number: claim for claim in read_claims(written.data)}
    assert {number: as_sent(claim) for number, claim in back.items()} == {
        claim.patient_control_number: as_sent(claim) for claim in made
    }


@slow
@given(made=batches(most=2))
def test_write_read_write_gives_the_same_bytes(made):
    once = write(made)
    assert write(read_claims(once.data)).data == once.data


@slow
@given(made=batches(most=2), marks=st.sampled_from(DELIMITER_SETS), line_ends=st.booleans())
def test_every_set_of_delimiters_reads_back(made, marks, line_ends):
    partner = msgspec.structs.replace(
        PARTNER,
        element_separator=marks[0],
        component_separator=marks[1],
        repetition_separator=marks[2],
        segment_terminator=marks[3],
        line_ends=line_ends,
    )
    cleaned = write(read_claims(write(made, partner).data), partner)
    assert cleaned.data == write(made, partner).data
    items = read(cleaned.data)
    assert isinstance(items[0], SubmissionHeader)
    trailer = items[-1]
    assert isinstance(trailer, SubmissionTrailer)
    assert (trailer.claims, trailer.lines) == (len(made), sum(len(claim.lines) for claim in made))
    assert trailer.segments == trailer.declared_segments
    assert trailer.control_number_matches
    assert trailer.complete
    assert trailer.has_hierarchy
    # What another payer decided is drawn apart from the charge.
    assert {item.code for item in items if isinstance(item, Finding)} <= {"SUB008", "SUB012"}


@settings(max_examples=60)
@given(
    last=st.text(min_size=1, max_size=30),
    first=st.text(min_size=1, max_size=20),
    member=st.text(min_size=1, max_size=20),
    street=st.text(min_size=1, max_size=30),
)
def test_no_text_breaks_the_file(last, first, member, street):
    """Whatever stands in a name, the file keeps its segments, and pyx12 blames at most that name."""
    person = builders.make_person(
        last_name=last, first_name=first, address=builders.make_address(line_1=street)
    )
    claim = builders.make_claim(subscriber=builders.make_subscriber(person=person, member_id=member))
    plain = write([builders.make_claim()])
    written = write([claim])
    assert written.data.isascii()
    assert written.data.count(b"~") >= plain.data.count(b"~") - 1
    (back,) = read_claims(written.data)
    assert as_sent(back).lines == as_sent(claim).lines
    for found in conformance.check_bytes(written.data).findings:
        assert (found.location.field or "").startswith("subscriber."), found


@settings(max_examples=25)
@given(made=claims())
def test_the_same_values_give_the_same_bytes(made):
    again = msgspec.convert(msgspec.to_builtins(made), type(made))
    assert write([made]).data == write([again]).data


def test_the_strategies_reach_every_shape():
    """The round trip is worth what is generated: dependents, employers, RD8, four modifiers all occur."""
    seen = set()

    @settings(max_examples=100, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(made=claims())
    def collect(made):
        seen.add("dependent" if made.patient and not made.subscriber.organization else "")
        seen.add("employer" if made.subscriber.organization else "")
        seen.update("range" for line in made.lines if line.date_from != line.date_to)
        seen.update("four modifiers" for line in made.lines if len(line.procedure.modifiers) == 4)
        seen.update("unlisted" for line in made.lines if line.procedure.description)

        seen.update("asked" if one.paid is not None else "not asked" for one in made.other_payers)
        seen.update("decided" for line in made.lines for one in line.adjudications if one.adjustments)
        named = (
            "attachments",
            "spinal",
            "delay_reason",
            "diagnosis_qualifiers",
            "pay_to_plan",
            "primary_care",
            "kept",
        )
        seen.update(name for name in named if getattr(made, name))
        named = ("attachments", "facility", "ordering", "referring", "references", "amounts", "kept")
        seen.update(f"line {name}" for line in made.lines for name in named if getattr(line, name))

    collect()
    assert {
        "dependent",
        "employer",
        "range",
        "four modifiers",
        "unlisted",
        "asked",
        "not asked",
        "decided",
    } <= seen
    assert {
        "attachments",
        "spinal",
        "delay_reason",
        "diagnosis_qualifiers",
        "pay_to_plan",
        "primary_care",
        "kept",
    } <= seen
    assert {
        f"line {name}" for name in ("attachments", "facility", "ordering", "referring", "references", "kept")
    } <= seen
    assert claim_strategies.CREATED.tzinfo is None
