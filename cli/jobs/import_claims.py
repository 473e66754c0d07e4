"""``claims import``: claims that another system submitted, from its 837P files; then what waited is tried again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from cli.jobs import loops, manifest
from cli.jobs.ingest import LARGEST, error_finding, files_of, take_in
from cli.jobs.manifest import FileEntry, Manifest, entries, summarise
from cli.jobs.posting import Tools, recompute
from cli.jobs.retrying import retry_for_claims, retry_unmatched
from cli.jobs.untied import tie_to_imported
from edi.codes.lookup import Tables
from edi.model.claim import Claim
from edi.model.directory import Practice
from edi.model.errors import InputError
from edi.model.finding import Finding, Location, Severity
from edi.model.records import PatientRecord
from edi.model.submission import SubmissionHeader, SubmissionTrailer
from edi.payers.profile import PayerProfile
from edi.transactions import t837p
from edi.x12.envelope import FATAL, TransactionSet, read_transactions
from reconcile.store import (
    ClaimOrigin,
    Connection,
    Kept,
    Store,
    StoredSet,
    load_set,
    register_billing_provider,
    register_practices,
    save_claims,
    save_set,
)
from reconcile.store.claim_status.tying import tie_again
from reconcile.store.protection import Person, protect_imported, protected_persons, protected_records


class ImportCounts(msgspec.Struct, frozen=True):
    """What one transaction set brought: claims new and known, and findings of registering their practices."""

    new: int = 0
    known: int = 0
    outcome: str = manifest.POSTED


def import_claims(
    paths: Iterable[Path],
    store: Store,
    *,
    tables: Tables,
    payers: Mapping[str, PayerProfile],
    practices: Sequence[Practice] = (),
    now: datetime,
    largest_megabytes: int = LARGEST,
    patients: Iterable[PatientRecord] = (),
) -> Manifest:
    """Take in 837P files that another system made.

    Args:
        paths: files or folders.
        store: open for writing.
        tables: the code tables, for what is posted when a claim payment that waited finds its claim.
        payers: profiles by key; they tell which payer a claim was sent to.
        practices: claimloop.toml's, so that a billing provider that is one of them keeps its name.
        now: UTC without zone.
        largest_megabytes: the largest file that is kept.
        patients: the practices' records, as far as given: what they say of QMB holds for claims imported before too.

    Returns:
        The manifest: ``claims_new`` and ``claims_known`` per file, ``retried_matched`` in the totals.

    Raises:
        AccessError, TemporaryError, StoreError: the store or the vault failed; what was done is whole.
    """
    tools = Tools(tables, payers)
    with store.write() as connection:
        register_practices(connection, practices)
        protected = protected_records(patients)
        recompute(connection, protect_imported(connection, protected), tools)
        protected |= protected_persons(connection)
    retried: list[int] = []
    listed = [
        _import_file(path, store, tools, protected, now, largest_megabytes, retried)
        for path in files_of(paths)
    ]
    return summarise(listed, retried_matched=sum(retried) + retry_unmatched(store, tools))


def _import_file(
    path: Path,
    store: Store,
    tools: Tools,
    protected: frozenset[Person],
    now: datetime,
    largest: int,
    retried: list[int],
) -> FileEntry:
    """Keep a file, then take its claims from the vault; ``retried`` gets how many had waited for them."""
    return take_in(
        path,
        store,
        now,
        verb="import",
        read=lambda kept: _SubmittedFile(store, kept, path.name, tools, protected, retried).read(),
        largest=largest,
    )


class _SubmittedFile:
    """One kept 837P file while its transaction sets are read."""

    def __init__(
        self,
        store: Store,
        kept: Kept,
        name: str,
        tools: Tools,
        protected: frozenset[Person],
        retried: list[int],
    ) -> None:
        self._store = store
        self._kept = kept
        self._name = name
        self._tools = tools
        self._protected = protected
        self._findings: list[Finding] = []
        self._counts: list[ImportCounts] = []
        self._new: list[int] = []
        self._retried = retried

    def read(self) -> FileEntry:
        """Take in every transaction set, then say what became of the file."""
        kind = None
        with closing(self._store.vault.read(self._kept.sha256)) as blocks:
            for position, item in enumerate(read_transactions(blocks, file=self._name)):
                if isinstance(item, Finding):
                    self._findings.append(item)
                elif item.kind == "837":
                    kind = "837P"
                    try:
                        self._counts.append(self._take(loops.bounded(item), position))
                    except InputError as error:
                        self._findings.append(error_finding(loops.CODE, str(error), self._name, loops.FIX))
                else:
                    message = f"a transaction set {item.kind} is not something that claims import takes"
                    self._findings.append(error_finding("ING004", message, self._name))
        if any(one.new for one in self._counts):
            with self._store.write() as connection:
                tie_again(connection)
                self._retried.append(retry_for_claims(connection, self._new, self._tools))
                mine = (self._kept.sha256,)
                self._retried.append(tie_to_imported(connection, self._store.vault, self._tools, mine))
        return FileEntry(
            file=self._name,
            sha256=self._kept.sha256,
            kind=kind,
            outcome=self._outcome(),
            claims_new=sum(one.new for one in self._counts),
            claims_known=sum(one.known for one in self._counts),
            findings=entries(self._findings),
        )

    def _outcome(self) -> str:
        """One word for the file."""
        outcomes = {one.outcome for one in self._counts}
        if not outcomes or outcomes == {manifest.REJECTED}:
            return manifest.REJECTED
        if len(outcomes) > 1 or any(one.code in (*FATAL, "ING004", loops.CODE) for one in self._findings):
            return manifest.PARTIAL
        return outcomes.pop()

    def _take(self, transaction: TransactionSet, position: int) -> ImportCounts:
        """One transaction set, in one database transaction."""
        claims: list[Claim] = []
        header: SubmissionHeader | None = None
        trailer = SubmissionTrailer(complete=False)
        for value in t837p.read(transaction):
            if isinstance(value, Claim):
                claims.append(value)
            elif isinstance(value, Finding):
                self._findings.append(value)
            elif isinstance(value, SubmissionHeader):
                header = value
            else:
                trailer = value
        with self._store.write() as connection:
            earlier = load_set(connection, self._kept.sha256, position)
            if earlier is not None:
                return msgspec.json.decode(earlier.record, type=ImportCounts)
            if header is None or not trailer.complete:
                counts = ImportCounts(outcome=manifest.REJECTED)
            else:
                counts = self._save(connection, claims, header)
            save_set(
                connection,
                StoredSet(
                    file_sha256=self._kept.sha256,
                    position=position,
                    kind="837",
                    st_control_number=transaction.control_number,
                    outcome=counts.outcome,
                    record=msgspec.json.encode(counts).decode(),
                ),
            )
        return counts

    def _save(self, connection: Connection, claims: list[Claim], header: SubmissionHeader) -> ImportCounts:
        """Store the claims under their practices, and recompute the chains they extend."""
        owned: list[Claim] = []
        for claim in claims:
            practice, fresh = register_billing_provider(connection, claim.billing)
            number = claim.patient_control_number
            if not practice:
                message = "the billing provider has neither NPI nor tax id, so the claim is not stored"
                self._findings.append(self._about(number, "IMP002", Severity.ERROR, message))
                continue
            if fresh:
                message = f"the billing provider is new: registered as practice {practice}"
                self._findings.append(self._about(number, "IMP001", Severity.INFO, message))
            payer = msgspec.structs.replace(claim.payer, key=self._payer_key(claim.payer.id))
            owned.append(msgspec.structs.replace(claim, practice_id=practice, payer=payer))
        origin = ClaimOrigin(
            source="imported",
            file_sha256=self._kept.sha256,
            interchange_control_number=header.interchange_control_number or "",
            group_control_number=header.group_control_number or "",
            st_control_number=header.st_control_number,
            submission_reference=header.reference,
        )
        saved = save_claims(connection, owned, origin)
        self._new += saved.new
        guarded = protect_imported(connection, self._protected, saved.new)
        if guarded:
            message = f"{len(guarded)} claims are of patients whom nobody may bill (QMB)"
            self._findings.append(
                Finding(
                    code="IMP003", severity=Severity.INFO, message=message, location=Location(file=self._name)
                )
            )
        recompute(connection, {*saved.extended, *guarded}, self._tools)
        known = bool(saved.known) and not saved.new
        return ImportCounts(len(saved.new), saved.known, manifest.DUPLICATE if known else manifest.POSTED)

    def _about(self, claim: str, code: str, severity: Severity, message: str) -> Finding:
        """A finding about one claim's billing provider."""
        place = Location(file=self._name, claim=claim, element="NM109")
        return Finding(code=code, severity=severity, message=message, location=place)

    def _payer_key(self, number: str) -> str:
        """The key of the one payer that is sent claims under this id; "" when none or several are."""
        keys = [key for key, payer in self._tools.payers.items() if number in payer.claim_id.values()]
        return keys[0] if len(keys) == 1 else ""
