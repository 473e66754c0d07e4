"""`eob`: every amount and code of a remittance is there, in words of ours, masked, in each of the forms."""

from __future__ import annotations

import json
import re
import zlib
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cli.jobs.eob import PartClaim, PartEnd, PartHead, PartNote, of_claim, of_file
from cli.jobs.eob.content import LINE_COLUMNS
from cli.jobs.eob.html import html_blocks
from cli.jobs.eob.lines import json_lines
from cli.jobs.eob.pdf import pdf_bytes
from cli.jobs.eob.text import text_lines
from cli.jobs.eob.words import adjustment_words, remark_words, set_words
from edi.codes.lookup import load_tables
from edi.model.errors import InputError
from edi.model.finding import Finding
from edi.x12.envelope import read_transactions
from tests.jobs.hand_desk import PAYERS, add, both_lines, paper, table
from tests.remits import claim, file_of, line, payment

TABLES = load_tables()


def remit(**changes) -> bytes:
    lines = (
        line("97110", 5000, 4000, extra=["AMT*B6*40"]),
        line("97140", 5000, 0, adjustments=["CO*197*50"], extra=["LQ*HE*N130"]),
        line("97530", 5000, 3000, adjustments=["CO*45*10", "PR*2*10"]),
    )
    return file_of(
        payment([claim("A0000001", *lines, patient="MUÑOZ*ÉLODIE")], plb=[("WO:X77", 500)], **changes)
    )


def parts(data: bytes, **options):
    return list(of_file([data], "remit.835", TABLES, **{"show_phi": False, **options}))


def shown(data: bytes, **options) -> str:
    return "\n".join(text_lines(one for one in parts(data, **options) if not isinstance(one, Finding)))


def test_a_remittance_has_a_head_its_claims_and_an_end():
    assert [type(one) for one in parts(remit())] == [PartHead, PartClaim, PartEnd]


def test_the_lines_of_json_say_what_the_text_says():
    made = parts(remit())
    said = [json.loads(one) for one in json_lines(made)]
    assert [one["part"] for one in said] == ["head", "claim", "end"]
    assert {one["schema_version"] for one in said} == {1}
    head, paid, end = said
    assert (head["facts"]["Amount"], end["facts"]["Paid on claims"]) == ("65.00", "70.00")
    assert [one["Paid"] for one in (*paid["lines"], paid["total"])] == ["40.00", "0.00", "30.00", "70.00"]
    assert set(paid["meanings"]) == {"CO-45", "CO-197", "PR-2", "N130"}
    assert [(one["reference"], one["amount"]) for one in end["adjustments"]] == [("X77", "-5.00")]
    for one, told in zip(made, said, strict=True):
        assert len(getattr(one, "facts", ())) == len(told["facts"]), "no fact hides another"
    assert json.loads(next(json_lines([PartNote("odd")])))["text"] == "odd"
    assert "MUÑOZ" not in "".join(json_lines(made))


def test_the_text_has_every_amount_and_code():
    text = shown(remit())
    for said in (
        "ACME HEALTH", "65.00", "ACH transfer", "2026-03-20", "T0001", "Claim A0000001", "97110 GP", "97140 GP",
        "CO-45 10.00", "CO-197 50.00; N130", "CO-45 10.00, PR-2 10.00", "Paid on claims: 70.00", "-5.00", "X77",
        "overpayment recovery",
    ):  # fmt: skip
        assert said in text, said
    row = next(one for one in text.splitlines() if "97530" in one).split()
    assert row[:8] == ["2026-03-10", "97530", "GP", "1", "50.00", "30.00", "10.00", "CO-45"]


def test_codes_are_told_once_a_claim_and_in_our_words():
    (told,) = [one for one in parts(remit()) if isinstance(one, PartClaim)]
    assert [code for code, _ in told.meanings] == ["CO-45", "CO-197", "PR-2", "N130"]
    assert dict(told.meanings)["CO-197"].startswith("Authorization/notification absent. ")
    assert all(words.endswith(".") for _, words in told.meanings)


def test_names_are_masked_unless_they_are_asked_for():
    data = remit()
    hidden, told = shown(data), shown(data, show_phi=True)
    assert "MUÑOZ" not in hidden
    assert "W123456789" not in hidden
    assert "MUÑOZ ÉLODIE" in told
    assert "W123456789" in told


@pytest.mark.parametrize(
    ("group", "reason", "said"),
    [
        ("CO", "45", "write"),
        ("PR", "1", "Deductible. The patient's share."),
        ("CO", "NOSUCH", "This code is in no table here"),
        ("ZZ", "197", "Authorization"),
    ],
)
def test_what_an_adjustment_says(group, reason, said):
    assert said.lower() in adjustment_words(group, reason, TABLES).lower()


def test_a_code_without_a_label_is_told_by_category_and_action():
    bare = next(one for one in TABLES.rarcs.values() if not one.label and one.category in TABLES.categories)
    said = remark_words(bare.code, TABLES)
    label = TABLES.categories[bare.category].label
    assert said.lower().startswith(label.lower())


def test_every_carc_has_words():
    assert [code for code in TABLES.carcs if len(adjustment_words("CO", code, TABLES)) < 20] == []


def test_every_rarc_has_words():
    assert [code for code in TABLES.rarcs if not remark_words(code, TABLES)] == []


def test_small_sets():
    assert set_words("CLP02", "22", TABLES) == "reversal of previous payment"
    assert set_words("CLP02", "99", TABLES) == "99"
    assert set_words("BPR04", None, TABLES) == ""


class Page(HTMLParser):
    """Collects what an HTML page is made of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page_of(data: bytes, **options) -> Page:
    page = Page()
    page.feed(
        "".join(html_blocks((one for one in parts(data, **options) if not isinstance(one, Finding)), "T<1>"))
    )
    assert page.open == []
    return page


def test_the_page_stands_alone_and_can_be_read_aloud():
    page = page_of(remit(), show_phi=True)
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe"} & set(names)
    assert not any({"src", "href"} & set(attrs) for _, attrs in page.tags)
    assert ("html", {"lang": "en"}) in page.tags
    assert {"title", "main", "h1", "h2", "caption", "thead", "tbody", "tfoot"} <= set(names)
    headings = [attrs for tag, attrs in page.tags if tag == "th"]
    assert all(attrs.get("scope") in ("col", "row") for attrs in headings)
    rows = [tag for tag, _ in page.tags if tag == "tr"]
    assert len(rows) == 1 + 3 + 1 + 2
    assert "MUÑOZ" in page.text
    assert "T<1>" in page.text


def test_text_of_a_file_is_never_markup():
    page = page_of(remit(trace="<script>alert(1)</script>"))
    assert "script" not in [tag for tag, _ in page.tags]
    assert "<script>" in page.text


def test_each_row_has_every_column():
    for one in parts(remit()):
        if isinstance(one, PartClaim):
            assert {len(row) for row in (*one.lines, one.total)} == {len(LINE_COLUMNS)}


def test_the_pdf_has_its_fonts_and_pages_and_is_the_same_again():
    made = [pdf_bytes(parts(remit(), show_phi=True), "Title", made_on=date(2026, 4, 1)) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].startswith(b"%PDF-")
    assert b"DejaVu" in made[0]
    assert len(re.findall(rb"/Type /Page\b", made[0])) == 1
    streams = b"".join(
        zlib.decompress(one)
        for one in re.findall(rb"stream\n(.*?)\nendstream", made[0], re.DOTALL)
        if one[:1] == b"x"
    )
    assert streams


def test_a_long_remittance_runs_over_pages():
    claims = [claim(f"A{number:07d}", line("97110", 5000, 4000)) for number in range(30)]
    made = pdf_bytes(parts(file_of(payment(claims))), "Title", made_on=date(2026, 4, 1))
    assert len(re.findall(rb"/Type /Page\b", made)) > 3


def test_only_one_claim_of_a_file():
    data = file_of(payment([claim("A1", line("97110", 5000, 4000)), claim("A2", line("97110", 5000, 4000))]))
    told = [one.title for one in parts(data, only="A2") if isinstance(one, PartClaim)]
    assert told == ["Claim A2"]


def test_what_does_not_add_up_is_noted_beside_its_claim():
    lines = line("97110", 5000, 4000, adjustments=["CO*45*9"])
    told = parts(file_of(payment([claim("A1", lines)])))
    kinds = [type(one) for one in told if not isinstance(one, Finding)]
    assert kinds == [PartHead, PartClaim, PartNote, PartNote, PartEnd]


def test_a_file_without_an_835_is_refused():
    with pytest.raises(InputError, match="no 835"):
        parts(b"not X12 at all")


def test_claims_are_laid_out_while_the_file_is_read():
    """The head and the first claim come out before the end of the file was asked for."""
    data = file_of(payment([claim(f"A{number}", line("97110", 5000, 4000)) for number in range(4000)]))
    read = []

    def blocks():
        for start in range(0, len(data), 2000):
            read.append(start)
            yield data[start : start + 2000]

    stream = of_file(blocks(), "remit.835", TABLES, show_phi=False)
    assert isinstance(next(stream), PartHead)
    assert isinstance(next(stream), PartClaim)
    assert len(read) < len(data) // 2000 // 2


def test_a_claim_of_the_store_with_all_its_answers(desk_lite):
    desk_lite.submit()
    desk_lite.ingest(remit(), payers=PAYERS)
    add(desk_lite, both_lines(reference="60001", payer="beta", note="SEE TESTER"))
    told = of_claim(desk_lite.store, "a-0000001", TABLES, show_phi=False)
    text = "\n".join(text_lines(told))
    assert text.count("Claim A0000001") == 2
    assert "paper EOB, written down by hand" in text
    assert "SEE TESTER" not in text
    assert text.index("T0001") < text.index("60001")


def test_what_waits_is_said(desk_lite):
    add(desk_lite, table(paper("97110", "40.00", "CO-45=10.00", claim="LOST1")))
    told = of_claim(desk_lite.store, "LOST1", TABLES, show_phi=False)
    assert any(isinstance(one, PartNote) and one.text.startswith("not posted: unmatched") for one in told)
    with pytest.raises(InputError, match="no claim of that name"):
        of_claim(desk_lite.store, "NOBODY", TABLES, show_phi=False)


@pytest.mark.corpus
def test_every_remittance_of_the_corpus_is_laid_out(corpus_dir: Path):
    seen = 0
    for path in sorted((corpus_dir / "835").iterdir()):
        kinds = [
            one.kind
            for one in read_transactions([path.read_bytes()], file=path.name)
            if not isinstance(one, Finding)
        ]
        if "835" not in kinds:
            continue
        laid = [
            one
            for one in of_file([path.read_bytes()], path.name, TABLES, show_phi=True)
            if not isinstance(one, Finding)
        ]
        assert "".join(html_blocks(laid, path.name)).endswith("</html>\n")
        assert list(text_lines(laid))
        seen += 1
    assert seen > 40
