"""`x12 show`: JSON Lines of the contract, the table, masks and exit codes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.exits import ExitCode
from cli.jobs import x12_show
from cli.jobs.x12_show import Outcome, show_json, show_text
from edi.model.finding import Finding
from tests.x12_texts import BODY, group, isa, st, text

CONTRACT = {
    "": "schema_version transaction file interchange_control_number st_control_number payment payer payee claims "
    "provider_adjustments findings",
    "payment": "amount method date trace_number payer_id credit_debit",
    "payer": "name id",
    "payee": "name npi tax_id",
    "claim": "patient_control_number status charge paid patient_responsibility filing_indicator "
    "payer_claim_control_number facility_code frequency member_id adjustments remarks lines",
    "adjustment": "group reason amount quantity",
    "line": "procedure submitted_procedure charge paid units submitted_units date_from date_to line_control_number "
    "allowed adjustments remarks",
    "procedure": "qualifier code modifiers",
    "provider_adjustment": "provider fiscal_date reason identifier amount",
}


def shown(data: bytes | str, **options) -> tuple[list[dict], ExitCode]:
    """The objects that a file is shown as, and the exit code."""
    outcome = Outcome()
    raw = data.encode() if isinstance(data, str) else data
    options = {"show_phi": False, **options}
    lines = "".join(show_json([raw], "f.835", outcome=outcome, **options)).splitlines()
    return [json.loads(line) for line in lines], outcome.exit_code


def with_body(*body: str, **options) -> str:
    return text([group([st(body, **options)])])


def test_the_object_has_the_members_of_the_contract():
    (found,), code = shown(text())
    claim, line = found["claims"][0], found["claims"][0]["lines"][0]
    parts = {
        "": found,
        "payment": found["payment"],
        "payer": found["payer"],
        "payee": found["payee"],
        "claim": claim,
        "adjustment": line["adjustments"][0],
        "line": line,
        "procedure": line["procedure"],
        "provider_adjustment": found["provider_adjustments"][0],
    }
    assert {name: list(part) for name, part in parts.items()} == {
        name: members.split() for name, members in CONTRACT.items()
    }
    assert code is ExitCode.DONE


def test_the_values():
    (found,), _ = shown(text())
    assert (found["schema_version"], found["transaction"], found["file"]) == (1, "835", "f.835")
    assert (found["interchange_control_number"], found["st_control_number"]) == ("000000001", "0001")
    assert found["payment"] == {
        "amount": "130.00",
        "method": "ACH",
        "date": "2024-06-01",
        "trace_number": "TRACE1",
        "payer_id": "1512345678",
        "credit_debit": "C",
    }
    assert found["payer"] == {"name": "EXAMPLE PLAN", "id": "87726"}
    assert found["payee"] == {"name": "EXAMPLE THERAPY", "npi": "1234567893", "tax_id": "123456789"}
    claim = found["claims"][0]
    assert (claim["charge"], claim["paid"], claim["patient_responsibility"]) == ("210.00", "80.00", "20.00")
    assert claim["remarks"] == ["MA18"]
    line = claim["lines"][0]
    assert line["procedure"] == {"qualifier": "HC", "code": "97110", "modifiers": ["GP"]}
    assert (line["date_from"], line["allowed"], line["line_control_number"]) == ("2024-05-02", "100.00", "L1")
    assert line["adjustments"][0] == {"group": "CO", "reason": "45", "amount": "50.00", "quantity": None}
    assert line["submitted_procedure"] is None
    assert claim["lines"][1]["remarks"] == ["N130"]
    assert found["provider_adjustments"][1] == {
        "provider": "1234567893",
        "fiscal_date": "2024-12-31",
        "reason": "L6",
        "identifier": None,
        "amount": "-0.42",
    }
    assert found["findings"] == []


def test_one_object_a_transaction_set_each_with_its_findings():
    sets = [st(), st(number="0002", count=5), st(number="0003")]
    found, code = shown(text([group(sets, count=9)]))
    assert [one["st_control_number"] for one in found] == ["0001", "0002", "0003"]
    assert [[finding["code"] for finding in one["findings"]] for one in found] == [[], ["ENV010"], ["ENV013"]]
    assert code is ExitCode.WORK


def test_balance_findings_name_segment_and_element():
    body = [
        segment.replace("CAS*CO*45*50", "CAS*CO*45*51").replace("BPR*I*130", "BPR*I*131") for segment in BODY
    ]
    (found,), code = shown(with_body(*body))
    assert [(one["code"], one["severity"], one["segment"], one["element"]) for one in found["findings"]] == [
        ("BAL001", "error", 16, "SVC03"),
        ("BAL002", "error", 12, "CLP04"),
        ("BAL003", "error", 2, "BPR02"),
    ]
    assert all(one["message"] for one in found["findings"])
    assert code is ExitCode.WORK


def test_claims_are_written_while_the_set_is_read():
    """A piece comes out before the data that follows it is asked for."""
    read = []

    def chunks():
        head, *rest = text().encode().split(b"CLP*")
        yield head
        for number, part in enumerate([*rest, b"", *[b"CLP*Z*1*1*1~NM1*QC*1*A*B~" * 4000] * 3]):
            read.append(number)
            yield b"CLP*" + part if part[:1] == b"C" and part[1:2].isdigit() else part

    pieces = show_json(chunks(), "f", show_phi=False, outcome=Outcome())
    seen = next(piece for piece in pieces if "C1" in piece)
    assert "claims" not in seen
    assert max(read) < 5


MASKED = ("MARKERNAME", "MARKERFIRST", "MARKERID")
PHI_BODY = [segment.replace("MI*W1", "MI*MARKERID") for segment in BODY]


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("show_phi", [False, True])
def test_names_and_member_ids_are_masked(as_text, show_phi):
    data = [with_body(*PHI_BODY).encode()]
    show = show_text if as_text else show_json
    out = "".join(str(piece) for piece in show(data, "f", show_phi=show_phi, outcome=Outcome()))
    if show_phi:
        assert "MARKERID" in out
        assert ("MARKERNAME" in out) is as_text
    else:
        assert not [word for word in MASKED if word in out]


# What is broken: (segment, its replacement). Each holds a marker in a PHI field.
BROKEN = [
    (
        "NM1*QC*1*MARKERNAME*MARKERFIRST****MI*MARKERID",
        "NM1*QC*1*MARKERNAME*MARKERFIRST**MARKERX**MI*MARKERID*MARKERX",
    ),
    ("CLP*C1*1*210*80*20*12*P1*11*1", "CLP*C1*1*MARKERX*MARKERX*MARKERX*12*P1*11*1"),
    ("DTM*232*20240502", "DTM*232*MARKERX"),
    ("CAS*CO*45*50", "CAS*CO*45*MARKERX"),
    ("REF*6R*L1", "REF*6R*L1*MARKERX"),
    ("AMT*B6*100", "AMT*B6*MARKERX"),
    ("LX*1", "MARKERX*1"),
    ("MOA***MA18", "~MARKERX"),
]


@pytest.mark.parametrize(("old", "new"), BROKEN)
@pytest.mark.parametrize("as_text", [False, True])
def test_broken_values_are_not_echoed(old, new, as_text):
    data = with_body(*[new if segment == old else segment for segment in PHI_BODY]).encode()
    show = show_text if as_text else show_json
    outcome = Outcome()
    out = "".join(str(piece) for piece in show([data], "f", show_phi=False, outcome=outcome))
    assert "MARKER" not in out


EXITS = {
    "clean": (text(), ExitCode.DONE),
    "unbalanced": (text().replace("BPR*I*130", "BPR*I*1"), ExitCode.WORK),
    "only a note": (text().replace("REF*6R*L1", "REF*6R*L1*X"), ExitCode.DONE),
    "warning": (text().replace("GE*1*1", "GE*2*1"), ExitCode.WORK),
    "empty": ("", ExitCode.PARTLY),
    "pdf": ("%PDF-1.7 stream", ExitCode.PARTLY),
    "truncated": (text()[:700], ExitCode.PARTLY),
    "isa alone": (isa(), ExitCode.PARTLY),
    "another kind": (text().replace("ST*835", "ST*820"), ExitCode.WORK),
}


@pytest.mark.parametrize("name", EXITS)
@pytest.mark.parametrize("as_json", [True, False])
def test_exit_codes(name, as_json, tmp_path):
    data, wanted = EXITS[name]
    path = tmp_path / "remittance.835"
    path.write_text(data, encoding="utf-8", newline="")
    result = CliRunner().invoke(app, ["x12", "show", str(path), *(["--json"] if as_json else [])])
    assert result.exit_code == wanted
    assert result.output
    if as_json:
        for line in result.output.splitlines():
            assert json.loads(line)["schema_version"] == 1


def test_exit_zero_turns_findings_but_not_failures_into_0(tmp_path):
    path = tmp_path / "remittance.835"
    for data, wanted in ((EXITS["unbalanced"][0], 0), (EXITS["truncated"][0], 3)):
        path.write_text(data, encoding="utf-8", newline="")
        assert CliRunner().invoke(app, ["x12", "show", str(path), "--exit-zero"]).exit_code == wanted


def test_a_missing_file_names_itself(tmp_path):
    result = CliRunner().invoke(app, ["x12", "show", str(tmp_path / "gone.835")])
    assert getattr(result.exception, "exit_code", None) == 3
    assert "gone.835" in str(result.exception)


def test_a_kind_without_a_view_is_named():
    (found,), _ = shown(text().replace("ST*835", "ST*820"))
    assert (found["transaction"], found["st_control_number"]) == ("820", "0001")
    assert [one["code"] for one in found["findings"]] == ["SHW001"]


def test_a_file_without_a_set_is_one_object_with_the_reason():
    (found,), _ = shown("")
    assert (found["transaction"], [one["code"] for one in found["findings"]]) == (None, ["ENV001"])


def test_another_view_plugs_in(monkeypatch):
    def members(transaction, show_phi):
        yield f',"segments":{sum(1 for _ in transaction.segments)}'

    monkeypatch.setitem(x12_show.VIEWS, "820", x12_show.Views(members, members))
    (found,), code = shown(text().replace("ST*835", "ST*820"))
    assert (found["segments"], found["findings"], code) == (31, [], ExitCode.DONE)


def test_the_table_shows_claims_lines_and_totals():
    out = [piece for piece in show_text([text().encode()], "f", show_phi=True, outcome=Outcome()) if piece]
    joined = "\n".join(out)
    assert "ACH 130.00 on 2024-06-01, trace TRACE1" in joined
    assert any(line.split()[:2] == ["C1", "1"] and "MARKERNAME" in line for line in out)
    assert any("97110 GP" in line and "CO-45 50.00, PR-2 20.00" in line for line in out)
    assert "provider adjustment WO X1 30.00" in joined
    assert out[-1].split(",")[0].strip() == "2 claims"


@pytest.mark.corpus
def test_every_file_of_the_corpus_is_shown(corpus_dir):
    seen = 0
    for path in sorted(corpus_dir.glob("*/*")):
        if not path.is_file():
            continue
        found, code = shown(path.read_bytes())
        assert found
        assert code in (0, 1, 3)
        assert [
            piece for piece in show_text([path.read_bytes()], "f", show_phi=False, outcome=Outcome()) if piece
        ]
        seen += 1
    assert seen > 100


def test_findings_are_values_not_text():
    pieces = list(show_text([b""], "f", show_phi=False, outcome=Outcome()))
    assert [type(piece) for piece in pieces] == [Finding]
