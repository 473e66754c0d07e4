"""The fast ways of ingest give what the general ways give: the same state, match, packed value and rows."""

from __future__ import annotations

from operator import attrgetter
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from cli.jobs import matching
from cli.jobs.chain_books import Chains, Tools
from cli.jobs.ingest_835 import run
from edi.model.control import normalise_control_number
from edi.model.remittance import ClaimPayment, RemittanceParty, ServicePayment
from reconcile.ledger.posting import Poster
from reconcile.ledger.single import post_only
from reconcile.match import match_claim
from reconcile.match.fit import _payer_number_agrees
from reconcile.match.patient import patient_agrees
from reconcile.reconciliation import reconcile_claim
from reconcile.store import open_store, pack_claim_payment, submissions
from reconcile.store.bulk import PLACES, columns_of, insert, insert_new
from reconcile.store.content import CLAIM_FIELDS, LINE_FIELDS
from reconcile.store.schema import ControlNumberRow
from tests.builders import make_claim, make_claim_payment, make_line
from tests.reconcile.test_ledger import TABLES, balanced, reversal_of, submitted
from tests.remits import claim as remitted
from tests.remits import file_of, line, payment


class Present(list):
    """An empty list that counts as something: what waits on a chain, so that the general way is taken."""

    def __bool__(self) -> bool:
        return True


def states(one, waited):
    """What ``states`` says of one fresh claim payment on a chain without another answer."""
    chains = Chains(None, {1: [submitted()]}, {}, Tools(TABLES, {}))
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


BLOCK = PLACES // len(columns_of(ControlNumberRow))


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 7])
def test_as_many_rows_go_in_as_were_given(tmp_path, count):
    rows = [("p", f"k{number}", number, 0) for number in range(count)]
    store = open_store(f"sqlite:///{tmp_path / 'claimloop.db'}")
    read = (
        "SELECT partner, kind, next_number, gap FROM control_number WHERE partner = 'p' ORDER BY next_number"
    )
    with store.write() as connection:
        insert(connection, ControlNumberRow, rows)
        assert [tuple(row) for row in connection.exec_driver_sql(read)] == rows
        more = [("p", f"k{number}", 10 * count + number, 0) for number in range(count + BLOCK)]
        insert_new(connection, ControlNumberRow, [*more, *more])
        assert [tuple(row) for row in connection.exec_driver_sql(read)] == [*rows, *more[count:]]
    store.close()


@given(st.data(), st.booleans())
def test_a_claim_accepted_alone_is_tied_as_it_is_among_versions_of_its_chain(data, others_day):
    """Two equal submissions: which of them is answered, and what is noted of the other, is all that may differ."""
    payment = msgspec.structs.replace(data.draw(balanced(1, "a")).claim, patient_control_number="C1")
    claim = submitted()
    if others_day:
        lines = tuple([msgspec.structs.replace(one, date_from=None, date_to=None) for one in claim.lines])
        claim = msgspec.structs.replace(claim, lines=lines)
    again = msgspec.structs.replace(claim, id=2, sequence=2)
    alone = match_claim(payment, [claim], payer_key="a")
    among = match_claim(payment, [claim, again], payer_key="a")
    blank = {"candidates": (), "runner_up": None, "claim_id": None}
    assert (among.claim_id is None) == (alone.claim_id is None)
    assert msgspec.structs.replace(among, **blank) == msgspec.structs.replace(alone, **blank)


@given(
    st.sampled_from([None, "", "P1", "p-1", "X"]),
    st.lists(st.sampled_from(["P1", "X9", ""]), max_size=2),
    st.lists(st.sampled_from(["P1", "0P1", "Y", ""]), max_size=2),
    st.sampled_from(["", "P1", "x9"]),
)
def test_a_claim_without_payer_numbers_agrees_with_none(number, references, known, original):
    payment = msgspec.structs.replace(
        make_claim_payment(),
        payer_claim_control_number=number,
        references=tuple([("F8", one) for one in references]),
    )
    claim = msgspec.structs.replace(
        submitted(), payer_claim_control_numbers=tuple(known), original_reference=original
    )
    given_numbers = {normalise_control_number(one) for one in (number, *references) if one} - {""}
    ours = {normalise_control_number(one) for one in (*known, original) if one}
    assert _payer_number_agrees(payment, claim) == bool(given_numbers & ours)


@given(st.data(), st.booleans())
def test_books_in_which_nothing_was_denied_are_not_searched_for_denials(data, protected):
    one = data.draw(balanced(1, "a"))
    claim = msgspec.structs.replace(submitted(), patient_protected=protected)
    quick = reconcile_claim([claim], [one], TABLES)
    with (
        patch("reconcile.reconciliation.speaks", return_value=True),
        patch("reconcile.denials.speaks", return_value=True),
    ):
        assert reconcile_claim([claim], [one], TABLES) == quick


def under_one_number(count):
    """Claims, and the 835 that answers all of them under the same payer claim control number."""
    claims = [
        make_claim(
            patient_control_number=f"A{number:07d}", lines=(make_line(line_control_number=f"L{number:07d}"),)
        )
        for number in range(1, count + 1)
    ]
    answers = [
        remitted(f"A{number:07d}", line("97110", 5000, 4000), payer_number="BATCH7")
        for number in range(1, count + 1)
    ]
    return claims, file_of(payment(answers))


def test_claims_under_one_payer_number_are_not_all_compared_with_each_other(desk_lite, monkeypatch):
    compared = []
    monkeypatch.setattr(run, "CHUNK", 4)
    for module in (matching, submissions):
        monkeypatch.setattr(module, "MOST_CHAINS", 3)
    whole = matching.match_claim
    monkeypatch.setattr(
        matching,
        "match_claim",
        lambda one, claims, **told: compared.append(len(claims)) or whole(one, claims, **told),
    )
    claims, remittance = under_one_number(40)
    desk_lite.submit(*claims)
    manifest = desk_lite.ingest(remittance)
    assert manifest.totals.claims_matched == 40
    assert max(compared) == 1
    assert len(compared) == 40


def test_a_payer_number_on_few_chains_still_names_them(desk_lite, monkeypatch):
    """At the limit the number finds a claim by itself, one beyond it does not."""
    for module in (matching, submissions):
        monkeypatch.setattr(module, "MOST_CHAINS", 2)
    named = submissions.Submissions()
    assert named.learn_by_payer({"P": {1: None, 2: None}, "Q": {1: None, 2: None, 3: None}}) == {1, 2}
    assert list(named.roots("payer", "P")) == [1, 2]
    assert list(named.roots("payer", "Q")) == []
    assert named.crowded == {"Q"}
