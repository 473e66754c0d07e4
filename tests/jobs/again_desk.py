"""An office whose claims come back: what it sends is answered by the test payer, taken in, and sent again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cli.inputs import RecordFiles
from cli.jobs.again import AgainRequest, AgainResult, bill_next, correct_claims, void_claims
from cli.jobs.create_claims import CreateResult
from cli.jobs.ingest import ingest
from cli.jobs.manifest import Manifest
from cli.jobs.simulate import simulate
from cli.jobs.verify import verify
from cli.settings import load_settings
from edi.codes import load_tables
from edi.model.claim import Claim
from edi.model.history import EarlierLine
from edi.model.remittance import Adjustment, ClaimPayment, ProviderAdjustment, RemittanceHeader
from edi.testpayer import parse_scenario
from edi.testpayer.payments import trailer_of
from edi.transactions import t835, t837p
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store import earlier_lines, load_claim, open_store
from reconcile.store.work_items import WorkItem, work_items
from tests.jobs.office import CASE, NOW, PATIENT, SETTINGS, Office, session
from tests.loop.loop_stage import write_835

PAYER_NAMES = ("acme", "beacon", "anew", "newnumber", "deniedonly", "wantsclaim", "wantspaid", "crosses")
PAYERS = """
[payer.acme]
base = "commercial"
name = "Acme Health"
claim_id = { default = "60601" }
remit = { trn03 = ["1000060601"], n104 = ["60601"] }

[payer.beacon]
base = "commercial"
name = "Beacon Supplement"
claim_id = { default = "77177" }
remit = { trn03 = ["1000077177"], n104 = ["77177"] }

[payer.anew]
base = "commercial"
name = "Anew Mutual"
claim_id = { default = "70707" }
remit = { trn03 = ["1000070707"], n104 = ["70707"] }
corrections = { method = "new_claim", void = false }

[payer.deniedonly]
base = "commercial"
name = "Denied Lines Only"
claim_id = { default = "71717" }
remit = { trn03 = ["1000071717"], n104 = ["71717"] }
corrections = { method = "replace", resend_denied_lines_only = true }

[payer.newnumber]
base = "commercial"
name = "New Numbers"
claim_id = { default = "72727" }
remit = { trn03 = ["1000072727"], n104 = ["72727"] }
corrections = { method = "replace", replacement_clm01 = "new" }

[payer.wantsclaim]
base = "commercial"
name = "Claim Level"
claim_id = { default = "73737" }
remit = { trn03 = ["1000073737"], n104 = ["73737"] }
secondary = { wants = "claim" }

[payer.wantspaid]
base = "commercial"
name = "Paid Only"
claim_id = { default = "74747" }
remit = { trn03 = ["1000074747"], n104 = ["74747"] }
secondary = { bill_when_primary_paid_zero = false }

[payer.crosses]
base = "commercial"
name = "Sends It On"
claim_id = { default = "75757" }
remit = { trn03 = ["1000075757"], n104 = ["75757"] }
secondary = { crosses_over_to = ["beacon"] }

[payer.unnamed]
base = "commercial"
name = "Without A Number"
remit = { trn03 = ["1000076767"], n104 = ["76767"] }

[payer.federal]
base = "medicare_b"
name = "Federal Part B"
kind = "medicare_b"
claim_id = { default = "04412" }
remit = { trn03 = ["1000004412"], n104 = ["04412"] }
"""
CLASSES = """
[classes]
1 = "patient"
2 = "patient"
3 = "patient"
23 = "memo"
45 = "contractual"
50 = "denial"
59 = "contractual"
96 = "denial"
133 = "pended"
253 = "contractual"
"""
PAYS = f"""
name = "pays"
about = "every claim paid with a coinsurance"
[[payers]]
coinsurance_percent = 20
{CLASSES}
"""
DENIES = f"""
name = "denies"
about = "every line denied"
[rates]
denied = 1.0
[[denials]]
group = "CO"
reason = "50"
category = "medical_necessity"
weight = 1
{CLASSES}
"""
HALF = DENIES.replace("denied = 1.0", "denied = 0.5")
"""About every second line denied."""
REJECTS = f"""
name = "rejects"
about = "every claim rejected at the 277CA"
[rates]
rejected = 1.0
[[rejections]]
category = "A3"
status = "33"
entity = "IL"
weight = 1
{CLASSES}
"""
SILENT = f"""
name = "silent"
about = "paid, and no number in the 277CA"
[rates]
claim_numbers_acknowledged = 0.0
{CLASSES}
"""


def enrolments() -> str:
    """The therapist in good standing with every payer."""
    return "".join(
        f'\n[[enrolment]]\npractice = "orchard"\nprovider = "walker"\npayer = "{payer}"\n'
        for payer in PAYER_NAMES
    )


def covered(*payers: str) -> list[dict[str, str]]:
    """Rows of patients.csv: patient P1 with these payers in this order."""
    return [
        {
            "patient_id": "P1",
            **PATIENT,
            "coverage_rank": str(rank),
            "payer": payer,
            "member_id": "1EG4TE5MK73" if payer == "federal" else f"{payer.upper()}001",
            "last_verified": "2026-03-05",
        }
        for rank, payer in enumerate(payers, 1)
    ]


class AgainOffice(Office):
    """An office with payers of every way of correcting. ``coverages`` are patient P1's payers in order."""

    def __init__(self, folder: Path, *coverages: str) -> None:
        super().__init__(folder, {"P1": {}})
        (folder / "claimloop.toml").write_text(SETTINGS + enrolments(), encoding="utf-8")
        (folder / "payers.toml").write_text(PAYERS, encoding="utf-8")
        self.write("patients", covered(*coverages))
        self.write("cases", [{"case_id": "CP1", "patient_id": "P1", **CASE}])
        self.day = NOW
        self.back = folder
        self.second_opinion = False
        self._answers = 0

    @contextmanager
    def _open(self):
        settings = load_settings(self.folder / "claimloop.toml", environment={})
        store = open_store(settings.store.database, Path(settings.store.vault))
        try:
            yield settings, store
        finally:
            store.close()

    def again(
        self, job, *names: str, sessions: Sequence[Mapping[str, str]] = (), **options: Any
    ) -> AgainResult:
        """Run one of the jobs on claims."""
        files = (self.write("corrected", sessions),) if sessions else ()
        with self._open() as (settings, store):
            fields: dict[str, Any] = {
                "names": names,
                "folder": self.out,
                "now": self.day,
                "sessions": files,
                "records": RecordFiles.beside(self.folder / "sessions.csv"),
                "second_opinion": self.second_opinion,
                **options,
            }
            return job(AgainRequest(**fields), settings, store)

    def create(self, *rows: Mapping[str, str], **options: Any) -> CreateResult:
        """`claims create`; pyx12 is asked only where a test is about it."""
        return super().create(*rows, **{"second_opinion": self.second_opinion, **options})

    def correct(self, *names: str, **options: Any) -> AgainResult:
        """`claims correct`."""
        return self.again(correct_claims, *names, **options)

    def void(self, *names: str, **options: Any) -> AgainResult:
        """`claims void`."""
        return self.again(void_claims, *names, **options)

    def secondary(self, *names: str, **options: Any) -> AgainResult:
        """`claims secondary`."""
        return self.again(bill_next, *names, **options)

    def answer(self, path: str | Path, scenario: str, seed: int = 1) -> Manifest:
        """Let the test payer answer a file a week later, and take in what comes back."""
        self._answers += 1
        self.day += timedelta(days=7)
        self.back = back = self.folder / f"back{self._answers}"
        simulate(Path(path), out=back, seed=seed, today=self.day.date(), scenario=parse_scenario(scenario))
        return self.ingest(*sorted(back.iterdir()))

    def take_back(self, path: Path) -> Manifest:
        """Take in an 835 that takes back what another one paid."""
        self.day += timedelta(days=7)
        back = self.folder / f"taken-back-{self.day:%Y%m%d}.835"
        back.write_bytes(reversal(path, self.day.date()))
        return self.ingest(back)

    def ingest(self, *paths: Path) -> Manifest:
        """Take files in."""
        with self._open() as (settings, store):
            practices = tuple(settings.need_directory().practices.values())
            return ingest(
                paths, store, tables=load_tables(), payers=settings.payers, practices=practices, now=self.day
            )

    def broken(self) -> list[str]:
        """What `verify` finds."""
        with self._open() as (_, store):
            return [
                f"{check.name}: {one.message}" for check in verify(store).checks for one in check.findings
            ]

    def books(self) -> tuple[int, ...]:
        """Billed, paid, contractual, patient, denied and open of all claims, in cents."""
        (sums,) = self.rows(
            "SELECT SUM(billed), SUM(paid), SUM(contractual), SUM(patient), SUM(denied), SUM(open_balance)"
            " FROM claim WHERE root = id"
        )
        return sums

    def actions(self) -> list[str]:
        """The next actions of the first claim, write-offs aside."""
        ((found,),) = self.rows("SELECT next_actions FROM claim WHERE id = 1")
        return [one for one in found.split() if one != "post_contractual_writeoff"]

    def truth(self) -> dict[str, Any]:
        """The truth beside the newest answer."""
        path = max(self.folder.glob(f"{self.back.name}-truth-*.json"))
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def history(self) -> list[EarlierLine]:
        """What the rules hear of patient P1's earlier lines."""
        with self._open() as (_, store), store.read() as connection:
            return list(earlier_lines(connection, "orchard", ["P1"], date(2026, 1, 1), date(2026, 12, 31)))

    def work(self) -> tuple[WorkItem, ...]:
        """The work items."""
        with self._open() as (_, store), store.read() as connection:
            return work_items(connection)

    def submissions(self) -> list[tuple[Any, ...]]:
        """Every submission: CLM01, root, sequence, frequency, REF*F8, payer, why it was sent again."""
        return self.rows(
            "SELECT c.patient_control_number, c.root, c.sequence, c.frequency, c.original_reference, c.payer_key,"
            " a.kind FROM claim c LEFT JOIN resubmission a ON a.claim_id = c.id ORDER BY c.id"
        )

    def claim(self, number: int) -> Claim:
        """A submission's value by its id."""
        with self._open() as (_, store), store.read() as connection:
            found = load_claim(connection, number)
        assert found is not None
        return found


def sent_claims(path: str | Path) -> list[Claim]:
    """The claims of an 837P file as a reader sees them."""
    claims: list[Claim] = []
    for transaction in read_transactions([Path(path).read_bytes()]):
        assert isinstance(transaction, TransactionSet), transaction
        claims += [item for item in t837p.read(transaction) if isinstance(item, Claim)]
    return claims


def visit(**changes: str) -> list[dict[str, str]]:
    """The rows of one visit: 97110 and 97140, 15 minutes each; ``changes`` go into the first."""
    return [
        session("V1", 1, **changes),
        session("V1", 2, procedure_code="97140"),
    ]


def reversal(path: Path, day: date) -> bytes:
    """An 835 that takes back what the first payment of another one paid."""
    header, claims = None, []
    for transaction in read_transactions([path.read_bytes()]):
        assert isinstance(transaction, TransactionSet), transaction
        for item in t835.read(transaction):
            if isinstance(item, RemittanceHeader):
                header = item
            elif isinstance(item, ClaimPayment):
                claims.append(_negated(item))
        break
    assert header is not None
    paid = sum(claim.paid for claim in claims)
    owed = ProviderAdjustment(
        segment=0,
        provider=header.payee.npi or "",
        fiscal_date=day,
        reason="FB",
        identifier="BACK",
        cents=paid,
    )
    payment = replace(
        header.payment, amount=0, method="NON", date=day, trace_number="BACK1", bpr=(), trn=(), handling="H"
    )
    header = replace(header, payment=payment, production_date=day, interchange_control_number="000000777")
    return write_835((header, claims, trailer_of(claims, [owed])))


def _negated(claim: ClaimPayment) -> ClaimPayment:
    def turned(adjustments):
        return tuple(Adjustment(one.group, one.reason, -one.cents, one.quantity) for one in adjustments)

    return replace(
        claim,
        status="22",
        charge=-claim.charge,
        paid=-claim.paid,
        patient_responsibility=None,
        adjustments=turned(claim.adjustments),
        lines=tuple(
            replace(
                line,
                charge=-line.charge,
                paid=-line.paid,
                allowed=None,
                amounts=(),
                adjustments=turned(line.adjustments),
            )
            for line in claim.lines
        ),
    )
