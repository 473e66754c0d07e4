"""The test payer's acknowledgments at every level tie to the claim and the reason; nothing else is work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from random import Random

import msgspec
import pytest

from cli.jobs.again.corrections import correct_claims
from cli.jobs.again.request import AgainRequest
from cli.jobs.rejected.explaining import Explainer, rejection_rows
from cli.jobs.simulate import answer_files
from cli.settings import load_settings
from edi.codes import load_tables
from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.claim import Claim
from edi.model.directory import Practice
from edi.testpayer import Submission, answer, generate_claims, shipped_scenario
from edi.testpayer.values import Rates
from edi.transactions import t277ca
from reconcile.store import ClaimOrigin, register_practices, save_claims
from reconcile.store.control_numbers import GS06, ISA13, ST02, allocate
from reconcile.store.rejections import rejections
from tests.jobs.conftest import Desk
from tests.loop.loop_stage import DEMO_PAYERS, PARTNER, read_837, write_837
from tests.loop.year_stage import TODAY

RATE = 0.05
LEVELS = ("interchange", "set", "receiver", "provider", "line")
"""What is rejected in the first files: the whole file, its set, the submission, one provider, one line of each claim."""


class Sent:
    """Claims in files of ours, and what the far side says of each file."""

    def __init__(self, desk: Desk, count: int, seed: int, batch: int) -> None:
        self.batch = batch
        self.desk = desk
        self.rng = Random(seed)
        claims = list(generate_claims(self.rng, count, today=TODAY))
        self.practices = {one.billing.npi: f"practice-{one.billing.npi}" for one in claims}
        with desk.store.write() as connection:
            register_practices(
                connection,
                [
                    Practice(id=key, name=key, npi=npi, tax_id=f"9{npi[1:9]}")
                    for npi, key in self.practices.items()
                ],
            )
        self.wanted: dict[str, str] = {}
        """Rejected claims by number, with words that their reason must have."""
        for place in range(0, count, batch):
            self._file(claims[place : place + batch], place // batch + 1)

    def _file(self, claims: list[Claim], number: int) -> None:
        data = write_837(claims, number)
        kept = self.desk.store.vault.keep([data])
        origin = ClaimOrigin(
            source="created",
            partner=PARTNER.id,
            file_sha256=kept.sha256,
            interchange_control_number=f"{number:09d}",
            group_control_number=str(number),
            st_control_number="0001",
        )
        owned = [
            msgspec.structs.replace(one, practice_id=self.practices[one.billing.npi])
            for one in read_837(data)
        ]
        with self.desk.store.write() as connection:
            save_claims(connection, owned, origin)
        level = LEVELS[number - 1] if number <= len(LEVELS) else "claim"
        paths = []
        for name, answer_ in self._answers(owned, number, level):
            paths.append(self.desk.file(answer_, name))
        self.desk.ingest(*paths)

    def _answers(self, claims: list[Claim], number: int, level: str) -> list[tuple[str, bytes]]:
        submission = Submission(
            interchange_control_number=f"{number:09d}",
            groups=((str(number), ("0001",)),),
            sender_id=PARTNER.sender_id,
            receiver_id=PARTNER.receiver_id,
            reference=f"{number:09d}0001",
        )
        rate = RATE if level == "claim" else 0.0
        scenario = msgspec.structs.replace(shipped_scenario(), rates=Rates(rejected=rate))
        made = answer(claims, rng=self.rng, today=TODAY, scenario=scenario, submission=submission)
        made = msgspec.structs.replace(made, files=())
        every = {one.patient_control_number for one in claims}
        for one in made.claims:
            if not one.accepted:
                self.wanted[one.patient_control_number or ""] = f"({one.code})"
        files = dict(answer_files(made, claims, submission))
        if level == "interchange":
            self.wanted |= dict.fromkeys(every, "the whole file")
            ta1 = next(name for name in files if name.endswith(".ta1"))
            return [(ta1, files[ta1].replace(b"*A*000", b"*R*006"))]
        if level == "set":
            self.wanted |= dict.fromkeys(every, "999: ")
            name = next(name for name in files if name.endswith(".999"))
            return [(name, files[name].replace(b"IK5*A", b"IK5*R").replace(b"AK9*A*1*1*1", b"AK9*R*1*1*0"))]
        if level in ("receiver", "provider"):
            return [(f"{number}.277", self._whole(claims, number, level))]
        if level == "line":
            statuses = [
                t277ca.ClaimStatus(claim=claim, status=_rejected("claim"), lines=(_rejected("line", claim),))
                for claim in claims
            ]
            self.wanted |= dict.fromkeys(every, "(A7)")
            return [(f"{number}.277", _written(statuses, submission))]
        return list(files.items())

    def _whole(self, claims: list[Claim], number: int, level: str) -> bytes:
        """A 277CA that ends at the receiver or at one provider: no claim is named in it."""
        first = claims[0].billing.npi
        refused = [one for one in claims if level == "receiver" or one.billing.npi == first]
        self.wanted |= {one.patient_control_number: "(A3)" for one in refused}
        levels = [
            "HL*1**20*1",
            "NM1*PR*2*PAYER*****PI*1",
            "TRN*1*1",
            "DTP*050*D8*20260105",
            "DTP*009*D8*20260105",
        ]
        levels += ["HL*2*1*21*1", "NM1*41*2*DEMO OFFICE*****46*DEMO", f"TRN*2*{number:09d}0001"]
        if level == "receiver":
            levels += ["STC*A3:24:41*20260105*U*100"]
        else:
            levels += ["STC*A1:19:PR*20260105*WQ*100", "HL*3*2*19*0", f"NM1*85*2*THERAPY*****XX*{first}"]
            levels += ["TRN*1*0", "STC*A3:24:85*20260105*U*100"]
        body = ["ST*277*0001*005010X214", "BHT*0085*08*1*20260105*1200*TH", *levels]
        return "~".join(
            [
                "ISA*00*          *00*          *ZZ*MEADOWGATE     *ZZ*DEMO           *260105*1200*^*00501*"
                f"{900 + number:09d}*0*P*:",
                f"GS*HN*MEADOWGATE*DEMO*20260105*1200*{number}*X*005010X214",
                *body,
                f"SE*{len(body) + 1}*0001",
                f"GE*1*{number}",
                f"IEA*1*{900 + number:09d}",
                "",
            ]
        ).encode()

    def check(self) -> None:
        """Rejected claims are work with their reason; all others are accepted."""
        with self.desk.store.read() as connection:
            found = rejections(connection)
        rows = rejection_rows(found, Explainer(self.desk.store.vault, load_tables()), {})
        told = {row["claim"]: row for row in rows}
        assert set(told) == set(self.wanted)
        for number, words in self.wanted.items():
            assert words in str(told[number]["reason"]), (number, told[number]["reason"])
            assert told[number]["next_step"]
            assert str(told[number]["command"]).startswith(f"claimloop claims correct {number} ")
        statuses = dict(self.desk.rows("SELECT patient_control_number, status FROM claim"))
        assert {number for number, status in statuses.items() if status == "rejected"} == set(self.wanted)
        # A set whose provider alone was refused says nothing of the others.
        assert set(statuses.values()) <= {"accepted", "rejected", "submitted"}
        unanswered = [number for number, status in statuses.items() if status == "submitted"]
        assert len(unanswered) < self.batch
        assert self.desk.rows("SELECT COUNT(*) FROM claim WHERE frequency <> '1'") == [(0,)]

    def correct(self, count: int) -> None:
        """Rejected claims, of every kind of rejection, go again: as first claims, for no payer ever took them in."""
        names = sorted(self.wanted)[:: max(1, len(self.wanted) // count)]
        config = self.desk.folder / "claimloop.toml"
        config.write_text(_settings(self.practices), encoding="utf-8")
        config.with_name("payers.toml").write_bytes(DEMO_PAYERS.read_bytes())
        settings = load_settings(config, environment={})
        with (
            self.desk.store.write() as connection
        ):  # those of the files above were given without the counters
            for kind in (ISA13, GS06, ST02):
                allocate(connection, PARTNER.id, kind, 10_000, at=datetime.combine(TODAY, time(8)))
        request = AgainRequest(
            names=tuple(names),
            folder=self.desk.folder / "out",
            now=datetime.combine(TODAY, time(9)),
        )
        result = correct_claims(request, settings, self.desk.store)
        # Those of Medicare are held: nobody says here that a plan of care was certified.
        done = {one.name for one in result.sent}
        assert done | set(result.refused) | set(result.held) == set(names), result
        assert len(done) > len(names) // 3
        assert {(one.kind, one.frequency, one.original_reference) for one in result.sent} == {
            ("rejected", "1", "")
        }
        made = (self.desk.folder / "out").rglob("*.837")
        claims = [claim for path in made for claim in read_837(path.read_bytes())]
        assert {claim.patient_control_number for claim in claims} == done
        assert {(claim.frequency, claim.original_reference) for claim in claims} == {("1", "")}


def _settings(practices: Mapping[str, str]) -> str:
    """claimloop.toml of the practices, by NPI."""
    text = (
        '[submitter]\norganization_name = "DEMO OFFICE"\netin = "DEMO"\ncontact_name = "DESK"\n'
        'phone = "5555550100"\n\n'
        f'[[trading_partner]]\nid = "{PARTNER.id}"\nsender_id = "DEMO"\nreceiver_id = "MEADOWGATE"\n'
        'receiver_name = "MEADOWGATE"\napplication_sender = "DEMO"\napplication_receiver = "MEADOWGATE"\nusage = "T"\n'
    )
    for npi, key in practices.items():
        text += (
            f'\n[[practice]]\nid = "{key}"\nname = "{key}"\nnpi = "{npi}"\nkind = "organization"\n'
            f'tax_id = "9{npi[1:9]}"\ntax_id_type = "EI"\ntaxonomy = "261QP2000X"\nphone = "5555550161"\n'
            'address = { line_1 = "61 ORCHARD LANE", city = "PLAINFIELD", state = "MA", zip = "010010610" }\n'
            f'trading_partners = ["{PARTNER.id}"]\n'
        )
    return text


def _rejected(level: str, claim: Claim | None = None) -> Acknowledgment:
    return Acknowledgment(
        kind="277CA",
        level=AcknowledgmentLevel(level),
        accepted=False,
        code="A7",
        status="454",
        line_control_number=claim.lines[0].line_control_number if claim is not None else None,
        date=TODAY,
    )


def _written(statuses: list[t277ca.ClaimStatus], submission: Submission) -> bytes:
    partner = msgspec.structs.replace(PARTNER, sender_id=PARTNER.receiver_id, receiver_id=PARTNER.sender_id)
    return t277ca.write(
        statuses,
        payer_name="PAYER",
        payer_id="12345",
        submission_reference=submission.reference,
        partner=partner,
        control_number=77,
        created=datetime.combine(TODAY, time(9)),
    )


def test_two_hundred_claims_are_answered_at_every_level(desk_lite, seed):
    sent = Sent(desk_lite, 200, seed, 20)
    sent.check()
    assert len(sent.wanted) > 3 * 20
    sent.correct(20)


@pytest.mark.soak
def test_five_thousand_claims_are_answered_at_every_level(desk_lite, seed):
    sent = Sent(desk_lite, 5_000, seed, 100)
    sent.check()
    assert len(sent.wanted) / 5_000 > RATE * 0.8
    sent.correct(200)
    assert desk_lite.broken() == []
