"""Cases of the COV rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date, timedelta

from edi.model.records import Case
from edi.payers.profile import CoveragePolicy

MBI = "1EG4TE5MK73"


def _covered(m, **changes):
    """The good claim under a changed coverage."""
    return m.draft(draft_coverage=m.coverage(**changes))


def _with_others(m, *others, payer="medicare", rank="P", own=1, **patient):
    """A claim to a payer, for a patient who has other coverages too."""
    mine = m.coverage(rank=own, payer=payer, last_verified=m.day)
    return m.draft(
        payer=payer,
        draft_coverage=mine,
        draft_other_coverages=tuple(one for one in others if one.rank > own),
        draft_patient=m.patient(coverages=(mine, *others), **patient),
        subscriber=m.subscriber(rank=rank, member_id=MBI if payer == "medicare" else "ABC1"),
    )


def _payers(m):
    payers = m.payers()
    advantage = m.replace(payers["commercial"], key="advantage", kind="medicare_advantage")
    auto = m.replace(payers["commercial"], key="auto", kind="auto")
    return {**payers, "advantage": advantage, "auto": auto}


def accident_claim(m, kind, *others, payer="commercial"):
    draft = _with_others(m, *others, payer=payer)
    case = Case(case_id="c", patient_id="pat1", accident_type=kind)
    return m.findings(m.replace(draft, case=case), payers=_payers(m))


def _id(m, number, payer="commercial", **changes):
    return m.findings(
        m.draft(payer=payer, subscriber=m.subscriber(member_id=number, **changes)), payers=_payers(m)
    )


def _shaped(m, number):
    payers = m.payers()
    payers["commercial"] = m.replace(
        payers["commercial"], coverage=CoveragePolicy(member_id="[A-Z]{3}[0-9]{9}")
    )
    return m.findings(
        m.draft(payer="commercial", subscriber=m.subscriber(member_id=number)), payers=payers, code="COV013"
    )


def _paid_by_qmb(m, cents, **patient):
    draft = _with_others(m, **patient)
    sessions = tuple(m.replace(one, patient_paid=cents) for one in draft.sessions)
    return m.findings(m.replace(draft, sessions=sessions))


CASES = {
    "COV001": (
        lambda m: m.findings(_covered(m, coverage_from=date(2024, 8, 2))),
        lambda m: m.findings(_covered(m, coverage_from=date(2024, 8, 1))),
    ),
    "COV002": (
        lambda m: m.findings(_covered(m, coverage_to=date(2024, 7, 31))),
        lambda m: m.findings(_covered(m, coverage_to=date(2024, 8, 1))),
    ),
    "COV003": (
        lambda m: m.findings(m.draft(draft_patient=m.patient(death_date=date(2024, 7, 31)))),
        lambda m: m.findings(m.draft(draft_patient=m.patient(death_date=date(2024, 8, 1)))),
    ),
    "COV004": (
        lambda m: m.findings(_with_others(m, m.coverage(rank=1, payer="commercial"), own=2)),
        lambda m: (
            m.findings(_with_others(m, m.coverage(rank=1, payer="commercial"), own=2, rank="S"))
            + m.findings(_with_others(m, m.coverage(rank=2, payer="commercial")))
            + m.findings(
                _with_others(m, m.coverage(rank=1, payer="commercial", coverage_to=date(2024, 7, 31)), own=2)
            )
        ),
    ),
    "COV005": (
        lambda m: m.findings(_with_others(m, m.coverage(rank=2, payer="medicare"), payer="commercial")),
        lambda m: (
            m.findings(
                _with_others(m, m.coverage(rank=2, payer="medicare", msp_type="12"), payer="commercial")
            )
            + m.findings(_with_others(m, m.coverage(rank=2, payer="commercial")))
        ),
    ),
    "COV006": (
        lambda m: [one for one in accident_claim(m, "work") if one.severity == "warning"],
        lambda m: (
            accident_claim(m, "auto")
            + accident_claim(m, "other")
            + accident_claim(m, "work", payer="auto")
            + m.findings(m.draft(payer="workers_comp", accident_causes=("EM",)))
        ),
    ),
    "COV007": (
        lambda m: [one for one in accident_claim(m, "auto") if one.severity == "warning"],
        lambda m: accident_claim(m, "work") + accident_claim(m, "auto", payer="auto"),
    ),
    "COV008": (
        lambda m: m.findings(_with_others(m, m.coverage(rank=2, payer="commercial"), payer="medicaid")),
        lambda m: (
            m.findings(_with_others(m, m.coverage(rank=2, payer="medicaid"), payer="commercial"))
            + m.findings(
                _with_others(
                    m,
                    m.coverage(rank=2, payer="commercial", coverage_from=date(2024, 8, 2)),
                    payer="medicaid",
                )
            )
        ),
    ),
    "COV009": (
        lambda m: m.findings(_with_others(m, m.coverage(rank=2, payer="advantage")), payers=_payers(m)),
        lambda m: m.findings(
            _with_others(m, m.coverage(rank=2, payer="advantage", coverage_to=date(2024, 7, 31))),
            payers=_payers(m),
        ),
    ),
    "COV010": (
        lambda m: _id(m, "123456789A", "medicare") + _id(m, "1EG4-TE5-MK73", "medicare"),
        lambda m: _id(m, MBI, "medicare") + _id(m, "123456789A"),
    ),
    "COV011": (
        lambda m: _id(m, MBI) + _id(m, MBI, "advantage"),
        lambda m: _id(m, MBI, "medicare") + _id(m, "1SG4TE5MK73"),
    ),
    "COV012": (
        lambda m: _id(m, "000000000") + _id(m, "unknown") + _id(m, "1.23E+09"),
        lambda m: _id(m, "000000001") + _id(m, "123E45") + _id(m, "", organization="ACME"),
    ),
    "COV013": (lambda m: _shaped(m, "AB1234567890"), lambda m: _shaped(m, "abc123456789")),
    "COV014": (
        lambda m: m.findings(_covered(m, last_verified=m.day - timedelta(days=31))),
        lambda m: m.findings(_covered(m, last_verified=m.day - timedelta(days=30))),
    ),
    "COV015": (
        lambda m: m.findings(_covered(m)),
        lambda m: m.findings(_covered(m, last_verified=m.day - timedelta(days=100))),
    ),
    "COV016": (
        lambda m: m.findings(_covered(m, relationship="spouse")),
        lambda m: m.findings(m.draft(payer="commercial", draft_coverage=m.coverage(relationship="spouse"))),
    ),
    "COV017": (
        lambda m: (
            m.findings(_covered(m, subscriber=m.person(birth_date=date(1961, 1, 1))))
            + m.findings(m.draft(payer="commercial", draft_coverage=m.coverage(relationship="employee")))
        ),
        lambda m: (
            m.findings(_covered(m, subscriber=m.person()))
            + m.findings(m.draft(payer="medicaid", draft_coverage=m.coverage(relationship="child")))
            + m.findings(m.draft(payer="workers_comp", draft_coverage=m.coverage(relationship="employee")))
        ),
    ),
    "COV018": (
        lambda m: _paid_by_qmb(m, 20_00, qmb=True),
        lambda m: _paid_by_qmb(m, 0, qmb=True) + _paid_by_qmb(m, 20_00, qmb=False),
    ),
    "COV019": (
        lambda m: m.findings(_with_others(m, qmb=True)),
        lambda m: m.findings(_with_others(m, m.coverage(rank=2, payer="medicaid"), qmb=True)),
    ),
}
