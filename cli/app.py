"""The command line: every command is named here, imported when it is called, and does its work in `cli.jobs`."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Final, NoReturn

import typer

from cli.exits import ExitCode, Stopped
from cli.lazy import group_of
from cli.trail import follow
from edi.model.errors import ClaimloopError

COMMANDS: Final = {
    "Begin": {
        "init": "cli.commands.init:init",
        "demo": "cli.commands.demo:demo",
        "explain": "cli.commands.explain:explain",
        "doctor": "cli.commands.doctor:doctor",
    },
    "Claims out": {
        "scrub": "cli.commands.scrub:scrub",
        "claims": "cli.commands.claim_status:group",
        "send": "cli.commands.exchange:send",
        "outbox": "cli.commands.outbox:outbox",
        "eligibility": "cli.commands.eligibility:group",
        "simulate": "cli.commands.simulate:simulate",
    },
    "Answers and money in": {
        "fetch": "cli.commands.exchange:fetch",
        "ingest": "cli.commands.remittances:ingest",
        "payments": "cli.commands.payments:group",
        "deposits": "cli.commands.deposits:group",
        "held": "cli.commands.held:group",
        "unmatched": "cli.commands.unmatched:group",
        "run": "cli.commands.run:run",
    },
    "Work and reports": {
        "denials": "cli.commands.denial_verbs:group",
        "work": "cli.commands.claims_again:work_group",
        "report": "cli.commands.report:group",
        "ledger": "cli.commands.ledger:ledger",
        "eob": "cli.commands.eob:eob",
        "export": "cli.commands.export:export_group",
        "close": "cli.commands.export:close_group",
    },
    "The store": {
        "verify": "cli.commands.remittances:verify",
        "rebuild": "cli.commands.rebuild:rebuild_store",
        "replay": "cli.commands.rebuild:replay_store",
        "backup": "cli.commands.backup:backup",
        "restore": "cli.commands.backup:restore",
        "vault": "cli.commands.vault:group",
        "audit": "cli.commands.audit:group",
        "tables": "cli.commands.tables:group",
    },
    "Files": {
        "x12": "cli.commands.x12:group",
        "redact": "cli.commands.redact:redact",
    },
}
"""Where each command or group of commands is, by its panel and in the order of --help."""


def _audited(command: Any, name: str) -> None:
    """Every command leaves its entries in the audit."""
    follow(command, (name,), exit_code_of)


app = typer.Typer(
    name="claimloop",
    cls=group_of(COMMANDS, _audited),
    help="Sessions out as X12 837P claims, 835s back, every cent tied to its line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"claimloop {version('claimloop')}")
        raise typer.Exit


@app.callback()
def root(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    """Sessions out as X12 837P claims, 835s back, every cent tied to its line."""


def _stop(signal_number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(ExitCode.INTERRUPTED if signal_number == signal.SIGINT else ExitCode.TERMINATED)


def _log_unexpected(error: BaseException) -> Path:
    """Write where the error came from, without its message and values (they may be PHI), and return the path."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    descriptor, name = tempfile.mkstemp(prefix="claimloop-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8") as log:
        log.write(f"claimloop {version('claimloop')}: {type(error).__name__}\n" + "\n".join(lines) + "\n")
    return Path(name)


def _os_error(error: OSError) -> tuple[ExitCode, str]:
    """Return exit code and advice for an operating system error that no job turned into its own."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExitCode.TEMPORARY, "free some space and run the same command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ExitCode.ACCESS, "check who owns it and who may write there"
    if error.errno in (
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EEXIST,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    ):
        return ExitCode.PARTLY, "check the path"
    return ExitCode.TEMPORARY, "run the same command again"


def exit_code_of(error: BaseException) -> int:
    """Return what the process ends with when an exception goes through `main`."""
    if isinstance(error, Stopped):
        return error.code
    if isinstance(error, BrokenPipeError):
        return ExitCode.DONE
    if isinstance(error, OSError):
        return _os_error(error)[0]
    code = getattr(error, "exit_code", ExitCode.UNEXPECTED)
    return code if isinstance(code, int) else ExitCode.UNEXPECTED


def main() -> None:
    """Run the command line; the entry point of the `claimloop` script. Every way out has its exit code."""
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    logging.getLogger("pyx12").propagate = False
    try:
        app()
    except ClaimloopError as error:
        print(f"claimloop: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Stopped as stopped:
        print(f"claimloop: {stopped.word}; what was done is whole", file=sys.stderr)
        sys.exit(stopped.code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.DONE)
    except OSError as error:
        code, advice = _os_error(error)
        print(
            f"claimloop: {error.strerror or type(error).__name__}: {error.filename or 'a file'}; {advice}",
            file=sys.stderr,
        )
        sys.exit(code)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no PHI may reach the terminal
        log = _log_unexpected(error)
        print(f"claimloop: unexpected {type(error).__name__}; see {log}", file=sys.stderr)
        sys.exit(ExitCode.UNEXPECTED)
