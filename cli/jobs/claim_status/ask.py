"""`claims status ask`: 276 files about claims that payers are silent on, one for each trading partner.

Order of things as for claims: bytes into the vault, one transaction that allocates the numbers and stores the
inquiries, then the file in its folder. A file that a run ended before is put there by the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from cli.clock import as_utc
from cli.jobs import placing
from cli.jobs.submission import partner_of
from cli.settings import Settings
from edi.intake.status_inquiries import status_inquiry_of, takes_inquiries
from edi.model.directory import Directory, TradingPartner
from edi.model.errors import InputError, TemporaryError, UsageError
from edi.model.finding import Finding
from edi.model.status import StatusInquiry
from edi.payers.profile import PayerProfile
from edi.transactions import t276
from reconcile.store import (
    GS06,
    ISA13,
    ST02,
    Connection,
    Store,
    allocate,
    interchange_control_number,
    register_file,
    register_practices,
    transaction_control_number,
)
from reconcile.store.claim_status.asking import Askable, askable, last_asked, last_submissions, save_inquiries
from reconcile.store.control_numbers import TRN276, status_trace_number
from reconcile.store.files import OUTGOING
from reconcile.store.silence import LAG_DAYS, late_claims

MADE: Final = "made"
"""Outcome of a 276 that is in the vault and was not yet seen in its folder."""
_BLOCK: Final = 1_000
"""Claims whose values are held at once."""


class AskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask.

    Attributes:
        folder: where the 276 files go.
        now: local time of the files; its day is today.
        claims: patient control numbers to ask about whatever their age; none: those that are late.
        due: late by ``status.after_days`` of the payer; else by the slow tenth of its lag.
        practice: only this practice's.
        again: ask although the payer was asked within its interval.
        dry_run: walk the same path, keep and write nothing.
    """

    folder: Path
    now: datetime
    claims: tuple[str, ...] = ()
    due: bool = False
    practice: str | None = None
    again: bool = False
    dry_run: bool = False


class AskedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A 276 file that was written, and how many claims it asks about."""

    path: str
    sha256: str
    partner: str
    interchange_control_number: str
    claims: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, claims counted.

    ``waiting``: asked within the payer's interval. ``not_asked``: their payers take no 276, or are not in payers.toml.
    ``held``: something is missing. ``unknown``: numbers that name no claim. ``put_back``: files of an interrupted run.
    """

    files: tuple[AskedFile, ...] = ()
    put_back: tuple[str, ...] = ()
    asked: int = 0
    waiting: int = 0
    not_asked: int = 0
    held: int = 0
    unknown: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class _Counts(msgspec.Struct, kw_only=True):
    """What is not asked about, while the claims are gone through."""

    waiting: int = 0
    not_asked: int = 0
    held: int = 0


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
    directory = settings.need_directory()
    if request.practice is not None and request.practice not in directory.practices:
        raise UsageError(f"no practice {request.practice}; there are: {', '.join(directory.practices)}")
    counts, findings = _Counts(), list(settings.findings)
    by_partner: dict[str, list[tuple[int, StatusInquiry]]] = {}
    with store.read() as connection:
        wanted, unknown = _wanted(connection, request, settings)
        for start in range(0, len(wanted), _BLOCK):
            some = wanted[start : start + _BLOCK]
            asked = last_asked(connection, some)
            for one in askable(connection, some):
                inquiry = _inquiry(one, asked.get(one.claim_id), request, settings, counts, findings)
                if inquiry is not None:
                    name = _partner(one, directory).id
                    by_partner.setdefault(name, []).append((one.claim_id, inquiry))
    returned = () if request.dry_run else tuple(placing.put_back(store, request.folder, before=MADE))
    written = [
        _one_file(inquiries, directory.trading_partners[partner], request, settings, store)
        for partner, inquiries in sorted(by_partner.items())
    ]
    return Asked(
        files=tuple(written),
        put_back=returned,
        asked=sum(file.claims for file in written),
        unknown=unknown,
        findings=tuple(findings),
        **msgspec.structs.asdict(counts),
    )


def _wanted(
    connection: Connection, request: AskRequest, settings: Settings
) -> tuple[list[int], tuple[str, ...]]:
    """The submissions to ask about, and the numbers that name none."""
    if not request.claims:
        late = late_claims(connection, _days(settings.payers, due=request.due), as_utc(request.now))
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
    counts: _Counts,
    findings: list[Finding],
) -> StatusInquiry | None:
    """What to ask about a claim; None with the reason in counts and findings."""
    profile = settings.payers.get(one.payer_key)
    directory = settings.need_directory()
    if profile is None or not takes_inquiries(profile) or one.practice_id not in directory.practices:
        counts.not_asked += 1
        return None
    if _asked_lately(asked_on, profile, request):
        counts.waiting += 1
        return None
    inquiry = status_inquiry_of(
        one.claim,
        profile=profile,
        submitter=directory.submitter,
        payer_claim_control_number=one.payer_claim_control_number,
    )
    problems = list(t276.problems(inquiry))
    findings += problems
    counts.held += bool(problems)
    return None if problems else inquiry


def _asked_lately(asked_on: date | None, profile: PayerProfile, request: AskRequest) -> bool:
    """Whether the payer was asked within its interval."""
    within = timedelta(days=profile.status.interval_days)
    return not request.again and asked_on is not None and request.now.date() - asked_on < within


def _one_file(
    inquiries: Sequence[tuple[int, StatusInquiry]],
    partner: TradingPartner,
    request: AskRequest,
    settings: Settings,
    store: Store,
) -> AskedFile:
    """Number, write and store the inquiries of one trading partner.

    Raises:
        TemporaryError: another command asked about one of the claims in this moment.
    """
    with suppress(placing.RollBackError), store.write() as connection:
        register_practices(connection, settings.need_directory().practices.values())
        numbers = allocate(connection, "", TRN276, len(inquiries), at=request.now)
        since = last_asked(connection, [claim for claim, _ in inquiries])
        if any(
            _asked_lately(since.get(claim), settings.payers[one.payer_key], request)
            for claim, one in inquiries
        ):
            raise TemporaryError("another command asks about the same claims at this moment; try again")
        claims = {
            status_trace_number(number): claim for number, (claim, _) in zip(numbers, inquiries, strict=True)
        }
        traced = [
            msgspec.structs.replace(one, trace_number=status_trace_number(number))
            for number, (_, one) in zip(numbers, inquiries, strict=True)
        ]
        number, data, references = _written(connection, traced, partner, request.now)
        name, digest = f"{partner.id}-{number}.276", hashlib.sha256(data).hexdigest()
        placing.refuse_taken(request.folder / name, digest)
        if request.dry_run:
            raise placing.RollBackError
        store.vault.keep([data])
        register_file(
            connection,
            digest,
            size=len(data),
            direction=OUTGOING,
            kind=t276.KIND,
            name=name,
            outcome=MADE,
            at=request.now,
        )
        save_inquiries(
            connection,
            [(claims[one.trace_number], one, references[one.trace_number]) for one in traced],
            partner=partner.id,
            file_sha256=digest,
            asked_on=request.now.date(),
        )
    path = request.folder / name
    if not request.dry_run:
        placing.place(store, path, digest, data, before=MADE)
    return AskedFile(
        path=str(path),
        sha256=digest,
        partner=partner.id,
        interchange_control_number=number,
        claims=len(inquiries),
    )


def _written(
    connection: Connection, inquiries: Sequence[StatusInquiry], partner: TradingPartner, now: datetime
) -> tuple[str, bytes, dict[str, str]]:
    """ISA13, the bytes of a file, and BHT03 of each inquiry's transaction set by trace number."""
    plan = t276.plan_sets(inquiries)
    isa = allocate(connection, partner.id, ISA13, 1, at=now)[0]
    gs = allocate(connection, partner.id, GS06, 1, at=now)[0]
    sts = [
        transaction_control_number(one) for one in allocate(connection, partner.id, ST02, len(plan), at=now)
    ]
    data = t276.write(
        list(zip(sts, plan, strict=True)),
        partner=partner,
        interchange_control_number=isa,
        group_control_number=gs,
        created=now,
    )
    references = {
        one.trace_number: t276.reference_of(isa, st)
        for st, part in zip(sts, plan, strict=True)
        for one in part
    }
    return interchange_control_number(isa), data, references
