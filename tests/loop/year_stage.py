"""Claims of a year, the files that answer them, and stores that take those files in any order."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from cli.jobs.posting import recompute
from cli.jobs.simulate import answer_files
from edi.model.claim import Claim
from edi.model.directory import Practice
from edi.testpayer import Answer, Scenario, Submission, answer, generate_claims
from edi.testpayer.again import claims_again
from edi.testpayer.compare import FoundLine, LineKey
from reconcile.store import ClaimOrigin, save_claims
from tests.loop.loop_stage import PARTNER, Loop, demo_payers

TODAY = date(2026, 1, 5)
"""Day of the first payment run."""
SUBMISSION = Submission(interchange_control_number="000000777")
SUBMISSION_AGAIN = Submission(interchange_control_number="000000778")
"""What went again went later: its 277CA comes when it is known here, and says nothing of the original."""


class Year:
    """Claims, and every file that comes back about them.

    Args:
        folder: where files and stores go.
        count: claims before those that go again.
        seed: decides every draw.
        scenario: of the test payer.
        again: share of the claims that go again (replaced, voided, sent twice).
        renumber: replacements have a CLM01 of their own.
        days: how many days of service.
    """

    def __init__(
        self,
        folder: Path,
        count: int,
        seed: int,
        scenario: Scenario,
        *,
        again: float = 0.02,
        days: int = 365,
        renumber: bool = False,
    ) -> None:
        rng = Random(seed)
        self.folder = folder
        end = date.fromordinal(TODAY.toordinal() + days - 1)
        self.claims = list(generate_claims(rng, count, today=end, days=days))
        self.again = list(claims_again(rng, self.claims, again, batch=SUBMISSION.batch, renumber=renumber))
        every = [*self.claims, *self.again]
        self.answer: Answer = answer(every, rng=rng, today=TODAY, scenario=scenario, submission=SUBMISSION)
        said = self.answer.claims
        first = msgspec.structs.replace(self.answer, claims=said[:count])
        later = msgspec.structs.replace(self.answer, claims=said[count:], files=())
        answers = folder / "answers"
        answers.mkdir(parents=True)
        paths = self._written(answer_files(first, self.claims, SUBMISSION), answers)
        self.remittances = [path for path in paths if path.suffix == ".835"]
        self.acknowledgments = [path for path in paths if path.suffix != ".835"]
        paths = self._written(answer_files(later, self.again, SUBMISSION_AGAIN), answers)
        self.acknowledgments_again = [path for path in paths if path.suffix == ".277"]
        self._loaded: Path | None = None

    @staticmethod
    def _written(files: Iterable[tuple[str, bytes]], folder: Path) -> list[Path]:
        """Write files into a folder; returns their paths in the same order."""
        paths = []
        for name, data in files:
            paths.append(folder / name)
            paths[-1].write_bytes(data)
        return paths

    @property
    def practices(self) -> tuple[Practice, ...]:
        """The practices whose claims they are."""
        found = {
            claim.billing.npi: Practice(
                id=f"practice-{claim.billing.npi}",
                name=claim.billing.last_name,
                npi=claim.billing.npi,
                tax_id=claim.billing.tax_id,
            )
            for claim in self.claims
        }
        return tuple(found.values())

    def store(self, name: str) -> YearLoop:
        """A store that holds every claim and acknowledgment; a copy of the first one that was made."""
        folder = self.folder / name
        if self._loaded is None:
            self._loaded = self.folder / "loaded"
            first = YearLoop(self._loaded, self.practices)
            first.save(self.claims)
            first.ingest(self.acknowledgments)  # a replacement is tied to its original by the payer's number
            first.save(self.again)
            first.ingest(self.acknowledgments_again)
            first.close()
        shutil.copytree(self._loaded, folder)
        return YearLoop(folder, ())


class YearLoop(Loop):
    """A loop whose claims are stored as created, without writing the 837P that they went out in."""

    def __init__(self, folder: Path, practices: Sequence[Practice], url: str | None = None) -> None:
        super().__init__(folder, payers=demo_payers(), practices=practices, url=url)

    def save(self, claims: Sequence[Claim]) -> None:
        """Store claims as ``claims create`` does once their file is written."""
        keys = {profile.claim_id_for(): key for key, profile in self.payers.items()}
        owned = [
            msgspec.structs.replace(
                claim,
                practice_id=f"practice-{claim.billing.npi}",
                payer=msgspec.structs.replace(claim.payer, key=keys.get(claim.payer.id, "")),
            )
            for claim in claims
        ]
        with self.store.write() as connection:
            saved = save_claims(connection, owned, ClaimOrigin(source="created", partner=PARTNER.id))
            recompute(connection, saved.extended, self.tools)

    def found_lines(self) -> dict[LineKey, FoundLine]:
        """The services of every chain under the CLM01 and LX01 of its first submission."""
        cents: dict[Any, dict[Any, int]] = defaultdict(dict)
        for row in self.rows(
            "SELECT line_id, account, SUM(cents) AS cents FROM posting WHERE line_id IS NOT NULL GROUP BY line_id, account"
        ):
            cents[row["line_id"]][row["account"]] = int(row["cents"])
        lines = self.rows(
            "SELECT l.id, l.number, c.patient_control_number AS claim, c.root, c.id AS claim_id"
            " FROM service_line l JOIN claim c ON c.id = l.claim_id"
        )
        service = {(row["claim_id"], row["number"]): row["id"] for row in lines}
        first = {row["id"]: service.get((row["root"], row["number"]), row["id"]) for row in lines}
        answered: set[int] = set()
        for row in self.rows(
            "SELECT s.line_ids FROM service_payment s JOIN claim_payment p ON p.id = s.claim_payment_id"
            " WHERE p.outcome = 'posted'"
        ):
            answered.update(first[int(one)] for one in str(row["line_ids"]).split())
        answered.update(cents)
        categories: dict[int, set[str]] = defaultdict(set)
        for row in self.rows("SELECT line_id, line_ids, category FROM denial WHERE status = 'open'"):
            for one in str(row["line_ids"] or row["line_id"]).split():
                categories[first[int(one)]].add(str(row["category"]))
        return {
            (row["claim"], row["number"]): FoundLine(
                cash=cents[row["id"]].get("paid", 0),
                contractual=cents[row["id"]].get("contractual", 0),
                patient=cents[row["id"]].get("patient", 0),
                denied=cents[row["id"]].get("denied", 0),
                answered=row["id"] in answered,
                categories=frozenset(categories[row["id"]]),
            )
            for row in lines
            if row["claim_id"] == row["root"]
        }

    def trial_balance(self) -> Mapping[str, int]:
        """Sums that must be zero whatever has come in so far."""
        bank = self.scalar("SELECT COALESCE(SUM(amount), 0) FROM remittance")
        provider = self.scalar("SELECT COALESCE(SUM(cents), 0) FROM provider_adjustment")
        posted = self.scalar("SELECT COALESCE(SUM(cents), 0) FROM posting WHERE account = 'paid'")
        waiting = self.scalar("SELECT COALESCE(SUM(paid), 0) FROM claim_payment WHERE outcome <> 'posted'")
        claims = self.scalar(
            "SELECT COALESCE(SUM(billed - paid - contractual - patient - denied - suspense - open_balance), 0)"
            " FROM claim WHERE id = root"
        )
        paid = self.scalar("SELECT COALESCE(SUM(paid), 0) FROM claim WHERE id = root")
        return {
            "bank = posted + waiting - PLB": bank + provider - posted - waiting,
            "charge = accounts + open": claims,
            "paid of claims = paid of postings": paid - posted,
        }
