"""The situational rules of the guide: what pyx12 passes and we do not, claim by claim, in written bytes."""

from __future__ import annotations

import importlib
import pkgutil

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edi.rules.guide
import edi.rules.payer
from edi.model.finding import Severity
from edi.rules import RULES, run
from edi.rules.registry import check_run, rules_of
from edi.x12 import conformance
from tests.claim_strategies import claims, read_claims, write
from tests.rules.guide_breaks import BREAKS, PASSED_BY_PYX12, PATCHES
from tests.rules.guide_claims import GOOD, TODAY, draft, payers

OURS = {one.code for one in RULES if one.family in ("guide", "payer")}
UNSEEN = 40
"""How many rules the guide must have that pyx12 has not, at least."""
SEEN_TOO = {"CLM015"}
"""pyx12 refuses a fifty-first line as well; the payer's limit may be lower."""
NOT_READ_BACK = {
    # Values that the file does not carry as the claim had them.
    "CLM002": "the writer leaves out what is no letter or digit",
}


def ours(made, context, **changes):
    """The codes of the guide's and the payers' rules on a claim."""
    return {one.code for one in run([draft(made, **changes)], context) if one.code in OURS}


@pytest.fixture
def context(make):
    return make.context(payers=payers(), today=TODAY, enrolments=())


def verdict(data):
    return [one for one in conformance.check_bytes(data).findings if one.severity is Severity.ERROR]


def bytes_of(code):
    """The broken claim as a file: written, or, where our writer mends it, its near miss patched."""
    broken, near = BREAKS[code]
    if code in PATCHES:
        old, new = PATCHES[code]
        data = write([near()]).data
        assert data.count(old) == 1
        return data.replace(old, new)
    return write([broken()]).data


@pytest.mark.parametrize("name", GOOD)
def test_a_good_claim_passes_pyx12_and_the_guide(name, context):
    made = GOOD[name]()
    assert verdict(write([made]).data) == []
    discipline = {"chiropractic": "DC", "veteran": "LMT"}.get(name, "PT")
    assert ours(made, context, discipline=discipline) == set()


@pytest.mark.parametrize("code", sorted(set(BREAKS) - SEEN_TOO))
def test_pyx12_passes_what_the_rule_finds(code, context):
    broken, near = BREAKS[code]
    data = bytes_of(code)
    assert data != write([near()]).data, "the defect is in the file"
    assert verdict(data) == []
    assert code in ours(broken(), context)
    assert code not in ours(near(), context)


@pytest.mark.parametrize("code", sorted(set(BREAKS) - SEEN_TOO - set(NOT_READ_BACK)))
def test_the_rule_finds_it_in_the_claim_that_was_read(code, context, make):
    (read,) = read_claims(bytes_of(code))
    payer = make.replace(read.payer, key=BREAKS[code][0]().payer.key)
    assert code in ours(make.replace(read, payer=payer, practice_id="p1"), context)


@pytest.mark.parametrize("name", PASSED_BY_PYX12)
def test_what_pyx12_is_known_to_pass_is_found_by_a_rule(name, context):
    code, broken = PASSED_BY_PYX12[name]
    made = broken()
    assert verdict(write([made]).data) == []
    assert code in {one.code for one in run([draft(made)], context) if one.severity is Severity.ERROR}


def test_a_part_judged_once_hides_nothing_in_another_claim(context):
    """Every broken claim after every good one and twice: the same findings as of rules that judge every claim whole."""
    assert len([one for one in RULES if one.subject is not None]) > UNSEEN
    broken = [draft(made()) for made, _ in BREAKS.values()]
    before = [draft(made()) for made in GOOD.values()]
    before += [draft(near()) for _, near in BREAKS.values()]
    drafts = [*before, *broken, *broken]
    whole = tuple(msgspec.structs.replace(one, subject=None) for one in RULES)
    found = list(check_run(drafts, context, RULES))
    assert found == list(check_run(drafts, context, whole))
    assert len({one.code for one in found}) > UNSEEN


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims(), st.sampled_from(["commercial", "medicare_b", "medicaid", "va_ccn", "workers_comp", "auto"]))
def test_no_claim_upsets_a_rule(context, made, key):
    """Any claim that can be written is judged, as it is and as it reads back, and the same way twice."""
    one = draft(msgspec.structs.replace(made, payer=msgspec.structs.replace(made.payer, key=key)))
    rules = tuple(rule for rule in RULES if rule.code in OURS)
    found = list(check_run([one, one], context, rules))
    assert found[: len(found) // 2] == found[len(found) // 2 :]
    (read,) = read_claims(write([made]).data)
    again = draft(msgspec.structs.replace(read, payer=msgspec.structs.replace(read.payer, key=key)))
    assert {one.code for one in found} == {one.code for one in check_run([again], context, rules)}


def test_there_are_enough_of_them():
    assert len({code for code in BREAKS if code not in SEEN_TOO}) >= UNSEEN
    assert {one.code for one in rules_of(edi.rules.guide)} <= set(BREAKS)


def test_every_module_of_the_folders_is_found_without_a_list():
    for package in (edi.rules.guide, edi.rules.payer):
        codes = {one.code for one in rules_of(package)}
        assert codes
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            assert {one.code for one in rules_of(module)} <= codes
        assert codes <= {one.code for one in RULES}


def test_no_value_of_a_person_is_repeated(context, make):
    marker = "ZQXJK"
    for code, (broken, _) in BREAKS.items():
        made = broken()
        person = make.replace(made.patient_person, last_name=f"{marker} JR0", first_name=marker)
        if made.patient is None:
            made = make.replace(
                made, subscriber=make.replace(made.subscriber, person=person, member_id=f"{marker}-1")
            )
        else:
            made = make.replace(made, patient=make.replace(made.patient, person=person))
        found = list(run([draft(made)], context))
        assert found, code
        assert marker not in repr(found), code
