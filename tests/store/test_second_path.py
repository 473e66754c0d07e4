"""The second path adds up the same sums as the reader, on the corpus, on every wrapping and damage, and sees a changed byte."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.jobs.interchanges import next_interchange
from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from edi.transactions import t835
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store import second_path
from reconcile.store.second_path import SetSums, bare, declared_only, provider_adjustments, set_sums
from tests.remits import claim, file_of, line, payment

PAYMENT = payment(
    [
        claim(
            "A1", line("97110", 5000, 4000), line("97140", 5000, 0, adjustments=["CO*97*20**45*30", "PR*1*0"])
        ),
        claim("A2", line("97530", -7050, -6025, adjustments=["CO*45*-10.25"]), status="22"),
    ],
    plb=[("WO:X", 500), ("L6:Y", -42)],
)
EXPECTED = SetSums(
    st_control_number="0001",
    payment=4000 - 6025 - 458,
    claims=2,
    charged=2950,
    paid=-2025,
    lines=3,
    line_charged=2950,
    line_paid=-2025,
    adjusted=1000 + 5000 - 1025,
    provider_adjusted=458,
)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"end": ""},
        {"end": "\r\n"},
        {"element": "|", "component": ">", "terminator": "'"},
        {"terminator": "\n", "end": ""},
    ],
)
def test_the_sums_of_one_set(options):
    assert list(set_sums([file_of(PAYMENT, **options)], declared_only)) == [EXPECTED]


@given(st.integers(1, 200))
def test_blocks_of_any_size(size):
    data = file_of(PAYMENT, PAYMENT)
    blocks = (data[at : at + size] for at in range(0, len(data), size))
    assert list(set_sums(blocks, next_interchange)) == [EXPECTED, EXPECTED]


def test_other_separators_in_a_second_interchange():
    data = file_of(PAYMENT) + b"\n" + file_of(PAYMENT, element="|", terminator="!", control=2)
    assert list(set_sums([data], declared_only)) == [EXPECTED, EXPECTED]


def test_text_before_the_interchange():
    data = b"Scenario 1: money ~ and data\r\n\r\n" + file_of(PAYMENT)
    assert list(set_sums([data], next_interchange)) == [EXPECTED]


def without_isa(element: str = "*", component: str = ":") -> bytes:
    """The set without its interchange."""
    data = file_of(PAYMENT, element=element, component=component)
    begin, end = f"ST{element}".encode(), f"GE{element}".encode()
    return data[data.index(begin) : data.index(end)]


@pytest.mark.parametrize("before", [b"", b">>>>>>1e9\n", b"a line of text\n"])
def test_text_before_a_set_without_an_interchange(before):
    assert list(set_sums([before + without_isa()], next_interchange)) == [EXPECTED]


@pytest.mark.parametrize("component", [":", "|", ">"])
def test_without_an_interchange_the_lines_tell_the_component_separator(component):
    data = without_isa(component=component)
    ((number, found),) = provider_adjustments([data], next_interchange)
    assert (number, set(found)) == ("0001", {("WO", "X", 500), ("L6", "Y", -42)})


def test_a_changed_amount_is_seen():
    data = file_of(PAYMENT).replace(b"CAS*CO*45*10~", b"CAS*CO*45*11~")
    (sums,) = set_sums([data], declared_only)
    assert sums.adjusted == EXPECTED.adjusted + 100


def test_other_transaction_sets_are_passed_over():
    assert list(set_sums([file_of(PAYMENT).replace(b"ST*835", b"ST*837")], next_interchange)) == []
    assert list(set_sums([b""], next_interchange)) == []


def read(data: bytes):
    """The sums and provider adjustments of each whole set as the reader's values give them."""
    for item in read_transactions([data]):
        if not isinstance(item, TransactionSet) or item.kind != "835":
            continue
        sums = SetSums(item.control_number)
        adjusted: Counter[tuple[str, str, int]] = Counter()
        for value in t835.read(item):
            if isinstance(value, RemittanceHeader):
                sums.payment = value.payment.amount
            elif isinstance(value, RemittanceTrailer):
                sums.claims, sums.lines = value.claims, value.lines
                sums.charged, sums.paid = value.charge_total, value.paid_total
                sums.provider_adjusted = sum(one.cents for one in value.provider_adjustments)
                adjusted.update(
                    (bare(one.reason), bare(one.identifier or ""), one.cents)
                    for one in value.provider_adjustments
                )
            elif isinstance(value, ClaimPayment):
                sums.line_charged += sum(one.charge for one in value.lines)
                sums.line_paid += sum(one.paid for one in value.lines)
                sums.adjusted += sum(one.cents for one in value.adjustments)
                sums.adjusted += sum(one.cents for own in value.lines for one in own.adjustments)
        yield sums, adjusted


def differing(data: bytes) -> bool:
    """Whether the second path says something else of a file than the reader."""
    first = list(read(data))
    adjusted = [found for _, found in provider_adjustments([data], next_interchange)]
    return list(set_sums([data], next_interchange)) != [sums for sums, _ in first] or adjusted != [
        found for _, found in first
    ]


def begun_within() -> bytes:
    """A file whose beginning is lost, with a line break and a NUL after each segment."""
    data = file_of(PAYMENT, element="+", terminator="\r\0", end="")
    return data[data.index(b"P+PAYER+") :]


def with_an_element_too_many() -> bytes:
    """The ISA's elements as long as their values, and one more: where ISA16 is awaited stands a letter."""
    head, _, rest = file_of(PAYMENT, end="").partition(b"GS*")
    return head.replace(b" ", b"").replace(b"*^*", b"***") + b"GS*" + rest


def merged_with_its_group() -> bytes:
    """Dozens of empty elements where the end of the ISA and the beginning of the GS stood."""
    data = file_of(PAYMENT, end="")
    return data[: data.index(b"^*00501")] + b"*" * 69 + data[data.index(b"1*X*005010") :]


DAMAGED = {
    "begun within": begun_within(),
    "other widths": file_of(PAYMENT, component="%").replace(b" ", b""),
    "an element too many": with_an_element_too_many(),
    "ISA16 is a tab": file_of(PAYMENT, component="\t"),
    "merged": merged_with_its_group(),
    "without ISA": without_isa("|", "&"),
    "a word before": b"x" + file_of(PAYMENT),
    "a terminator lost before the next": file_of(PAYMENT)[:-2] + b"\n" + file_of(PAYMENT, element="|"),
    "the next within a set": file_of(PAYMENT)[:500] + b"\n" + file_of(PAYMENT, element="|"),
    "an ISA in pieces": file_of(PAYMENT) + file_of(PAYMENT, element="|").replace(b"ISA", b"I\nS\r\nA"),
    "two BPR": file_of(PAYMENT).replace(b"TRN*", b"BPR*I*1~TRN*"),
    "a blank after SE": file_of(PAYMENT, PAYMENT).replace(b"*0001~\nST", b"*0001 ~\nSE ~\nST"),
    "many PLB amounts": file_of(PAYMENT).replace(b"L6:Y*", b"L6:Y*" + b"7*WO:Z*" * 9),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_that_the_reader_overcomes_is_no_difference(name):
    assert list(read(DAMAGED[name]))
    assert not differing(DAMAGED[name])


DAMAGES = st.tuples(
    st.integers(0, 249),
    st.integers(0, 12),
    st.sampled_from(
        [b"", b"*", b"~", b":", b"\n", b"\0", b"\t", b"ISA", b"ISA*00*", b"IEA*", b"ST*835*1~", b"A", b"\xe9"]
    ),
    st.booleans(),
)


@given(st.lists(DAMAGES, min_size=1, max_size=3), st.sampled_from(["\n", "", "\r\n"]))
def test_any_damage_to_the_heading_is_no_difference(damages, end):
    data = file_of(PAYMENT, PAYMENT, end=end)
    for place, size, instead, again in damages:
        cut = data[place : place + size]
        data = data[:place] + (cut + instead + cut if again else instead) + data[place + size :]
    assert not differing(data)


def test_what_an_isa_declares_is_not_asked_for():
    def never(data: bytes, offset: int, ended: bool) -> int:
        assert ended
        assert not data[offset:]
        return len(data)

    data = file_of(PAYMENT) + file_of(PAYMENT, element="|", component="\x1f", terminator="\n", end="")
    assert list(set_sums([b"\n\n", data], never)) == [EXPECTED, EXPECTED]


def test_a_segment_that_the_reader_loses_is_seen():
    data = file_of(PAYMENT)
    lost = data.replace(b"CLP*A2*", b"XXX*A2*")
    assert list(set_sums([data], next_interchange)) != [sums for sums, _ in read(lost)]


@pytest.mark.parametrize("size", [1, 7, 200])
@pytest.mark.parametrize("name", DAMAGED)
def test_blocks_of_any_size_of_damaged_files(name, size, monkeypatch):
    monkeypatch.setattr(second_path, "_BLOCK", 1)
    data = b"A line of text. \n" * 9 + DAMAGED[name]
    blocks = (data[at : at + size] for at in range(0, len(data), size))
    assert list(set_sums(blocks, next_interchange)) == list(set_sums([data], next_interchange))


def test_a_segment_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(second_path, "_BLOCK", 100)
    monkeypatch.setattr(second_path, "_LONGEST_SEGMENT", 5000)
    data = (
        file_of(PAYMENT)
        .replace(b"T0001", b"T" * 20_000)
        .replace(b"N1*PR*", b"PLB*1*20261231*WO:X*" + b"0" * 9999 + b"5~N1*PR*")
    )
    blocks = (data[at : at + 100] for at in range(0, len(data), 100))
    assert list(set_sums(blocks, next_interchange)) == [EXPECTED]


@pytest.mark.corpus
def test_the_corpus_adds_up_the_same_on_both_paths(corpus_dir):
    paths = sorted((corpus_dir / "835").iterdir())
    assert paths
    assert [path.name for path in paths if differing(path.read_bytes())] == []
