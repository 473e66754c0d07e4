"""Findings as SARIF 2.1.0, which editors, code hosts and quality boards read.

Source: OASIS SARIF 2.1.0, sections 3.13 (log), 3.14 (run), 3.27 (result), 3.49 (reportingDescriptor).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from cli.jobs.code_texts import title, why_of
from cli.jobs.fix_texts import FIXES
from edi.model.finding import Finding, Severity
from edi.rules import RULES

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT: Final = "claimloopFinding/v1"
"""Key of the fingerprint: the same defect of the same session line has the same one in every run."""
_LEVEL: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(findings: Iterable[Finding], files: Mapping[str, Path]) -> dict[str, Any]:
    """The SARIF log of one run.

    Args:
        findings: to be told, each with why and fix.
        files: the path of each file by the name that findings call it.

    Returns:
        The log as JSON values. A row of a table is told as a line of its file.
    """
    listed = list(findings)
    codes = sorted({one.code for one in listed})
    place = {code: number for number, code in enumerate(codes)}
    seen: dict[str, int] = {}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "claimloop",
                        "version": version("claimloop"),
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "results": [_result(one, place[one.code], files, seen) for one in listed],
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    """What the log says once of a code."""
    known = next((one for one in RULES if one.code == code), None)
    about = title(code) or code
    name = known.name if known is not None else code.lower()
    described: dict[str, Any] = {
        "id": code,
        "name": "".join(part.capitalize() for part in name.split("_")),
        "shortDescription": {"text": about},
        "fullDescription": {"text": (known.why if known is not None else why_of(code)) or about},
        "help": {"text": (known.fix if known is not None else FIXES.get(code)) or "See the message."},
    }
    if known is not None:
        described["defaultConfiguration"] = {"level": _LEVEL[known.severity]}
        described["properties"] = {"family": known.family, **({"carc": known.carc} if known.carc else {})}
    return described


def _result(
    finding: Finding, rule_index: int, files: Mapping[str, Path], seen: dict[str, int]
) -> dict[str, Any]:
    """One finding; ``seen`` counts those that would have the same fingerprint."""
    where = finding.location
    key = "|".join((finding.code, where.session or f"{where.file}:{where.row}", where.field or ""))
    seen[key] = seen.get(key, 0) + 1
    digest = hashlib.sha256(f"{key}|{seen[key]}".encode()).hexdigest()[:32]
    more = {"session": where.session, "field": where.field, "line": where.line, "claim": where.claim}
    told = {**more, "carc": finding.carc, "why": finding.why, "fix": finding.fix}
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": _LEVEL[finding.severity],
        "message": {"text": f"{finding.message} Fix: {finding.fix}" if finding.fix else finding.message},
        "partialFingerprints": {FINGERPRINT: digest},
        "properties": {name: value for name, value in told.items() if value},
    }
    if where.file:
        path = files.get(where.file, Path(where.file))
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(path)}}
        if where.row:
            physical["region"] = {"startLine": where.row}
        result["locations"] = [{"physicalLocation": physical}]
    return result


def _uri(path: Path) -> str:
    """A relative path as a URI reference, an absolute one as a file URI."""
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
