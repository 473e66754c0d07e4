"""Cases of the PRO rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

from edi.model.claim import Address
from edi.model.directory import License
from edi.payers.profile import ProvidersPolicy

RENDERING, OTHER, BILLING = "1558598797", "1993999998", "1234567893"
MAINE = Address(line_1="1 A", city="B", state="ME", zip="041010001")


def _licensed(m, *licences, **changes):
    return m.findings(m.draft(**changes), clinicians=(m.clinician(licenses=licences),))


def _licence(state="MA", first=None, last=None):
    return License(state=state, number="1", valid_from=first, valid_to=last)


def _site(m, address):
    return m.provider("", is_person=False, last_name="SITE", address=address)


def _asked(m, **policy):
    return m.payers(providers=ProvidersPolicy(referring_required=True, **policy))


def _rendering(m, **changes):
    return m.draft(rendering=m.provider(RENDERING, **changes))


def _assistant(m, *drafts, **policy):
    assistant = m.clinician(id="t2", npi="", credential="PTA")
    therapist = m.clinician(credential="PT")
    return m.findings(*drafts, clinicians=(assistant, therapist), payers=_asked(m, **policy))


def _treated_by(m, draft, **session):
    return m.replace(draft, sessions=tuple(m.replace(one, **session) for one in draft.sessions))


def _assistant_with_npi(m, draft, **policy):
    assistant = m.clinician(id="t2", npi=OTHER, credential="PTA")
    return m.findings(
        _treated_by(m, draft, treating_npi=OTHER),
        clinicians=(assistant, m.clinician()),
        payers=_asked(m, **policy),
    )


CASES = {
    "PRO001": (
        lambda m: (
            _licensed(m, _licence(last=date(2024, 7, 31)))
            + _licensed(m, _licence(first=date(2024, 8, 2)), _licence("ME"))
        ),
        lambda m: (
            _licensed(m, _licence(first=m.day, last=m.day))
            + _licensed(m, _licence(last=date(2024, 7, 31)), _licence(first=m.day))
            + _licensed(m, _licence("ME"), _licence("MA", last=date(2024, 7, 31)), facility=_site(m, MAINE))
            + _licensed(m)
        ),
    ),
    "PRO002": (
        lambda m: (
            _licensed(m, _licence("ME"))
            + _licensed(m, _licence(), facility=_site(m, MAINE))
            + _licensed(
                m,
                _licence(),
                place_of_service="10",
                subscriber=m.subscriber(person=m.person(address=MAINE)),
            )
        ),
        lambda m: _licensed(m, _licence("ma")) + _licensed(m, _licence(last=date(2024, 7, 31))),
    ),
    "PRO003": (
        lambda m: _licensed(m),
        lambda m: _licensed(m, _licence(last=date(2020, 1, 1))) + m.findings(m.draft(), clinicians=()),
    ),
    "PRO004": (
        lambda m: m.findings(m.draft(), payers=_asked(m, taxonomy_required=True)),
        lambda m: (
            m.findings(m.draft())
            + m.findings(
                m.draft(
                    billing=m.billing(taxonomy="261QP2000X"),
                    rendering=m.provider(RENDERING, taxonomy="225100000X"),
                ),
                payers=_asked(m, taxonomy_required=True),
            )
        ),
    ),
    "PRO005": (
        lambda m: (
            m.findings(_rendering(m, taxonomy="2251000X"))
            + m.findings(m.draft(billing=m.billing(taxonomy="261QP20000")))
        ),
        lambda m: m.findings(_rendering(m, taxonomy="2251X0800X")),
    ),
    "PRO006": (
        lambda m: (
            m.findings(_rendering(m, taxonomy="225X00000X"))
            + m.findings(_rendering(m, taxonomy="111N00000X"))
        ),
        lambda m: (
            m.findings(_rendering(m, taxonomy="2251X0800X"))
            + m.findings(_rendering(m, taxonomy="208100000X"))
            + m.findings(m.draft(discipline="MD", rendering=m.provider(RENDERING, taxonomy="225X00000X")))
        ),
    ),
    "PRO007": (
        lambda m: (
            m.findings(_rendering(m, taxonomy="225200000X"))
            + m.findings(m.draft(), clinicians=(m.clinician(credential="pta"),))
        ),
        lambda m: (
            m.findings(_rendering(m, taxonomy="225100000X"))
            + m.findings(_rendering(m, taxonomy="225200000X"), payers=_asked(m, assistant_may_render=True))
            + _assistant(m, _treated_by(m, m.draft(), treating_id="t2"))
        ),
    ),
    "PRO008": (
        lambda m: _assistant_with_npi(
            m, m.draft(rendering=m.provider(OTHER)), supervising_required=True, assistant_may_render=True
        ),
        lambda m: (
            _assistant_with_npi(
                m,
                m.draft(rendering=m.provider(OTHER), supervising=m.provider(RENDERING)),
                supervising_required=True,
                assistant_may_render=True,
            )
            + _assistant_with_npi(m, m.draft(), supervising_required=True, assistant_may_render=True)
            + _assistant_with_npi(m, m.draft(rendering=m.provider(OTHER)), assistant_may_render=True)
        ),
    ),
    "PRO009": (
        lambda m: m.findings(m.draft(discipline="LMT")),
        lambda m: (
            m.findings(m.draft(discipline="LMT"), payers=_asked(m, lmt_payable=True)) + m.findings(m.draft())
        ),
    ),
    "PRO010": (
        lambda m: (
            m.findings(m.draft(rendering=None))
            + m.findings(m.draft(rendering=m.provider(BILLING)))
            + m.findings(_rendering(m, is_person=False))
        ),
        lambda m: (
            m.findings(m.draft(rendering=None, billing=m.billing(is_person=True))) + m.findings(m.draft())
        ),
    ),
    "PRO011": (
        lambda m: m.findings(m.draft(referring=m.provider(RENDERING))),
        lambda m: (
            m.findings(m.draft())
            + m.findings(m.draft(referring=m.provider(RENDERING)), clinicians=(m.clinician(credential="MD"),))
            + m.findings(m.draft(payer="commercial", referring=m.provider(RENDERING)))
        ),
    ),
}
