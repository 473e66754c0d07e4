"""The digest that tells submissions of one control number apart, against a plain reading of the same rule."""

from __future__ import annotations

import hashlib

import msgspec
from hypothesis import given

from reconcile.store.content import claim_digest
from tests.builders import make_billing, make_claim
from tests.claim_strategies import claims


def without_empty(value):
    if isinstance(value, dict):
        left = {name: without_empty(part) for name, part in value.items()}
        return {name: part for name, part in left.items() if part not in (None, "", {}, [])}
    if isinstance(value, list | tuple):
        return [without_empty(part) for part in value]
    return value


def plain_digest(claim):
    text = msgspec.json.encode(without_empty(msgspec.to_builtins(claim)), order="sorted")
    return hashlib.sha256(text).hexdigest()


@given(claims())
def test_it_is_that_of_the_fields_that_hold_something(claim):
    assert claim_digest(claim) == plain_digest(claim)


def test_one_element_of_a_shared_party_changes_it():
    claim = make_claim()
    other = msgspec.structs.replace(claim, billing=make_billing(tax_id="999999999"))
    assert claim_digest(claim) != claim_digest(other)
    assert claim_digest(other) == plain_digest(other)
