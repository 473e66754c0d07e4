"""Where a readable remittance comes from: an 835 file, touching no store, or the payments of a claim in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cli.jobs.eob.content import Part, PartNote, parts_of
from cli.jobs.x12_show_835 import judged
from edi.codes.lookup import Tables
from edi.model.errors import InputError
from edi.model.finding import Finding
from edi.model.remittance import (
    ClaimPayment,
    Payee,
    Payment,
    RemittanceHeader,
    RemittancePayer,
    RemittanceTrailer,
)
from edi.x12.envelope import read_transactions
from reconcile.store import Store
from reconcile.store.claim_remittances import ClaimRemittance, claim_remittances


def of_file(
    chunks: Iterable[bytes], file: str, tables: Tables, *, show_phi: bool, only: str = ""
) -> Iterator[Part | Finding]:
    """Lay out every 835 of a file as it is read.

    Args:
        chunks: its bytes.
        file: its name, for findings.
        tables: what the codes mean.
        show_phi: names and member ids in full.
        only: the claims of this patient control number; "" for all.

    Raises:
        InputError: there is no 835 in it.
    """
    found = False
    for item in read_transactions(chunks, file=file):
        if isinstance(item, Finding):
            yield item
            yield PartNote(item.message)
        elif item.kind == "835":
            found = True
            yield from parts_of(judged(item), tables, show_phi=show_phi, only=only)
    if not found:
        raise InputError(f"{file}: there is no 835 in it; x12 show tells what it is")


def of_claim(store: Store, name: str, tables: Tables, *, show_phi: bool) -> list[Part | Finding]:
    """Lay out the payments of a claim that the store holds, in the order of their days.

    Args:
        store: open.
        name: patient control number in any spelling, or claim id.
        tables: what the codes mean.
        show_phi: names and member ids in full.

    Raises:
        InputError: no such file, and no claim of that name, or nothing came for it yet.
    """
    with store.read() as connection:
        found = claim_remittances(connection, name)
    if not found:
        raise InputError(f"{name}: no such file, and no claim of that name that a payer has answered")
    parts: list[Part | Finding] = []
    for one in found:
        parts += parts_of(_values(one), tables, show_phi=show_phi, source=one.source)
        if one.outcome != "posted":
            parts.append(PartNote(f"not posted: {one.outcome}, {one.detail or one.reason}"))
    return parts


def _values(one: ClaimRemittance) -> Iterator[RemittanceHeader | ClaimPayment | RemittanceTrailer]:
    """A stored claim payment as a reader would yield it, with the payment around it."""
    yield RemittanceHeader(
        st_control_number="",
        payment=Payment(
            amount=one.amount, method=one.method, date=one.payment_date, trace_number=one.trace_number
        ),
        payer=RemittancePayer(name=one.payer_name, id=one.payer_id),
        payee=Payee(npi=one.payee_npi),
    )
    yield one.claim
