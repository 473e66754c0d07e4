"""claimloop.toml: every table, precedence, and messages that name file, key and fix."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cli.settings import Settings, load_settings
from edi.model.claim import Address
from edi.model.directory import Clinician, Enrolment, License, Numbering, Practice, Submitter, TradingPartner
from edi.model.errors import SettingsError
from tests.builders import npi

FULL = f"""
[store]
database = "sqlite:///books.db"
vault = "files"
posting_date = "deposit"
closed_through = 2026-01-31

[submitter]
organization_name = "ORCHARD BILLING"
etin = "ORCH01"
contact_name = "BILLING"
phone = "6175550100"
email = "billing@example.com"

[numbering]
clm01_prefix = {{ orchard = "OR" }}
clm01_max = 17
replacement_clm01 = "same"

[[practice]]
id = "orchard"
name = "ORCHARD THERAPY"
npi = "{npi(10)}"
kind = "organization"
tax_id = "123456789"
tax_id_type = "EI"
taxonomy = "261QP2000X"
address = {{ line_1 = "12 ORCHARD ROAD", city = "BOSTON", state = "MA", zip = "021390001" }}
phone = "6175550101"
accepts_assignment = true
provider_signature_on_file = true
time_zone = "America/New_York"
default_facility = "main"
trading_partners = ["house"]
former_npis = ["{npi(11)}"]
former_tax_ids = ["987654321"]
[practice.pay_to]
line_1 = "PO BOX 5"
city = "BOSTON"
state = "MA"
zip = "02139"
[practice.columns]
"DOS" = "date_of_service"

[[facility]]
id = "main"
practice = "orchard"
name = "MAIN"
npi = "{npi(40)}"
address = {{ line_1 = "12 ORCHARD ROAD", city = "BOSTON", state = "MA", zip = "021390001" }}
place_of_service = "11"

[[provider]]
id = "walker"
npi = "{npi(20)}"
last = "WALKER"
first = "PAT"
credential = "PT"
disciplines = ["PT"]
taxonomy = "225100000X"
[[provider.license]]
state = "MA"
number = "L1"
from = 2020-01-01
to = 2027-12-31

[[provider]]
id = "pta1"
last = "HELPER"
first = "JO"
credential = "PTA"
supervisor = "walker"
supervised_from = 2025-01-01

[[enrolment]]
practice = "orchard"
provider = "walker"
payer = "acme"
status = "in"
from = 2025-01-01
to = 2026-12-31
provider_number = "W1"
role = "rendering"

[[trading_partner]]
id = "house"
sender_qualifier = "30"
sender_id = "123456789"
receiver_qualifier = "ZZ"
receiver_id = "HOUSE"
usage = "P"
line_ends = false
file_name_template = "c{{interchange}}.txt"
max_claims_per_st = 100
one_practice_per_file = true
expects = ["999"]
expect_within_hours = {{ 999 = 24 }}
prefixes_clm01 = true
[trading_partner.transport]
kind = "folder"
folder = "out"

[posting]
unbalanced_claim = "suspense"
cents_tolerance = 0
auto_writeoff = ["CO-45"]
small_balance = "5.00"

[denials]
owner = "ann"
[run]
holidays = [2026-12-25]
[privacy]
mask = true
[notify]
mail = "x@example.com"
"""
PAYERS = '[payer.acme]\nname = "ACME"\n'
SMALL = f"""
[submitter]
organization_name = "O"
etin = "E"
[[practice]]
id = "orchard"
name = "ORCHARD"
npi = "{npi(10)}"
"""


def write(folder: Path, text: str = FULL, payers: str | None = PAYERS) -> Path:
    (folder / "claimloop.toml").write_text(text, encoding="utf-8")
    if payers is not None:
        (folder / "payers.toml").write_text(payers, encoding="utf-8")
    return folder


def load(folder: Path, **options) -> Settings:
    return load_settings(start=folder, environment=options.pop("environment", {}), **options)


def refused(folder: Path, text: str, payers: str | None = PAYERS) -> str:
    with pytest.raises(SettingsError) as caught:
        load(write(folder, text, payers))
    return str(caught.value)


def test_every_table(tmp_path):
    settings = load(write(tmp_path))
    assert settings.findings == ()
    assert settings.file == tmp_path / "claimloop.toml"
    store = settings.store
    assert (store.database, store.vault) == ("sqlite:///books.db", str(tmp_path / "files"))
    assert (store.posting_date, store.closed_through) == ("deposit", date(2026, 1, 31))
    posting = settings.posting
    assert (posting.small_balance, posting.auto_writeoff, posting.cents_tolerance) == (500, ("CO-45",), 0)
    assert (settings.denials, settings.privacy) == ({"owner": "ann"}, {"mask": True})
    assert (settings.run, settings.notify) == ({"holidays": [date(2026, 12, 25)]}, {"mail": "x@example.com"})
    assert list(settings.payers) == ["acme"]
    directory = settings.need_directory()
    assert directory.submitter == Submitter(
        organization_name="ORCHARD BILLING",
        etin="ORCH01",
        contact_name="BILLING",
        phone="6175550100",
        email="billing@example.com",
    )
    assert directory.numbering == Numbering(clm01_prefix={"orchard": "OR"})
    address = Address(line_1="12 ORCHARD ROAD", city="BOSTON", state="MA", zip="021390001")
    assert directory.practices["orchard"] == Practice(
        id="orchard",
        name="ORCHARD THERAPY",
        npi=npi(10),
        tax_id="123456789",
        taxonomy="261QP2000X",
        address=address,
        pay_to=Address(line_1="PO BOX 5", city="BOSTON", state="MA", zip="02139"),
        phone="6175550101",
        default_facility="main",
        trading_partners=("house",),
        former_npis=(npi(11),),
        former_tax_ids=("987654321",),
        columns={"DOS": "date_of_service"},
    )
    assert directory.facilities["main"].address == address
    assert directory.clinicians["walker"] == Clinician(
        id="walker",
        last_name="WALKER",
        first_name="PAT",
        npi=npi(20),
        credential="PT",
        disciplines=("PT",),
        taxonomy="225100000X",
        licenses=(
            License(state="MA", number="L1", valid_from=date(2020, 1, 1), valid_to=date(2027, 12, 31)),
        ),
    )
    assert directory.clinicians["pta1"].supervised_from == date(2025, 1, 1)
    assert directory.enrolments == (
        Enrolment(
            practice="orchard",
            payer="acme",
            provider="walker",
            valid_from=date(2025, 1, 1),
            valid_to=date(2026, 12, 31),
            provider_number="W1",
        ),
    )
    assert directory.trading_partners["house"] == TradingPartner(
        id="house",
        sender_qualifier="30",
        sender_id="123456789",
        receiver_id="HOUSE",
        usage="P",
        line_ends=False,
        file_name_template="c{interchange}.txt",
        max_claims_per_st=100,
        one_practice_per_file=True,
        expects=("999",),
        expect_within_hours={"999": 24},
        prefixes_clm01=True,
        transport={"kind": "folder", "folder": "out"},
    )


def test_defaults(tmp_path):
    settings = load(write(tmp_path, SMALL, None))
    assert settings.store.database == f"sqlite:///{tmp_path / 'claimloop.db'}"
    assert settings.store.vault == str(tmp_path / "vault")
    assert settings.posting.auto_writeoff == ("CO-45", "CO-253", "CO-59", "CO-131")
    assert settings.payers == {}
    assert settings.findings == ()


def test_without_any_file(tmp_path):
    settings = load(tmp_path)
    assert (settings.file, settings.directory) == (None, None)
    assert settings.store.database.startswith("sqlite:///")
    with pytest.raises(SettingsError, match="claimloop init"):
        settings.need_directory()


def test_the_nearest_file_upwards(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    write(tmp_path, SMALL)
    assert load(below).folder == tmp_path


def test_a_file_with_only_a_store_needs_no_practice(tmp_path):
    settings = load(write(tmp_path, '[store]\ndatabase = "sqlite:///x.db"', None))
    assert settings.directory is None


def test_flag_over_environment_over_file(tmp_path):
    write(tmp_path)
    environment = {
        "CLAIMLOOP_DATABASE_URL": "sqlite:///env.db",
        "CLAIMLOOP_VAULT": "env-vault",
        "CLAIMLOOP_POSTING_DATE": "ingest",
        "CLAIMLOOP_CLOSED_THROUGH": "2026-02-28",
    }
    by_environment = load(tmp_path, environment=environment)
    assert by_environment.store.database == "sqlite:///env.db"
    assert by_environment.store.vault == str(tmp_path / "env-vault")
    assert (by_environment.store.posting_date, by_environment.store.closed_through) == (
        "ingest",
        date(2026, 2, 28),
    )
    flagged = load(tmp_path, environment=environment, database="sqlite:///flag.db", vault="flag-vault")
    assert flagged.store.database == "sqlite:///flag.db"
    assert flagged.store.vault == str(tmp_path / "flag-vault")


def test_the_file_is_named_by_flag_or_environment(tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    write(first, SMALL)
    write(second, SMALL)
    environment = {"CLAIMLOOP_CONFIG": str(first / "claimloop.toml")}
    assert load(tmp_path, environment=environment).folder == first
    assert load(tmp_path, environment=environment, config=second / "claimloop.toml").folder == second


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(SettingsError, match=r"elsewhere\.toml: no such file"):
        load(tmp_path, config=tmp_path / "elsewhere.toml")


def test_a_password_on_the_command_line_is_a_warning(tmp_path):
    settings = load(tmp_path, database="postgresql://ann:pw@db/claims")
    assert [finding.code for finding in settings.findings] == ["SET012"]
    assert "pw" not in str(settings.findings)
    assert load(tmp_path, database="postgresql+psycopg://postgres@/x?host=h").findings == ()
    quiet = load(tmp_path, environment={"CLAIMLOOP_DATABASE_URL": "postgresql://ann:pw@db/claims"})
    assert quiet.findings == ()


def test_a_key_in_the_file_is_a_warning(tmp_path):
    word = "secret"
    text = SMALL + f'[[trading_partner]]\nid="h"\n[trading_partner.transport]\npassword="{word}"\n'
    settings = load(write(tmp_path, text))
    assert [finding.code for finding in settings.findings] == ["SET010"]
    assert "secret" not in str(settings.findings)


@pytest.mark.parametrize(
    ("extra", "field", "fix"),
    [
        ("[stroe]\n", "claimloop.toml.stroe", "Did you mean store?"),
        ('[store]\ndatabse = "x"\n', "store.databse", "Did you mean database?"),
        (
            '[[facility]]\nid="f"\npractice="orchard"\nname="F"\nnip="1"\n',
            "facility.f.nip",
            "Did you mean npi?",
        ),
        ("[posting]\nzzz = 1\n", "posting.zzz", "Remove it"),
    ],
)
def test_unknown_keys_are_warnings(tmp_path, extra, field, fix):
    (finding,) = load(write(tmp_path, SMALL + extra)).findings
    assert (finding.code, finding.severity) == ("SET001", "warning")
    assert (finding.location.file, finding.location.field) == ("claimloop.toml", field)
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[submitter", "not TOML"),
        (SMALL.replace("[submitter]", "[store]"), "[submitter]"),
        ('[submitter]\norganization_name="O"\netin="E"\n', "[[practice]]"),
        (SMALL.replace('etin = "E"', ""), "etin"),
        (SMALL.replace('name = "ORCHARD"', "name = 5"), "practice.orchard.name"),
        (SMALL.replace(npi(10), "12345"), "practice.orchard.npi: not 10 digits"),
        (SMALL + 'tax_id = "12-3456789"\n', "practice.orchard.tax_id: not 9 digits"),
        (SMALL + SMALL[SMALL.index("[[practice]]") :], "two [[practice]] have the id orchard"),
        (SMALL + 'default_facility = "moon"\n', "practice.orchard.default_facility: moon is not defined"),
        (SMALL + 'trading_partners = ["moon"]\n', "practice.orchard.trading_partners: moon is not defined"),
        (SMALL + '[[facility]]\nid="f"\npractice="orchad"\nname="F"\n', "Did you mean orchard?"),
        (SMALL + '[[provider]]\nid="p"\nlast="L"\nfirst="F"\nsupervisor="boss"\n', "provider.p.supervisor"),
        (SMALL + '[[enrolment]]\npractice="orchard"\npayer="nope"\n', "payer nope is not in payers.toml"),
        (SMALL + '[[enrolment]]\npractice="orchard"\npayer="acme"\nprovider="x"\n', "enrolment.provider"),
        (SMALL.replace("[[practice]]", "[practice]"), "two brackets"),
        (SMALL + "[numbering]\nclm01_max = 38\n", "numbering.clm01_max"),
        (SMALL + '[numbering]\nclm01_prefix = {x="A"}\n', "numbering.clm01_prefix: x is not defined"),
        (SMALL + '[store]\nposting_date = "later"\n', "store.posting_date"),
        (SMALL + '[posting]\nsmall_balance = "lots"\n', "posting.small_balance"),
        (SMALL + "[posting]\nsmall_balance = 5.005\n", "posting.small_balance"),
    ],
)
def test_errors_name_the_place_and_the_fix(tmp_path, text, said):
    message = refused(tmp_path, text)
    assert said in message
    assert "claimloop.toml" in message


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("orchard", "o" * 5000) + 'default_facility = "moon"\ntax_id = "1"\n',
        SMALL.replace("orchard", "o" * 5000)
        + SMALL[SMALL.index("[[practice]]") :].replace("orchard", "o" * 5000),
        SMALL + f'default_facility = "{"m" * 5000}"\n',
        SMALL + f'[[enrolment]]\npractice="orchard"\npayer="{"n" * 5000}"\n',
        SMALL + f'[[facility]]\nid="{"f" * 5000}"\npractice="orchad"\nname=5\n',
    ],
)
def test_an_id_without_end_is_shown_cut(tmp_path, text):
    assert all(len(line) < 500 for line in refused(tmp_path, text).splitlines())


def test_all_errors_are_told_at_once(tmp_path):
    message = refused(
        tmp_path, SMALL.replace(npi(10), "1") + '[store]\nposting_date = "later"\n', "[payer.x]\nname=1\n"
    )
    assert len(message.splitlines()) == 3
    assert "payers.toml: payer.x.name" in message


def test_an_amount_may_be_a_number_and_never_becomes_a_float(tmp_path):
    settings = load(write(tmp_path, SMALL + "[posting]\nsmall_balance = 4.99\n"))
    assert settings.posting.small_balance == 499


def test_a_wrong_date_in_the_environment(tmp_path):
    with pytest.raises(SettingsError, match="CLAIMLOOP_CLOSED_THROUGH: not a date"):
        load(tmp_path, environment={"CLAIMLOOP_CLOSED_THROUGH": "yesterday"})


@pytest.mark.parametrize("data", [b"\xff\xfe[\x00", "[submitter]\nx = 'é'".encode("latin-1")])
def test_not_utf8(tmp_path, data):
    (tmp_path / "claimloop.toml").write_bytes(data)
    with pytest.raises(SettingsError, match="not UTF-8"):
        load(tmp_path)


def test_a_bom_is_no_problem(tmp_path):
    (tmp_path / "claimloop.toml").write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load(tmp_path).directory is not None
