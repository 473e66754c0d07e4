"""What `scrub` tells: the findings that were asked for, each whole, and the sums over codes and claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from cli.jobs.code_texts import code_text, finding_codes, title, why_of
from cli.jobs.fix_texts import FIXES
from cli.jobs.scrub.check import Checked, HeldClaim
from cli.render import SCHEMA_VERSION, finding_json, money
from edi.codes.spelling import nearest
from edi.model.errors import UsageError
from edi.model.finding import Finding, Severity
from edi.rules import RULES

_WORST_FIRST = tuple(Severity)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings are shown and decide the exit code.

    ``select`` and ``ignore`` are codes or their beginnings (``UNT``, ``MOD002``); none selected means all. ``least``
    is the weakest severity shown. A finding that both lists name is decided by the longer of the two.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    least: Severity = Severity.INFO

    def takes(self, finding: Finding) -> bool:
        """Whether the finding is one of those asked for."""
        if _WORST_FIRST.index(finding.severity) > _WORST_FIRST.index(self.least):
            return False
        ignored = max((len(one) for one in self.ignore if finding.code.startswith(one)), default=-1)
        if not self.select:
            return ignored < 0
        return max((len(one) for one in self.select if finding.code.startswith(one)), default=-1) > ignored


def selection(select: Sequence[str], ignore: Sequence[str], severity: str) -> Selection:
    """Read ``--select``, ``--ignore`` (lists of codes, each with commas or blanks) and ``--severity``.

    Raises:
        UsageError: a code that no finding begins with, or no such severity.
    """
    if severity not in {one.value for one in Severity}:
        raise UsageError(f"--severity {severity}: write error, warning or info")
    return Selection(
        select=_codes("--select", select), ignore=_codes("--ignore", ignore), least=Severity(severity)
    )


def _codes(option: str, given: Sequence[str]) -> tuple[str, ...]:
    codes = [part.upper() for text in given for part in re.split(r"[,\s]+", text) if part]
    known = {one.code for one in RULES} | set(finding_codes())
    for code in codes:
        if not any(one.startswith(code) for one in known) and code_text(code) is None:
            near = nearest(code, known)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UsageError(f"{option} {code}: no finding has such a code{hint}")
    return tuple(codes)


class CodeCount(msgspec.Struct, frozen=True, kw_only=True):
    """One code at one severity over the whole run.

    Attributes:
        code, severity, title, carc: of its findings.
        count: findings. claims: claims that have one. held: claims it helps to hold, and their charge in cents.
    """

    code: str
    severity: Severity
    title: str
    carc: str | None
    count: int
    claims: int
    held: int
    held_charge: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `scrub`.

    Attributes:
        checked: what was made of the sessions. findings: those asked for, worst first, each with why and fix.
        codes: the sums of those findings by code, in the same order. hidden: how many findings were left out.
    """

    checked: Checked
    findings: tuple[Finding, ...]
    codes: tuple[CodeCount, ...]
    hidden: int

    @property
    def held_charge(self) -> int:
        """Cents of the claims that errors hold."""
        return sum(one.charge for one in self.checked.held)

    @property
    def clean_charge(self) -> int:
        """Cents of the claims that may go."""
        return sum(one.claim.charge for one in self.checked.clean)

    def document(self) -> dict[str, Any]:
        """The JSON of the contract."""
        checked = self.checked
        return {
            "schema_version": SCHEMA_VERSION,
            "rules_version": checked.tables.version,
            "session_lines": checked.lines,
            "rejected_rows": checked.rejected_rows,
            "already_billed": checked.already_billed,
            "changed_after_billing": checked.changed,
            "not_billed": checked.not_billed,
            "held_lines": checked.held_lines,
            "held_lines_charge": money(checked.held_lines_charge),
            "rejected_rows_charge": money(checked.refused_charge),
            "lines_without_charge": checked.unpriced,
            "claims_clean": len(checked.clean),
            "claims_held": len(checked.held),
            "charge_clean": money(self.clean_charge),
            "charge_held": money(self.held_charge),
            "by_code": [_count_json(one) for one in self.codes],
            "held": [held_json(one) for one in checked.held],
            "findings": [finding_json(one) for one in self.findings],
            "findings_left_out": self.hidden,
        }


def report_of(checked: Checked, asked: Selection | None = None) -> Report:
    """Choose, complete and count the findings of a check."""
    chosen = asked or Selection()
    shown = sorted((completed(one) for one in checked.findings if chosen.takes(one)), key=_order)
    return Report(
        checked=checked,
        findings=tuple(shown),
        codes=tuple(_counted(shown, checked)),
        hidden=len(checked.findings) - len(shown),
    )


def completed(finding: Finding) -> Finding:
    """The finding with the fix and the reason of its code, where it brings none of its own and asks for some."""
    if finding.severity is Severity.INFO or (finding.fix and finding.why):
        return finding
    return msgspec.structs.replace(
        finding,
        fix=finding.fix or FIXES.get(finding.code, ""),
        why=finding.why or why_of(finding.code),
    )


def held_json(one: HeldClaim) -> dict[str, Any]:
    """A held claim as the contract shows it."""
    return {
        "practice_id": one.practice_id,
        "payer": one.payer,
        "session_line_ids": one.session_line_ids,
        "charge": money(one.charge),
        "findings": [finding_json(finding) for finding in one.findings],
    }


def _order(finding: Finding) -> tuple[int, str, str, bool, int]:
    """Errors first, then code by code in the order of files and rows; what is said of no row comes last."""
    where = finding.location
    place = (where.file or "", where.row is None, where.row or 0)
    return (_WORST_FIRST.index(finding.severity), finding.code, *place)


def _counted(findings: Iterable[Finding], checked: Checked) -> list[CodeCount]:
    """The sums by severity and code; a payer may weigh a rule otherwise than the next one does."""
    lots: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in findings:
        lots.setdefault((finding.severity, finding.code), []).append(finding)
    claims = dict.fromkeys(lots, 0)
    charge = dict.fromkeys(lots, 0)
    for one in checked.claims:
        for key in {(found.severity, found.code) for found in one.findings} & lots.keys():
            claims[key] += 1
            charge[key] += one.draft.claim.charge
    return [
        CodeCount(
            code=key[1],
            severity=key[0],
            title=title(key[1]) or found[0].message,
            carc=next((one.carc for one in found if one.carc), None),
            count=len(found),
            claims=claims[key],
            held=claims[key] if key[0] is Severity.ERROR else 0,
            held_charge=charge[key] if key[0] is Severity.ERROR else 0,
        )
        for key, found in lots.items()
    ]


def _count_json(one: CodeCount) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity.value,
        "title": one.title,
        "carc": one.carc,
        "count": one.count,
        "claims": one.claims,
        "claims_held": one.held,
        "charge_held": money(one.held_charge),
    }
