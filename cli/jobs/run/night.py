"""One run, step by step: fetch, ingest, deposits, bill, bill the next payer, ask, send, then what is new.

A step that fails for one trading partner or one practice is told and the rest goes on. Everything it does is done by
the jobs of the commands of the same names, each of which can be killed and run again, and so can the run. One run at a
time works on a store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from cli.clock import as_utc, rehearsed, utc_now
from cli.exits import ExitCode, worst
from cli.inputs import RecordFiles
from cli.jobs import manifest as words
from cli.jobs.again import AgainRequest, bill_next
from cli.jobs.create_claims import CreateRequest, create_claims
from cli.jobs.deposits import ImportRequest, import_deposits
from cli.jobs.exchange import Note, fetch, send
from cli.jobs.ingest import ingest
from cli.jobs.manifest import Manifest
from cli.jobs.run.asking import NAME as ASKING
from cli.jobs.run.asking import ask_what_is_due
from cli.jobs.run.exports import matching, records_of, sessions_of
from cli.jobs.run.inbox import Found, move_aside, waiting_files
from cli.jobs.run.notes import Log, Notes, refusal
from cli.jobs.run.settings import ALL, NotifySettings, RunSettings, run_settings
from cli.jobs.run.unbilled import ROW, held_by, left_unread, unbilled
from cli.jobs.run.values import Night, Progress, RunRequest, Told
from cli.jobs.shelf import Shelf
from cli.jobs.silence import silent
from cli.settings import Settings
from edi.codes import Tables
from edi.intake import NOT_READ
from reconcile.store import Store
from reconcile.store.alone import Hold, alone
from reconcile.store.open_work import OpenWork, open_work, record_run, work_of_last_run

_MOST_SILENCES: Final = 1000
_READ_BY_PEOPLE: Final = (ExitCode.DONE, ExitCode.WORK, ExitCode.PARTLY)
"""Exit codes of which docs/operations.md sends the billing team to the summary; none of the others does."""
Deliver = Callable[[Night], Told]
"""Hands the end of a run to people."""


def run(
    request: RunRequest,
    settings: Settings,
    store: Store,
    tables: Tables,
    *,
    log: Log = lambda _name, _fields: None,
    deliver: Deliver = lambda _night: Told(),
    progress: Progress | None = None,
    unended: Callable[[], tuple[str, ...]] = tuple,
) -> Night:
    """Run every step once, then have it told; what is new stays so until a run ended with 0, 1 or 3, or was told.

    Args:
        request: when and how.
        settings: claimloop.toml and payers.toml, with [run].
        store: open for writing.
        tables: the code tables.
        log: told what happens.
        deliver: told the end; not of a dry run.
        progress: filled while it goes on.
        unended: the starts of earlier runs without an end; asked while no other run is at work.

    Raises:
        SettingsError: [run] or [notify] is wrong.
        TemporaryError: another run is at work on the store.
        StoreError, AccessError: the store itself failed.
    """
    wanted = run_settings(settings)
    settings.table("notify", NotifySettings)
    with alone(store) as hold:
        run_ = _Run(request, settings, wanted, store, tables, log, hold, progress or Progress())
        return run_.night(deliver, unended())


class _Run:
    """One run while it goes on."""

    def __init__(
        self,
        request: RunRequest,
        settings: Settings,
        wanted: RunSettings,
        store: Store,
        tables: Tables,
        log: Log,
        hold: Hold,
        progress: Progress,
    ) -> None:
        self._hold = hold
        self._request = request
        self._settings = settings
        self._wanted = wanted
        self._store = store
        self._tables = tables
        self._log = log
        self._directory = settings.need_directory()
        self._progress = progress
        self._notes = Notes(store, self._directory, log, progress)
        self._unbilled: dict[str, list[OpenWork]] = {}
        self._held_by: Counter[str] = Counter()
        self._billed: Counter[str] = Counter()
        self._fetched: set[str] = set()

    def night(self, deliver: Deliver, unended: tuple[str, ...]) -> Night:
        """All steps, then the difference to the last run that was told."""
        started = _utc()
        self._log("run_started", {"unended_before": unended} if unended else {})
        for step in (
            self._fetch,
            self._ingest,
            self._deposits,
            self._bill,
            self._bill_next,
            self._ask,
            self._send,
        ):
            self._hold.check()
            step()
        with self._store.read() as connection:
            silence = silent(connection, self._settings, as_utc(self._request.now))
            waiting = open_work(connection, silence, now=as_utc(self._request.now))
            before = work_of_last_run(connection)
        waiting |= {one.key: one for one in self._not_billed(before)}
        new = [one for key, one in waiting.items() if key not in before]
        if any(one.kind == ROW for one in new):
            self._notes.codes.append(ExitCode.PARTLY)
        code = worst([*self._notes.codes, ExitCode.WORK if new else ExitCode.DONE])
        night = Night(
            started=started,
            ended=_utc(),
            exit_code=int(code),
            dry_run=self._request.dry_run,
            steps=tuple(self._notes.steps),
            files=self._progress.files,
            sent=self._progress.sent,
            failed_practices=tuple(self._notes.failed),
            new_work=_by_kind(new),
            open_work=_by_kind(waiting.values()),
            silence=silence[:_MOST_SILENCES],
            silent=dict(sorted(Counter(one.expected for one in silence).items())),
            rehearsal=rehearsed() is not None,
            new_work_by_practice=dict(sorted(Counter(one.practice_id for one in new).items())),
            held_by=dict(sorted(self._held_by.items())),
            billed=dict(sorted(self._billed.items())),
            unended_before=unended,
        )
        if not self._request.dry_run:
            told = deliver(night)
            code = worst([code, ExitCode(told.exit_code)])
            if told.delivered or code in _READ_BY_PEOPLE:
                with self._store.write() as connection:
                    record_run(
                        connection, at=_utc(), before=before, now=frozenset(waiting), exit_code=int(code)
                    )
        self._log("run_ended", {"exit_code": int(code), "new_work": len(new), "open_work": len(waiting)})
        return msgspec.structs.replace(night, exit_code=int(code), ended=_utc())

    def _note(self) -> Note:
        return lambda text: self._log("retry", {"what": text})

    def _fetch(self) -> None:
        partners = [one for one in self._directory.trading_partners.values() if one.transport]
        if self._request.dry_run or not partners:
            self._notes.skip(
                "fetch", "a dry run fetches nothing" if partners else "no trading partner has a transport"
            )
            return
        got = fetch(
            partners,
            self._settings.folder,
            self._inbox,
            note=self._note(),
            hold=self._hold,
            largest=self._settings.ingest.largest_megabytes,
            shelf=Shelf(self._store, _utc()),
        )
        self._fetched = {one.file for one in got.fetched}
        self._notes.exchanged("fetch", got, {"files": len(got.fetched)})

    @property
    def _inbox(self) -> Path:
        return self._settings.folder / self._wanted.inbox

    def _ingest(self) -> None:
        """Take in what lies in the inbox; what was taken in moves aside, so that it is not read every night."""
        messages: list[str] = []
        waiting, left = list[Found](), 0
        with self._notes.guarded("ingest", [""], messages):
            waiting, left = waiting_files(self._inbox, self._fetched)
        if self._request.dry_run:
            self._notes.skip("ingest", f"{len(waiting)} files wait")
            return
        practices = tuple(self._directory.practices.values())
        done: Manifest = ingest(
            [one.path for one in waiting],
            self._store,
            tables=self._tables,
            payers=self._settings.payers,
            practices=practices,
            now=_utc(),
            second_opinion_megabytes=self._settings.ingest.second_opinion_megabytes,
            largest_megabytes=self._settings.ingest.largest_megabytes,
        )
        self._progress.files = done.files
        own = [entry for entry in done.files if entry.archive is None]
        if len(own) != len(waiting):  # a file became a folder: all stay, and are duplicates the next time
            own, left = [], left + len(waiting)
        for file, entry in zip(waiting, own, strict=False):
            with self._notes.guarded("ingest", [""], messages):
                left += not move_aside(self._inbox, file, entry)
        refused = [one for one in done.files if one.outcome in _TROUBLED]
        if refused:
            self._notes.codes.append(ExitCode.PARTLY)
        for one in filter(words.unreadable, refused):
            self._notes.fail("ingest", [""], refusal(one), ExitCode.ACCESS)
        totals = done.totals
        counts = {
            "files": totals.files,
            "posted": totals.posted,
            "claims": totals.claims,
            "held": totals.claims_held,
            "unmatched": totals.unmatched,
            "denials": totals.denials,
            "acknowledgments": totals.acknowledgments,
            "rejections": totals.rejections,
            "claim_status_answers": totals.claim_status_answers,
            **({"waiting": left} if left else {}),
        }
        self._notes.step("ingest", counts, [*map(refusal, refused), *messages], refused)

    def _deposits(self) -> None:
        """What the bank says came in; a file that is known changes nothing, so they may stay where they are."""
        paths = matching(self._settings.folder, self._wanted.deposits) if self._wanted.deposits else ()
        if not paths or self._request.dry_run:
            why = "a dry run takes nothing in" if paths else "[run] deposits names no files"
            self._notes.skip("deposits import", why)
            return
        messages: list[str] = []
        refused: list[words.FileEntry] = []
        counts: Counter[str] = Counter()
        with self._notes.guarded("deposits import", [""], messages):
            done = import_deposits(
                ImportRequest(
                    paths=paths,
                    now=_utc(),
                    today=self._request.now.date(),
                    settings=self._settings.deposits,
                    practices=tuple(self._directory.practices),
                    payers=self._settings.payers,
                ),
                self._store,
            )
            refused += [one for one in done.files if one.outcome in _TROUBLED]
            messages += [refusal(one) for one in refused]
            if refused:
                self._notes.codes.append(ExitCode.PARTLY)
            counts.update(
                files=sum(one.outcome != words.DUPLICATE for one in done.files), deposits=done.totals.deposits
            )
        self._notes.step("deposits import", counts, messages, refused)

    def _bill(self) -> None:
        """What is new in the session files, practice by practice."""
        if not self._wanted.sessions:
            self._notes.skip("claims create", "[run] sessions names no files")
            return
        counts: Counter[str] = Counter()
        messages: list[str] = []
        for practice, pattern in sorted(self._wanted.sessions.items()):
            paths = sessions_of(self._settings.folder, pattern)
            named = [practice] if practice != ALL else sorted(self._directory.practices)
            if not paths:
                self._unbilled[practice] = []
                continue
            with self._notes.guarded("claims create", named, messages):
                made = create_claims(
                    CreateRequest(
                        sessions=paths,
                        folder=self._out,
                        now=self._request.now,
                        records=records_of(self._settings.folder, paths[0]),
                        practice=None if practice == ALL else practice,
                        second_opinion=self._request.second_opinion,
                        dry_run=self._request.dry_run,
                    ),
                    self._settings,
                    self._store,
                )
                counts.update(
                    session_lines=made.lines, claims=made.claims, held=len(made.held), files=len(made.files)
                )
                if made.files:
                    told = {"step": "claims create", "practices": named, "claims": made.claims}
                    self._log("billed", {**told, "files": [one.sha256 for one in made.files]})
                if made.rejected_rows:
                    messages.append(f"{pattern}: {made.rejected_rows} rows could not be read")
                self._unbilled[practice] = list(unbilled(made, practice, paths))
                self._held_by.update(held_by(made))
                self._billed[practice] += made.claims
                unread = [one for one in made.findings if one.code in NOT_READ]
                if unread:
                    del self._unbilled[practice]
                for finding in unread:
                    said = f"{finding.location.file}: {finding.message}"
                    self._notes.fail("claims create", named, said, ExitCode.PARTLY)
                    messages.append(said)
        self._notes.step("claims create", counts, messages)

    def _not_billed(self, before: Collection[str]) -> Iterator[OpenWork]:
        """What the session files have that was not billed; of files that could not be read, what was said of them."""
        for practice in self._wanted.sessions:
            told = self._unbilled.get(practice)
            yield from left_unread(practice, before) if told is None else told

    @property
    def _out(self) -> Path:
        return self._settings.folder / self._wanted.out

    def _bill_next(self) -> None:
        if not self._wanted.secondary:
            self._notes.skip("claims secondary", "[run] secondary is off")
            return
        messages: list[str] = []
        counts: Counter[str] = Counter()
        with self._notes.guarded("claims secondary", [""], messages):
            done = bill_next(
                AgainRequest(
                    due=True,
                    folder=self._out,
                    now=self._request.now,
                    records=RecordFiles.beside(self._settings.folder / "sessions.csv"),
                    second_opinion=self._request.second_opinion,
                    dry_run=self._request.dry_run,
                ),
                self._settings,
                self._store,
            )
            counts.update(claims=len(done.sent), held=len(done.held), files=len(done.files))
        self._notes.step("claims secondary", counts, messages)

    def _ask(self) -> None:
        if not self._wanted.claim_status:
            self._notes.skip(ASKING, "[run] claim_status is off")
            return
        messages: list[str] = []
        counts: dict[str, int] = {}
        with self._notes.guarded(ASKING, [""], messages):
            dry_run, now = self._request.dry_run, self._request.now
            counts, held = ask_what_is_due(
                self._settings, self._store, folder=self._out, now=now, dry_run=dry_run
            )
            messages += held
        self._notes.step(ASKING, counts, messages)

    def _send(self) -> None:
        if self._request.now.date() in self._wanted.no_sending:
            self._notes.skip("send", "[run] no_sending has today")
            return
        partners = [one for one in self._directory.trading_partners.values() if one.transport]
        if not partners:
            self._notes.skip("send", "no trading partner has a transport")
            return
        went = send(
            self._store,
            partners,
            self._settings.folder,
            now=_utc(),
            note=self._note(),
            dry_run=self._request.dry_run,
            hold=self._hold,
        )
        self._progress.sent = () if self._request.dry_run else tuple(one.file for one in went.sent)
        self._notes.exchanged(
            "send", went, {"files": len(went.sent), "claims": sum(one.claims for one in went.sent)}
        )


_TROUBLED: Final = (words.REJECTED, words.QUARANTINED, words.PARTIAL)


def _by_kind(work: Iterable[OpenWork]) -> dict[str, int]:
    return dict(sorted(Counter(one.kind for one in work).items()))


def _utc() -> datetime:
    return utc_now().replace(microsecond=0)
