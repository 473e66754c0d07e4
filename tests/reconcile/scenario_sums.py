"""Short words for what the scenario tests look at."""

from __future__ import annotations


def sums(**cents):
    """Expected cents by account; what is not named is 0."""
    names = ("charge", "paid", "contractual", "patient", "denied", "pended", "open", "memo")
    return {name: cents.get(name, 0) for name in names}


def ids(matches):
    return [[one.line_ids for one in match.lines] for match in matches]


def codes(state):
    return [finding.code for finding in state.findings]


def booked(state, reason):
    """Cents of a CARC by account, without transfers."""
    found = {}
    for one in state.postings:
        if one.reason == reason and not one.transfer:
            found[one.account.value] = found.get(one.account.value, 0) + one.cents
    return found
