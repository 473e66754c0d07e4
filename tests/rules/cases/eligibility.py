"""Cases of the ELG rules: (claims that fail, claims that pass and nearly do not). The day of service is 2024-08-01."""

from __future__ import annotations

from datetime import date

from edi.model.confirmation import Confirmation, OtherCoverage

ASKED = date(2024, 8, 1)
ANSWERED = date(2024, 7, 30)


def said(m, payer="medicare", coverage=None, **answer):
    """Findings on a claim whose coverage has this answer; ``rows`` are its lines."""
    rows = answer.pop("rows", ())
    given = {"confirmed_on": ANSWERED, "asked_from": ASKED, "asked_to": ASKED, "status": "active", **answer}
    covered = m.coverage(payer=payer, confirmation=Confirmation(**given), **(coverage or {}))
    found = m.findings(m.draft(*rows, payer=payer, draft_coverage=covered))
    return [one for one in found if one.code.startswith("ELG")]


def other(m, day=None, **changes):
    """Findings when the payer names another one."""
    return said(m, other_coverages=(OtherCoverage(name="OTHER", **changes),))


CASES = {
    "ELG001": (
        lambda m: (
            said(m, status="inactive")
            and said(m, status="inactive", coverage_to=date(2019, 12, 31))
            and said(m, status="inactive", coverage_from=ASKED, rows=(m.row(), m.row()))
        ),
        lambda m: (
            said(m)
            + said(m, status="inactive", asked_from=date(2024, 8, 2))
            + said(m, status="inactive", coverage_to=ASKED)
            + said(m, status="inactive", coverage={"coverage_to": date(2024, 7, 31)})
            + said(m, status="inactive", coverage_from=date(2024, 8, 2))
            + said(m, status="rejected")
            + m.findings(m.draft())
        ),
    ),
    "ELG002": (
        lambda m: said(m, status="inactive", coverage_from=date(2024, 8, 2)),
        lambda m: (
            said(m, coverage_from=date(2024, 8, 2))
            + said(m, status="inactive", coverage_from=ASKED)
            + said(m, status="inactive")
        ),
    ),
    "ELG003": (
        lambda m: said(m, status="not_found", rejections=(("75", "C"),)),
        lambda m: said(m, status="rejected", rejections=(("42", "R"),)) + said(m, status="unknown"),
    ),
    "ELG004": (
        lambda m: (
            other(m, role="PRP")
            and other(m, insurance_type="14")
            and other(m, role="PRP", date_to=ASKED)
            and said(
                m,
                payer="medicaid",
                other_coverages=(OtherCoverage(name="OTHER", role="PRP", insurance_type="HM"),),
            )
        ),
        lambda m: (
            other(m, role="SEP")
            + other(m, role="PRP", date_from=date(2024, 8, 2))
            + other(m, role="PRP", date_to=date(2024, 7, 31))
            + other(m, role="PRP", service_types=("88",))
            + other(m, role="PRP", insurance_type="HN")
            + said(m, coverage={"rank": 2}, other_coverages=(OtherCoverage(name="OTHER", role="PRP"),))
        ),
    ),
    "ELG005": (
        lambda m: (
            said(m, visits_left=(("AE", 0), ("PT", 5)))
            and said(m, visits_left=(("PT", 1),), rows=(m.row(), m.row(day=date(2024, 8, 2))))
        ),
        lambda m: (
            said(m, visits_left=(("PT", 1),))
            + said(m, visits_left=(("AD", 0),))
            + said(m, visits_left=(("PT", 0),), confirmed_on=date(2024, 8, 2))
            + said(m, visits_left=(("PT", 1),), rows=(m.row(), m.row("97140")))
        ),
    ),
    "ELG006": (
        lambda m: other(m, role="PRP", insurance_type="HN"),
        lambda m: (
            other(m, role="PRP", insurance_type="OT")
            + other(m, insurance_type="HN", date_to=date(2024, 7, 31))
            + said(m, payer="commercial", other_coverages=(OtherCoverage(name="OTHER", insurance_type="HN"),))
        ),
    ),
}
