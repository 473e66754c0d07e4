"""More than thirty kinds of broken 837P, each with the 999 that pyx12 itself writes: claim, field and fault in words."""

from __future__ import annotations

import pytest

from cli.jobs.rejected.explaining import Explainer, rejection_rows
from cli.render import Row
from edi.codes import load_tables
from reconcile.store import ClaimOrigin, Store, save_claims
from reconcile.store.rejections import rejections
from tests.builders import make_claim, make_line
from tests.jobs.broken_claims import NUMBERS, file_of_two, pyx12_answer
from tests.jobs.conftest import Desk

MISSING, LONG, SHORT = "is required and missing", "is too long", "is too short"
CODE, CHARACTER, DATE = "is no code that is allowed there", "character", "date"

# What of the second claim (or of its subscriber) is replaced by what, and words of what must then be said.
BREAKS: list[tuple[str, str, tuple[str, ...]]] = [
    ("HI*ABK:M5450", "HI*ABK", ("HI01-2", MISSING)),
    ("HI*ABK:M5450", "HI*ZZZ:M5450", ("diagnoses (HI", "is not known")),
    ("*100***11:B:1", "****11:B:1", ("CLM02", MISSING)),
    ("*100***11:B:1", "*1X0***11:B:1", ("CLM02",)),
    ("**11:B:1", "**11:Q:1", ("CLM05-2", CODE)),
    ("**11:B:1", "**11:B:", ("CLM05-3", MISSING)),
    ("11:B:1*Y*A*Y*Y", "11:B:1*Q*A*Y*Y", ("CLM06", CODE)),
    ("11:B:1*Y*A*Y*Y", "11:B:1*Y*Q*Y*Y", ("CLM07", CODE)),
    ("11:B:1*Y*A*Y*Y", "11:B:1*Y*A*Q*Y", ("CLM08", CODE)),
    ("11:B:1*Y*A*Y*Y", "11:B:1*Y*A*Y*Q", ("CLM09", CODE)),
    ("11:B:1*Y*A*Y*Y", "11:B:1*Y*A*Y", ("CLM09", MISSING)),
    ("*100*UN*1", "**UN*1", ("SV102", MISSING)),
    ("*100*UN*1", "*100*XX*1", ("SV103", CODE)),
    ("*100*UN*1", "*100**1", ("SV103",)),
    ("*100*UN*1", "*100*UN*", ("SV104", MISSING)),
    ("SV1*HC:97110", "SV1*ZZ:97110", ("SV1 at", "is not known")),
    ("SV1*HC:97110:GP", "SV1*HC::GP", ("SV101-2", MISSING)),
    ("SV1*HC:97110:GP", "SV1*HC:97110:GPX", ("SV101-3", LONG)),
    ("UN*1***1", "UN*1***", ("SV1 at", "an element that is wrong")),
    ("LX*1", "LX*", ("LX01", MISSING)),
    ("DTP*472*D8*20260310", "DTP*472*D8*20261310", ("DTP03", DATE)),
    ("DTP*472*D8*20260310", "DTP*472*XX*20260310", ("DTP02", CODE)),
    ("DTP*472*D8*20260310", "DTP*472*D8*", ("DTP03", MISSING)),
    ("NM1*DN*1*REED", "NM1*DN*7*REED", ("NM102", CODE)),
    ("NM1*DN*1*REED", "NM1*DN*1*", ("NM103", MISSING)),
    ("NM1*82*1*WALKER", "NM1*82*X*WALKER", ("NM102", CODE)),
    ("XX*1000000202", "QQ*1000000202", ("NM108", CODE)),
    ("REF*6R*L3", "REF*6R*", ("REF02", MISSING)),
    ("REF*6R*L3", f"REF*6R*{'L' * 60}", ("REF02", LONG)),
    ("HI*ABK:M5450~", "HI*ABK:M5450~\nHI*ABK:M5450~", ("HI",)),
    ("DTP*472*D8*20260310~", "", ("DTP",)),
    ("SV1*HC:97110:GP*100*UN*1***1~\n", "", ("SV1",)),
    ("HI*ABK:M5450~", "ZZZ*1~\nHI*ABK:M5450~", ("ZZZ",)),
    ("NM1*82*1*WALKER*PAT****XX*1000000202~", "NM1*82*1*WALKER*PAT****XX*1000000202~\nN3*1 STREET~", ("N3",)),
]  # fmt: skip


def numbers(place: int) -> tuple[str, str]:
    """The two claims of a transaction set."""
    return f"A{place:05d}01", f"A{place:05d}02"


def broken_set(place: int, old: str, new: str) -> list[str]:
    """A transaction set of two claims, of which the second is broken; SE01 is right."""
    head, mark, tail = file_of_two().partition(f"CLM*{NUMBERS[1]}")
    assert old in tail
    lines = (head + mark + tail.replace(old, new, 1)).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("ST*"))
    last = next(number for number, line in enumerate(lines) if line.startswith("SE*"))
    made = lines[first : last + 1]
    made[0], made[-1] = f"ST*837*{place:04d}*005010X222A1~", f"SE*{len(made)}*{place:04d}~"
    for before, after in zip(NUMBERS, numbers(place), strict=True):
        made = [line.replace(before, after) for line in made]
    return made


def one_file() -> str:
    """Every broken transaction set in one group."""
    lines = file_of_two().splitlines()
    sets = [line for place, (old, new, _) in enumerate(BREAKS, 1) for line in broken_set(place, old, new)]
    return "\n".join([*lines[:2], *sets, f"GE*{len(BREAKS)}*1~", lines[-1], ""])


def test_there_are_thirty_kinds_and_more():
    assert len({(old, new) for old, new, _ in BREAKS}) == len(BREAKS) >= 30


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What `work list` says of every claim, after pyx12's 999 of the whole file."""
    folder = tmp_path_factory.mktemp("broken")
    desk = Desk(f"sqlite:///{folder / 'claimloop.db'}", folder)
    text = one_file()
    kept = desk.store.vault.keep([text.encode()])
    with desk.store.write() as connection:
        for place in range(1, len(BREAKS) + 1):
            origin = ClaimOrigin(
                source="created",
                partner="house",
                file_sha256=kept.sha256,
                interchange_control_number="000000001",
                group_control_number="1",
                st_control_number=f"{place:04d}",
            )
            claims = [
                make_claim(
                    patient_control_number=number, lines=(make_line(1, line_control_number=f"L{number}"),)
                )
                for number in numbers(place)
            ]
            save_claims(connection, claims, origin)
    desk.ingest(pyx12_answer(text))
    yield _rows(desk.store)
    desk.store.close()


def _rows(store: Store) -> dict[str, Row]:
    with store.read() as connection:
        listed = rejections(connection)
    return {
        str(row["claim"]): row for row in rejection_rows(listed, Explainer(store.vault, load_tables()), {})
    }


@pytest.mark.parametrize("number", range(len(BREAKS)), ids=[f"{words[0]} {new or 'gone'}"[:40] for _, new, words in BREAKS])  # fmt: skip
def test_pyx12s_999_names_the_claim_the_field_and_the_fault(told, number):
    first, second = numbers(number + 1)
    reason = str(told[second]["reason"])
    assert reason.startswith("999: the whole transaction set: "), reason
    for word in BREAKS[number][2]:
        assert word in reason
    assert told[second]["command"] == f"claimloop claims correct {second} --sessions FILE --out DIR"
    if "REF02" in BREAKS[number][2]:  # pyx12 writes no IK3 for these, so that nothing says where they are
        return
    assert "loop 2" in reason
    assert "because of errors in another claim" in str(told[first]["reason"])
    assert told[first]["command"] == f"claimloop claims correct {first} --out DIR"
