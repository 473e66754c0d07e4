"""Claim drafts into numbered, judged, stored 837P files: one database transaction a file, the file written after it.

Order of things, so that a kill anywhere is repaired by running again: bytes into the vault, then one transaction that
allocates the control numbers, stores the claims and notes the file as ``written``, then the file in the out folder,
then ``placed``. A file that was written and never placed is put into the folder by the next run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from cli.clock import as_utc
from cli.jobs import placing
from cli.jobs.keeper import Keeper
from cli.jobs.meanwhile import BILLED_MEANWHILE, not_billed_meanwhile
from cli.jobs.posting import Tools
from cli.jobs.retrying import retry_for_claims
from edi.model.claim import Claim
from edi.model.directory import Directory, TradingPartner
from edi.model.draft import ClaimDraft
from edi.model.errors import SettingsError
from edi.model.finding import Finding, Severity
from edi.transactions import t837p
from reconcile.store import (
    CLM01,
    GS06,
    ISA13,
    REF6R,
    ST02,
    ClaimOrigin,
    Connection,
    Store,
    allocate,
    group_control_number,
    interchange_control_number,
    line_control_number,
    patient_control_number,
    register_file,
    register_practices,
    save_claims,
    save_sessions_without_line,
    session_hash,
    transaction_control_number,
)
from reconcile.store.claims import CREATED
from reconcile.store.files import OUTGOING
from reconcile.store.usage import usages

WRITTEN: Final = "written"
"""Outcome of a file that is whole in the vault and was not yet seen in its folder."""
_USAGE: Final = {"T": "test", "P": "production"}
"""ISA15 in words."""
Judge = Callable[[bytes], Sequence[Finding]]
"""The second opinion on a file's bytes; an error finding with a claim holds that claim, one without holds the file."""


class WrittenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was written. ``charge`` is cents."""

    path: str
    sha256: str
    partner: str
    interchange_control_number: str
    claims: int
    lines: int
    charge: int


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that the writer or the second opinion would not let pass, and why."""

    draft: ClaimDraft
    findings: tuple[Finding, ...]


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the drafts. ``taken`` counts session lines that another run billed meanwhile."""

    taken: int = 0
    files: tuple[WrittenFile, ...] = ()
    refused: tuple[Refused, ...] = ()
    findings: tuple[Finding, ...] = ()


class Submitter(msgspec.Struct, frozen=True, kw_only=True):
    """What writing needs beside the drafts.

    ``now`` is the moment that goes into ISA and BHT, in local time; ``tools`` are the tables that let the claims pass,
    and what posting works with: a claim payment may have waited for a claim that goes out now. ``dry_run`` walks the
    same path and rolls back; nothing is kept or written.
    """

    store: Store
    directory: Directory
    folder: Path
    now: datetime
    tools: Tools
    judge: Judge
    dry_run: bool = False
    keeper: Keeper | None = None


def submit(drafts: Sequence[ClaimDraft], to: Submitter) -> Submission:
    """Number, write, judge and store drafts; claims the second opinion refuses are left out and named.

    Args:
        drafts: claims that passed the rules.
        to: store, directory, folder and time.

    Raises:
        UsageError: a practice has no trading partner, its envelope fields do not fit, or the store holds claims of
            the partner's other usage.
        StoreError, AccessError, TemporaryError: from the store and the vault.
    """
    written: list[WrittenFile] = []
    refused: list[Refused] = []
    findings: list[Finding] = []
    for partner, claims in _by_partner(drafts, to.directory):
        _refuse_mixed(partner, to.store)
        for plan in t837p.plan_files([draft.claim for draft in claims], partner):
            wanted = {id(claim) for transaction in plan for claim in transaction}
            chosen = [draft for draft in claims if id(draft.claim) in wanted]
            file = _one_file(chosen, partner, to, refused, findings)
            if file is not None:
                written.append(file)
    taken = sum(1 for found in findings if found.code == BILLED_MEANWHILE)
    return Submission(files=tuple(written), refused=tuple(refused), findings=tuple(findings), taken=taken)


def _by_partner(
    drafts: Iterable[ClaimDraft], directory: Directory
) -> Iterator[tuple[TradingPartner, list[ClaimDraft]]]:
    groups: dict[str, list[ClaimDraft]] = {}
    for draft in drafts:
        groups.setdefault(partner_of(draft.practice_id, directory).id, []).append(draft)
    for name in sorted(groups):
        yield directory.trading_partners[name], groups[name]


def partner_of(practice_id: str, directory: Directory) -> TradingPartner:
    """Return the trading partner that a practice sends its claims to: its first one, else the only one there is.

    Raises:
        UsageError: there is none.
    """
    named = directory.practices[practice_id].trading_partners
    candidates = named or tuple(directory.trading_partners)
    if not candidates or (not named and len(candidates) > 1):
        raise SettingsError(
            f"claimloop.toml: practice {practice_id} names no trading partner; set trading_partners to one of: "
            f"{', '.join(directory.trading_partners) or '(there are none: add a [[trading_partner]])'}"
        )
    if candidates[0] not in directory.trading_partners:
        raise SettingsError(
            f"claimloop.toml: practice {practice_id} names trading partner {candidates[0]}, which is not there"
        )
    return directory.trading_partners[candidates[0]]


def _refuse_mixed(partner: TradingPartner, store: Store) -> None:
    """See that test and production claims of a partner do not come into one store.

    Raises:
        SettingsError: the store holds claims of the other usage, and the partner's settings do not allow both.
    """
    if partner.test_and_production:
        return
    with store.read() as connection:
        held = usages(connection, store.vault, partner.id)
    others = sorted(held.keys() - {partner.usage})
    if others:
        ours, theirs = _USAGE.get(partner.usage, "other"), _USAGE.get(others[0], "other")
        raise SettingsError(
            f"claimloop.toml: trading partner {partner.id} is set to {ours} (usage = {partner.usage}), but the store "
            f"{store.name} holds {theirs} claims of it (file {held[others[0]]}, usage {others[0]}); use another store "
            "with --database, or set test_and_production = true for the partner"
        )


def _one_file(
    drafts: list[ClaimDraft],
    partner: TradingPartner,
    to: Submitter,
    refused: list[Refused],
    findings: list[Finding],
) -> WrittenFile | None:
    """Write one file; None when every claim of it was refused."""
    made: _Made | None = None
    with suppress(placing.RollBackError), to.store.write() as connection:
        register_practices(connection, to.directory.practices.values())
        wanted = not_billed_meanwhile if to.keeper is None else to.keeper.wanted
        made = _made(connection, wanted(connection, drafts, findings), partner, to, refused)
        if made is not None:
            placing.refuse_taken(to.folder / made.name, made.sha256)
        if to.dry_run:
            raise placing.RollBackError
        if made is not None:
            _store(connection, made, partner, to)
    if made is None:
        return None
    findings += made.written.findings
    path = to.folder / made.name
    if not to.dry_run:
        placing.place(to.store, path, made.sha256, made.written.data, before=WRITTEN)
    return WrittenFile(
        path=str(path),
        sha256=made.sha256,
        partner=partner.id,
        interchange_control_number=made.interchange_control_number,
        claims=made.written.claims,
        lines=made.written.lines,
        charge=sum(claim.charge for claim, _ in made.pairs()),
    )


_Pair: TypeAlias = tuple[Claim, ClaimDraft]
"""A numbered claim and the draft it was made from: two claims of one file may have one CLM01."""


class _Made(msgspec.Struct, kw_only=True):
    """A file in the making: its claims, with their drafts, by transaction set, and its bytes."""

    name: str
    sha256: str
    interchange_control_number: str
    group_control_number: str
    transactions: list[tuple[str, list[_Pair]]]
    written: t837p.WrittenSubmission

    def pairs(self) -> list[_Pair]:
        """The claims of all transaction sets, with their drafts."""
        return [pair for _, pairs in self.transactions for pair in pairs]


def _made(
    connection: Connection,
    drafts: list[ClaimDraft],
    partner: TradingPartner,
    to: Submitter,
    refused: list[Refused],
) -> _Made | None:
    """Number and write the drafts, and again without those that are refused, until what is left passes.

    The control numbers of an attempt that did not pass are free again, so a refused claim leaves no gap.
    """
    left = drafts
    while left:
        attempt = connection.begin_nested()
        made = _attempt(connection, left, partner, to)
        said = (*made.written.findings, *to.judge(made.written.data))
        errors = [found for found in said if found.severity is Severity.ERROR]
        if not errors:
            attempt.commit()
            return made
        attempt.rollback()
        left = _without_refused(made.pairs(), errors, refused)
    return None


def _attempt(
    connection: Connection, drafts: list[ClaimDraft], partner: TradingPartner, to: Submitter
) -> _Made:
    """Number the drafts and write one file of them."""
    claims = numbered(connection, drafts, to.directory, as_utc(to.now))
    of = {id(claim): draft for claim, draft in zip(claims, drafts, strict=True)}
    plan = t837p.plan_files(claims, partner)[0]
    isa = allocate(connection, partner.id, ISA13, 1, at=as_utc(to.now))[0]
    gs = allocate(connection, partner.id, GS06, 1, at=as_utc(to.now))[0]
    sts = allocate(connection, partner.id, ST02, len(plan), at=as_utc(to.now))
    transactions = [
        (transaction_control_number(number), part) for number, part in zip(sts, plan, strict=True)
    ]
    written = t837p.write(
        transactions,
        submitter=to.directory.submitter,
        partner=partner,
        interchange_control_number=isa,
        group_control_number=gs,
        created=to.now,
    )
    interchange = interchange_control_number(isa)
    return _Made(
        name=partner.file_name_template.format(partner=partner.id, interchange=interchange),
        sha256=hashlib.sha256(written.data).hexdigest(),
        interchange_control_number=interchange,
        group_control_number=group_control_number(gs),
        transactions=[(number, [(claim, of[id(claim)]) for claim in part]) for number, part in transactions],
        written=written,
    )


def _without_refused(
    pairs: Sequence[_Pair], errors: Sequence[Finding], refused: list[Refused]
) -> list[ClaimDraft]:
    """Move the drafts that the errors name by CLM01 to ``refused``; all of them when no error names one."""
    numbers = {claim.patient_control_number for claim, _ in pairs}
    by_claim: dict[str | None, list[Finding]] = {}
    for error in errors:
        by_claim.setdefault(error.location.claim, []).append(error)
    everyone = tuple(errors) if not by_claim.keys() & numbers else ()
    left: list[ClaimDraft] = []
    for claim, draft in pairs:
        why = everyone or by_claim.get(claim.patient_control_number)
        if why:
            refused.append(Refused(draft=draft, findings=tuple(why)))
        else:
            left.append(draft)
    return left


def numbered(
    connection: Connection, drafts: Sequence[ClaimDraft], directory: Directory, now: datetime
) -> list[Claim]:
    """Return the drafts' claims with CLM01 and REF*6R allocated in the given transaction; a CLM01 they have is kept."""
    blank = [not draft.claim.patient_control_number for draft in drafts]
    clm = iter(allocate(connection, "", CLM01, sum(blank), at=now) if any(blank) else ())
    lines = iter(allocate(connection, "", REF6R, sum(len(one.claim.lines) for one in drafts), at=now))
    numbering = directory.numbering
    return [
        msgspec.structs.replace(
            draft.claim,
            patient_control_number=draft.claim.patient_control_number
            or patient_control_number(
                next(clm), numbering.clm01_prefix.get(draft.practice_id, ""), numbering.clm01_max
            ),
            lines=tuple(
                msgspec.structs.replace(line, line_control_number=line_control_number(next(lines)))
                for line in draft.claim.lines
            ),
        )
        for draft in drafts
    ]


def _store(connection: Connection, made: _Made, partner: TradingPartner, to: Submitter) -> None:
    """Keep the bytes, then store claims and file in the open transaction."""
    to.store.vault.keep([made.written.data])
    register_file(
        connection,
        made.sha256,
        size=len(made.written.data),
        direction=OUTGOING,
        kind="837P",
        name=made.name,
        outcome=WRITTEN,
        at=as_utc(to.now),
    )
    hashes = {
        (session.practice_id, session.line_id): session_hash(session)
        for _, draft in made.pairs()
        for session in draft.sessions
    }
    new: list[int] = []
    for number, pairs in made.transactions:
        origin = ClaimOrigin(
            source=CREATED,
            partner=partner.id,
            file_sha256=made.sha256,
            interchange_control_number=made.interchange_control_number,
            group_control_number=made.group_control_number,
            st_control_number=number,
            rules_version=to.tools.version,
        )
        if to.keeper is not None:
            new += to.keeper.save(connection, pairs, origin)
            continue
        saved = save_claims(connection, [claim for claim, _ in pairs], origin, hashes)
        save_sessions_without_line(connection, _without_line(pairs, saved.new, hashes))
        new += saved.new
    retry_for_claims(connection, new, to.tools)


def _without_line(
    pairs: Sequence[_Pair], ids: Sequence[int], hashes: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str, str, int]]:
    """The session lines that claims count without a service line, as the store notes them."""
    for (claim, draft), number in zip(pairs, ids, strict=True):
        billed = {name for line in claim.lines for name in line.session_line_ids}
        for session in draft.sessions:
            if session.line_id not in billed:
                key = (session.practice_id, session.line_id)
                yield *key, hashes[key], number


def put_back(store: Store, folder: Path) -> list[str]:
    """Write the 837P files that an interrupted run committed but did not get into its folder; return their names."""
    return list(placing.put_back(store, folder, before=WRITTEN))
