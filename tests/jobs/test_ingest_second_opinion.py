"""What pyx12 says of a file that came in: noted, and never a reason to drop a payment."""

from __future__ import annotations

import pytest

from cli.settings import load_settings
from edi.model.errors import SettingsError
from tests.remits import claim, file_of, line, payment

GOOD = file_of(payment([claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))]))
WRONG = GOOD.replace(b"*HC:97110", b"*XX:97110")


def pyx12_says(file):
    return [found for found in file.findings if found.code.startswith("PYX")]


def test_a_slip_of_the_payer_is_noted_and_the_payment_posted(desk):
    desk.submit()
    (file,) = desk.ingest(WRONG, second_opinion_megabytes=20).files
    said = pyx12_says(file)
    assert ("PYXS1", "SVC") in {(found.code, found.element) for found in said}
    assert {found.severity for found in said} == {"info"}
    assert file.payments[0].outcome == "posted"


def test_it_can_be_turned_off(desk):
    desk.submit()
    assert pyx12_says(desk.ingest(WRONG, second_opinion_megabytes=20).files[0])
    off = desk.ingest(WRONG + b"\n", second_opinion_megabytes=0)
    assert pyx12_says(off.files[0]) == []
    assert off.files[0].outcome == "duplicate"


def test_only_the_first_are_listed(desk):
    claims = [claim(f"A{number:07d}", line("97110", 5000, 4000)) for number in range(60)]
    data = file_of(payment(claims)).replace(b"*HC:97110", b"*XX:97110")
    (file,) = desk.ingest(data, second_opinion_megabytes=20).files
    assert len(pyx12_says(file)) == 20
    (more,) = [found for found in file.findings if found.code == "ING000"]
    assert "more; see x12 check" in more.message
    assert more.severity == "info"


def test_a_large_file_is_not_judged_which_is_said(desk):
    claims = [claim(f"A{number:07d}", line("97110", 5000, 4000)) for number in range(9000)]
    data = file_of(payment(claims))
    assert len(data) > 1_000_000
    (file,) = desk.ingest(data, second_opinion_megabytes=1).files
    (said,) = pyx12_says(file)
    assert (said.code, said.severity) == ("PYX901", "info")
    assert "more than 1 megabytes" in said.message


@pytest.mark.parametrize(("text", "megabytes"), [("", 20), ("[ingest]\nsecond_opinion_megabytes = 0\n", 0)])
def test_the_setting(tmp_path, text, megabytes):
    (tmp_path / "claimloop.toml").write_text(text)
    settings = load_settings(tmp_path / "claimloop.toml", environment={})
    assert settings.ingest.second_opinion_megabytes == megabytes


def test_a_setting_below_zero_is_refused(tmp_path):
    (tmp_path / "claimloop.toml").write_text("[ingest]\nsecond_opinion_megabytes = -1\n")
    with pytest.raises(SettingsError):
        load_settings(tmp_path / "claimloop.toml", environment={})
