"""The books do not depend on where a chunk ends, nor on which of two files came first."""

from __future__ import annotations

import itertools

import pytest

from cli.jobs.posting import Tools, recompute
from edi.codes.lookup import load_tables
from edi.payers.profile import PayerProfile, RemitIdentity
from edi.testpayer import scenario_expectation
from tests.builders import make_claim, make_line
from tests.jobs.conftest import Desk
from tests.loop.test_scenarios_store import IDS, Story, differences
from tests.remits import claim, file_of, line, payment

NUMBER = "A0000001"
SUMS = "SELECT paid, contractual, patient, denied, open_balance, status, adjudications FROM claim WHERE id = root"
FINDINGS = "SELECT code FROM claim_finding ORDER BY code"
PAYERS = {
    "acme": PayerProfile(key="acme", name="Acme", remit=RemitIdentity(trn03=("1512345678",))),
    "second": PayerProfile(key="second", name="Second", remit=RemitIdentity(trn03=("1598765432",))),
}


def answer(*lines: tuple[int, str], sign: int = 1, **options) -> list[str]:
    """A claim payment for `make_claim`: paid cents and adjustment of each of its two lines of 50.00."""
    numbers = (("97110", "L0000001"), ("97140", "L0000002"))
    return claim(
        NUMBER,
        *(
            line(code, sign * 5000, sign * paid, adjustments=[said] if said else [], number=number)
            for (code, number), (paid, said) in zip(numbers, lines, strict=True)
        ),
        status="1" if sign > 0 else "22",
        **options,
    )


def cut_off(said: list[str]) -> list[str]:
    """The same claim payment, its CLP01 without the last two characters."""
    return [said[0].replace(NUMBER, NUMBER[:-2]), *said[1:]]


ORIGINAL = answer((3000, "CO*45*20"), (3000, "CO*45*20"))
REVERSAL = answer((3000, "CO*45*-20"), (3000, "CO*45*-20"), sign=-1)
CORRECTION = answer((4000, "CO*45*10"), (3000, "CO*45*20"), payer_number="PCN2")
PRIMARY = answer((3000, "PR*2*20"), (3000, "PR*2*20"))
SECONDARY = claim(
    NUMBER,
    line("97110", 5000, 1500, adjustments=["OA*23*30", "PR*2*5"], number="L0000001"),
    line("97140", 5000, 2000, adjustments=["OA*23*30"], number="L0000002"),
    status="2",
    payer_number="S1",
)
FIRST_TWIN = claim(NUMBER, line("97110", 5000, 4000), payer_number="T1")
SECOND_TWIN = claim(NUMBER, line("97110", 5000, 0, adjustments=["CO*197*50"]), payer_number="T2")
TWINS = tuple(make_line(number, line_control_number=f"T000000{number}") for number in (1, 2))

STORIES = {
    "original, reversal and correction in one set": [payment([ORIGINAL, REVERSAL, CORRECTION])],
    "reversal and correction in a later set": [
        payment([ORIGINAL]),
        payment([REVERSAL, CORRECTION], trace="T2", day="20260401"),
    ],
    "reversal and correction of the same day": [
        payment([ORIGINAL]),
        payment([REVERSAL, CORRECTION], trace="T2"),
    ],
    "reversal and the same again": [
        payment([ORIGINAL]),
        payment([REVERSAL, ORIGINAL], trace="T2", day="20260401", bank=0),
    ],
    "a non-payment advice with its reversal": [
        payment([answer((0, "CO*197*50"), (0, "CO*197*50"))], method="NON"),
        payment(
            [
                answer((0, "CO*197*-50"), (0, "CO*197*-50"), sign=-1),
                answer((0, "PR*1*50"), (0, "PR*1*50"), payer_number="PCN2"),
            ],
            method="NON",
            trace="T2",
        ),
    ],
    "the secondary of the same day": [
        payment([PRIMARY]),
        payment([SECONDARY], trace="T2", payer="1598765432"),
    ],
    "primary and secondary in one set": [payment([PRIMARY, SECONDARY])],
    "twins": [payment([FIRST_TWIN, SECOND_TWIN])],
    "a denial that is taken back": [
        payment(
            [
                answer((3000, "CO*45*20"), (0, "CO*197*50")),
                answer((3000, "CO*45*-20"), (0, "CO*197*-50"), sign=-1),
                CORRECTION,
            ]
        )
    ],
}


def told(folder, name: str) -> tuple[object, ...]:
    """One story in a store of its own: sums, findings, digest, and what the manifests counted."""
    folder.mkdir()
    desk = Desk(f"sqlite:///{folder / 'a.db'}", folder)
    desk.submit(make_claim(lines=TWINS) if name == "twins" else make_claim())
    totals = [desk.ingest(file_of(one), payers=PAYERS).totals for one in STORIES[name]]
    assert desk.broken() == []
    found = (desk.rows(SUMS), desk.rows(FINDINGS), totals, desk.digest())
    desk.store.close()
    return found


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("size", [1, 2])
def test_a_chunk_that_ends_inside_a_story_changes_nothing(tmp_path, monkeypatch, name, size):
    whole = told(tmp_path / "whole", name)
    monkeypatch.setattr("cli.jobs.ingest_835.run.CHUNK", size)
    assert told(tmp_path / "cut", name) == whole


@pytest.mark.parametrize("size", [1, 2, 2000])
def test_a_reversal_and_its_correction_in_two_chunks(desk, monkeypatch, size):
    monkeypatch.setattr("cli.jobs.ingest_835.run.CHUNK", size)
    desk.submit()
    desk.ingest(file_of(payment([ORIGINAL])))
    desk.ingest(file_of(payment([REVERSAL, CORRECTION], trace="T2", day="20260401")))
    assert desk.rows(SUMS) == [(7000, 3000, 0, 0, 0, "settled", 3)]
    assert desk.rows(FINDINGS) == []
    assert desk.broken() == []


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("scenario_id", IDS)
def test_scenarios_in_small_chunks(scenario_id, size, tmp_path, monkeypatch):
    monkeypatch.setattr("cli.jobs.ingest_835.run.CHUNK", size)
    story = Story(tmp_path / "loop", scenario_id)
    assert differences(story, scenario_expectation(scenario_id)) == []
    story.loop.close()


@pytest.mark.parametrize("day", ["20260320", ""])
def test_what_is_reloaded_has_the_day_of_what_was_read(tmp_path, monkeypatch, day):
    """Without BPR16 the production date stands in for it, in the next chunk too."""

    def dated(size: int) -> str:
        folder = tmp_path / str(size)
        folder.mkdir()
        monkeypatch.setattr("cli.jobs.ingest_835.run.CHUNK", size)
        desk = Desk(f"sqlite:///{folder / 'a.db'}", folder)
        desk.submit()
        desk.ingest(file_of(payment([ORIGINAL], trace="T9", day="20260319")))
        later = payment([REVERSAL, CORRECTION], trace="T0", day="20260320")
        later[1] = later[1].removesuffix("20260320") + day
        desk.ingest(file_of(later))
        assert desk.rows(SUMS) == [(7000, 3000, 0, 0, 0, "settled", 3)]
        digest = desk.digest()
        desk.store.close()
        return digest

    assert dated(1) == dated(2000)


# -- which file came first ---------------------------------------------------------------------------------------

DENIED = payment([answer((0, "CO*197*50"), (0, "CO*197*50"))], method="NON", trace="0000000")
DEDUCTIBLE = payment([answer((0, "PR*1*50"), (0, "PR*1*50"))], method="NON", trace="0000000")
COINSURANCE = payment([answer((0, "PR*2*50"), (0, "PR*2*50"))], method="NON", trace="0000000")
OTHER = claim("A0000002", line("97110", 5000, 0, adjustments=["PR*1*50"]))
WITH_OTHER = payment(
    [answer((0, "CO*197*50"), (0, "CO*197*50")), OTHER], method="NON", trace="0000000", control="0002"
)
TOGETHER = {
    "denied and deductible": (DENIED, DEDUCTIBLE),
    "three advices": (DENIED, DEDUCTIBLE, COINSURANCE),
    "one claim payment in two advices": (DENIED, WITH_OTHER),
    "two payments of one day and trace number": (
        payment([ORIGINAL]),
        payment([answer((2000, "CO*45*30"), (2000, "CO*45*30"))]),
    ),
    "two payers of one day and trace number": (
        payment([PRIMARY]),
        payment([SECONDARY], payer="1598765432"),
    ),
    "a claim number that came cut off, and the payer's number that the first of them teaches": (
        payment([cut_off(ORIGINAL)]),
        payment([cut_off(REVERSAL)], trace="T2", day="20260401"),
        payment([cut_off(CORRECTION)], trace="T3", day="20260402"),
    ),
}


@pytest.mark.parametrize("size", [1, 2000])
@pytest.mark.parametrize("name", TOGETHER)
def test_payments_of_one_day_and_trace_number_in_any_order_leave_the_same_books(
    tmp_path, monkeypatch, name, size
):
    monkeypatch.setattr("cli.jobs.ingest_835.run.CHUNK", size)
    found = set()
    for place, order in enumerate(itertools.permutations(TOGETHER[name])):
        folder = tmp_path / str(place)
        folder.mkdir()
        desk = Desk(f"sqlite:///{folder / 'a.db'}", folder)
        desk.submit()
        for one in order:
            manifest = desk.ingest(file_of(one), payers=PAYERS)
            assert [entry.outcome for entry in manifest.files[0].payments] == ["posted"]
        assert desk.broken() == []
        desk.import_claims()  # what waits is tried again, and nothing of the books turns
        found.add((tuple(desk.rows(SUMS)), desk.digest()))
        desk.store.close()
    assert len(found) == 1


def test_a_recomputation_does_not_turn_the_books(desk_lite):
    """What was computed while an advice was being read is what its stored adjudications give."""
    (root,) = desk_lite.submit()
    desk_lite.ingest(file_of(DENIED), file_of(DEDUCTIBLE), file_of(COINSURANCE))
    before = desk_lite.digest()
    with desk_lite.store.write() as connection:
        recompute(connection, [root], Tools(load_tables(), {}))
    assert desk_lite.digest() == before
