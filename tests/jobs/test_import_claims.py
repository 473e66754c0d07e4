"""Import of 837Ps that another system made, and the pairs of the corpus."""

from __future__ import annotations

import pytest

from tests.jobs.conftest import Desk
from tests.remits import claim, file_of, line, payment


def pair(corpus_dir, name: str):
    return (
        corpus_dir / f"837p/AlexJReid+scribe__{name}_837.edi",
        corpus_dir / f"835/AlexJReid+scribe__{name}_835.edi",
    )


BALANCES = {
    "professional": (39000, 26000, 9000, 4000, 0, 0, "settled"),
    "neurology": (32000, 21000, 7000, 4000, 0, 0, "settled"),
}
SUMS = "SELECT billed, paid, contractual, patient, denied, open_balance, status FROM claim"


@pytest.mark.corpus
@pytest.mark.parametrize("name", BALANCES)
@pytest.mark.parametrize("first", ["837", "835"])
def test_every_line_of_the_pair_matches_whichever_comes_first(desk, corpus_dir, name, first):
    submitted, remitted = pair(corpus_dir, name)
    if first == "837":
        found = desk.import_claims(submitted).files[0].findings
        manifest = desk.ingest(remitted)
        assert manifest.totals.lines == manifest.totals.lines_matched > 0
    else:
        assert desk.ingest(remitted).totals.unmatched == 1
        manifest = desk.import_claims(submitted)
        found = manifest.files[0].findings
        assert manifest.totals.retried_matched == 1
    assert {"SUB002", "IMP001"} <= {finding.code for finding in found}
    assert desk.rows(SUMS) == [BALANCES[name]]
    assert desk.rows("SELECT COUNT(*) FROM service_payment WHERE line_id IS NULL") == [(0,)]
    assert desk.broken() == []


@pytest.mark.corpus
@pytest.mark.parametrize("name", BALANCES)
def test_the_order_of_import_and_ingest_leaves_the_same_store(tmp_path, corpus_dir, name):
    digests = []
    for place, order in enumerate(("837", "835")):
        folder = tmp_path / str(place)
        folder.mkdir()
        desk = Desk(f"sqlite:///{folder / 'a.db'}", folder)
        submitted, remitted = pair(corpus_dir, name)
        if order == "837":
            desk.import_claims(submitted)
        desk.ingest(remitted)
        if order == "835":
            desk.import_claims(submitted)
        digests.append(desk.digest(with_files=True))
        desk.store.close()
    assert digests[0] == digests[1]


@pytest.mark.corpus
def test_a_claim_that_breaks_its_equations_is_held_at_its_payment(desk, corpus_dir):
    submitted, remitted = pair(corpus_dir, "sample")
    desk.import_claims(submitted)
    manifest = desk.ingest(remitted)
    assert manifest.totals.claims_held == 1
    assert manifest.exit_code() == 3
    (held,) = desk.rows("SELECT outcome, paid, detail FROM claim_payment")
    assert held[:2] == ("suspense", 9214)
    assert "BAL001" in held[2]
    assert "BAL002" in held[2]
    assert desk.broken() == []


@pytest.mark.corpus
def test_a_shared_number_of_another_patient_is_not_posted(desk, corpus_dir):
    desk.import_claims(corpus_dir / "837p/IPerception+EDI-Workbench__sample_837p.edi")
    manifest = desk.ingest(corpus_dir / "835/IPerception+EDI-Workbench__sample_835.edi")
    assert (manifest.totals.claims_matched, manifest.totals.unmatched) == (0, 2)
    reasons = desk.rows("SELECT reason, detail FROM claim_payment")
    assert {reason for reason, _ in reasons} == {"conflict"}
    assert all("patient" in detail and "charge" in detail for _, detail in reasons)
    assert desk.rows("SELECT paid FROM claim") == [(0,)]


@pytest.mark.corpus
def test_importing_again_changes_nothing(desk, corpus_dir, tmp_path):
    path = corpus_dir / "837p/AlexJReid+scribe__professional_837.edi"
    desk.import_claims(path)
    before = desk.digest()
    assert desk.import_claims(path).files[0].outcome == "duplicate"
    wrapped = tmp_path / "wrapped.837"
    wrapped.write_bytes(path.read_bytes().replace(b"~\n", b"~").replace(b"000000103", b"000000777"))
    manifest = desk.import_claims(wrapped)
    assert (manifest.files[0].outcome, manifest.files[0].claims_known) == ("duplicate", 1)
    assert desk.digest() == before


@pytest.mark.corpus
def test_the_whole_corpus_is_read_without_a_traceback(desk_lite, corpus_dir):
    desk_lite.import_claims(corpus_dir / "837p", corpus_dir / "bad")
    desk_lite.ingest(
        corpus_dir / "835", corpus_dir / "999", corpus_dir / "277ca", corpus_dir / "ta1", corpus_dir / "bad"
    )
    desk_lite.import_claims()
    assert desk_lite.broken() == []
    before = desk_lite.digest()
    desk_lite.ingest(
        corpus_dir / "835", corpus_dir / "999", corpus_dir / "277ca", corpus_dir / "ta1", corpus_dir / "bad"
    )
    desk_lite.import_claims(corpus_dir / "837p", corpus_dir / "bad")
    assert desk_lite.digest() == before


def test_an_835_is_not_a_submission(desk_lite):
    data = file_of(payment([claim("A", line("97110", 5000, 4000))]))
    manifest = desk_lite.import_claims(desk_lite.file(data))
    assert manifest.files[0].outcome == "rejected"
    assert manifest.files[0].findings[0].code == "ING004"
    assert desk_lite.ingest(desk_lite.file(data, "again.835")).files[0].outcome == "posted"


@pytest.mark.corpus
def test_a_truncated_837_stores_no_claim(desk_lite, corpus_dir):
    manifest = desk_lite.import_claims(corpus_dir / "bad/Query-farm+vgi-x12__truncated.edi")
    assert manifest.files[0].outcome == "rejected"
    assert manifest.exit_code() == 3
    assert desk_lite.rows("SELECT COUNT(*) FROM claim") == [(0,)]
