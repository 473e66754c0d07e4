"""claimloop.toml and payers.toml to values. Flag over environment (``CLAIMLOOP_*``) over file.

Source: design/input.md, "claimloop.toml". Wrong keys and values are Findings that name file, table, key and fix; when
one is an error, `load_settings` raises SettingsError with all of them.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from cli.settings_tables import read_directory, wrong
from edi.model.directory import Directory
from edi.model.errors import SettingsError
from edi.model.finding import Finding, Location, Severity, cut
from edi.model.money import parse_cents
from edi.payers import PayerProfile, load_payers
from edi.payers.convert import convert_table, unknown_key
from reconcile.deposits import LATE_AFTER_DAYS, WINDOW_DAYS

FILE_NAME: Final = "claimloop.toml"
PAYERS_NAME: Final = "payers.toml"
IN_DATABASE: Final = "database"
"""What [store] vault says where the database keeps the files."""
FILE_SHOWS_KEY: Final = "SET010"
BAD_AMOUNT: Final = "SET011"
FLAG_SHOWS_URL: Final = "SET012"
UNKNOWN_PAYER: Final = "SET013"

_ENVIRONMENT: Final = {
    "CLAIMLOOP_DATABASE_URL": ("store", "database"),
    "CLAIMLOOP_VAULT": ("store", "vault"),
    "CLAIMLOOP_POSTING_DATE": ("store", "posting_date"),
    "CLAIMLOOP_CLOSED_THROUGH": ("store", "closed_through"),
}
"""Keys that an environment variable overrides. ``CLAIMLOOP_CONFIG`` names the file itself."""
Value = TypeVar("Value", bound=msgspec.Struct)

_FREE_TABLES: Final = ("denials", "run", "privacy", "notify", "audit")
_DIRECTORY_TABLES: Final = (
    "submitter", "numbering", "practice", "facility", "provider", "enrolment", "trading_partner",
)  # fmt: skip
_TABLES: Final = ("store", "tables", "posting", "deposits", "ingest", *_DIRECTORY_TABLES, *_FREE_TABLES)
_URL_PASSWORD: Final = re.compile(r"^[a-z0-9+]+://[^/@:]*:[^/@]+@", re.IGNORECASE)


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[store]. ``database`` is an SQLAlchemy URL; "" until `load_settings` put in the default, ``vault`` too.

    ``vault`` is a folder (``folder:files`` or ``files``), or ``database`` where PostgreSQL keeps the files.

    ``posting_date`` says which date a payment is posted on; nothing posts on or before ``closed_through``.
    """

    database: str = ""
    vault: str = ""
    posting_date: Literal["remittance", "deposit", "ingest"] = "remittance"
    closed_through: date | None = None


class TablesSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[tables]. ``folder`` holds what `tables update` loaded; "" until `load_settings` put in the default."""

    folder: str = ""


class PostingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[posting]. ``cents_tolerance`` and ``small_balance`` are cents; ``auto_writeoff`` lists group-reason pairs."""

    unbalanced_claim: Literal["suspense"] = "suspense"
    cents_tolerance: int = 0
    auto_writeoff: tuple[str, ...] = ("CO-45", "CO-253", "CO-59", "CO-131")
    small_balance: int = 0


class DepositsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[deposits]. ``columns`` maps the bank's headings to ours.

    ``window_days`` is how far apart a payment and its deposit may be where no trace number ties them;
    ``late_after_days`` after how many a payment without a deposit is reported.
    """

    columns: dict[str, str] = {}
    window_days: Annotated[int, msgspec.Meta(ge=0)] = WINDOW_DAYS
    late_after_days: Annotated[int, msgspec.Meta(ge=0)] = LATE_AFTER_DAYS


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[ingest]. ``second_opinion_megabytes`` is the largest 835, 999 or 277CA that pyx12 judges; 0 for none.

    ``largest_megabytes`` is the largest file that is taken in, and the most that a zip archive may unpack into.
    """

    second_opinion_megabytes: Annotated[int, msgspec.Meta(ge=0)] = 20
    largest_megabytes: Annotated[int, msgspec.Meta(gt=0)] = 2048


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[audit]. With ``required`` a command whose entry cannot be written does nothing; else it warns and goes on."""

    required: bool = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the settings files and the environment say.

    Attributes:
        folder: where claimloop.toml lies; relative paths start there.
        file: claimloop.toml, or None when there is none.
        directory: who bills, where and through whom; None without claimloop.toml.
        payers: profiles by key.
        denials, run, privacy, notify, audit: these tables as written; the job that uses one checks it.
        findings: warnings about the files.
    """

    folder: Path
    file: Path | None = None
    store: StoreSettings
    tables: TablesSettings = TablesSettings()
    posting: PostingSettings = PostingSettings()
    deposits: DepositsSettings = DepositsSettings()
    ingest: IngestSettings = IngestSettings()
    directory: Directory | None = None
    payers: dict[str, PayerProfile] = {}
    denials: dict[str, Any] = {}
    run: dict[str, Any] = {}
    privacy: dict[str, Any] = {}
    notify: dict[str, Any] = {}
    audit: dict[str, Any] = {}
    findings: tuple[Finding, ...] = ()

    def table(
        self, name: Literal["denials", "run", "privacy", "notify", "audit"], kind: type[Value]
    ) -> Value:
        """A table that only the job which uses it checks.

        Args:
            name: of the table.
            kind: the Struct that holds its keys.

        Raises:
            SettingsError: an unknown key or a wrong value; the message names each.
        """
        file = self.file.name if self.file is not None else FILE_NAME
        value, findings = convert_table(getattr(self, name), kind, name, file)
        if value is None or findings:
            raise SettingsError("\n".join(_line(finding) for finding in findings))
        return value

    @property
    def beside_vault(self) -> Path:
        """The folder that the vault is in; that of claimloop.toml where the database keeps the files."""
        return self.folder if self.store.vault == IN_DATABASE else Path(self.store.vault).parent

    def need_directory(self) -> Directory:
        """The directory, for commands that cannot do without.

        Raises:
            SettingsError: there is no claimloop.toml.
        """
        if self.directory is None:
            raise SettingsError(
                f"no {FILE_NAME} in this folder or above it; run claimloop init, or use --config FILE"
            )
        return self.directory


def find_file(start: Path) -> Path | None:
    """The nearest claimloop.toml, from a folder upwards."""
    for folder in (start, *start.parents):
        candidate = folder / FILE_NAME
        if candidate.is_file():
            return candidate
    return None


def load_settings(
    config: Path | None = None,
    *,
    database: str | None = None,
    vault: str | None = None,
    environment: Mapping[str, str] | None = None,
    start: Path | None = None,
) -> Settings:
    """Read the settings.

    Args:
        config: ``--config``; else ``CLAIMLOOP_CONFIG``, else the nearest claimloop.toml from ``start`` upwards. A
            file that is named must exist; none at all is fine for commands that only need a store.
        database: ``--database``.
        vault: a folder given by a flag.
        environment: the process's when None.
        start: the working folder when None.

    Returns:
        The settings with their warnings. The default store is claimloop.db beside claimloop.toml, the default vault
        the folder vault beside it.

    Raises:
        SettingsError: a file that cannot be read or has errors; the message lists them all.
    """
    env = os.environ if environment is None else environment
    here = (start or Path.cwd()).resolve()
    named = config or (Path(env["CLAIMLOOP_CONFIG"]) if env.get("CLAIMLOOP_CONFIG") else None)
    file = named.resolve() if named is not None else find_file(here)
    document = read_toml(file) if file is not None else {}
    folder = file.parent if file is not None else here
    flags = {("store", "database"): database, ("store", "vault"): vault}
    findings = list(_apply(document, env, flags))
    payers, of_payers = _payers(folder)
    settings, of_settings = parse_settings(document, folder=folder, file=file, payers=payers)
    findings += [*of_payers, *of_settings]
    errors = [finding for finding in findings if finding.severity == Severity.ERROR]
    if errors or settings is None:
        # The warnings too: a key or table that is not known is often why another is missing.
        warnings = [finding for finding in findings if finding.severity == Severity.WARNING]
        raise SettingsError("\n".join(_line(finding) for finding in (*errors, *warnings)))
    return msgspec.structs.replace(settings, findings=tuple(findings))


def parse_settings(
    document: Mapping[str, Any], *, folder: Path, file: Path | None, payers: dict[str, PayerProfile]
) -> tuple[Settings | None, list[Finding]]:
    """Make Settings of a claimloop.toml that is read already; None when a table has an error."""
    name = file.name if file is not None else None
    findings = [unknown_key(key, _TABLES, FILE_NAME, name) for key in document if key not in _TABLES]
    store, more = convert_table(document.get("store", {}), StoreSettings, "store", name)
    findings += more
    tables, more = convert_table(document.get("tables", {}), TablesSettings, "tables", name)
    findings += more
    posting, more = convert_table(_posting(document, findings, name), PostingSettings, "posting", name)
    findings += more
    deposits, more = convert_table(document.get("deposits", {}), DepositsSettings, "deposits", name)
    findings += more
    ingest, more = convert_table(document.get("ingest", {}), IngestSettings, "ingest", name)
    findings += more
    directory: Directory | None = None
    if any(table in document for table in _DIRECTORY_TABLES):
        directory, found = read_directory(document, name)
        findings += found
        if directory is not None:
            findings += _enrolled_payers(directory, payers, name)
            findings += _secrets(document, name)
    failed = any(finding.severity == Severity.ERROR for finding in findings)
    if store is None or tables is None or posting is None or deposits is None or ingest is None or failed:
        return None, findings
    free: dict[str, Any] = {table: dict(document.get(table, {})) for table in _FREE_TABLES}
    settings = Settings(
        folder=folder,
        file=file,
        store=_with_defaults(store, folder),
        tables=TablesSettings(folder=str(folder / (tables.folder or "tables"))),
        posting=posting,
        deposits=deposits,
        ingest=ingest,
        directory=directory,
        payers=payers,
        **free,
    )
    return settings, findings


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; numbers with a point stay text, for they are money.

    Raises:
        SettingsError: it is missing, not UTF-8 or not TOML; the message names file and place.
    """
    try:
        # With a BOM, as some editors save it.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"), parse_float=str)
    except FileNotFoundError:
        raise SettingsError(f"{path.name}: no such file; run claimloop init to make one") from None
    except OSError as error:
        raise SettingsError(f"{path.name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name}: not UTF-8; save it as UTF-8") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and an int of thousands of digits
        raise SettingsError(f"{path.name}: not TOML: {error}") from None


def _apply(
    document: dict[str, Any], env: Mapping[str, str], flags: Mapping[tuple[str, str], str | None]
) -> list[Finding]:
    """Put environment and flags over the file's values."""
    findings = []
    for variable, (table, key) in _ENVIRONMENT.items():
        if env.get(variable):
            value: Any = env[variable]
            if key == "closed_through":
                try:
                    value = date.fromisoformat(value)
                except ValueError:
                    findings.append(wrong(variable, "not a date", "Write 2026-01-31.", None))
                    continue
            document.setdefault(table, {})[key] = value
    for (table, key), flag in flags.items():
        if not flag:
            continue
        document.setdefault(table, {})[key] = flag
        if _URL_PASSWORD.match(flag):
            findings.append(
                Finding(
                    code=FLAG_SHOWS_URL,
                    severity=Severity.WARNING,
                    message="a password on the command line is seen by every user of the machine",
                    location=Location(field=f"--{key}"),
                    fix="Put the URL into CLAIMLOOP_DATABASE_URL.",
                )
            )
    return findings


def _payers(folder: Path) -> tuple[dict[str, PayerProfile], tuple[Finding, ...]]:
    path = folder / PAYERS_NAME
    return load_payers(read_toml(path), PAYERS_NAME) if path.is_file() else ({}, ())


def _posting(document: Mapping[str, Any], findings: list[Finding], file: str | None) -> dict[str, Any]:
    """[posting] with ``small_balance`` (dollars, like "5.00") in cents."""
    table = dict(document.get("posting", {}))
    if "small_balance" in table:
        try:
            table["small_balance"] = parse_cents(str(table["small_balance"]))
        except ValueError:
            del table["small_balance"]
            findings.append(
                wrong("posting.small_balance", "not an amount", 'Write "5.00".', file, code=BAD_AMOUNT)
            )
    return table


def _with_defaults(store: StoreSettings, folder: Path) -> StoreSettings:
    """The default database and vault beside claimloop.toml; a relative vault starts there, too."""
    return msgspec.structs.replace(
        store,
        database=store.database or f"sqlite:///{folder / 'claimloop.db'}",
        vault=store.vault
        if store.vault == IN_DATABASE
        else str(folder / (_folder_of(store.vault) or "vault")),
    )


def _folder_of(vault: str) -> str:
    """The folder that [store] vault names: ``folder:files``, or ``files``."""
    return vault.removeprefix("folder:")


def _enrolled_payers(
    directory: Directory, payers: Mapping[str, PayerProfile], file: str | None
) -> list[Finding]:
    unknown = sorted({row.payer for row in directory.enrolments} - set(payers))
    return [
        wrong(
            "enrolment.payer",
            f"payer {cut(key)} is not in {PAYERS_NAME}",
            f"Add [payer.{cut(key)}], or correct the key.",
            file,
            code=UNKNOWN_PAYER,
        )
        for key in unknown
    ]


def _secrets(document: Mapping[str, Any], file: str | None) -> list[Finding]:
    """A password in claimloop.toml travels with every copy of it."""
    transports = [
        partner["transport"]
        for partner in document.get("trading_partner", [])
        if isinstance(partner.get("transport"), Mapping)
    ]
    return [
        Finding(
            code=FILE_SHOWS_KEY,
            severity=Severity.WARNING,
            message=f"{cut(key)} stands in the settings file",
            location=Location(file=file, field=f"trading_partner.transport.{cut(key)}"),
            fix="Use key_file, or an environment variable.",
        )
        for transport in transports
        for key in transport
        if key in ("password", "passphrase")
    ]


def _line(finding: Finding) -> str:
    place = finding.location
    where = ": ".join(part for part in (place.file, place.field) if part)
    return f"{where}: {finding.message}. {finding.fix}".strip()
