"""The second path adds up the same sums as the reader, on the corpus and on every wrapping, and sees a changed byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from edi.transactions import t835
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store.second_path import SetSums, provider_adjustments, set_sums
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
    assert list(set_sums([file_of(PAYMENT, **options)])) == [EXPECTED]


@given(st.integers(1, 200))
def test_blocks_of_any_size(size):
    data = file_of(PAYMENT, PAYMENT)
    assert list(set_sums(data[at : at + size] for at in range(0, len(data), size))) == [EXPECTED, EXPECTED]


def test_other_separators_in_a_second_interchange():
    data = file_of(PAYMENT) + b"\n" + file_of(PAYMENT, element="|", terminator="!", control=2)
    assert list(set_sums([data])) == [EXPECTED, EXPECTED]


def test_text_before_the_interchange():
    assert list(set_sums([b"Scenario 1: money ~ and data\r\n\r\n" + file_of(PAYMENT)])) == [EXPECTED]


def bare(element: str = "*", component: str = ":") -> bytes:
    """The set without its interchange."""
    data = file_of(PAYMENT, element=element, component=component)
    begin, end = f"ST{element}".encode(), f"GE{element}".encode()
    return data[data.index(begin) : data.index(end)]


@pytest.mark.parametrize("before", [b"", b">>>>>>1e9\n", b"a line of text\n"])
def test_text_before_a_set_without_an_interchange(before):
    assert list(set_sums([before + bare()])) == [EXPECTED]


@pytest.mark.parametrize("component", [":", "|", ">"])
def test_without_an_interchange_the_lines_tell_the_component_separator(component):
    data = bare(component=component)
    ((number, found),) = provider_adjustments([data])
    assert (number, set(found)) == ("0001", {("WO", "X", 500), ("L6", "Y", -42)})


def test_a_changed_amount_is_seen():
    data = file_of(PAYMENT).replace(b"CAS*CO*45*10~", b"CAS*CO*45*11~")
    (sums,) = set_sums([data])
    assert sums.adjusted == EXPECTED.adjusted + 100


def test_other_transaction_sets_are_passed_over():
    assert list(set_sums([file_of(PAYMENT).replace(b"ST*835", b"ST*837")])) == []
    assert list(set_sums([b""])) == []


def read(path):
    """The sums as the reader's values give them."""
    with path.open("rb") as source:
        for item in read_transactions([source.read()]):
            if not isinstance(item, TransactionSet) or item.kind != "835":
                continue
            sums = SetSums(item.control_number)
            for value in t835.read(item):
                if isinstance(value, RemittanceHeader):
                    sums.payment = value.payment.amount
                elif isinstance(value, RemittanceTrailer):
                    sums.claims, sums.lines = value.claims, value.lines
                    sums.charged, sums.paid = value.charge_total, value.paid_total
                    sums.provider_adjusted = sum(one.cents for one in value.provider_adjustments)
                elif isinstance(value, ClaimPayment):
                    sums.line_charged += sum(one.charge for one in value.lines)
                    sums.line_paid += sum(one.paid for one in value.lines)
                    sums.adjusted += sum(one.cents for one in value.adjustments)
                    sums.adjusted += sum(one.cents for own in value.lines for one in own.adjustments)
            yield sums


@pytest.mark.corpus
def test_the_corpus_adds_up_the_same_on_both_paths(corpus_dir):
    paths = sorted((corpus_dir / "835").iterdir())
    assert paths
    differing = [path.name for path in paths if list(read(path)) != list(set_sums([path.read_bytes()]))]
    assert differing == []
