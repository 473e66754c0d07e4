"""A store of its own with claims on one side and files arriving on the other; what it holds, read by plain SQL."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text

from cli.jobs.import_claims import import_claims
from cli.jobs.ingest import ingest
from cli.jobs.manifest import Manifest
from cli.jobs.posting import Tools, recompute
from cli.jobs.verify import verify
from edi.codes import load_tables
from edi.model.claim import Claim
from edi.model.directory import Practice, Submitter, TradingPartner
from edi.payers.loader import load_payers
from edi.payers.profile import PayerProfile
from edi.testpayer.adjudications import Remittance
from edi.testpayer.compare import FoundLine, LineKey
from edi.transactions import t835, t837p
from edi.transactions.outgoing import group_header, interchange_header
from edi.x12.envelope import TransactionSet, read_transactions
from edi.x12.envelope_writer import interchange, segments_text
from reconcile.store import (
    ClaimOrigin,
    open_store,
    register_practices,
    save_claims,
    store_digest,
)

NOW = datetime(2026, 3, 2, 8, 0)
SUBMITTER = Submitter(organization_name="DEMO OFFICE", etin="DEMO", contact_name="DESK", phone="5555550100")
PARTNER = TradingPartner(id="meadowgate", sender_id="DEMO", receiver_id="MEADOWGATE")
DEMO_PAYERS = Path(__file__).resolve().parents[2] / "cli" / "demo_data" / "payers.toml"


def demo_payers() -> dict[str, PayerProfile]:
    """The payers that the demo scenario's 835s come from."""
    profiles, findings = load_payers(tomllib.loads(DEMO_PAYERS.read_text(encoding="utf-8")))
    assert findings == ()
    return profiles


def write_837(claims: Sequence[Claim], control_number: int) -> bytes:
    """One interchange of one transaction set."""
    written = t837p.write(
        [("0001", claims)],
        submitter=SUBMITTER,
        partner=PARTNER,
        interchange_control_number=control_number,
        group_control_number=control_number,
        created=NOW,
    )
    assert written.findings == ()
    return written.data


def read_837(data: bytes) -> list[Claim]:
    """The claims of an interchange as a reader sees them."""
    claims: list[Claim] = []
    for transaction in read_transactions([data]):
        assert isinstance(transaction, TransactionSet), transaction
        claims += [item for item in t837p.read(transaction) if isinstance(item, Claim)]
    return claims


def write_835(remittance: Remittance) -> bytes:
    """One interchange of one 835."""
    header, claims, trailer = remittance
    partner = TradingPartner(id="payer", sender_id=header.sender_id or "PAYER", receiver_id="DEMO")
    envelope = interchange_header(partner, int(header.interchange_control_number or "1"), NOW)
    group = group_header(partner, "HP", "005010X221A1", int(header.group_control_number or "1"))
    return interchange(envelope, [(group, [segments_text(t835.write(header, claims, trailer), envelope)])])


class Loop:
    """One store in a folder: claims go out, files come back."""

    def __init__(
        self,
        folder: Path,
        *,
        payers: Mapping[str, PayerProfile],
        practices: Sequence[Practice] = (),
        url: str | None = None,
    ) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"
        self.incoming.mkdir(parents=True, exist_ok=True)
        self.payers = payers
        self.tools = Tools(load_tables(), payers)
        self.store = open_store(url or f"sqlite:///{folder / 'claimloop.db'}", folder / "vault")
        self.files = 0
        with self.store.write() as connection:
            register_practices(connection, practices)
        self._practices = {practice.npi: practice.id for practice in practices}

    # -- in and out ----------------------------------------------------------------------------------------------

    def submit(self, claims: Sequence[Claim]) -> list[int]:
        """Claims whose numbers are ours, written as 837P and stored as created; returns their ids."""
        self.files += 1
        read = read_837(write_837(claims, self.files))
        keys = {profile.claim_id_for(): key for key, profile in self.payers.items()}
        owned = [
            msgspec.structs.replace(
                claim,
                practice_id=self._practices[claim.billing.npi],
                later_payers=given.later_payers,
                payer=msgspec.structs.replace(claim.payer, key=keys.get(claim.payer.id, "")),
            )
            for claim, given in zip(read, claims, strict=True)
        ]
        with self.store.write() as connection:
            saved = save_claims(connection, owned, ClaimOrigin(source="created", partner=PARTNER.id))
            recompute(connection, saved.extended, self.tools)
        assert len(saved.new) == len(claims)
        return list(saved.new)

    def import_claims(self, claims: Sequence[Claim]) -> list[int]:
        """Claims that another system sent, taken in by ``claims import``; returns their ids."""
        self.files += 1
        path = self.folder / f"imported-{self.files}.837"
        path.write_bytes(write_837(claims, self.files))
        before = self.scalar("SELECT COALESCE(MAX(id), 0) FROM claim")
        manifest = import_claims([path], self.store, tables=self.tools.tables, payers=self.payers, now=NOW)
        assert manifest.totals.claims_new == len(claims), manifest
        return [before + place + 1 for place in range(len(claims))]

    def ingest(self, paths: Iterable[Path]) -> Manifest:
        """What the ``ingest`` command does with these files, pyx12's remarks aside."""
        return ingest(
            paths,
            self.store,
            tables=self.tools.tables,
            payers=self.payers,
            now=NOW,
            second_opinion_megabytes=0,
        )

    def ingest_bytes(self, data: bytes, name: str) -> Manifest:
        """One file of that name."""
        path = self.incoming / name
        path.write_bytes(data)
        return self.ingest([path])

    # -- what it holds -------------------------------------------------------------------------------------------

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self.store.read() as connection:
            found = [dict(row._mapping) for row in connection.execute(text(query), values)]
        # A sum is a Decimal on PostgreSQL.
        return [
            {name: int(one) if isinstance(one, Decimal) else one for name, one in row.items()}
            for row in found
        ]

    def scalar(self, query: str, **values: object) -> int:
        """The one number a query gives."""
        (row,) = self.rows(query, **values)
        (value,) = row.values()
        assert isinstance(value, int)
        return value

    def digest(self) -> str:
        """The digest of the books."""
        with self.store.read() as connection:
            return store_digest(connection)

    def broken_checks(self) -> list[str]:
        """What ``verify`` finds."""
        result = verify(self.store)
        return [f"{check.name}: {one.message}" for check in result.checks for one in check.findings]

    def found_lines(self) -> dict[LineKey, FoundLine]:
        """Every submitted line of every claim sent once, as the truth is compared with it."""
        lines = self.rows(
            "SELECT l.id, c.patient_control_number AS claim, l.number FROM service_line l JOIN claim c ON c.id = l.claim_id"
        )
        cents: dict[object, dict[object, int]] = defaultdict(dict)
        for row in self.rows(
            "SELECT line_id, account, SUM(cents) AS cents FROM posting WHERE line_id IS NOT NULL GROUP BY line_id, account"
        ):
            cents[row["line_id"]][row["account"]] = int(str(row["cents"]))
        answered: set[int] = set()
        for row in self.rows(
            "SELECT s.line_ids FROM service_payment s JOIN claim_payment p ON p.id = s.claim_payment_id"
            " WHERE p.outcome = 'posted'"
        ):
            answered.update(int(one) for one in str(row["line_ids"]).split())
        categories: dict[int, set[str]] = defaultdict(set)
        for row in self.rows("SELECT line_id, line_ids, category FROM denial WHERE status = 'open'"):
            for one in str(row["line_ids"] or row["line_id"]).split():
                categories[int(one)].add(str(row["category"]))
        found = {}
        for row in lines:
            number = int(str(row["id"]))
            held = cents[row["id"]]
            found[str(row["claim"]), int(str(row["number"]))] = FoundLine(
                cash=held.get("paid", 0),
                contractual=held.get("contractual", 0),
                patient=held.get("patient", 0),
                denied=held.get("denied", 0),
                answered=number in answered,
                categories=frozenset(categories[number]),
            )
        return found

    def close(self) -> None:
        """Give the store back."""
        self.store.close()
