"""Which commands leave no entry in the audit, and what the others do."""

from __future__ import annotations

from typing import Final

NOT_AUDITED: Final = {
    "init": "makes an empty store",
    "demo": "made-up patients, in a store of its own",
    "explain": "words of the program, of no patient",
    "doctor": "looks at the installation; shows no claim",
    "tables update": "public code tables",
    "tables list": "public code tables",
    "vault key": "makes a key; opens no store",
    "audit head": "shows the end of the chain alone",
    "audit verify": "shows numbers of entries alone",
}
"""Commands that leave no entry, and why."""
WITHOUT_STORE: Final = frozenset({"x12 show", "x12 check", "redact", "simulate", "eob", "scrub"})
"""Commands that can do without a store; they leave their entries in that of the settings, if there is one."""
FILES_TOLD: Final = frozenset(
    {"ingest", "claims import", "payments add", "deposits import", "backup", "restore"}
)
"""Commands whose files the manifest tells, or the store alone knows."""
DOES: Final = {
    "send": "sent",
    "fetch": "fetched",
    "export postings": "exported",
    "backup": "exported",
    "redact": "exported",
    "simulate": "exported",
    "run": "ended",
}
"""What a command does that does not follow from how it opens the store and where its answer goes."""
REFUSES: Final = (2, 3, 4)
"""Exit codes of what could not be done as it was asked for; the others are failures."""
CHANGES: Final = ("changed", "sent", "fetched", "ended")
KINDS: Final = {
    "patient_control_number": "claims",
    "claim": "claims",
    "practice_id": "practices",
    "sha256": "files",
    "file_sha256": "files",
}
"""Which members of rows and documents say what was shown."""
