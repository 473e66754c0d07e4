"""Cases of the REQ rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

from edi.model.claim import Address, Patient, Person


def _without_payer_id(m):
    draft = m.draft()
    return m.replace(draft, claim=m.replace(draft.claim, payer=m.replace(draft.claim.payer, id="")))


def _lines(m, count, most=50):
    """A claim of so many lines to a payer that takes so many."""
    claim = m.draft()
    lines = claim.claim.lines * count
    draft = m.replace(claim, claim=m.replace(claim.claim, lines=lines))
    payers = m.payers(claim=m.replace(m.payers()["medicare"].claim, max_lines=most))
    return m.findings(draft, payers=payers)


CASES = {
    "REQ001": (
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(person=m.person(address=Address(line_1="X", city="Y", state="MA")))
            )
        ),
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(person=m.person(address=Address(line_1="X", city="Y", country="FR")))
            )
        ),
    ),
    "REQ002": (
        lambda m: m.findings(m.draft(subscriber=m.subscriber(person=m.person(birth_date=None)))),
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(is_patient=False, person=Person(last_name="DOE")),
                patient=Patient(relationship="19", person=m.person()),
            )
        ),
    ),
    "REQ003": (
        lambda m: m.findings(m.draft(subscriber=m.subscriber(member_id=" "))),
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(member_id="", organization="ACME"),
                patient=Patient(relationship="20", person=m.person()),
            )
        ),
    ),
    "REQ004": (
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(person=Person()),
                patient=Patient(relationship="19", person=m.person()),
            )
        ),
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(person=Person(last_name="DOE")),
                patient=Patient(relationship="19", person=m.person()),
            )
        ),
    ),
    "REQ005": (
        lambda m: m.findings(
            m.draft(billing=m.billing(address=Address(line_1="1 A", city="B", state="MA", zip="02139")))
        ),
        lambda m: m.findings(
            m.draft(
                billing=m.billing(address=Address(line_1="1 BOXWOOD", city="B", state="MA", zip="021390001"))
            )
        ),
    ),
    "REQ006": (
        lambda m: m.findings(m.draft(billing=m.billing(tax_id="12-345678"))),
        lambda m: m.findings(m.draft(billing=m.billing(tax_id="123456789"))),
    ),
    "REQ007": (
        lambda m: m.findings(_without_payer_id(m)),
        lambda m: m.findings(m.draft()),
    ),
    "REQ008": (
        lambda m: _lines(m, 51, most=60) + _lines(m, 0),
        lambda m: _lines(m, 50, most=60) + _lines(m, 51),
    ),
    "REQ009": (
        lambda m: m.findings(m.draft(referring=None)),
        lambda m: m.findings(m.draft(referring=None, discipline="DC")),
    ),
    "REQ010": (
        lambda m: m.findings(m.draft(accident_causes=("AA",), dates=(("439", date(2024, 7, 1)),))),
        lambda m: m.findings(m.draft(accident_causes=("EM",), dates=(("439", date(2024, 7, 1)),))),
    ),
    "REQ011": (
        lambda m: m.findings(m.draft(frequency="7")),
        lambda m: m.findings(m.draft(frequency="7", original_reference="123")),
    ),
}
