"""Every 835 of the corpus: no exception, the counts of INDEX.tsv, and a Finding for what its notes call unbalanced."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from cli.jobs.x12_show_835 import judged
from edi.model.finding import Finding
from edi.model.remittance import RemittanceTrailer
from edi.x12.envelope import read_transactions

pytestmark = pytest.mark.corpus

MEANT = {"UNBALANCED-LINE": "BAL001", "UNBALANCED-CLAIM": "BAL002", "UNBALANCED-BPR": "BAL003"}
EQUATION = {"BAL001": "SVC03 = SVC02", "BAL002": "CLP04 = CLP03", "BAL003": "BPR02 = sum(CLP04)"}


def rows(corpus_dir: Path) -> list[dict[str, str]]:
    with (corpus_dir / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        found = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row for row in found if row["local_file"].startswith(("835/", "bad/"))]


def judge(path: Path) -> tuple[list[RemittanceTrailer], list[Finding]]:
    trailers, findings = [], []
    for item in read_transactions([path.read_bytes()]):
        if isinstance(item, Finding):
            findings.append(item)
        elif item.kind == "835":
            values = list(judged(item))
            trailers += [one for one in values if isinstance(one, RemittanceTrailer)]
            findings += [one for one in values if isinstance(one, Finding)]
    return trailers, findings


def test_claims_and_lines_equal_the_index(corpus_dir):
    counted = 0
    for row in rows(corpus_dir):
        if row["local_file"].startswith("835/"):
            trailers, _ = judge(corpus_dir / row["local_file"])
            found = (len(trailers), sum(one.claims for one in trailers), sum(one.lines for one in trailers))
            wanted = (int(row["n_ST"]), int(row["n_claims"]), int(row["n_lines"]))
            assert found == wanted, row["local_file"]
            counted += 1
    assert counted >= 55


def test_every_note_of_imbalance_is_a_finding_naming_the_equation(corpus_dir):
    asked = 0
    for row in rows(corpus_dir):
        trailers, findings = judge(corpus_dir / row["local_file"])
        if not trailers:
            continue
        for name, count in re.findall(r"(UNBALANCED-(?:LINE|CLAIM|BPR)) x(\d+)", row["notes"]):
            code = MEANT[name]
            hits = [one for one in findings if one.code == code]
            assert len(hits) >= int(count), (row["local_file"], name)
            assert all(one.message.startswith(EQUATION[code]) and one.location.element for one in hits)
            asked += 1
        if "; balanced" in row["notes"] and row["local_file"].startswith("835/"):
            incomplete = {"RMT001"} & {one.code for one in findings}
            broken = {"BAL001", "BAL002", "BAL003"} & {one.code for one in findings}
            assert not broken or incomplete, row["local_file"]
    assert asked >= 12


def test_the_scribe_sample_names_both_equations(corpus_dir):
    _, findings = judge(corpus_dir / "835" / "AlexJReid+scribe__sample_835.edi")
    assert [one.code for one in findings] == ["BAL001", "BAL002"]
    assert [(one.location.segment, one.location.element) for one in findings] == [(11, "SVC03"), (7, "CLP04")]
