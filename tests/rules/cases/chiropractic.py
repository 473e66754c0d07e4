"""Cases of the CHI rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

ACTIVE, MAINTENANCE = {"active_care": True}, {"active_care": False}


def spinal(m, modifiers, session, code="98941"):
    return m.findings(m.draft(m.row(code, modifiers=modifiers, session=session), discipline="DC"))


CASES = {
    "CHI001": (
        lambda m: spinal(m, (), ACTIVE),
        lambda m: spinal(m, ("AT",), ACTIVE) + spinal(m, ("GA",), ACTIVE) + spinal(m, (), MAINTENANCE),
    ),
    "CHI002": (
        lambda m: spinal(m, ("AT",), MAINTENANCE),
        lambda m: spinal(m, ("AT",), ACTIVE) + spinal(m, ("AT",), {}),
    ),
    "CHI003": (
        lambda m: spinal(m, ("AT",), ACTIVE, "97012"),
        lambda m: spinal(m, ("AT",), ACTIVE, "98942"),
    ),
    "CHI004": (
        lambda m: spinal(m, ("GP", "59"), ACTIVE, "97140"),
        lambda m: (
            spinal(m, ("GY",), ACTIVE, "97140") + m.findings(m.draft(payer="commercial", discipline="DC"))
        ),
    ),
}
