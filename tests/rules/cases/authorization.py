"""Cases of the AUT rules: (claims that fail, claims that pass and nearly do not). The payer is ``workers_comp``."""

from __future__ import annotations

from datetime import date

from edi.model.records import Records
from edi.payers.profile import AuthorizationPolicy

NUMBER = "WC100"


def _claim(m, *rows, **changes):
    return m.draft(*rows, payer="workers_comp", **changes)


def _judged(m, *drafts, policy=None, earlier=(), today=None, **authorization):
    """The findings on claims whose patient has one authorization, changed as named."""
    payers = m.payers()
    if policy is not None:
        payers["workers_comp"] = m.replace(payers["workers_comp"], authorization=policy)
    records = Records(authorizations=(m.authorization(**authorization),))
    return m.findings(*drafts, payers=payers, records=records, earlier=earlier, today=today or m.today)


def _on(m, *days, code="97110", **changes):
    return _claim(m, *(m.row(code, day=date(2024, 8, day), visit=f"V{day}") for day in days), **changes)


def _billed(m, *days, **changes):
    """Lines of earlier claims under the authorization."""
    given = {"payer": "workers_comp", "authorization": NUMBER, **changes}
    return tuple(m.earlier("97110", **{**given, "date_of_service": date(2024, 7, day)}) for day in days)


def _from_visit(m, visit, *earlier):
    return _judged(
        m,
        _claim(m, authorization=""),
        policy=AuthorizationPolicy(required_for=("97110",), from_visit=visit),
        earlier=earlier,
    )


def _other(m):
    return _judged(
        m, _claim(m, m.row("97140"), authorization=""), policy=AuthorizationPolicy(required_for=("97110",))
    )


def _named(m, code):
    """The session itself names the authorization, at a payer that asks for none."""
    draft = _claim(m, m.row(code))
    sessions = tuple(m.replace(one, prior_authorization=NUMBER) for one in draft.sessions)
    return _judged(m, m.replace(draft, sessions=sessions), policy=AuthorizationPolicy(), codes=("97110",))


CASES = {
    "AUT001": (
        lambda m: (
            _judged(m, _claim(m, authorization="")) + _from_visit(m, 3, *_billed(m, 2, 3)) + _from_visit(m, 1)
        ),
        lambda m: (
            _judged(m, _claim(m))
            + _judged(m, _claim(m, m.row(line={"authorization": NUMBER}), authorization=""))
            + _from_visit(m, 3, *_billed(m, 2, 2))
            + _other(m)
            + m.findings(m.draft(payer="commercial"))
        ),
    ),
    "AUT002": (
        lambda m: _judged(m, _claim(m, authorization="WC101")),
        lambda m: _judged(m, _claim(m)) + m.findings(_claim(m, authorization="WC101"), records=Records()),
    ),
    "AUT003": (
        lambda m: _judged(m, _claim(m), patient_id="pat2") + _judged(m, _claim(m), payer="commercial"),
        lambda m: _judged(m, _claim(m)) + _judged(m, _claim(m), practice_id="p2", patient_id="pat2"),
    ),
    "AUT004": (
        lambda m: _judged(m, _claim(m), codes=("97112", "97140")) + _named(m, "97140"),
        lambda m: (
            _judged(m, _claim(m), codes=("97110",))
            + _named(m, "97110")
            + _judged(m, _claim(m, m.row("97140")), codes=("97110",), policy=AuthorizationPolicy())
        ),
    ),
    "AUT005": (
        lambda m: (
            _judged(m, _claim(m), valid_to=date(2024, 7, 31))
            + _judged(m, _claim(m), valid_from=date(2024, 8, 2))
        ),
        lambda m: _judged(m, _claim(m), valid_from=m.day, valid_to=m.day),
    ),
    "AUT006": (
        lambda m: (
            _judged(m, _on(m, 1), visits=3, visits_used_elsewhere=1, earlier=_billed(m, 8, 9))
            + _judged(m, _on(m, 1, 5, 8), visits=2)
            + _judged(m, _on(m, 1), _on(m, 5), visits=1)
        ),
        lambda m: (
            _judged(m, _on(m, 1), visits=3, visits_used_elsewhere=1, earlier=_billed(m, 8, 8))
            + _judged(m, _on(m, 1, 1, 5), visits=2)
            + _judged(m, _on(m, 1), visits=1, earlier=_billed(m, 8, authorization=""))
            + _judged(m, _on(m, 1), visits=1, earlier=_billed(m, 8), valid_from=date(2024, 7, 9))
            + _judged(m, _on(m, 1), visits=1, earlier=_billed(m, 8, later_payer=True))
            + _judged(m, _on(m, 1))
        ),
    ),
    "AUT007": (
        lambda m: (
            _judged(m, _claim(m, m.row(units="4")), units=3)
            + _judged(m, _claim(m, m.row(units="2")), units=3, earlier=_billed(m, 8, units="2"))
        ),
        lambda m: (
            _judged(m, _claim(m, m.row(units="4")), units=4)
            + _judged(
                m,
                _claim(m, m.row(units="2"), m.row("97140")),
                units=2,
                codes=("97110",),
                policy=AuthorizationPolicy(),
            )
        ),
    ),
    "AUT008": (
        lambda m: _judged(m, _claim(m), status="Pending"),
        lambda m: _judged(m, _claim(m), status="Approved"),
    ),
    "AUT009": (
        lambda m: _judged(m, _on(m, 1), visits=3) + _judged(m, _claim(m), valid_to=date(2024, 8, 29)),
        lambda m: (
            _judged(m, _on(m, 1), visits=4)
            + _judged(m, _on(m, 1, 5), visits=1)
            + _judged(m, _claim(m), valid_to=date(2024, 8, 30))
            + _judged(m, _claim(m), valid_to=date(2024, 8, 14))
        ),
    ),
    "AUT010": (
        lambda m: m.findings(_claim(m), records=Records()),
        lambda m: m.findings(_claim(m)) + m.findings(m.draft(), records=Records()),
    ),
    "AUT011": (
        lambda m: _judged(m, _claim(m), policy=AuthorizationPolicy(referral=True)),
        lambda m: _judged(m, _claim(m, referral_number="R1"), policy=AuthorizationPolicy(referral=True)),
    ),
}
