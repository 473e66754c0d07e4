"""Inquiries into files, one for each trading partner: numbered, written, stored and put into their folder.

Order of things as for claims: bytes into the vault, one transaction that allocates the numbers and stores the
inquiries, then the file in its folder. A file that a run ended before is put there by the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

import msgspec

from cli.clock import as_utc
from cli.jobs import placing
from cli.settings import Settings
from edi.model.directory import Directory, TradingPartner
from edi.model.errors import UsageError
from edi.model.finding import Finding
from edi.transactions.levels import set_reference
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
from reconcile.store.control_numbers import trace_number
from reconcile.store.files import OUTGOING

MADE: Final = "made"
"""Outcome of a file of inquiries that is in the vault and was not yet seen in its folder."""
Question: TypeAlias = tuple[int, Any]
"""An inquiry and the id of the submission it is about, 0 for one about a patient."""


class AskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What every request to ask has.

    ``now`` is local, its day is today; ``practice``: only this one's; ``again``: ask although an answer may still come;
    ``dry_run``: walk the same path, keep and write nothing.
    """

    folder: Path
    now: datetime
    practice: str | None = None
    again: bool = False
    dry_run: bool = False


class AskedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was written, and how many inquiries it holds."""

    path: str
    sha256: str
    partner: str
    interchange_control_number: str
    inquiries: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking.

    ``put_back``: names of files of an interrupted run. Not asked are: ``waiting``, asked lately; ``not_asked``, their
    payers take no inquiry; ``held``, something is missing.
    """

    files: tuple[AskedFile, ...] = ()
    put_back: tuple[str, ...] = ()
    waiting: int = 0
    not_asked: int = 0
    held: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def asked(self) -> int:
        """How many inquiries the files hold."""
        return sum(file.inquiries for file in self.files)


def directory_for(request: AskRequest, settings: Settings) -> Directory:
    """Return who is who.

    Raises:
        SettingsError: there is no directory.
        UsageError: it has no practice of the request's name.
    """
    directory = settings.need_directory()
    if request.practice is not None and request.practice not in directory.practices:
        raise UsageError(f"no practice {request.practice}; there are: {', '.join(directory.practices)}")
    return directory


class Writer(msgspec.Struct, frozen=True):
    """Writes the files of one request.

    Attributes:
        kind: the transaction set, t270 or t276.
        traces: the kind of control number that its trace numbers are.
        save: stores what a file asks: submission, inquiry and BHT03 of its set each.
        check: raises, in the transaction of a file, what is against asking its questions now.
    """

    kind: ModuleType
    traces: str
    request: AskRequest
    settings: Settings
    store: Store
    save: Callable[..., None]
    check: Callable[[Connection, Sequence[Question]], None] = lambda _connection, _questions: None

    def files(self, by_partner: Mapping[str, Sequence[Question]]) -> dict[str, tuple[Any, ...]]:
        """Put back what an interrupted run left, then write a file for each trading partner; both as ``Asked`` has it.

        Raises:
            UsageError: another file stands where one would go.
            StoreError, AccessError, TemporaryError: from the store, the vault or the folder.
        """
        request, partners = self.request, self.settings.need_directory().trading_partners
        returned = () if request.dry_run else placing.put_back(self.store, request.folder, before=MADE)
        return {
            "put_back": tuple(returned),
            "files": tuple(
                self._file(questions, partners[partner]) for partner, questions in sorted(by_partner.items())
            ),
        }

    def _file(self, questions: Sequence[Question], partner: TradingPartner) -> AskedFile:
        """Number, write and store the questions for one trading partner."""
        now, code = self.request.now, self.kind.KIND
        with suppress(placing.RollBackError), self.store.write() as connection:
            register_practices(connection, self.settings.need_directory().practices.values())
            numbers = allocate(connection, "", self.traces, len(questions), at=as_utc(now))
            self.check(connection, questions)
            traced = [
                (claim, msgspec.structs.replace(one, trace_number=trace_number(self.traces, number)))
                for number, (claim, one) in zip(numbers, questions, strict=True)
            ]
            isa, data, sets = self._written(connection, [one for _, one in traced], partner)
            path = self.request.folder / f"{partner.id}-{isa}.{code}"
            digest = hashlib.sha256(data).hexdigest()
            placing.refuse_taken(path, digest)
            if self.request.dry_run:
                raise placing.RollBackError
            self.store.vault.keep([data])
            known = {"size": len(data), "direction": OUTGOING, "kind": code, "name": path.name}
            register_file(connection, digest, **known, outcome=MADE, at=as_utc(now))
            asked = [(claim, one, sets[one.trace_number]) for claim, one in traced]
            self.save(connection, asked, partner=partner.id, file_sha256=digest, asked_on=now.date())
        if not self.request.dry_run:
            placing.place(self.store, path, digest, data, before=MADE)
        return AskedFile(
            path=str(path),
            sha256=digest,
            partner=partner.id,
            interchange_control_number=isa,
            inquiries=len(questions),
        )

    def _written(
        self, connection: Connection, inquiries: Sequence[Any], partner: TradingPartner
    ) -> tuple[str, bytes, dict[str, str]]:
        """ISA13, the bytes of a file, and BHT03 of each inquiry's transaction set by trace number."""
        now, plan = self.request.now, self.kind.plan_sets(inquiries)
        isa = allocate(connection, partner.id, ISA13, 1, at=as_utc(now))[0]
        gs = allocate(connection, partner.id, GS06, 1, at=as_utc(now))[0]
        sts = allocate(connection, partner.id, ST02, len(plan), at=as_utc(now))
        sets = [(transaction_control_number(st), part) for st, part in zip(sts, plan, strict=True)]
        data = self.kind.write(
            sets,
            partner=partner,
            interchange_control_number=isa,
            group_control_number=gs,
            created=now,
        )
        references = {one.trace_number: set_reference(isa, st) for st, part in sets for one in part}
        return interchange_control_number(isa), data, references
