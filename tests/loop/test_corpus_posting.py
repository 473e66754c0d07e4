"""Every 835 of the corpus into a store: it posts, or is held, as the notes of INDEX.tsv imply.

The claims that it answers are made from the 835 itself, as if we had sent them (one for each CLP01 and patient), so that
what balances is posted to the cent. A set whose totals or envelope are wrong is quarantined, a claim payment whose own equations fail waits.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edi.model.claim import Claim
from edi.model.directory import Practice
from edi.model.finding import Finding
from edi.model.remittance import ClaimPayment, RemittanceHeader
from edi.testpayer import scenario_claims
from edi.transactions import t835
from edi.x12.envelope import read_transactions
from reconcile.store import ClaimOrigin, open_store, save_claims
from reconcile.store.practices import register_practices
from tests.loop.loop_stage import Loop

pytestmark = pytest.mark.corpus

TEMPLATE = scenario_claims("S01")[0]
_RETRO = {"no_original": 1}
"""A reversal of what an earlier file paid: it waits for that file."""
WAITS: dict[str, dict[str, int]] = {
    "Project-Herophilus+Project-Herophilus-Assets__835Sample_OutpatientRetro_.txt": _RETRO,
    "Project-Herophilus+Project-Herophilus-Assets__835_Inst_Sample_Inpatient_DRG_Retro_.txt": _RETRO,
    "apimeister+x12-types___835_test.rs.emb7.edi": _RETRO,
    "genformai+edi-cli__test_edge_cases.py.emb7.edi": {
        "unknown_payee": 1
    },  # the payee has a name and no number
    "jdavisp3+TigerShark__5010-835-example-1.txt": {"predetermination": 1},  # CLP02 25
}
"""File -> what is neither posted nor in suspense, and why."""
UNPAID = "0000000000"


def notes(corpus_dir: Path) -> dict[str, str]:
    """The notes of every 835 by file."""
    with (corpus_dir / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {
        Path(row["local_file"]).name: row["notes"] for row in rows if row["local_file"].startswith("835/")
    }


def values_of(path: Path) -> Iterator[RemittanceHeader | ClaimPayment]:
    """The headers and claim payments of a file."""
    for transaction in read_transactions([path.read_bytes()]):
        if not isinstance(transaction, Finding) and transaction.kind == "835":
            for value in t835.read(transaction):
                if isinstance(value, RemittanceHeader | ClaimPayment):
                    yield value


def claims_of(path: Path) -> tuple[list[Practice], list[Claim]]:
    """The practices that are paid, and the claims that were sent, one for each CLP01."""
    practices: dict[str, Practice] = {}
    claims: dict[tuple[str, str, str | None], Claim] = {}
    practice = ""
    for value in values_of(path):
        if isinstance(value, RemittanceHeader):
            npi, tax_id = value.payee.npi or "", value.payee.tax_id or ""
            practice = f"{npi}-{tax_id}"
            practices[practice] = Practice(id=practice, name="Payee", npi=npi or UNPAID, tax_id=tax_id)
        elif value.status != "22":
            claims.setdefault(
                (practice, value.patient_control_number, value.member_id), _claim(value, practice)
            )
    return list(practices.values()), list(claims.values())


def _claim(payment: ClaimPayment, practice: str) -> Claim:
    given = payment.lines
    lines = tuple(
        msgspec.structs.replace(
            TEMPLATE.lines[0],
            number=number,
            procedure=line.submitted_procedure or line.procedure,
            charge=line.charge,
            units=line.submitted_units or line.units or "1",
            date_from=line.date_from,
            date_to=line.date_to,
            line_control_number=line.line_control_number or "",
        )
        for number, line in enumerate(given, start=1)
    ) or (msgspec.structs.replace(TEMPLATE.lines[0], charge=payment.charge, line_control_number=""),)
    person = payment.party("QC")
    subscriber = msgspec.structs.replace(
        TEMPLATE.subscriber,
        member_id=payment.member_id or "",
        person=msgspec.structs.replace(
            TEMPLATE.subscriber.person,
            last_name=(person.last_name if person else "") or "",
            first_name=(person.first_name if person else "") or "",
        ),
    )
    return msgspec.structs.replace(
        TEMPLATE,
        practice_id=practice,
        patient_control_number=payment.patient_control_number,
        charge=payment.charge,
        subscriber=subscriber,
        lines=lines,
    )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty store."""
    folder = tmp_path_factory.mktemp("empty")
    open_store(f"sqlite:///{folder / 'claimloop.db'}").close()
    return folder


def posted_file(path: Path, empty: Path, folder: Path) -> Loop:
    """A store that holds the file's claims, and what the file made of them."""
    shutil.copytree(empty, folder)
    loop = Loop(folder, payers={})
    practices, claims = claims_of(path)
    with loop.store.write() as connection:
        register_practices(connection, practices)
        save_claims(connection, claims, ClaimOrigin(source="imported"))
    loop.ingest([path])
    return loop


def test_every_file_posts_or_is_held_as_its_notes_say(corpus_dir: Path, empty: Path, tmp_path: Path) -> None:
    waits: dict[str, dict[str, int]] = {}
    posted = quarantined = suspended = 0
    for name, said in sorted(notes(corpus_dir).items()):
        path = corpus_dir / "835" / name
        loop = posted_file(path, empty, tmp_path / name)
        sets = [
            row["outcome"] for row in loop.rows("SELECT outcome FROM file_transaction WHERE kind = '835'")
        ]
        wrong_set = "UNBALANCED-BPR" in said or "ENVELOPE[SE0" in said
        assert ("quarantined" in sets) == wrong_set, (name, sets)
        quarantined += wrong_set
        rows = loop.rows("SELECT outcome, reason, paid FROM claim_payment")
        held = sum(row["outcome"] == "suspense" for row in rows)
        unbalanced = re.search(r"UNBALANCED-(CLAIM|LINE)", said)
        if not wrong_set:
            assert bool(held) == bool(unbalanced), (name, held)
        suspended += held
        posted += sum(row["outcome"] == "posted" for row in rows)
        reasons = Counter(str(row["reason"]) for row in rows if row["outcome"] == "unmatched")
        if reasons:
            waits[name] = dict(reasons)
        assert (
            loop.scalar(
                "SELECT COALESCE(SUM(r.amount), 0) - COALESCE((SELECT SUM(paid) FROM claim_payment), 0)"
                " + COALESCE((SELECT SUM(cents) FROM provider_adjustment), 0) FROM remittance r"
            )
            == 0
        ), name
        assert (
            loop.scalar(
                "SELECT COALESCE((SELECT SUM(paid) FROM claim_payment WHERE outcome = 'posted'), 0)"
                " - COALESCE((SELECT SUM(cents) FROM posting WHERE account = 'paid'), 0)"
            )
            == 0
        ), name
        loop.close()
        shutil.rmtree(tmp_path / name)
    assert waits == WAITS
    assert posted >= 90, posted
    assert quarantined >= 6, quarantined
    assert suspended >= 8, suspended
