"""An office that did, version after version, what the version had brought: a copy of its store from each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from reconcile.store import open_store
from tests.command_line import Run, claimloop
from tests.jobs.again_desk import DENIES, HALF, AgainOffice
from tests.jobs.hand_desk import patient, table
from tests.jobs.office import session
from tests.remits import claim, file_of, line, payment

DAYS = ("2026-03-10", "2026-03-12", "2026-03-17")


class Grown:
    """The office while it grows; ``kept`` is the folder of its store as each version left it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.office = AgainOffice(folder / "office", "acme")
        self.kept: dict[str, Path] = {}
        self.number = ""
        steps: dict[str, Callable[[], None]] = {
            "0001": self.answers,
            "0002": self.coverage,
            "0003": self.claims_again,
            "0004": self.claims_again_by_line,
            "0005": self.deposits,
            "0006": self.payments_by_hand,
            "0007": self.decisions,
            "0008": self.worklist,
            "0009": self.more_answers,
            "0010": self.other_writings,
        }
        for version, step in steps.items():
            step()
            assert self.office.broken() == [], version
            self.kept[version] = folder / version
            shutil.copytree(self.office.folder, self.kept[version])
            # With --store postgresql a copy is made when it is first opened, and must be of this moment.
            open_store(f"sqlite:///{self.kept[version] / 'claimloop.db'}").close()

    def run(self, *words: object, allowed: tuple[int, ...] = (0, 1)) -> Run:
        """A command in the office."""
        done = claimloop(*words, "--config", self.office.folder / "claimloop.toml")
        assert done.code in allowed, done
        return done

    def numbers(self) -> list[str]:
        """The patient control numbers of all first claims, as they were made."""
        return [
            row[0]
            for row in self.office.rows(
                "SELECT patient_control_number FROM claim WHERE id = root ORDER BY id"
            )
        ]

    def remit(self, *claims: list[str], trace: str, **options: object) -> None:
        """An 835 of these claims comes in."""
        path = self.office.folder / f"{trace}.835"
        path.write_bytes(file_of(payment(list(claims), trace=trace, **options)))  # type: ignore[arg-type]
        self.office.ingest(path)

    def answers(self) -> None:
        """Claims denied, paid, in suspense and for nobody; a payment that does not add up; a provider adjustment."""
        made = self.office.create(*(row for place, day in enumerate(DAYS) for row in _visit(place, day)))
        self.office.answer(made.files[0].path, HALF)
        for file in made.files[1:]:
            self.office.answer(file.path, DENIES)
        later = self.office.create(*_visit(7, "2026-03-19"))
        number = self.numbers()[-1]
        assert later.claims == 1
        self.remit(claim(number, line("97110", 6000, 4000, adjustments=["CO*45*19"])), trace="T1")
        self.remit(claim("NOBODY", line("97140", 6000, 900), payer_number="P1"), trace="T2")
        self.remit(claim("NOBODY2", line("97010", 900, 900)), trace="T3", bank=800)

    def coverage(self) -> None:
        """A payer asked about coverage, and its answer."""
        asked = self.run(
            "eligibility",
            "ask",
            "--all",
            "--patients",
            self.office.folder / "patients.csv",
            "--out",
            self.office.folder / "ask",
            "--as-of",
            "2026-05-20",
            "--json",
        )
        assert asked.json["files"]
        for one in asked.json["files"]:
            back = self.office.folder / "coverage"
            told = claimloop("simulate", one["file"], "--out", back, "--as-of", "2026-05-21", "--seed", "5")
            assert told.code == 0, told
            self.run("eligibility", "read", back, "--as-of", "2026-05-22", allowed=(0, 1, 3))

    def claims_again(self) -> None:
        """A denied claim sent again."""
        assert len(self.office.correct(self.numbers()[0], force=True).sent) == 1

    def claims_again_by_line(self) -> None:
        """Another one, taken back."""
        self.office.void(self.numbers()[1], force=True)

    def deposits(self) -> None:
        """What the bank says."""
        rows = self.office.rows(
            "SELECT trace_number, amount FROM remittance WHERE amount > 0 ORDER BY payment_key"
        )
        path = self.office.folder / "bank.csv"
        lines = [
            f"2026-03-30,{cents / 100:.2f},{trace},B{place}" for place, (trace, cents) in enumerate(rows)
        ]
        path.write_text("deposit_date,amount,trace_number,bank_reference\n" + "\n".join(lines[:-1]) + "\n")
        self.run("deposits", "import", path)

    def payments_by_hand(self) -> None:
        """A patient's payment; a month that is closed; what was told to the practice's own system."""
        path = self.office.folder / "patients.csv"
        path.write_bytes(table(patient("5.00", claim=self.numbers()[2], reference="P1")))
        self.run("payments", "add", path)
        self.run("close", "month", "--through", "2026-03-31", "--as-of", "2026-05-05")
        self.run("export", "postings", "--output", self.office.folder / "postings.csv")

    def decisions(self) -> None:
        """Held money released, and a payment linked by hand."""
        held = self.run("held", "list", "--json").json
        (waits,) = [one["id"] for one in held if one["kind"] == "suspense"]
        self.run("held", "release", waits, "--reason", "by phone", "--by", "ANN")
        (number,) = self.office.rows("SELECT id FROM claim_payment WHERE patient_control_number = 'NOBODY'")[
            0
        ]
        self.run("unmatched", "link", number, self.numbers()[2])

    def worklist(self) -> None:
        """Denials worked: given to somebody, noted, appealed."""
        ids = [one["denial_id"] for one in self.run("denials", "list", "--json").json]
        assert ids
        self.run("denials", "assign", ids[0], "--to", "ann", "--by", "bea")
        self.run("denials", "note", *ids[:2], "--text", "called", "--reference", "R1", "--by", "ann")
        self.run("denials", "snooze", ids[-1], "--until", "2026-12-01", "--by", "ann")

    def more_answers(self) -> None:
        """The released claim paid once more, and taken back."""
        number = self.numbers()[3]
        self.remit(
            claim(number, line("97110", 6000, 500, adjustments=["CO*45*55"])), trace="T4", day="20260402"
        )

    def other_writings(self) -> None:
        """A trace number as some banks write it."""
        self.remit(claim("NOBODY3", line("97010", 900, 900)), trace="000a5", day="20260403")


def _visit(place: int, day: str) -> list[dict[str, str]]:
    """One visit with two services."""
    return [
        session(f"V{place}", number, "P1", procedure_code=code, date_of_service=day)
        for number, code in ((1, "97110"), (2, "97140"))
    ]
