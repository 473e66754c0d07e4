"""Cases of the UNT rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import time

from edi.payers.profile import UnitsPolicy


def at(start, end, **more):
    return {"start_time": time(*start), "end_time": time(*end), "treating_id": "t1", **more}


CASES = {
    "UNT001": (
        lambda m: m.findings(m.draft(m.row(units="1.5"))),
        lambda m: m.findings(m.draft(m.row(units="2", minutes=30))),
    ),
    "UNT002": (
        lambda m: m.findings(m.draft(m.row(units="1", minutes=23))),
        lambda m: m.findings(m.draft(m.row(units="1", minutes=22))),
    ),
    "UNT003": (
        lambda m: m.findings(m.draft(m.row(units="2", minutes=22))),
        lambda m: m.findings(m.draft(m.row(units="2", minutes=23))),
    ),
    "UNT004": (
        lambda m: m.findings(m.draft(m.row("97110", "1", 30), m.row("97140", "2", 15))),
        lambda m: m.findings(m.draft(m.row("97110", "2", 30), m.row("97140", "1", 15))),
    ),
    "UNT005": (
        lambda m: m.findings(m.draft(m.row("97150", "2", 45))),
        lambda m: m.findings(m.draft(m.row("97150", "1", 45))),
    ),
    "UNT006": (
        lambda m: m.findings(m.draft(m.row(minutes=None))),
        lambda m: m.findings(m.draft(m.row(minutes=None, visit_timed_minutes=15))),
    ),
    "UNT007": (
        lambda m: m.findings(m.draft(m.row("97112", "2", 20), m.row("97110", "1", 20))),
        lambda m: m.findings(m.draft(m.row("97112", "2", 24), m.row("97110", "1", 16))),
    ),
    "UNT008": (
        lambda m: m.findings(
            m.draft(m.row(units="5", minutes=75)),
            payers=m.payers(units=UnitsPolicy(max_timed_units_per_day=4)),
        ),
        lambda m: m.findings(
            m.draft(m.row(units="4", minutes=60)),
            payers=m.payers(units=UnitsPolicy(max_timed_units_per_day=4)),
        ),
    ),
    "UNT009": (
        lambda m: m.findings(m.draft(m.row("97129", "1", 15), m.row("97130", "2", 22))),
        lambda m: m.findings(m.draft(m.row("97129", "1", 15), m.row("97130", "2", 23))),
    ),
    "UNT010": (
        lambda m: m.findings(m.draft(m.row("98979"), m.row("98980"))),
        lambda m: m.findings(m.draft(m.row("98980"), m.row("98981"))),
    ),
    "UNT011": (
        lambda m: m.findings(
            m.draft(
                m.row("97150", minutes=30, session=at((9, 0), (9, 30))),
                m.row("97110", minutes=15, session=at((9, 20), (9, 35))),
            )
        ),
        lambda m: m.findings(
            m.draft(
                m.row("97150", minutes=30, session=at((9, 0), (9, 30))),
                m.row("97110", minutes=15, session=at((9, 30), (9, 45))),
            )
        ),
    ),
    "UNT012": (
        lambda m: m.findings(
            m.draft(m.row(session=at((9, 0), (9, 20)))),
            m.draft(
                m.row(visit="V2", session=at((9, 0), (9, 20), patient_id="pat2")),
                draft_patient=m.other_patient(),
            ),
        ),
        lambda m: m.findings(
            m.draft(m.row(session=at((9, 0), (9, 30)))),
            m.draft(
                m.row(visit="V2", session=at((9, 0), (9, 30), patient_id="pat2")),
                draft_patient=m.other_patient(),
            ),
        ),
    ),
    "UNT013": (
        lambda m: m.findings(m.draft(m.row("97110", "2", 30, visit_timed_minutes=25))),
        lambda m: m.findings(m.draft(m.row("97110", "2", 30, visit_timed_minutes=30))),
    ),
    "UNT014": (
        lambda m: m.findings(m.draft(m.row("97150", session={"group_size": 1}))),
        lambda m: m.findings(m.draft(m.row("97150", session={"group_size": 2}))),
    ),
}
