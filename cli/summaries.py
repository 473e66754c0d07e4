"""What several commands tell a person: a manifest, what is held, how to go on."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from shutil import which
from typing import Any

from cli.jobs.create_claims import CreateResult
from cli.jobs.lists import counted
from cli.jobs.manifest import POSTED, FileEntry, FindingEntry, Manifest, PaymentEntry
from cli.jobs.submission import WrittenFile
from cli.render import money, stderr, stdout
from cli.trail import trail
from edi.model.finding import Finding, Severity

_FINDINGS_SHOWN = 20
"""Findings that are shown; errors are all shown, and conformance remarks are only counted."""
_ERROR, _INFO = Severity.ERROR.value, Severity.INFO.value
_ORDER = (_ERROR, Severity.WARNING.value, _INFO)
_CONFORMANCE = "PYX"
"""What the codes of the second opinion on conformance begin with."""


def print_manifest(
    manifest: Manifest, *, quiet: bool = False, money_of: Mapping[str, int] | None = None
) -> None:
    """Print files and totals on stdout, the findings on stderr unless ``quiet``.

    Args:
        manifest: what was taken in.
        quiet: no findings.
        money_of: cents of the claim payments taken in by outcome (``posted``, ``unmatched``, ``suspense``); None where
            nothing with money comes in.
    """
    trail().document(manifest)
    console = stdout()
    if not manifest.files and not quiet:
        stderr().print("there was no file to take in")
    for file in manifest.files:
        console.print(_file_line(file), markup=False, soft_wrap=True)
    totals = manifest.totals
    for text in (
        f"{counted(totals.posted, 'payment')} taken in{_booked(money_of) if totals.posted else ''}; "
        f"{totals.duplicates} seen before, {totals.quarantined} quarantined, "
        f"{counted(totals.conflicts, 'possible reissue')} held",
        f"{totals.claims_matched} of {counted(totals.claims, 'claim')} matched "
        f"({totals.lines_matched} of {counted(totals.lines, 'line')}), {totals.unmatched} unmatched, "
        f"{totals.claims_held} in suspense, {counted(totals.denials, 'denial')}",
        f"{counted(totals.answered_twice, 'claim')} answered twice without a reversal (claimloop work list)",
        f"{counted(totals.acknowledgments, 'acknowledgment')}, {counted(totals.rejections, 'rejection')} among them",
        f"{counted(totals.claims_new, 'claim')} new, {totals.claims_known} known; "
        f"{counted(totals.retried_matched, 'payment')} that waited found a claim",
    ):
        if any(word.strip("(),;").isdigit() and int(word.strip("(),;")) for word in text.split()):
            console.print(text, markup=False, soft_wrap=True)
    if not quiet:
        print_file_findings(manifest.files)


def _booked(money_of: Mapping[str, int] | None) -> str:
    """Where the money of what was taken in is."""
    if money_of is None:
        return ""
    posted, unmatched, held = (money(money_of.get(name, 0)) for name in ("posted", "unmatched", "suspense"))
    return f": {posted} posted to claims, {unmatched} unmatched, {held} in suspense"


def _file_line(file: FileEntry) -> str:
    what = []
    if file.payments:
        what.append(_payments(file.payments))
    if file.acknowledgments:
        what.append(
            f"{counted(file.acknowledgments, 'acknowledgment')}, {counted(file.rejections, 'rejection')}"
        )
    if file.eligibility_answers:
        what.append(counted(file.eligibility_answers, "answer") + " about eligibility")
    if file.patient_entries or file.patient_entries_known:
        known = f", {file.patient_entries_known} seen before" if file.patient_entries_known else ""
        what.append(counted(file.patient_entries, "patient payment") + known)
    if file.opening_balances:
        what.append(counted(file.opening_balances, "claim") + " brought forward")
    if file.claims_new or file.claims_known:
        what.append(f"{counted(file.claims_new, 'claim')} new, {file.claims_known} known")
    if file.duplicate_of is not None:
        what.append(f"taken in before as {file.duplicate_of}")
    return f"{_word(file.outcome):<11} {file.kind or '-':<6} {file.file}" + (
        f"  ({'; '.join(what)})" if what else ""
    )


def _payments(payments: Sequence[PaymentEntry]) -> str:
    """How many payments came to what, and of those posted how many claims were found: nothing is booked of the rest."""
    outcomes = Counter(one.outcome for one in payments)
    if len(outcomes) > 1:
        said = ", ".join(f"{count} {_word(outcome)}" for outcome, count in sorted(outcomes.items()))
    else:
        said = ", ".join(map(_word, outcomes))
    text = f"{counted(len(payments), 'payment')}: {said}"
    posted = [one for one in payments if one.outcome == POSTED]
    claims = sum(one.claims for one in posted)
    if not claims:
        return text
    text += f", {sum(one.claims_matched for one in posted)} of {counted(claims, 'claim')} matched"
    held = sum(one.claims_held for one in posted)
    return text + (f", {held} in suspense" if held else "")


def _word(outcome: str) -> str:
    """An outcome as a person reads it: what is taken in is posted only where its claims are known."""
    return "taken in" if outcome == POSTED else outcome


def _is_remark(finding: FindingEntry) -> bool:
    """Whether a finding is a remark on conformance, on which nothing hangs."""
    return finding.severity == _INFO and finding.code.startswith(_CONFORMANCE)


def print_file_findings(files: Sequence[FileEntry]) -> None:
    """Print what was found in files on stderr, errors first, each with its place and fix; remarks are counted."""
    console = stderr()
    findings: list[tuple[str, FindingEntry]] = []
    for file in files:
        findings += [(file.file, finding) for finding in file.findings]
        findings += [(file.file, finding) for payment in file.payments for finding in payment.findings]
    told = [item for item in findings if not _is_remark(item[1])]
    remarks, findings = len(findings) - len(told), told
    findings.sort(key=lambda item: (_ORDER.index(item[1].severity), item[1].row is None))
    shown = max(sum(one.severity == _ERROR for _, one in findings), _FINDINGS_SHOWN)
    for name, finding in findings[:shown]:
        place = [f"row {finding.row}"] if finding.row else []
        place += [f"claim {finding.claim}"] if finding.claim else []
        place += [f"segment {finding.segment}"] if finding.segment else []
        place += [finding.element] if finding.element else []
        console.print(
            f"{finding.severity:<7} {finding.code}  {', '.join([name, *place])}: {finding.message}",
            markup=False,
            soft_wrap=True,
        )
        if finding.fix:
            console.print(f"        fix: {finding.fix}", markup=False, style="dim", soft_wrap=True)
    if len(findings) > shown:
        console.print(f"… and {len(findings) - shown} more; --json lists all", style="dim")
    if remarks:
        console.print(f"{counted(remarks, 'conformance remark')}; --json lists them", style="dim")


def held_text(result: CreateResult, *, most: int) -> Iterator[str]:
    """Yield a line for each claim held, with its session lines and codes, then for each line held before a claim.

    Args:
        result: what `claims create` did.
        most: how many lines to yield; what is beyond that is counted in one line more.
    """
    texts = [
        f"held {' '.join(sorted(one.session_line_ids))} ({one.payer}, {money(one.charge)}): "
        + " ".join(dict.fromkeys(_codes(one.findings)))
        for one in result.held
    ]
    in_claims = {line for one in result.held for line in one.session_line_ids}
    before: dict[str, list[str]] = {}
    for finding in result.findings:
        line = finding.location.session
        if line is not None and line not in in_claims and finding.severity is Severity.ERROR:
            before.setdefault(line, []).append(finding.code)
    texts += [
        f"held {line} (no claim yet): {' '.join(dict.fromkeys(codes))}" for line, codes in before.items()
    ]
    yield from texts[:most]
    if len(texts) > most:
        yield f"… and {len(texts) - most} more; claims create --dry-run --json lists all"


def _codes(findings: Sequence[Finding]) -> Iterator[str]:
    """The codes of the errors."""
    for finding in findings:
        if finding.severity is Severity.ERROR:
            yield finding.code


def this_command() -> str:
    """How to call the program from any folder: by name when the shell would find this one, else by its path."""
    running = Path(sys.argv[0])
    found = which("claimloop")
    if running.stem != "claimloop" or (found is not None and Path(found).resolve() == running.resolve()):
        return "claimloop"
    return quote(str(running.absolute()))


def written_file_json(file: WrittenFile) -> dict[str, Any]:
    """A written 837P file as the contract's documents name it; amounts are decimal text."""
    return {
        "file": file.path,
        "sha256": file.sha256,
        "trading_partner": file.partner,
        "interchange_control_number": file.interchange_control_number,
        "claims": file.claims,
        "lines": file.lines,
        "charge": money(file.charge),
    }
