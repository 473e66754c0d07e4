"""Values in and out of the store: packed claim payments, digests, claims with their chains, practices, events."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
import pytest

from edi.model.claim import Person
from edi.model.directory import Practice
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Procedure,
    ProviderAdjustment,
    RemittanceParty,
    RemittanceTrailer,
    ServicePayment,
)
from reconcile.store import (
    ClaimOrigin,
    ContentDigest,
    billed_sessions,
    by_numbers,
    events,
    is_non_payment,
    load_claim,
    normalised,
    open_store,
    pack_claim_payment,
    payees,
    payment_key,
    record_event,
    register_billing_provider,
    register_practices,
    save_claims,
    session_hash,
    store_digest,
    unpack_claim_payment,
)
from reconcile.store.content import CLAIM_FIELDS, LINE_FIELDS
from reconcile.store.digest import BUSINESS, FILES, table_digests
from reconcile.store.types import Table
from tests.builders import (
    make_billing,
    make_claim,
    make_claim_payment,
    make_line,
    make_remittance_header,
    make_session_line,
    make_subscriber,
    npi,
)

NOW = datetime(2026, 11, 22, 8, 0)
CREATED = ClaimOrigin(source="created", partner="house")


@pytest.fixture
def store(database_url, tmp_path):
    made = open_store(database_url, tmp_path / "vault")
    with made.write() as connection:
        register_practices(
            connection, [Practice(id="orchard", name="ORCHARD", npi=npi(1), tax_id="123456789")]
        )
    yield made
    made.close()


# -- packed values -------------------------------------------------------------------------------------------------


FULL = ClaimPayment(
    segment=9, ordinal=3, patient_control_number="P", status="1", charge=100, paid=60, patient_responsibility=10,
    filing_indicator="12", payer_claim_control_number="N", facility_code="11", frequency="1", drg=("A", ""),
    member_id="M", parties=(RemittanceParty(role="QC", kind="1", last_name="L", first_name="F", id="M"),),
    adjustments=(Adjustment("CO", "45", 30, "1"),), remarks=("MA01",), inpatient=("MIA",), outpatient=("MOA", "1"),
    references=(("F8", "V"),), dates=(("232", date(2026, 1, 2)),), amounts=(("AU", 5),), quantities=(("CA", "1"),),
    contacts=(("PER", "CX"),), header_number="1", kept=(("ZZ", "1"),),
    lines=(
        ServicePayment(
            segment=12, procedure=Procedure("HC", "97110", ("GP", "59"), "D"), charge=100, paid=60, units="2",
            revenue_code="0420", submitted_procedure=Procedure("HC", "97112"), submitted_units="3",
            date_from=date(2026, 1, 2), date_to=date(2026, 1, 3), line_control_number="L1", allowed=70,
            adjustments=(Adjustment("PR", "2", 10),), remarks=("N1",), amounts=(("B6", 70),),
            quantities=(("ZK", "1"),), references=(("LU", "11"),), other_remarks=(("RX", "1"),), kept=(("ZZ",),),
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize("value", [FULL, make_claim_payment(), ClaimPayment(
    segment=1, ordinal=0, patient_control_number="", status="", charge=0, paid=0)])  # fmt: skip
def test_a_packed_claim_payment_comes_back_whole(value):
    packed = pack_claim_payment(value)
    assert unpack_claim_payment(packed) == value
    assert pack_claim_payment(unpack_claim_payment(packed)) == packed


def test_no_field_of_a_claim_payment_is_forgotten():
    assert set(CLAIM_FIELDS) | {"adjustments", "parties", "lines"} == set(ClaimPayment.__struct_fields__)
    assert set(LINE_FIELDS) | {"procedure", "submitted_procedure", "adjustments"} == set(
        ServicePayment.__struct_fields__
    )


def digest_of(header, claims=(FULL,), trailer=None) -> str:
    digest = ContentDigest(header)
    for one in claims:
        digest.add(pack_claim_payment(one))
    return digest.finish(trailer or RemittanceTrailer())


def test_the_content_digest_does_not_look_at_envelopes():
    header = make_remittance_header()
    again = msgspec.structs.replace(
        header, st_control_number="0077", interchange_control_number="1", group_control_number="2", test=True
    )
    assert digest_of(header) == digest_of(again)


CHANGES = {
    "a claim": lambda: digest_of(make_remittance_header(), (msgspec.structs.replace(FULL, paid=61),)),
    "the order": lambda: digest_of(make_remittance_header(), (FULL, make_claim_payment())),
    "the amount": lambda: digest_of(make_remittance_header(8001)),
    "a provider adjustment": lambda: digest_of(
        make_remittance_header(),
        trailer=RemittanceTrailer(
            provider_adjustments=(
                ProviderAdjustment(
                    segment=1, provider="1", fiscal_date=None, reason="WO", identifier=None, cents=1
                ),
            )
        ),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_content_digest_sees(what):
    assert CHANGES[what]() != digest_of(make_remittance_header())


def test_a_payment_key_names_payer_payee_trace_date_and_amount():
    header = make_remittance_header()
    key = payment_key(header, "P")
    assert not is_non_payment(header)
    assert payment_key(header, "P", "anything") == key
    assert payment_key(header, "Q") != key
    for changed in ({"trace_number": "T2"}, {"amount": 1}, {"date": date(2020, 1, 1)}):
        other = msgspec.structs.replace(header, payment=msgspec.structs.replace(header.payment, **changed))
        assert payment_key(other, "P") != key


def test_a_payment_key_knows_a_trace_number_however_it_is_written():
    def key(number):
        header = make_remittance_header()
        paid = msgspec.structs.replace(header.payment, trace_number=number)
        return payment_key(msgspec.structs.replace(header, payment=paid), "P")

    assert len({key(number) for number in ("0012ab0", "12AB0", " 12Ab0 ", "000000012aB0")}) == 1
    assert len({key(number) for number in ("12", "120", "102", "0", "", None, "00")}) == 5


@pytest.mark.parametrize("changed", [{"method": "NON"}, {"amount": 0}])
def test_the_content_is_part_of_the_key_of_a_non_payment(changed):
    header = make_remittance_header()
    header = msgspec.structs.replace(header, payment=msgspec.structs.replace(header.payment, **changed))
    assert is_non_payment(header)
    assert payment_key(header, "P", "one") != payment_key(header, "P", "two")


# -- claims --------------------------------------------------------------------------------------------------------


def chain(store) -> list[tuple]:
    with store.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, root, sequence, frequency, billed FROM claim ORDER BY id"
        )
        return [tuple(row) for row in rows]


def test_a_claim_comes_back_whole(store):
    claim = make_claim()
    with store.write() as connection:
        saved = save_claims(connection, [claim], CREATED)
        assert load_claim(connection, saved.new[0]) == claim
        assert load_claim(connection, 999) is None


def test_the_same_claim_again_is_known(store):
    with store.write() as connection:
        assert save_claims(connection, [make_claim()], CREATED).new == (1,)
    with store.write() as connection:
        again = save_claims(connection, [make_claim(), make_claim()], CREATED)
    assert (again.new, again.known) == ((), 2)


def test_a_replacement_joins_the_chain(store):
    line = make_line(1, line_control_number="L2000001")
    with store.write() as connection:
        save_claims(connection, [make_claim()], CREATED)
        saved = save_claims(connection, [make_claim(frequency="7", lines=(line,))], CREATED)
    assert saved.extended == (1,)
    assert chain(store) == [(1, 1, 1, "1", 10000), (2, 1, 2, "7", 0)]


def test_another_patient_under_the_same_number_is_another_claim(store):
    other = make_claim(
        subscriber=make_subscriber(member_id="OTHER", person=Person(last_name="A", first_name="B"))
    )
    with store.write() as connection:
        save_claims(connection, [make_claim(), other], CREATED)
    assert [row[:3] for row in chain(store)] == [(1, 1, 1), (2, 2, 2)]


def test_lines_remember_whether_this_store_numbered_them(store):
    with store.write() as connection:
        save_claims(connection, [make_claim()], CREATED)
        save_claims(connection, [make_claim(patient_control_number="B")], ClaimOrigin(source="imported"))
        told = connection.exec_driver_sql(
            "SELECT claim_id, allocated FROM service_line ORDER BY id"
        ).fetchall()
    assert [(claim, bool(allocated)) for claim, allocated in told] == [(1, True)] * 2 + [(2, False)] * 2


def test_submissions_are_found_by_any_spelling_of_their_number(store):
    with store.write() as connection:
        save_claims(connection, [make_claim(patient_control_number="00ab-17")], CREATED)
        found = by_numbers(connection, [normalised("AB17")], [])
        assert list(found.roots("claim", normalised("0ab 17"))) == [1]
        (claim,) = found.chains[1]
    assert claim.patient_control_number == "00ab-17"
    assert [line.control_number for line in claim.lines] == ["L0000001", "L0000002"]
    assert claim.lines[0].date_from == date(2026, 3, 10)
    assert claim.lines[0].modifiers == ("GP",)


def test_billed_sessions_are_remembered_with_their_content(store):
    session = make_session_line()
    told = session_hash(session)
    with store.write() as connection:
        save_claims(connection, [make_claim()], CREATED, {("orchard", "V1-1"): told})
        assert billed_sessions(connection, "orchard", ["V1-1", "V9-9"]) == {"V1-1": told}
        assert billed_sessions(connection, "elsewhere", ["V1-1"]) == {}
    assert session_hash(msgspec.structs.replace(session, row=99, file="other.csv")) == told
    assert session_hash(msgspec.structs.replace(session, minutes=30)) != told


# -- practices, events ---------------------------------------------------------------------------------------------


def test_practices_are_known_by_every_number_they_ever_had(store):
    second = Practice(
        id="two",
        name="TWO",
        npi=npi(2),
        tax_id="123456789",
        former_npis=(npi(3),),
        former_tax_ids=("999999999",),
    )
    with store.write() as connection:
        register_practices(connection, [second])
        register_practices(connection, [second])
        known = payees(connection)
    assert known.practices(npi(3), None) == {"two"}
    assert known.practices(None, "999999999") == {"two"}
    assert known.practices(npi(1), "999999999") == {"orchard"}
    assert known.practices(None, "123456789") == {"orchard", "two"}
    assert known.practices(npi(9), None) == frozenset()


def test_a_billing_provider_is_registered_once(store):
    new = make_billing(npi=npi(50), tax_id="")
    with store.write() as connection:
        assert register_billing_provider(connection, new) == (npi(50), True)
        assert register_billing_provider(connection, new) == (npi(50), False)
        assert register_billing_provider(connection, make_billing(npi=npi(1))) == ("orchard", False)
        assert register_billing_provider(connection, make_billing(npi="", tax_id="")) == ("", False)


def test_events_are_appended_and_read_by_subject(store):
    with store.write() as connection:
        record_event(
            connection, kind="note", subject="denial:1", at=NOW, data={"text": "called"}, actor="ann"
        )
        record_event(connection, kind="status", subject="denial:2", at=NOW)
        assert [(one.kind, one.actor, one.data, one.at) for one in events(connection, "denial:1")] == [
            ("note", "ann", {"text": "called"}, NOW)
        ]
        assert [one.id for one in events(connection)] == [1, 2]


# -- the store digest ----------------------------------------------------------------------------------------------


def test_the_digest_knows_every_table():
    derived = {"payment_source"}
    assert set(BUSINESS) - derived | set(FILES) | {
        "claim_content",
        "audit_entry",
        "vault_file",
        "vault_chunk",
    } == set(Table.metadata.tables)


def test_the_digest_is_the_same_on_both_databases(postgres_database, tmp_path):
    digests = []
    for url in (postgres_database, f"sqlite:///{tmp_path / 'a.db'}"):
        made = open_store(url, tmp_path / "vault")
        with made.write() as connection:
            register_practices(connection, [Practice(id="orchard", name="ORCHARD", npi=npi(1))])
            save_claims(connection, [make_claim(), make_claim(patient_control_number="ü-2")], CREATED)
            record_event(connection, kind="note", subject="x", at=NOW)
            digests.append(table_digests(connection, with_files=True))
        made.close()
    assert digests[0] == digests[1]


def test_the_digest_does_not_look_at_ids_clocks_and_order(tmp_path):
    digests = []
    claims = [
        make_claim(patient_control_number=f"N{n}", lines=(make_line(session_line_ids=()),)) for n in range(5)
    ]
    for place, order in enumerate((claims, claims[::-1])):
        made = open_store(f"sqlite:///{tmp_path / f'{place}.db'}")
        with made.write() as connection:
            register_practices(connection, [Practice(id="orchard", name="ORCHARD", npi=npi(1))])
            save_claims(connection, order, CREATED)
            record_event(connection, kind="note", subject="x", at=datetime(2020 + place, 1, 1))
            digests.append(store_digest(connection))
        made.close()
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE service_line SET charge = charge + 1 WHERE number = 1",
        "UPDATE claim SET status = 'other'",
        "DELETE FROM service_line WHERE number = 2",
        "UPDATE event SET data = '{\"a\":1}'",
    ],
)
def test_the_digest_sees_any_change(store, change):
    with store.write() as connection:
        save_claims(connection, [make_claim()], CREATED)
        record_event(connection, kind="note", subject="x", at=NOW)
        before = store_digest(connection)
        connection.exec_driver_sql(change)
        assert store_digest(connection) != before
