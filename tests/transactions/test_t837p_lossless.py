"""Read and written again, a claim of any valid file of the corpus has all its segments; what differs is explained."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, InvalidOperation

import msgspec
import pytest

from edi.model.claim import Claim
from edi.model.finding import Finding
from edi.transactions import t837p
from edi.x12.envelope import read_transactions
from tests.claim_strategies import PARTNER, write

LEVELS = {"20": 0, "22": 1, "23": 2}
PLAIN = msgspec.structs.replace(PARTNER, upper_case=False)


def normal(segment, component):
    """A segment as it can be compared: components by colons, numbers in one spelling, no empty end."""
    elements = [segment[0]]
    for element in segment[1:]:
        element = " ".join(element.replace(component, ":").split())
        try:
            number = Decimal(element)
            element = f"{number.normalize():f}" if "." in element else element
        except InvalidOperation:
            element = element.rstrip(":")
        elements.append(element)
    while len(elements) > 1 and not elements[-1]:
        elements.pop()
    return tuple(elements)


def sets_of(data):
    """The transaction sets of an 837P file, one after the other."""
    for ts in read_transactions([data]):
        if not isinstance(ts, Finding) and ts.kind == "837":
            yield ts


def values_of(data):
    """Its claims as values."""
    return [item for ts in sets_of(data) for item in t837p.read(ts) if isinstance(item, Claim)]


def claims_of(data):
    """(CLM01, the segments above it, those in it, both counted) of each claim."""
    found = []
    for ts in sets_of(data):
        above = [[], [], []]
        where = None
        for raw in ts.segments:
            segment = normal(raw, ts.delimiters.component)
            if segment[0] == "HL":
                level = LEVELS[segment[3]]
                above[level:] = [[] for _ in above[level:]]
                where = above[level]
            elif segment[0] == "CLM":
                where = [segment]
                found.append((segment[1], [*above[0], *above[1], *above[2]], where))
            elif segment[0] in ("SE", "ST"):
                where = None
            elif where is not None:
                where.append(segment)
    return [(number, Counter(upper), Counter(own)) for number, upper, own in found]


def as_we_write(segments, named):
    """The segments after the changes that the guide asks for; ``named`` collects which of them were made."""
    changed = Counter()
    has_patient = any(segment[:2] == ("NM1", "QC") for segment in segments)
    for segment, count in segments.items():
        for name, change in EXPLAINED.items():
            after = change(segment, has_patient)
            if after != [segment]:
                named.add(name)
                break
        else:
            after = [segment]
        for one in after:
            changed[one] += count
    return changed


def _one_day(segment, _):
    first, _, last = segment[-1].partition("-")
    same = segment[:3] == ("DTP", "472", "RD8") and first == last
    return [("DTP", segment[1], "D8", first)] if same else [segment]


def _subscriber_above_a_patient(segment, has_patient):
    is_own = segment[0] == "SBR" and has_patient and segment[2:3] == ("18",)
    return [(*segment[:2], "", *segment[3:])] if is_own else [segment]


def _component_in_text(segment, _):
    return (
        [tuple(" ".join(part.replace(":", " ").split()) for part in segment)]
        if segment[0] == "N3"
        else [segment]
    )


def _facility_qualifier(segment, _):
    if segment[0] != "CLM" or "::" not in segment[5]:
        return [segment]
    return [(*segment[:5], segment[5].replace("::", ":B:"), *segment[6:])]


def _description(segment, _):
    if segment[0] != "SV1" or len(segment[1].split(":")) <= 7:
        return [segment]
    parts = segment[1].split(":")
    while len(parts) > 7 and not parts[6]:
        del parts[6]
    return [("SV1", ":".join(parts), *segment[2:])]


def _tax_number(segment, _):
    if segment[0] != "NM1" or len(segment) < 10 or segment[8] not in ("24", "34") or segment[1] == "87":
        return [segment]
    return [segment[: 5 if segment[4] else 4], ("REF", "EI" if segment[8] == "24" else "SY", segment[9])]


def _own_number(segment, _):
    return [segment[:5]] if segment[:2] == ("NM1", "QC") and len(segment) > 8 else [segment]


def _taxonomy(segment, _):
    return (
        [(*segment[:2], "PXC", segment[3])]
        if segment[0] == "PRV" and segment[2:3] == ("ZZ",) and segment[3:]
        else [segment]
    )


EXPLAINED = {
    "a period of one day is that day": _one_day,
    "SBR02 is blank above a 2000C": _subscriber_above_a_patient,
    "a component separator inside an address is a blank": _component_in_text,
    "CLM05-2 is B": _facility_qualifier,
    "a description is the seventh component of SV101": _description,
    "4010: a tax number in NM109 is a REF": _tax_number,
    "a dependent has no number of his own": _own_number,
    "4010: PRV02 ZZ is PXC": _taxonomy,
}
"""What is written otherwise than it was read, and the change."""
NOT_X12 = {
    "apimeister+x12-types___837_test.rs.emb1.edi": "its NM1 lack NM102, so all elements stand one too early"
}


def read_and_write(path):
    """(claims as read, claims as written, the writer's findings) of a file."""
    data = path.read_bytes()
    written = write(values_of(data), PLAIN)
    return claims_of(data), claims_of(written.data), written.findings


OUT_OF_ORDER = {
    "AlexJReid+scribe__neurology_837.edi": "a 2310B before its DTP",
    "AlexJReid+scribe__professional_837.edi": "a 2310B before its DTP",
    "AlexJReid+scribe__sample_837_provider_roles.edi": "2310D before 2310C",
    "AlexJReid+scribe__sample_837_rendering_provider.edi": "2420A before SV1",
    "AlexJReid+scribe__x12_005010x222_example_01_synthetic.edi": "REF before DTP",
    "IPerception+EDI-Workbench__awkward_values.edi": "HI before DTP",
    "IPerception+EDI-Workbench__cob_loops.edi": "2420 before 2410",
    "IPerception+EDI-Workbench__patient_and_cob.edi": "HI before DTP",
    "IPerception+EDI-Workbench__repeat_patient.edi": "HI before DTP",
    "LinuxForHealth+x12__patient-is-dependent.837": "4010: a tax number becomes a REF, which stands behind PRV",
    "LinuxForHealth+x12__patient-is-subscriber.837": "4010: a tax number becomes a REF, which stands behind PRV",
    "Query-farm+vgi-x12__claim_837.837": "a line without LX",
    "azoner+pyx12__x12testdata.simple_837p.source.edi": "4010: a tax number becomes a REF, which stands behind PRV",
}
"""Files whose segments do not stand as the guide has them."""


def sequences(data):
    """The segments of each claim from CLM on, in their order, as we write them."""
    found = []
    for ts in sets_of(data):
        own = None
        for raw in ts.segments:
            segment = normal(raw, ts.delimiters.component)
            if segment[0] == "CLM":
                own = []
                found.append(own)
            elif segment[0] in ("HL", "SE"):
                own = None
            if own is not None:
                own += list(as_we_write({segment: 1}, set()))
    return found


@pytest.mark.corpus
def test_every_segment_stays_in_its_loop(corpus_dir):
    """A claim in the guide's order comes out in the same one."""
    different = set()
    for path in sorted((corpus_dir / "837p").iterdir()):
        data = path.read_bytes()
        made = sequences(write(values_of(data), PLAIN).data)
        if any(one not in made for one in sequences(data)):
            different.add(path.name)
    assert different == set(OUT_OF_ORDER)


def _distance(wanted, one):
    made = one[1] + one[2]
    return sum((wanted - made).values()) + sum((made - wanted).values())


@pytest.mark.corpus
def test_read_and_written_again_nothing_is_lost(corpus_dir):
    explained = set()
    for path in sorted((corpus_dir / "837p").iterdir()):
        if path.name in NOT_X12:
            continue
        before, after, findings = read_and_write(path)
        assert len(before) == len(after), path.name
        said = Counter(finding.location.element for finding in findings if finding.code == "SUB021")
        flat = b"HL*" not in path.read_bytes()
        for number, above, own in before:
            wanted = as_we_write(above, explained) + as_we_write(own, explained)
            same = [one for one in after if one[0] == number]
            nearest = min(same, key=lambda one, wanted=wanted: _distance(wanted, one))
            after.remove(nearest)
            made = nearest[1] + nearest[2]
            lost, added = wanted - made, made - wanted
            for segment in list(lost):
                if said[segment[0]]:
                    del lost[segment]
            assert not lost, (path.name, number, lost)
            assert flat or not added, (path.name, number, added)
    assert explained == set(EXPLAINED), "each explanation has its file"


@pytest.mark.corpus
def test_what_we_wrote_is_written_the_same_again(corpus_dir):
    for path in sorted((corpus_dir / "837p").iterdir()):
        once = write(values_of(path.read_bytes()), PLAIN).data
        assert write(values_of(once), PLAIN).data == once, path.name
