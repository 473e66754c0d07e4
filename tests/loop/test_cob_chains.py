"""Real chains of claims to two payers: from claim A and an 835 that carries B's answer, B's adjudication segments."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from cli.inputs import RecordFiles
from cli.jobs.again import AgainRequest, AgainResult, bill_next
from cli.jobs.import_claims import import_claims
from cli.jobs.ingest import ingest
from cli.settings import load_settings
from edi.codes import load_tables
from edi.model.claim import Claim, Patient, Subscriber
from edi.model.coordination import OtherPayer
from edi.model.finding import Severity
from edi.model.money import format_amount, parse_cents
from edi.model.remittance import (
    ClaimPayment,
    Payee,
    Payment,
    RemittanceHeader,
    RemittancePayer,
    ServicePayment,
)
from edi.testpayer.payments import trailer_of
from edi.transactions import t837p
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store import open_store
from tests.loop.loop_stage import write_835, write_837

pytestmark = pytest.mark.corpus

NOW = datetime(2005, 11, 1, 12)
LINUX_A, LINUX_B = (
    "LinuxForHealth+x12__demo.cob.example3.A.837",
    "LinuxForHealth+x12__demo.cob.example3.B.837",
)
STUPIDEDI_A = "kputnam+stupidedi__COB-claim-from-billing-provider-to-payer-a.edi"
STUPIDEDI_B = "kputnam+stupidedi__COB-claim-from-billing-provider-to-payer-b.edi"
LINUX_4 = "LinuxForHealth+x12__demo.cob.example4.837"
STUPIDEDI_4 = "kputnam+stupidedi__medicare-secondary-payer-COB.edi"

OFF = ("COV010", "NPI001", "NPI002", "NPI004", "PVD005", "REQ005")
"""Rules that are off: the samples have invented NPIs, Medicare numbers of before 2018 and ZIPs of five digits."""

Segments = frozenset[tuple[str, ...]]


class Told(NamedTuple):
    """The adjudication segments of a claim: of its 2320 loops, and of the 2430 loops by LX01. CAS reason by reason."""

    claim: Segments
    lines: Mapping[str, Segments]


class Chain(NamedTuple):
    """A chain of the corpus. ``a`` None: the claim to the first payer is made from B. The reasons say what differs."""

    a: str | None
    b: str
    only_theirs: Mapping[tuple[str, ...], str]
    only_ours: Mapping[tuple[str, ...], str]
    lines_theirs: Mapping[tuple[str, ...], str] = {}
    lines_ours: Mapping[tuple[str, ...], str] = {}


_CHILD = "A says that the patient is the child of its subscriber (PAT01 19), and B that he is the spouse (SBR02 01)"
_RELEASE = "A says I in CLM09, a consent on file with the provider; B says Y. OI06 repeats what A said"
_PATIENT_AMOUNT = (
    "a patient amount of 4010 beside AMT*D. 005010 has AMT*EAF for what remains; A8 is the whole charge of a payer that "
    "was passed over"
)
CHAINS = {
    "LinuxForHealth example 3": Chain(
        LINUX_A,
        LINUX_B,
        {("SBR", "P", "01", "12"): _CHILD + "; it also turns CI into 12", ("OI", "Y", "P", "Y"): _RELEASE},
        {("SBR", "P", "19", "CI"): _CHILD, ("OI", "Y", "P", "I"): _RELEASE},
    ),
    "stupidedi payer a to payer b": Chain(
        STUPIDEDI_A,
        STUPIDEDI_B,
        {("SBR", "P", "01", "CI"): _CHILD, ("OI", "Y", "P", "Y"): _RELEASE},
        {("SBR", "P", "19", "CI"): _CHILD, ("OI", "Y", "P", "I"): _RELEASE},
    ),
    "LinuxForHealth example 4": Chain(
        None,
        LINUX_4,
        {("AMT", "F2", "15"): _PATIENT_AMOUNT},
        {},
        lines_ours={("AMT", "EAF", "15"): _PATIENT_AMOUNT},
    ),
    "stupidedi Medicare secondary": Chain(
        None,
        STUPIDEDI_4,
        {("AMT", "A8", "15"): _PATIENT_AMOUNT},
        {},
        lines_ours={("AMT", "EAF", "15"): _PATIENT_AMOUNT},
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_the_secondary_claim_tells_what_file_b_tells(name: str, corpus_dir: Path, tmp_path: Path) -> None:
    chain = CHAINS[name]
    given = corpus_dir / "837p" / chain.b
    b = only_claim(given)
    if chain.a is None:
        a = tmp_path / "a.837"
        a.write_bytes(write_837([first_claim(b)], 1))
    else:
        a = corpus_dir / "837p" / chain.a
    result = billed_next(tmp_path / "office", a, b)
    assert [one.message for one in result.findings if one.severity is Severity.ERROR] == []
    (file,) = result.files
    ours, theirs = told(Path(file.path)), told(given)
    assert theirs.claim - ours.claim == set(chain.only_theirs)
    assert ours.claim - theirs.claim == set(chain.only_ours)
    assert ours.lines.keys() == theirs.lines.keys()
    for line, segments in theirs.lines.items():
        assert segments - ours.lines[line] == set(chain.lines_theirs)
        assert ours.lines[line] - segments == set(chain.lines_ours)


def test_file_b_of_example_3_has_what_the_claim_level_needs(corpus_dir: Path) -> None:
    """The comparison sees the segments it is about: were it blind, every chain would pass."""
    found = told(corpus_dir / "837p" / LINUX_B)
    assert found.claim == {
        ("SBR", "P", "01", "12"),
        ("CAS", "PR", "1", "21.89"),
        ("CAS", "PR", "2", "15"),
        ("AMT", "D", "39.15"),
        ("AMT", "EAF", "36.89"),
        ("OI", "Y", "P", "Y"),
    }
    assert found.lines["1"] == {
        ("SVD", "999996666", "40", "HC:99213", "1"),
        ("CAS", "CO", "42", "3"),
        ("DTP", "573", "D8", "20051015"),
    }
    assert sorted(found.lines) == ["1", "2", "3"]


# -- the segments ------------------------------------------------------------------------------------------------


def told(path: Path) -> Told:
    """The adjudication segments of a file's only claim, amounts and quantities in their shortest form."""
    claim: set[tuple[str, ...]] = set()
    lines: dict[str, set[tuple[str, ...]]] = {}
    where, line = "", ""
    for segment in segments_of(path):
        name = segment[0]
        if name in ("CLM", "HL"):
            where = "claim" if name == "CLM" else ""
        elif name == "LX":
            where, line = "line", segment[1]
        elif name == "SBR" and where in ("claim", "2320", "2330"):
            where = "2320"
        elif name == "NM1" and where == "2320":
            where = "2330"
        elif name == "SVD":
            where = "2430"
        if where == "2320" and name in ("SBR", "CAS", "AMT", "OI", "MOA"):
            claim.update(_parts(segment))
        elif where == "2430" and name in ("SVD", "CAS", "DTP", "AMT"):
            lines.setdefault(line, set()).update(_parts(segment))
    return Told(frozenset(claim), {number: frozenset(found) for number, found in lines.items()})


def segments_of(path: Path) -> Iterator[Sequence[str]]:
    """The segments of the only transaction set, components joined by a colon."""
    for transaction in read_transactions([path.read_bytes()]):
        assert isinstance(transaction, TransactionSet), transaction
        for segment in transaction.segments:
            yield [str(element) for element in segment]


def _parts(segment: Sequence[str]) -> Iterator[tuple[str, ...]]:
    name, *elements = segment
    if name == "CAS":
        for start in range(1, len(elements), 3):
            if elements[start]:
                yield (name, elements[0], elements[start], _short(elements[start + 1]))
        return
    if name == "AMT" or name == "SVD":
        elements = [elements[0], _short(elements[1]), *elements[2:]]
    if name == "SVD":
        elements[-1] = _short(elements[-1])
    yield (name, *(element for element in elements if element))


def _short(amount: str) -> str:
    return format_amount(parse_cents(amount))


# -- the claim to the first payer, its answer, and the office ----------------------------------------------------


def only_claim(path: Path) -> Claim:
    """The only claim of a file."""
    found = [
        item
        for transaction in read_transactions([path.read_bytes()])
        if isinstance(transaction, TransactionSet)
        for item in t837p.read(transaction)
        if isinstance(item, Claim)
    ]
    assert len(found) == 1
    return found[0]


def primary(b: Claim) -> OtherPayer:
    """The payer whose answer B tells."""
    (other,) = b.other_payers
    return other


def paid_on(b: Claim) -> date:
    """The day of that answer."""
    found = b.lines[0].adjudications[0].paid_on
    assert found is not None
    return found


def first_claim(b: Claim) -> Claim:
    """B as it went to the payer before: no answer of his in it."""
    other = primary(b)
    return msgspec.structs.replace(
        b,
        subscriber=Subscriber(
            is_patient=False,
            person=msgspec.structs.replace(other.subscriber, birth_date=date(1958, 3, 4), sex="F"),
            member_id=other.member_id,
            group_number=other.group_number,
            group_name=other.group_name,
            filing_indicator=other.filing_indicator,
        ),
        patient=Patient(relationship=other.relationship, person=b.patient_person),
        payer=other.payer,
        other_payers=(),
        lines=tuple(msgspec.structs.replace(line, adjudications=()) for line in b.lines),
    )


def answer(b: Claim) -> bytes:
    """An 835 of the first payer that says what B says of it."""
    other = primary(b)
    lines = tuple(
        ServicePayment(
            segment=0,
            procedure=one.procedure,
            charge=line.charge,
            paid=one.paid,
            units=one.units,
            date_from=line.date_from,
            date_to=line.date_from,
            adjustments=one.adjustments,
        )
        for line in b.lines
        for one in line.adjudications
    )
    share = sum(
        one.cents
        for one in (*other.adjustments, *(item for line in lines for item in line.adjustments))
        if one.group == "PR"
    )
    claim = ClaimPayment(
        segment=0,
        ordinal=0,
        patient_control_number=b.patient_control_number,
        status="1",
        charge=b.charge,
        paid=other.paid or 0,
        patient_responsibility=share,
        filing_indicator=other.filing_indicator,
        payer_claim_control_number="KEY0001",
        adjustments=other.adjustments,
        header_number="1",
        lines=lines,
    )
    header = RemittanceHeader(
        st_control_number="0001",
        interchange_control_number="000000001",
        group_control_number="1",
        payment=Payment(
            amount=claim.paid,
            method="CHK",
            date=paid_on(b),
            trace_number="CHECK1",
            payer_id="1999996666",
            credit_debit="C",
            handling="I",
        ),
        payer=RemittancePayer(name=other.payer.name, id=other.payer.id, id_qualifier="XV"),
        payee=Payee(name=b.billing.last_name, npi=b.billing.npi),
        production_date=paid_on(b),
    )
    return write_835((header, [claim], trailer_of([claim])))


def billed_next(folder: Path, a: Path, b: Claim) -> AgainResult:
    """Import A, take in its answer, and send it on to B's payer, whose coverage stands in patients.csv."""
    lay_out(folder, only_claim(a), b)
    settings = load_settings(folder / "claimloop.toml", environment={})
    practices = tuple(settings.need_directory().practices.values())
    store = open_store(settings.store.database, Path(settings.store.vault))
    try:
        tables = load_tables()
        imported = import_claims(
            [a], store, tables=tables, payers=settings.payers, practices=practices, now=NOW
        )
        assert imported.totals.claims_new == 1
        (folder / "answer.835").write_bytes(answer(b))
        taken = ingest(
            [folder / "answer.835"],
            store,
            tables=tables,
            payers=settings.payers,
            practices=practices,
            now=NOW,
        )
        assert (taken.totals.claims_matched, taken.totals.lines_matched) == (1, len(b.lines))
        request = AgainRequest(
            names=(b.patient_control_number,),
            folder=folder / "out",
            now=datetime.combine(paid_on(b), NOW.time()),
            records=RecordFiles.beside(folder / "sessions.csv"),
        )
        return bill_next(request, settings, store)
    finally:
        store.close()


def lay_out(folder: Path, a: Claim, b: Claim) -> None:
    """Settings and records: A's practice, both payers with the rules off that a claim of 2005 breaks, both coverages."""
    folder.mkdir(parents=True)
    address = a.billing.address
    assert address is not None
    (folder / "claimloop.toml").write_text(
        f"""
[submitter]
organization_name = "Premier Billing"
etin = "12EEER000TY"
contact_name = "Jerry"
phone = "3055552222"

[[practice]]
id = "office"
name = "{a.billing.last_name}"
first_name = "{a.billing.first_name}"
kind = "{"individual" if a.billing.is_person else "organization"}"
npi = "{a.billing.npi}"
tax_id = "{a.billing.tax_id}"
address = {{ line_1 = "{address.line_1}", city = "{address.city}", state = "{address.state}", zip = "{address.zip}" }}
trading_partners = ["house"]

[[trading_partner]]
id = "house"
sender_id = "PREMIER"
receiver_id = "HOUSE"
receiver_name = "House"
application_sender = "PREMIER"
application_receiver = "HOUSE"
""",
        encoding="utf-8",
    )
    (folder / "payers.toml").write_text(
        _payer("first", a.payer.name, a.payer.id, a.subscriber.filing_indicator)
        + _payer("second", b.payer.name, b.payer.id, b.subscriber.filing_indicator),
        encoding="utf-8",
    )
    person = a.patient_person
    home = person.address
    assert person.birth_date is not None
    assert home is not None
    common = {
        "patient_id": "P1",
        "last_name": person.last_name,
        "first_name": person.first_name,
        "birth_date": person.birth_date.isoformat(),
        "sex": person.sex,
        "address_1": home.line_1,
        "city": home.city,
        "state": home.state,
        "zip": home.zip,
        "coverage_from": "2004-01-01",
    }
    own = b.subscriber.is_patient
    rows = [
        {
            **common,
            "coverage_rank": "1",
            "payer": "first",
            "member_id": a.subscriber.member_id,
            "relationship": "child",
            **_holder(a.subscriber),
        },
        {
            **common,
            "coverage_rank": "2",
            "payer": "second",
            "member_id": b.subscriber.member_id,
            "group_name": b.subscriber.group_name,
            "relationship": "self" if own else "child",
            **({} if own else _holder(b.subscriber)),
            "msp_type": b.subscriber.insurance_type,
        },
    ]
    with (folder / "patients.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)


def _holder(subscriber: Subscriber) -> dict[str, str]:
    """The subscriber's columns."""
    person = subscriber.person
    assert person.birth_date is not None
    return {
        "subscriber_last_name": person.last_name,
        "subscriber_first_name": person.first_name,
        "subscriber_birth_date": person.birth_date.isoformat(),
        "subscriber_sex": person.sex,
    }


def _payer(key: str, name: str, number: str, indicator: str) -> str:
    rules = "".join(
        f'\n[[payer.{key}.rule]]\ncode = "{one}"\nlevel = "off"\nreason = "a sample claim of 2005"\n'
        for one in OFF
    )
    return f"""
[payer.{key}]
base = "{"medicare_b" if indicator == "MB" else "commercial"}"
name = "{name}"
kind = "{"medicare_b" if indicator == "MB" else "commercial"}"
claim_id = {{ default = "{number}" }}
filing_indicator = "{indicator}"
remit = {{ trn03 = ["{key}"], n104 = ["{number}"] }}
{rules}"""
