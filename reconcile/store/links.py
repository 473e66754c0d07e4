"""What a row must find: for each kind of row the query of those that find it not, for ``reconcile.store.checks``."""

# ruff: noqa: S608 (every piece of SQL is a constant of this module)
from __future__ import annotations

from typing import Final

from reconcile.store.history import NO_LINE

BROKEN_LINKS: Final = {
    "a posting": "SELECT x.claim_payment_id FROM posting x LEFT JOIN claim_payment p ON p.id = x.claim_payment_id"
    " LEFT JOIN service_line l ON l.id = x.line_id WHERE p.id IS NULL OR (x.line_id IS NOT NULL AND l.id IS NULL)",
    "a service payment": "SELECT x.claim_payment_id FROM service_payment x LEFT JOIN claim_payment p"
    " ON p.id = x.claim_payment_id LEFT JOIN service_line l ON l.id = x.line_id"
    " WHERE p.id IS NULL OR (x.line_id IS NOT NULL AND l.id IS NULL)",
    "a service line": "SELECT x.id FROM service_line x LEFT JOIN claim c ON c.id = x.claim_id WHERE c.id IS NULL",
    "a claim": "SELECT x.id FROM claim x LEFT JOIN claim o ON o.id = x.root WHERE o.id IS NULL OR o.root <> o.id",
    "a claim without its value": "SELECT c.id FROM claim c LEFT JOIN claim_content x ON x.claim_id = c.id"
    " WHERE x.claim_id IS NULL",
    "a provider adjustment": "SELECT x.remittance_id FROM provider_adjustment x LEFT JOIN remittance r"
    " ON r.id = x.remittance_id WHERE r.id IS NULL",
    "a resubmission": "SELECT x.claim_id FROM resubmission x LEFT JOIN claim c ON c.id = x.claim_id"
    " LEFT JOIN claim o ON o.id = x.follows WHERE c.id IS NULL OR o.id IS NULL OR o.root <> c.root OR o.id = c.id",
    "a journal entry": "SELECT x.id FROM journal_entry x LEFT JOIN service_line l ON l.id = x.line_id"
    " WHERE x.line_id IS NOT NULL AND l.id IS NULL",
    "a work item": "SELECT x.id FROM work_item x LEFT JOIN claim c ON c.id = x.claim_id"
    " WHERE c.id IS NULL OR c.root <> c.id",
    "a session line": "SELECT x.line_id FROM billed_session x LEFT JOIN claim c ON c.id = x.claim_id"
    " LEFT JOIN service_line l ON l.claim_id = x.claim_id AND l.number = x.line_number"
    f" WHERE c.id IS NULL OR (x.line_number <> {NO_LINE} AND l.id IS NULL)",
    "a deposit": "SELECT x.id FROM deposit x LEFT JOIN file f ON f.sha256 = x.file_sha256 WHERE f.sha256 IS NULL",
    "a payment's file": "SELECT r.id FROM remittance r LEFT JOIN file f ON f.sha256 = r.file_sha256"
    " WHERE f.sha256 IS NULL",
}
"""By the kind of row: SQL that gives a name for each row without what it hangs on."""
