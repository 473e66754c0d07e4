"""What the steps of a run did, and what failed for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from cli.exits import ExitCode
from cli.jobs.exchange import trouble_of
from cli.jobs.exchanged import Exchange, Trouble
from cli.jobs.manifest import FileEntry, FindingEntry
from cli.jobs.run.values import FailedPractice, Progress, Step
from edi.model.directory import Directory
from edi.model.errors import ClaimloopError
from edi.model.finding import Severity
from edi.transport.base import DamagedTransferError
from reconcile.store import Store
from reconcile.store.outgoing import practices_in

Log = Callable[[str, Mapping[str, Any]], None]
"""Told the name of an event and its fields; codes, numbers and names of files, no PHI."""
_ONE_BY_ONE: Final = 5
"""Practices of one file that are told one by one; of more their number is."""


_MOST_TOLD: Final = 100
"""Messages and refused files in a line of the log; the manifest has all."""


class Notes:
    """Gathered while a run goes on: ``steps``, ``failed`` and the exit ``codes`` that they ask for."""

    def __init__(self, store: Store, directory: Directory, log: Log, progress: Progress) -> None:
        self._store = store
        self._directory = directory
        self._log = log
        self.steps = progress.steps
        self.failed = progress.failed
        self.codes: list[ExitCode] = []

    def step(
        self,
        name: str,
        counts: Mapping[str, int],
        messages: Sequence[str] = (),
        refused: Sequence[FileEntry] = (),
    ) -> None:
        """A step ended; with ``messages`` it was done in part. ``refused`` are the files that it did not take whole."""
        outcome = "partly" if messages else "done"
        self.steps.append(Step(name=name, outcome=outcome, counts=dict(counts), messages=tuple(messages)))
        told: dict[str, Any] = {"messages": messages[:_MOST_TOLD]} if messages else {}
        if refused:
            told["refused"] = [
                {"file": one.file, "outcome": one.outcome, "findings": _codes(one)}
                for one in refused[:_MOST_TOLD]
            ]
        self._log("step", {"step": name, "outcome": outcome, **counts, **told})

    def skip(self, name: str, why: str) -> None:
        """A step was left out."""
        self.steps.append(Step(name=name, outcome="skipped", messages=(why,)))
        self._log("step", {"step": name, "outcome": "skipped", "why": why})

    @contextmanager
    def guarded(self, step: str, practices: Sequence[str], messages: list[str]) -> Iterator[None]:
        """Keep what stops one practice's part from stopping the others'; the store's own failures go through."""
        try:
            yield
        except OSError as error:
            trouble = trouble_of("", error)
            self._stopped(step, practices, messages, trouble.message, trouble.exit_code)
        except DamagedTransferError as error:
            self._stopped(step, practices, messages, str(error), error.exit_code)
        except ClaimloopError as error:
            if error.exit_code not in (ExitCode.USAGE, ExitCode.PARTLY, ExitCode.ACCESS):
                raise
            self._stopped(step, practices, messages, str(error), error.exit_code)

    def _stopped(
        self, step: str, practices: Sequence[str], messages: list[str], message: str, code: int
    ) -> None:
        self.fail(step, practices, message, code)
        messages.append(message)

    def fail(self, step: str, practices: Sequence[str], message: str, code: int) -> None:
        """A step failed for practices; "" is all of them."""
        self._failed(step, practices, message, code)

    def _failed(
        self, step: str, practices: Sequence[str], message: str, code: int, partner: str = "", most: int = 0
    ) -> None:
        self.codes.append(ExitCode(code))
        told: dict[str, Any] = {
            "step": step,
            "practices": list(practices) if len(practices) <= _ONE_BY_ONE else len(practices),
        }
        told |= {"message": message, "exit_code": code}
        self._log("failed", {**told, **({"partner": partner} if partner else {})})
        several = bool(most) and len(practices) > most
        self.failed += [
            FailedPractice(
                practice_id=one,
                step=step,
                message=message,
                exit_code=code,
                partner=partner,
                practices=len(practices) if several else 1,
            )
            for one in ([""] if several else practices)
        ]

    def exchanged(self, name: str, exchange: Exchange, counts: Mapping[str, int]) -> None:
        """Files went to or came from partners: a file's trouble is that of its practices, another the partner's."""
        files = {one.sha256 for one in exchange.troubles if one.sha256}
        with self._store.read() as connection:
            inside = practices_in(connection, files) if files else {}
        for trouble in exchange.troubles:
            within = inside.get(trouble.sha256, ())
            practices = within or self._partners_practices(trouble)
            most = _ONE_BY_ONE if within else 1
            message = f"{trouble.partner}: {trouble.message}"
            self._failed(name, practices, message, trouble.exit_code, trouble.partner, most)
        self.step(name, counts, [f"{one.partner}: {one.message}" for one in exchange.troubles])

    def _partners_practices(self, trouble: Trouble) -> list[str]:
        """The practices that bill through a trading partner."""
        known = self._directory.practices.values()
        return [one.id for one in known if trouble.partner in one.trading_partners] or [""]


def refusal(file: FileEntry) -> str:
    """What is said of a file that was not taken whole: its outcome, and the first finding of those that weigh most."""
    found = _findings(file)
    first = next((one for one in found if one.severity == Severity.ERROR.value), found[0] if found else None)
    said = f"{file.file}: {file.outcome}"
    return f"{said}: {first.code} {first.message}" if first else said


def _codes(file: FileEntry) -> list[str]:
    return list(dict.fromkeys(one.code for one in _findings(file)))


def _findings(file: FileEntry) -> list[FindingEntry]:
    return [*file.findings, *(one for payment in file.payments for one in payment.findings)]
