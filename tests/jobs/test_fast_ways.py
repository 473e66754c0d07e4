"""The fast ways of ingest give what the general ways give: the same state, match, packed value and rows."""

from __future__ import annotations

from operator import attrgetter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from cli.jobs.posting import Tools, _Chains
from edi.model.remittance import ClaimPayment, RemittanceParty, ServicePayment
from reconcile.ledger.posting import Poster
from reconcile.ledger.single import post_only
from reconcile.match.fit import patient_agrees
from reconcile.store import open_store, pack_claim_payment
from reconcile.store.bulk import PLACES, insert, insert_new
from reconcile.store.content import CLAIM_FIELDS, LINE_FIELDS
from reconcile.store.schema import ControlNumberRow
from tests.builders import make_claim_payment
from tests.reconcile.test_ledger import TABLES, balanced, reversal_of, submitted


class Present(list):
    """An empty list that counts as something: what waits on a chain, so that the general way is taken."""

    def __bool__(self) -> bool:
        return True


def states(one, waited):
    """What ``states`` says of one fresh claim payment on a chain without another answer."""
    chains = _Chains(None, {1: [submitted()]}, {}, Tools(TABLES, {}))
    chains._reversals = lambda fresh: {1: waited}
    return chains.states({1: [one]})


@given(st.data(), st.booleans(), st.booleans())
def test_a_first_answer_alone_has_the_state_of_the_general_way(data, takes_back, told):
    one = data.draw(balanced(1, "a"))
    one = reversal_of(one, 2) if takes_back else one
    if told:
        one = msgspec.structs.replace(
            one, match=msgspec.structs.replace(one.match, reason="no_original", detail="x")
        )
    assert states(one, []) == states(one, Present())


@given(st.data(), st.integers(-1, 1))
def test_a_line_that_does_not_balance_is_left_to_the_general_way(data, off):
    one = data.draw(balanced(1, "a"))
    if one.claim.lines:
        first, *others = one.claim.lines
        lines = (msgspec.structs.replace(first, charge=first.charge + off), *others)
        one = msgspec.structs.replace(one, claim=msgspec.structs.replace(one.claim, lines=lines))
    fast = post_only(one, submitted().lines, TABLES)
    books = Poster(submitted().lines, TABLES, None)
    books.post(one)
    assert fast is None or fast == books.close([one])
    assert not (off and one.claim.lines and fast is not None)


@given(
    st.sampled_from(["W1", "w-1", "00W1", "X", "", None]),
    st.lists(st.sampled_from(["W1", "W-1", "Y", ""]), max_size=2),
    st.sampled_from(["DOE", "ROE", ""]),
)
def test_an_equal_member_id_says_what_the_comparison_of_all_says(member, members, name):
    claim = msgspec.structs.replace(
        submitted(), member_ids=tuple(members), patient_last_name=name, patient_first_name="JO"
    )
    patient = RemittanceParty(role="QC", kind="1", last_name="DOE", first_name="JO", id=member)
    payment = msgspec.structs.replace(make_claim_payment(), member_id=member, parties=(patient,))
    elsewhere = msgspec.structs.replace(payment, member_id=None)  # the id only under NM1*QC: the long way
    assert patient_agrees(payment, claim) == patient_agrees(elsewhere, claim)


def as_named(claim: ClaimPayment) -> bytes:
    """A claim payment packed field by field, by name."""
    of_claim, of_line = attrgetter(*CLAIM_FIELDS), attrgetter(*LINE_FIELDS)
    lines = [
        (
            of_line(line),
            astuple(line.procedure),
            line.submitted_procedure and astuple(line.submitted_procedure),
            [astuple(one) for one in line.adjustments],
        )
        for line in claim.lines
    ]
    adjustments, parties = (
        [astuple(one) for one in claim.adjustments],
        [astuple(one) for one in claim.parties],
    )
    return msgspec.msgpack.encode((of_claim(claim), adjustments, parties, lines))


@given(st.data())
def test_values_are_packed_in_the_order_of_their_names(data):
    assert pack_claim_payment(make_claim_payment()) == as_named(make_claim_payment())
    claim = data.draw(balanced(1, "a")).claim
    assert pack_claim_payment(claim) == as_named(claim)
    assert {*CLAIM_FIELDS, "adjustments", "parties", "lines"} == set(ClaimPayment.__struct_fields__)
    assert {*LINE_FIELDS, "procedure", "submitted_procedure", "adjustments"} == set(
        ServicePayment.__struct_fields__
    )


BLOCK = PLACES // 3


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 7])
def test_as_many_rows_go_in_as_were_given(tmp_path, count):
    rows = [("p", f"k{number}", number) for number in range(count)]
    store = open_store(f"sqlite:///{tmp_path / 'claimloop.db'}")
    read = "SELECT partner, kind, next_number FROM control_number WHERE partner = 'p' ORDER BY next_number"
    with store.write() as connection:
        insert(connection, ControlNumberRow, rows)
        assert [tuple(row) for row in connection.exec_driver_sql(read)] == rows
        more = [("p", f"k{number}", 10 * count + number) for number in range(count + BLOCK)]
        insert_new(connection, ControlNumberRow, [*more, *more])
        assert [tuple(row) for row in connection.exec_driver_sql(read)] == [*rows, *more[count:]]
    store.close()
