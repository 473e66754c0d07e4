"""A practice in a folder: its settings, its exports, and `claims create` run on them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from cli.jobs.create_claims import CreateRequest, CreateResult, create_claims
from cli.jobs.scrub.check import silently
from cli.settings import load_settings
from reconcile.store import open_store, store_digest
from tests.builders import PRACTICE_NPI, REFERRER_NPI, THERAPIST_NPI

NOW = datetime(2026, 3, 20, 12, 0)
SETTINGS = f"""
[submitter]
organization_name = "Orchard Billing"
etin = "ORCH01"
contact_name = "Billing"
phone = "6175550100"

[[practice]]
id = "orchard"
name = "Orchard Therapy"
npi = "{PRACTICE_NPI}"
tax_id = "123456789"
taxonomy = "261QP2000X"
address = {{ line_1 = "12 Orchard Road", city = "Boston", state = "MA", zip = "021390001" }}
trading_partners = ["house"]

[[provider]]
id = "walker"
npi = "{THERAPIST_NPI}"
last = "Walker"
first = "Pat"
credential = "PT"
disciplines = ["PT"]
taxonomy = "225100000X"

[[enrolment]]
practice = "orchard"
provider = "walker"
payer = "federal"

[[trading_partner]]
id = "house"
sender_id = "ORCH01"
receiver_id = "HOUSE"
receiver_name = "Test Clearinghouse"
application_sender = "ORCH01"
application_receiver = "HOUSE"
max_claims_per_st = 2
max_st_per_file = 1
"""
PAYERS = """
[payer.federal]
base = "medicare_b"
name = "Federal Part B"
kind = "medicare_b"
claim_id = { default = "04412" }
filing_indicator = "MB"
"""
PATIENT = {
    "last_name": "Tester", "first_name": "Ada", "birth_date": "1950-05-17", "sex": "F", "city": "Boston",
    "address_1": "1 Example Street", "state": "MA", "zip": "02139", "coverage_rank": "1", "payer": "federal",
    "member_id": "1EG4TE5MK73", "coverage_from": "2020-01-01", "relationship": "self",
}  # fmt: skip
CASE = {
    "discipline": "PT", "diagnosis_codes": "M54.50", "referring_npi": REFERRER_NPI, "referring_last_name": "Reed",
    "referring_first_name": "Robin", "plan_of_care_from": "2026-01-01", "plan_of_care_to": "2026-12-31",
    "plan_of_care_certified_on": "2026-01-02",
}  # fmt: skip
SESSION = {
    "date_of_service": "2026-03-10", "discipline": "PT", "treating_npi": THERAPIST_NPI, "procedure_code": "97110",
    "modifiers": "GP", "minutes": "15", "note_status": "signed",
}  # fmt: skip
FEES = [
    {"kind": "charge", "code": code, "basis": "per_unit", "amount": "60.00", "from": "2025-01-01"}
    for code in ("97110", "97112", "97124", "97140", "97530")
]


def session(visit: str, number: int = 1, patient: str = "P1", **changes: str) -> dict[str, str]:
    """A row of sessions.csv: 15 minutes of 97110."""
    ids = {"visit_id": visit, "line_id": f"{visit}-{number}", "patient_id": patient, "case_id": f"C{patient}"}
    return {**SESSION, **ids, **changes}


class Office:
    """The files of one practice. ``patients`` are changes to the plain patient by id."""

    def __init__(self, folder: Path, patients: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.folder = folder
        self.out = folder / "out"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "claimloop.toml").write_text(SETTINGS, encoding="utf-8")
        (folder / "payers.toml").write_text(PAYERS, encoding="utf-8")
        people = patients or {f"P{number}": {} for number in range(1, 7)}
        self.write("patients", [{"patient_id": key, **PATIENT, **changes} for key, changes in people.items()])
        self.write("cases", [{"case_id": f"C{key}", "patient_id": key, **CASE} for key in people])
        self.write("fees", FEES)

    def write(self, name: str, rows: Sequence[Mapping[str, str]]) -> Path:
        """Write a CSV file of these rows."""
        path = self.folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(dict.fromkeys(key for row in rows for key in row)))
            writer.writeheader()
            writer.writerows(rows)
        return path

    def create(self, *rows: Mapping[str, str], **options: Any) -> CreateResult:
        """Run the job on these sessions."""
        sessions = self.write("sessions", rows) if rows else self.folder / "sessions.csv"
        settings = load_settings(self.folder / "claimloop.toml", environment={})
        store = open_store(settings.store.database, Path(settings.store.vault))
        try:
            phase = options.pop("phase", silently)
            request = CreateRequest(**{"sessions": (sessions,), "folder": self.out, "now": NOW, **options})
            return create_claims(request, settings, store, phase=phase)
        finally:
            store.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query on the store gives."""
        store = open_store(f"sqlite:///{self.folder / 'claimloop.db'}", read_only=True)
        try:
            with store.read() as connection:
                return [tuple(row) for row in connection.execute(text(query))]
        finally:
            store.close()

    def sql(self, statement: str) -> None:
        """Change rows behind the store's back."""
        store = open_store(f"sqlite:///{self.folder / 'claimloop.db'}")
        try:
            with store.write() as connection:
                connection.execute(text(statement))
        finally:
            store.close()

    def digest(self) -> str:
        """The digest of the books and files."""
        store = open_store(f"sqlite:///{self.folder / 'claimloop.db'}", read_only=True)
        try:
            with store.read() as connection:
                return store_digest(connection, with_files=True)
        finally:
            store.close()

    def written(self) -> dict[str, bytes]:
        """The files in the out folder."""
        return (
            {path.name: path.read_bytes() for path in sorted(self.out.glob("*"))} if self.out.exists() else {}
        )

    def everything(self) -> dict[str, bytes]:
        """Every file below the folder but SQLite's own working files."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        }
