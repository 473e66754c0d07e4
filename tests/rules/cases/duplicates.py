"""Cases of the DUP rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date, time

from edi.model.session import BilledSession

MORNING, NOON = (time(9), time(9, 15)), (time(12), time(12, 15))


def _twice(m, *rows, times=(), **changes):
    """A claim of these rows, whose sessions have these times."""
    draft = m.draft(*rows, **changes)
    sessions = tuple(
        m.replace(one, start_time=times[place][0], end_time=times[place][1]) if times else one
        for place, one in enumerate(draft.sessions)
    )
    return m.findings(m.replace(draft, sessions=sessions))


def _two_claims(m, **changes):
    first = m.draft(m.row())
    second = m.draft(m.row(visit="V2"), **changes)
    return m.findings(first, second)


def _again(m, status="settled", **changes):
    return m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97140", status=status, **changes),))


def _known(m, then, now):
    """The row billed before stands in this input as well, unchanged, with its time."""
    draft = m.draft(m.row("97140"))
    (session,) = draft.sessions
    before = BilledSession(
        line=m.replace(session, line_id="V0-1", start_time=then[0], end_time=then[1]), units=1
    )
    sessions = (m.replace(session, start_time=now[0], end_time=now[1]),)
    return m.findings(m.replace(draft, sessions=sessions, earlier=(before,)), earlier=(m.earlier("97140"),))


def _by(m, npi):
    return {"rendering": m.provider(npi)}


CASES = {
    "DUP001": (
        lambda m: m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110"),)),
        lambda m: (
            m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110", payer="commercial"),))
            + m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110", modifiers=("GO",)),))
            + m.findings(m.draft(m.row("97140", day=date(2024, 8, 2))), earlier=(m.earlier("97110"),))
        ),
    ),
    "DUP002": (
        lambda m: (
            _twice(m, m.row(), m.row())
            + _twice(m, m.row(), m.row(), times=(MORNING, MORNING))
            + _two_claims(m)
        ),
        lambda m: (
            _twice(m, m.row(), m.row(), times=(MORNING, NOON))
            + _twice(m, m.row(), m.row(modifiers=("GP", "76")))
            + _twice(m, m.row(), m.row(units="2"))
            + _twice(m, m.row(), m.row("97140"))
            + _twice(m, m.row(), m.row(day=date(2024, 8, 2)))
            + _twice(m, m.row(), m.row(line=_by(m, "1993999998")))
            + _two_claims(m, discipline="OT")
        ),
    ),
    "DUP003": (
        lambda m: (
            _twice(m, m.row(), m.row(units="2"))
            + _twice(m, m.row(), m.row(modifiers=("GP", "59")))
            + _twice(m, m.row(), m.row(line=_by(m, "1993999998")), times=(MORNING, MORNING))
        ),
        lambda m: (
            _twice(m, m.row(), m.row())
            + _twice(m, m.row(), m.row(units="2"), times=(MORNING, NOON))
            + _twice(m, m.row(), m.row(line=_by(m, "1993999998")))
        ),
    ),
    "DUP004": (
        lambda m: _again(m) + _again(m, "denied") + _again(m, "submitted") + _known(m, MORNING, MORNING),
        lambda m: (
            _again(m, "rejected")
            + _again(m, units="2")
            + _again(m, charge=60_00)
            + _again(m, modifiers=("GP", "59"))
            + _known(m, MORNING, NOON)
            + m.findings(m.draft(m.row("97140", modifiers=("GP", "76"))), earlier=(m.earlier("97140"),))
            + m.findings(
                m.draft(m.row("97140"), frequency="7", original_reference="1", patient_control_number="A1"),
                earlier=(m.earlier("97140"),),
            )
        ),
    ),
    "DUP005": (
        lambda m: (
            _twice(m, m.row(modifiers=("GP", "76")))
            + _twice(m, m.row(), m.row(modifiers=("GP", "77")))
            + _twice(m, m.row(), m.row(modifiers=("GP", "76"), line=_by(m, "1993999998")))
        ),
        lambda m: (
            _twice(m, m.row(), m.row(modifiers=("GP", "76")))
            + _twice(m, m.row(), m.row(modifiers=("GP", "77"), line=_by(m, "1993999998")))
            + m.findings(m.draft(m.row("97140", modifiers=("GP", "76"))), earlier=(m.earlier("97140"),))
        ),
    ),
}
