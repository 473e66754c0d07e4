"""`claims status ask`: 276 files about claims that payers are silent on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final

import msgspec

from cli.clock import as_utc
from cli.jobs.inquiries import asking
from cli.jobs.inquiries.asking import Question, Writer, directory_for
from cli.jobs.silence import expectations
from cli.jobs.submission import partner_of
from cli.settings import Settings
from edi.intake.status_inquiries import status_inquiry_of, takes_inquiries
from edi.model.directory import Directory, TradingPartner
from edi.model.errors import InputError, TemporaryError
from edi.model.finding import Finding
from edi.model.status import StatusInquiry
from edi.payers.profile import PayerProfile
from edi.transactions import t276
from reconcile.store import Connection, Store
from reconcile.store.claim_status.asking import Askable, askable, last_asked, last_submissions, save_inquiries
from reconcile.store.control_numbers import TRN276
from reconcile.store.silence import LAG_DAYS, late_claims

_BLOCK: Final = 1_000
"""Claims whose values are held at once."""


class AskRequest(asking.AskRequest, frozen=True, kw_only=True):
    """What to ask, beside what every request has.

    Attributes:
        claims: patient control numbers to ask about whatever their age; none: those that are late.
        due: late by ``status.after_days`` of the payer; else by the slow tenth of its lag.
    """

    claims: tuple[str, ...] = ()
    due: bool = False


class Asked(asking.Asked, frozen=True, kw_only=True):
    """What came of it, claims counted; those of payers that are not in payers.toml are ``not_asked``.

    ``unknown``: numbers that name no claim.
    """

    unknown: tuple[str, ...] = ()


def ask(request: AskRequest, settings: Settings, store: Store) -> Asked:
    """Write 276 files and store what they ask.

    Args:
        request: what to ask.
        settings: claimloop.toml and payers.toml; a directory is needed.
        store: open for writing.

    Raises:
        SettingsError: no directory, or no trading partner for a practice.
        UsageError: no practice of that name, or another file stands where a 276 would go.
        InputError: a number names claims of several practices.
        TemporaryError: another command asks about the same claims in this moment.
        StoreError, AccessError, TemporaryError: from the store, the vault or the folder.
    """
    directory = directory_for(request, settings)
    findings, counts = list(settings.findings), Counter[str]()
    by_partner: dict[str, list[Question]] = {}
    with store.read() as connection:
        wanted, unknown = _wanted(connection, request, settings)
        for start in range(0, len(wanted), _BLOCK):
            some = wanted[start : start + _BLOCK]
            asked = last_asked(connection, some)
            for one in askable(connection, some):
                inquiry = _inquiry(one, asked.get(one.claim_id), request, settings, counts, findings)
                if inquiry is not None:
                    by_partner.setdefault(_partner(one, directory).id, []).append((one.claim_id, inquiry))
    check = partial(_refuse_asked_meanwhile, request, settings)
    files = Writer(t276, TRN276, request, settings, store, save_inquiries, check).files(by_partner)
    return msgspec.structs.replace(Asked(unknown=unknown, findings=tuple(findings)), **files, **counts)


def _wanted(
    connection: Connection, request: AskRequest, settings: Settings
) -> tuple[list[int], tuple[str, ...]]:
    """The submissions to ask about, and the numbers that name none."""
    if not request.claims:
        late = late_claims(
            connection,
            _days(settings.payers, due=request.due),
            as_utc(request.now),
            sending=expectations(settings).sending,
        )
        return [one.claim_id for one in late if request.practice in (None, one.practice_id)], ()
    named = last_submissions(connection, request.claims, request.practice)
    for number, found in named.items():
        if len(found) > 1:
            raise InputError(f"{number} names claims of several practices; name one with --practice")
    return [one for found in named.values() for one in found], tuple(
        number for number, found in named.items() if not found
    )


def _days(payers: Mapping[str, PayerProfile], *, due: bool) -> dict[str, int]:
    """Days of silence after which each payer is asked."""
    found: dict[str, int] = {}
    for key, profile in payers.items():
        own = profile.status.after_days if due else None
        found[key] = own if own is not None else profile.remittance.lag_days.p90
    return found or {"": LAG_DAYS}


def _partner(one: Askable, directory: Directory) -> TradingPartner:
    """The trading partner that the claim went to, else its practice's."""
    return directory.trading_partners.get(one.partner) or partner_of(one.practice_id, directory)


def _inquiry(
    one: Askable,
    asked_on: date | None,
    request: AskRequest,
    settings: Settings,
    counts: Counter[str],
    findings: list[Finding],
) -> StatusInquiry | None:
    """What to ask about a claim; None with the reason in counts and findings."""
    profile = settings.payers.get(one.payer_key)
    directory = settings.need_directory()
    if profile is None or not takes_inquiries(profile) or one.practice_id not in directory.practices:
        counts["not_asked"] += 1
        return None
    if _asked_lately(asked_on, profile, request):
        counts["waiting"] += 1
        return None
    inquiry = status_inquiry_of(
        one.claim,
        profile=profile,
        submitter=directory.submitter,
        payer_claim_control_number=one.payer_claim_control_number,
    )
    problems = list(t276.problems(inquiry))
    findings += problems
    counts["held"] += bool(problems)
    return None if problems else inquiry


def _asked_lately(asked_on: date | None, profile: PayerProfile, request: AskRequest) -> bool:
    """Whether the payer was asked within its interval."""
    within = timedelta(days=profile.status.interval_days)
    return not request.again and asked_on is not None and request.now.date() - asked_on < within


def _refuse_asked_meanwhile(
    request: AskRequest, settings: Settings, connection: Connection, questions: Sequence[Question]
) -> None:
    """Raise TemporaryError when another command asked about one of the claims since they were looked up."""
    since = last_asked(connection, [claim for claim, _ in questions])
    if any(
        _asked_lately(since.get(claim), settings.payers[one.payer_key], request) for claim, one in questions
    ):
        raise TemporaryError("another command asks about the same claims at this moment; try again")
