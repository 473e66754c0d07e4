"""The store: schema, vault, control numbers, claims, payments, events. SQL stays in here.

Opening::

    store = open_store("sqlite:///claimloop.db")            # creates or upgrades; vault beside the file
    store = open_store("postgresql://…", Path("vault"))
    with store.write() as connection: ...                   # one transaction; BEGIN IMMEDIATE / advisory lock
    with store.read() as connection: ...

Writing claims (``claims create``, ``claims import``), all in one transaction with the numbers that name them::

    with store.write() as connection:
        isa = allocate(connection, partner.id, ISA13, 1, at=now)             # -> range of ints
        numbers = allocate(connection, "", CLM01, len(claims), at=now)
        lines = allocate(connection, "", REF6R, count_of_lines, at=now)
        ... patient_control_number(number, prefix, longest), line_control_number(number) fill the Claims;
        ... write the bytes, vault.keep([data]) -> Kept, put the file in place after the commit
        register_file(connection, kept.sha256, size=…, direction="out", kind="837", name=…, outcome="written", at=now)
        register_practices(connection, directory.practices.values())
        saved = save_claims(connection, claims, ClaimOrigin(source="created", partner=…, file_sha256=…,
                            interchange_control_number=…, group_control_number=…, st_control_number=…,
                            rules_version=…), session_hashes={(practice_id, line_id): session_hash(session)})
    # saved.new: ids in order; saved.extended: chains to recompute (cli.jobs.posting.recompute)

``billed_sessions(connection, practice_id, line_ids)`` tells what is billed already, with the content hash then.
``earlier_lines``, ``billed_units`` and ``authorized_days`` (``history``) tell what earlier claims hold of patients'
days; ``save_sessions_without_line`` notes session lines that a claim counts without a service line.

Reading for commands is in ``reconcile.store.queries``; checks of the whole store in ``reconcile.store.checks``.
"""

from __future__ import annotations

from sqlalchemy import Connection

from reconcile.store.acknowledgments import save_acknowledgments
from reconcile.store.adjudications import (
    NO_ORIGINAL,
    RemittanceFacts,
    Waiting,
    payment_place,
    posted_on,
    waiting,
    waiting_adjudications,
    waiting_reversals,
    waiting_under,
)
from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.claims import (
    ClaimOrigin,
    SavedClaims,
    billed_sessions,
    load_claim,
    save_claims,
    session_hash,
)
from reconcile.store.content import (
    ContentDigest,
    is_non_payment,
    pack_claim_payment,
    payment_key,
    unpack_claim_payment,
)
from reconcile.store.control_numbers import (
    CLM01,
    GS06,
    ISA13,
    REF6R,
    ST02,
    allocate,
    group_control_number,
    interchange_control_number,
    line_control_number,
    patient_control_number,
    transaction_control_number,
)
from reconcile.store.digest import store_digest
from reconcile.store.engine import Store, open_store
from reconcile.store.events import Event, events, record_event
from reconcile.store.files import (
    STARTED,
    StoredFile,
    StoredSet,
    begin_file,
    files,
    finish_file,
    held_sets,
    load_file,
    load_set,
    posted_payment,
    register_file,
    save_set,
)
from reconcile.store.history import (
    authorized_days,
    billed_units,
    earlier_lines,
    save_sessions_without_line,
)
from reconcile.store.posting_rows import (
    POSTED,
    SUSPENSE,
    UNMATCHED,
    ChainState,
    Stored,
    denial_id,
)
from reconcile.store.postings import (
    complete_remittance,
    insert_claim_payments,
    next_claim_payment_id,
    next_remittance_id,
    open_denials,
    rematch_claim_payments,
    reserve_remittance,
    write_states,
)
from reconcile.store.practices import (
    Payees,
    payees,
    refresh_payees,
    register_billing_provider,
    register_practices,
)
from reconcile.store.submissions import Submissions, add_by_line_numbers, by_numbers, by_roots, normalised
from reconcile.store.vault import DatabaseVault, FolderVault, Held, Kept, Lock, Place, Vault, read_blocks

__all__ = [
    "CLM01",
    "GS06",
    "IN_LIST",
    "ISA13",
    "NO_ORIGINAL",
    "POSTED",
    "REF6R",
    "ST02",
    "STARTED",
    "SUSPENSE",
    "UNMATCHED",
    "ChainState",
    "ClaimOrigin",
    "Connection",
    "ContentDigest",
    "DatabaseVault",
    "Event",
    "FolderVault",
    "Held",
    "Kept",
    "Lock",
    "Payees",
    "Place",
    "RemittanceFacts",
    "SavedClaims",
    "Store",
    "Stored",
    "StoredFile",
    "StoredSet",
    "Submissions",
    "Vault",
    "Waiting",
    "add_by_line_numbers",
    "allocate",
    "authorized_days",
    "begin_file",
    "billed_sessions",
    "billed_units",
    "by_numbers",
    "by_roots",
    "chunks",
    "complete_remittance",
    "denial_id",
    "earlier_lines",
    "events",
    "files",
    "finish_file",
    "group_control_number",
    "held_sets",
    "insert_claim_payments",
    "interchange_control_number",
    "is_non_payment",
    "line_control_number",
    "load_claim",
    "load_file",
    "load_set",
    "next_claim_payment_id",
    "next_remittance_id",
    "normalised",
    "open_denials",
    "open_store",
    "pack_claim_payment",
    "patient_control_number",
    "payees",
    "payment_key",
    "payment_place",
    "posted_on",
    "posted_payment",
    "read_blocks",
    "record_event",
    "refresh_payees",
    "register_billing_provider",
    "register_file",
    "register_practices",
    "rematch_claim_payments",
    "reserve_remittance",
    "save_acknowledgments",
    "save_claims",
    "save_sessions_without_line",
    "save_set",
    "session_hash",
    "store_digest",
    "transaction_control_number",
    "unpack_claim_payment",
    "waiting",
    "waiting_adjudications",
    "waiting_reversals",
    "waiting_under",
    "write_states",
]
