"""A manifest as a person reads it: a line a file, then the sums and what is wrong."""

from __future__ import annotations

from cli.jobs.manifest import FileEntry, FindingEntry, Manifest
from cli.render import stderr, stdout

_FINDINGS_SHOWN = 20


def print_manifest(manifest: Manifest, *, quiet: bool = False) -> None:
    """Print files and totals on stdout, the findings on stderr unless ``quiet``."""
    console = stdout()
    if not manifest.files and not quiet:
        stderr().print("there was no file to take in")
    for file in manifest.files:
        console.print(_file_line(file), markup=False, soft_wrap=True)
    totals = manifest.totals
    for text in (
        f"{totals.posted} payments posted, {totals.duplicates} seen before, {totals.quarantined} quarantined, "
        f"{totals.conflicts} possible reissues held",
        f"{totals.claims_matched} of {totals.claims} claims matched ({totals.lines_matched} of {totals.lines} lines), "
        f"{totals.unmatched} unmatched, {totals.claims_held} in suspense, {totals.denials} denials",
        f"{totals.acknowledgments} acknowledgments, {totals.rejections} of them rejections",
        f"{totals.claims_new} claims new, {totals.claims_known} known; {totals.retried_matched} payments that waited "
        "found their claim",
    ):
        if any(word.strip("(),;").isdigit() and int(word.strip("(),;")) for word in text.split()):
            console.print(text, markup=False, soft_wrap=True)
    if not quiet:
        _print_findings(manifest)


def _file_line(file: FileEntry) -> str:
    what = []
    if file.payments:
        what.append(
            f"{_counted(len(file.payments), 'payment')}: "
            + ", ".join(sorted({one.outcome for one in file.payments}))
        )
    if file.acknowledgments:
        what.append(
            f"{_counted(file.acknowledgments, 'acknowledgment')}, {_counted(file.rejections, 'rejection')}"
        )
    if file.claims_new or file.claims_known:
        what.append(f"{_counted(file.claims_new, 'claim')} new, {file.claims_known} known")
    return f"{file.outcome:<11} {file.kind or '-':<6} {file.file}" + (
        f"  ({'; '.join(what)})" if what else ""
    )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _print_findings(manifest: Manifest) -> None:
    console = stderr()
    findings: list[tuple[str, FindingEntry]] = []
    for file in manifest.files:
        findings += [(file.file, finding) for finding in file.findings]
        findings += [(file.file, finding) for payment in file.payments for finding in payment.findings]
    findings.sort(key=lambda item: {"error": 0, "warning": 1}.get(item[1].severity, 2))
    for name, finding in findings[:_FINDINGS_SHOWN]:
        place = [f"claim {finding.claim}"] if finding.claim else []
        place += [f"segment {finding.segment}"] if finding.segment else []
        place += [finding.element] if finding.element else []
        console.print(
            f"{finding.severity:<7} {finding.code}  {', '.join([name, *place])}: {finding.message}",
            markup=False,
            soft_wrap=True,
        )
        if finding.fix:
            console.print(f"        fix: {finding.fix}", markup=False, style="dim", soft_wrap=True)
    if len(findings) > _FINDINGS_SHOWN:
        console.print(f"… and {len(findings) - _FINDINGS_SHOWN} more; --json lists all", style="dim")
