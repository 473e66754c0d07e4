"""One run, step by step: fetch, ingest, bill, bill the next payer, send, then what is new since the run before.

A step that fails for one trading partner or one practice is told and the rest goes on. Everything it does is done by
the jobs of the commands of the same names, each of which can be killed and run again, and so can the run. One run at a
time works on a store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.exits import ExitCode, worst
from cli.inputs import RecordFiles
from cli.jobs import manifest as words
from cli.jobs.again import AgainRequest, bill_next
from cli.jobs.create_claims import CreateRequest, create_claims
from cli.jobs.exchange import Exchange, Note, fetch, send
from cli.jobs.ingest import files_of, ingest
from cli.jobs.manifest import Manifest
from cli.jobs.run.settings import ALL, NotifySettings, RunSettings
from cli.jobs.run.silence import silent
from cli.settings import Settings
from edi.codes import Tables
from edi.intake import NOT_READ
from edi.model.errors import ClaimloopError
from reconcile.store import Store
from reconcile.store.alone import alone
from reconcile.store.open_work import OpenWork, open_work, record_run, work_of_last_run
from reconcile.store.silence import Silence

_TAKEN: Final = "taken"
_NOT_TAKEN: Final = "not-taken"
_MOST_SILENCES: Final = 1000
Log = Callable[[str, Mapping[str, Any]], None]
"""Told the name of an event and its fields; codes, numbers and names of files, no PHI."""


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A run: ``now`` is local time for what is written into files, ``dry_run`` only looks."""

    now: datetime
    second_opinion: bool = True
    dry_run: bool = False


class FailedPractice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice whose part of a step could not be done; the others' were."""

    practice_id: str
    step: str
    message: str
    exit_code: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: ``done``, ``partly`` or ``skipped``, and what it counted."""

    name: str
    outcome: str
    counts: dict[str, int] = {}
    messages: tuple[str, ...] = ()


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a run; times are UTC. ``new_work`` and ``open_work`` count by kind.

    ``silence`` is what should have come and has not (the first thousand); ``silent`` counts all of it by what it is.
    """

    schema_version: int = 1
    started: datetime
    ended: datetime
    exit_code: int
    dry_run: bool
    steps: tuple[Step, ...]
    files: tuple[words.FileEntry, ...] = ()
    sent: tuple[str, ...] = ()
    failed_practices: tuple[FailedPractice, ...] = ()
    new_work: dict[str, int] = {}
    open_work: dict[str, int] = {}
    new_work_by_practice: dict[str, int] = {}
    silence: tuple[Silence, ...] = ()
    silent: dict[str, int] = {}


def run(
    request: RunRequest,
    settings: Settings,
    store: Store,
    tables: Tables,
    *,
    log: Log = lambda _name, _fields: None,
) -> Night:
    """Run every step once.

    Args:
        request: when and how.
        settings: claimloop.toml and payers.toml, with [run].
        store: open for writing.
        tables: the code tables.
        log: told what happens.

    Raises:
        SettingsError: [run] or [notify] is wrong.
        TemporaryError: another run is at work on the store.
        StoreError, AccessError: the store itself failed.
    """
    wanted = settings.table("run", RunSettings)
    settings.table("notify", NotifySettings)
    with alone(store):
        return _Run(request, settings, wanted, store, tables, log).night()


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
    ) -> None:
        self._request = request
        self._settings = settings
        self._wanted = wanted
        self._store = store
        self._tables = tables
        self._log = log
        self._directory = settings.need_directory()
        self._steps: list[Step] = []
        self._failed: list[FailedPractice] = []
        self._codes: list[ExitCode] = []
        self._files: tuple[words.FileEntry, ...] = ()
        self._sent: tuple[str, ...] = ()

    def night(self) -> Night:
        """All steps, then the difference to the run before."""
        started = _utc()
        self._log("run_started", {})
        self._fetch()
        self._ingest()
        self._bill()
        self._bill_next()
        self._send()
        with self._store.read() as connection:
            silence = silent(connection, self._settings, self._request.now)
            waiting, before = open_work(connection, silence), work_of_last_run(connection)
        new = [one for key, one in waiting.items() if key not in before]
        code = worst([*self._codes, ExitCode.WORK if new else ExitCode.DONE])
        if not self._request.dry_run:
            with self._store.write() as connection:
                record_run(connection, at=_utc(), before=before, now=frozenset(waiting), exit_code=int(code))
        self._log("run_ended", {"exit_code": int(code), "new_work": len(new), "open_work": len(waiting)})
        return Night(
            started=started,
            ended=_utc(),
            exit_code=int(code),
            dry_run=self._request.dry_run,
            steps=tuple(self._steps),
            files=self._files,
            sent=self._sent,
            failed_practices=tuple(self._failed),
            new_work=_by_kind(new),
            open_work=_by_kind(waiting.values()),
            silence=silence[:_MOST_SILENCES],
            silent=dict(sorted(Counter(one.expected for one in silence).items())),
            new_work_by_practice=dict(sorted(Counter(one.practice_id for one in new).items())),
        )

    def _step(self, name: str, counts: Mapping[str, int], messages: Sequence[str] = ()) -> None:
        outcome = "partly" if messages else "done"
        self._steps.append(Step(name=name, outcome=outcome, counts=dict(counts), messages=tuple(messages)))
        self._log("step", {"step": name, "outcome": outcome, **counts})

    def _skip(self, name: str, why: str) -> None:
        self._steps.append(Step(name=name, outcome="skipped", messages=(why,)))
        self._log("step", {"step": name, "outcome": "skipped"})

    @contextmanager
    def _guarded(self, step: str, practices: Sequence[str], messages: list[str]) -> Iterator[None]:
        """Keep what stops one practice's part from stopping the others'; the store's own failures go through."""
        try:
            yield
        except ClaimloopError as error:
            if error.exit_code not in (ExitCode.USAGE, ExitCode.PARTLY, ExitCode.ACCESS):
                raise
            self._fail(step, practices, str(error), error.exit_code)
            messages.append(str(error))

    def _fail(self, step: str, practices: Sequence[str], message: str, code: int) -> None:
        self._codes.append(ExitCode(code))
        self._log("failed", {"step": step, "practices": list(practices), "exit_code": code})
        self._failed += [
            FailedPractice(practice_id=one, step=step, message=message, exit_code=code) for one in practices
        ]

    def _partners_practices(self, partner: str) -> list[str]:
        """The practices that bill through a trading partner."""
        return [one.id for one in self._directory.practices.values() if partner in one.trading_partners] or [
            ""
        ]

    def _exchanged(self, name: str, exchange: Exchange, counts: Mapping[str, int]) -> None:
        for trouble in exchange.troubles:
            self._fail(name, self._partners_practices(trouble.partner), trouble.message, trouble.exit_code)
        self._step(name, counts, [f"{one.partner}: {one.message}" for one in exchange.troubles])

    def _note(self) -> Note:
        return lambda text: self._log("retry", {"what": text})

    def _fetch(self) -> None:
        partners = [one for one in self._directory.trading_partners.values() if one.transport]
        if self._request.dry_run or not partners:
            self._skip(
                "fetch", "a dry run fetches nothing" if partners else "no trading partner has a transport"
            )
            return
        got = fetch(partners, self._settings.folder, self._inbox, note=self._note())
        self._exchanged("fetch", got, {"files": len(got.fetched)})

    @property
    def _inbox(self) -> Path:
        return self._settings.folder / self._wanted.inbox

    def _ingest(self) -> None:
        """Take in what lies in the inbox; what was taken in moves aside, so that it is not read every night."""
        waiting = (
            [path for path in files_of([self._inbox]) if not self._put_aside(path)]
            if self._inbox.is_dir()
            else []
        )
        if self._request.dry_run:
            self._skip("ingest", f"{len(waiting)} files wait")
            return
        practices = tuple(self._directory.practices.values())
        done: Manifest = ingest(
            waiting,
            self._store,
            tables=self._tables,
            payers=self._settings.payers,
            practices=practices,
            now=_utc(),
            second_opinion_megabytes=self._settings.ingest.second_opinion_megabytes,
            largest_megabytes=self._settings.ingest.largest_megabytes,
        )
        self._files = done.files
        own = [entry for entry in done.files if entry.archive is None]
        for path, entry in zip(waiting, own, strict=True):
            self._move(path, _NOT_TAKEN if entry.outcome == words.REJECTED else _TAKEN)
        refused = [f"{one.file}: {one.outcome}" for one in done.files if one.outcome in _TROUBLED]
        if refused:
            self._codes.append(ExitCode.PARTLY)
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
        }
        self._step("ingest", counts, refused)

    def _put_aside(self, path: Path) -> bool:
        return path.relative_to(self._inbox).parts[0] in (_TAKEN, _NOT_TAKEN)

    def _move(self, path: Path, where: str) -> None:
        target = self._inbox / where / path.relative_to(self._inbox)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.replace(target)

    def _bill(self) -> None:
        """What is new in the session files, practice by practice."""
        if not self._wanted.sessions:
            self._skip("claims create", "[run] sessions names no files")
            return
        counts: Counter[str] = Counter()
        messages: list[str] = []
        for practice, pattern in sorted(self._wanted.sessions.items()):
            paths = tuple(sorted(self._settings.folder.glob(pattern)))
            named = [practice] if practice != ALL else sorted(self._directory.practices)
            if not paths:
                continue
            with self._guarded("claims create", named, messages):
                made = create_claims(
                    CreateRequest(
                        sessions=paths,
                        folder=self._out,
                        now=self._request.now,
                        records=RecordFiles.beside(paths[0]),
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
                if made.rejected_rows:
                    self._codes.append(ExitCode.PARTLY)
                    messages.append(f"{pattern}: {made.rejected_rows} rows could not be read")
                unread = [one for one in made.findings if one.code in NOT_READ]
                for finding in unread:
                    said = f"{finding.location.file}: {finding.message}"
                    self._fail("claims create", named, said, ExitCode.PARTLY)
                    messages.append(said)
        self._step("claims create", counts, messages)

    @property
    def _out(self) -> Path:
        return self._settings.folder / self._wanted.out

    def _bill_next(self) -> None:
        if not self._wanted.secondary:
            self._skip("claims secondary", "[run] secondary is off")
            return
        messages: list[str] = []
        counts: Counter[str] = Counter()
        with self._guarded("claims secondary", [""], messages):
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
        self._step("claims secondary", counts, messages)

    def _send(self) -> None:
        if self._request.now.date() in self._wanted.no_sending:
            self._skip("send", "[run] no_sending has today")
            return
        partners = [one for one in self._directory.trading_partners.values() if one.transport]
        if not partners:
            self._skip("send", "no trading partner has a transport")
            return
        went = send(
            self._store,
            partners,
            self._settings.folder,
            now=_utc(),
            note=self._note(),
            dry_run=self._request.dry_run,
        )
        self._sent = () if self._request.dry_run else tuple(one.file for one in went.sent)
        self._exchanged(
            "send", went, {"files": len(went.sent), "claims": sum(one.claims for one in went.sent)}
        )


_TROUBLED: Final = (words.REJECTED, words.QUARANTINED, words.PARTIAL)


def _by_kind(work: Iterable[OpenWork]) -> dict[str, int]:
    return dict(sorted(Counter(one.kind for one in work).items()))


def _utc() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
