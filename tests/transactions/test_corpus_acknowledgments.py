"""Every acknowledgment of the corpus: accepted or rejected, per transaction set and per claim.

The table was made by reading the files and the notes of INDEX.tsv. Three readers must say what it says: a few regular
expressions of this test, our own reader, and `x12 show --json`.
"""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal

import pytest

from edi.model.finding import Finding
from edi.transactions.acknowledgments import READERS
from edi.x12.envelope import read_transactions
from tests.command_line import claimloop

pytestmark = pytest.mark.corpus

ACCEPTED, REJECTED = True, False
HEROPHILUS = "Project-Herophilus+Project-Herophilus-Assets__"
ONE_ACCEPTED_CLAIM = {
    ("transaction", "000000674", "A1:20"): ACCEPTED,
    ("claim", "5781", "A2:20"): ACCEPTED,
}
ONE_REJECTED_SET = {("transaction", "0028", "R:5"): REJECTED, ("group", "28", "R:"): REJECTED}

TABLE: dict[str, dict[tuple[str, str, str], bool]] = {
    f"999/{HEROPHILUS}999_Sample__Rejected_.txt": ONE_REJECTED_SET,
    "999/imsweb+x12-parser__x12_999_rejected.txt": ONE_REJECTED_SET,
    "999/imsweb+x12-parser__x12_999_accepted.txt": {
        ("transaction", "0001", "A:"): ACCEPTED,
        ("group", "17456", "A:"): ACCEPTED,
    },
    "999/aurelianware+hipaa-attachments__999-acknowledgment.edi": {
        ("transaction", "0001", "A:"): ACCEPTED,
        ("group", "1", "A:"): ACCEPTED,
    },
    "999/azoner+pyx12__834_ls_le_ls_5010.999.txt": {
        ("transaction", "146001", "A:"): ACCEPTED,
        ("group", "146", "A:"): ACCEPTED,
    },
    f"277ca/{HEROPHILUS}277CA_Sample__Accepted_.txt": ONE_ACCEPTED_CLAIM,
    "277ca/imsweb+x12-parser__x12_277CA_accepted.txt": ONE_ACCEPTED_CLAIM,
    "277ca/apimeister+x12-types___277_test.rs.emb0.edi": {
        ("transaction", "2002022045678", "A1:19"): ACCEPTED,
        ("claim", "PATIENT22222", "A2:20"): ACCEPTED,
        ("claim", "PATIENT33333", "A3:21"): REJECTED,
        ("claim", "JONES44444", "A7:21"): REJECTED,
        ("claim", "JOHNSON55555", "A2:20"): ACCEPTED,
        ("claim", "MILLS66666", "A2:20"): ACCEPTED,
    },
    "ta1/xlate+staedi__x12_interchange_ack.txt": {("interchange", "000000050", "A:000"): ACCEPTED},
}
"""File to its answers: level, what is answered, code and status -> accepted. Level ``transaction`` is an AK2 or, in a
277CA, the submission by its BHT03."""


def files(corpus_dir) -> set[str]:
    return {
        f"{folder}/{path.name}"
        for folder in ("999", "277ca", "ta1")
        for path in (corpus_dir / folder).iterdir()
    }


def test_every_file_is_in_the_table(corpus_dir):
    assert files(corpus_dir) == set(TABLE)


def test_every_file_is_in_the_index_and_its_notes_agree(corpus_dir):
    """INDEX.tsv counts the codes: STC{A1x1,A2x3} or AK5/IK5{Rx1}; AK9=R."""
    with (corpus_dir / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        notes = {row["local_file"]: row["notes"] for row in csv.DictReader(lines, delimiter="\t")}
    for name in files(corpus_dir):
        codes = [code.split(":")[0] for _, _, code in TABLE[name]]
        told = dict(re.findall(r"([A-Z]\d?)x(\d+)", notes[name].partition("{")[2].partition("}")[0]))
        if name.startswith("999/"):
            codes.remove(re.search(r"AK9=(\w)", notes[name])[1])
        if told:
            assert {code: codes.count(code) for code in codes} == {
                code: int(count) for code, count in told.items()
            }


# -- three readers -----------------------------------------------------------------------------------------------------


def by_expressions(text: str) -> dict[tuple[str, str, str], bool]:
    """What a person finds with a search: no reader of ours has a part in it."""
    element = re.escape(text[3])
    found: dict[tuple[str, str, str], bool] = {}
    segments = [one.strip() for one in text.split(text[105])]
    joined = "\n".join(segments)
    for number, code, note in re.findall(
        rf"^TA1{element}(\d+){element}.*?{element}([AER]){element}(\d+)$", joined, re.MULTILINE
    ):
        found["interchange", number, f"{code}:{note}"] = code != "R"
    for number, between in re.findall(
        rf"^AK2{element}\d+{element}(\w+).*?$(.*?^[AI]K5{element}.*?$)", joined, re.MULTILINE | re.DOTALL
    ):
        code, _, status = between.rsplit("K5" + text[3], 1)[1].partition(text[3])
        found["transaction", number, f"{code}:{status}"] = code in "AE"
    for group, code in re.findall(
        rf"^AK1{element}\w+{element}(\w+).*?^AK9{element}(\w)", joined, re.MULTILINE | re.DOTALL
    ):
        found["group", group, f"{code}:"] = code in "AEP"
    for level, after in re.findall(
        rf"^HL{element}\d+{element}\d*{element}(21|PT).*?$(.*?)(?=^HL|\Z)", joined, re.MULTILINE | re.DOTALL
    ):
        trace = re.search(rf"^TRN{element}2{element}(\w+)$", after, re.MULTILINE)
        status = re.search(rf"^STC{element}(A\d):(\d+).*?{element}\d+{element}(WQ|U)", after, re.MULTILINE)
        assert trace is not None
        assert status is not None
        kind = "claim" if level == "PT" else "transaction"
        found[kind, trace[1], f"{status[1]}:{status[2]}"] = status[3] == "WQ"
    return found


def answered(one: dict[str, str | None]) -> str:
    """What an answer of `x12 show` is about."""
    return (
        one["patient_control_number"]
        or one["transaction_control_number"]
        or one["group_control_number"]
        or one["interchange_control_number"]
        or one["submission_reference"]
        or ""
    )


@pytest.mark.parametrize("name", TABLE)
def test_expressions_reader_and_show_say_what_the_table_says(corpus_dir, name):
    path = corpus_dir / name
    data = path.read_bytes()
    assert by_expressions(data.decode()) == TABLE[name]
    read = {}
    for item in read_transactions([data]):
        for one in () if isinstance(item, Finding) else READERS[item.kind](item):
            assert not isinstance(one, Finding)
            what = answered({field: getattr(one, field) for field in one.__struct_fields__})
            read[one.level.value, what, f"{one.code}:{one.status or ''}"] = one.accepted
    assert read == TABLE[name]
    (shown,) = (json.loads(line) for line in claimloop("x12", "show", "--json", path).out.splitlines())
    assert {
        (one["level"], answered(one), f"{one['code']}:{one['status'] or ''}"): one["accepted"]
        for one in shown["acknowledgments"]
    } == TABLE[name]


@pytest.mark.parametrize("name", [name for name in TABLE if name.startswith("277ca")])
def test_the_totals_that_the_file_states_are_those_of_the_table(corpus_dir, name):
    """QTY 90 and AA count, AMT YU and YY sum the accepted and rejected claims of a submission."""
    text = (corpus_dir / name).read_text()
    charges = dict(re.findall(r"TRN\*2\*(\w+)~\s*STC\*A\d:\d+\*\d+\*\w+\*([\d.]+)", text))
    claims = {number: verdict for (level, number, _), verdict in TABLE[name].items() if level == "claim"}
    assert set(claims) <= set(charges)
    for verdict, count, amount in ((ACCEPTED, "90", "YU"), (REJECTED, "AA", "YY")):
        members = [number for number in claims if claims[number] is verdict]
        if not members:
            assert f"QTY*{count}*" not in text
            continue
        assert int(re.search(rf"QTY\*{count}\*(\d+)", text)[1]) == len(members)
        total = sum((Decimal(charges[number]) for number in members), Decimal(0))
        assert Decimal(re.search(rf"AMT\*{amount}\*([\d.]+)", text)[1]) == total
