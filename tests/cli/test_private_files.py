"""Whatever claimloop writes is its owner's alone, whatever the umask, and encrypted where [privacy] asks."""

from __future__ import annotations

import os
import shutil
import stat

import pyrage
import pytest

from tests.command_line import claimloop

THEIRS = ("clearinghouse",)
"""Folders of the clearinghouse, where its own programs must read."""


def loose(folder):
    """What others may look at, below a folder."""
    return [
        f"{stat.S_IMODE(path.stat().st_mode):o} {path.relative_to(folder)}"
        for path in sorted(folder.rglob("*"))
        if path.relative_to(folder).parts[0] not in THEIRS and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo whose files were made under the loosest umask."""
    folder = tmp_path_factory.mktemp("open") / "demo"
    before = os.umask(0)
    try:
        assert claimloop("demo", folder, "--quiet").code == 0
    finally:
        os.umask(before)
    (config,) = folder.rglob("claimloop.toml")
    return config.parent


@pytest.fixture
def wide():
    """The loosest umask, for one test."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_the_demo_is_for_its_owner_alone(demo):
    assert len(list(demo.rglob("*"))) > 20
    assert loose(demo) == []
    assert stat.S_IMODE(demo.stat().st_mode) == 0o700


@pytest.mark.usefixtures("wide")
def test_a_new_installation_too(tmp_path):
    assert claimloop("init", tmp_path / "office").code == 0
    assert loose(tmp_path) == []


OUTPUTS = (
    ("report", "aging", "--format", "csv"),
    ("report", "aging", "--format", "xlsx"),
    ("report", "aging", "--format", "parquet"),
    ("report", "aging", "--json"),
    ("denials", "list", "--format", "xlsx"),
    ("export", "postings"),
)


def written(demo, folder):
    """Every kind of output once; what the commands ended with and said."""
    config = ("--config", demo / "claimloop.toml")
    commands = [(*command, "--output", folder / f"{number}.out") for number, command in enumerate(OUTPUTS)]
    remit = next(path for path in demo.rglob("*.835"))
    commands += [
        ("report", "aging", "--picture", folder / "aging.svg"),
        ("eob", remit, "--format", "pdf", "--output", folder / "eob.pdf"),
    ]
    done = [claimloop(*command, *config) for command in commands]
    assert [one.code for one in done if one.code not in (0, 1)] == []
    return done


@pytest.fixture(scope="module")
def outputs(demo, tmp_path_factory):
    """Outputs of a copy of the demo under the loosest umask, one of them over a file that all could read."""
    copy, out = tmp_path_factory.mktemp("copy") / "demo", tmp_path_factory.mktemp("out")
    shutil.copytree(demo, copy)
    (out / "0.out").touch(mode=0o666)
    before = os.umask(0)
    try:
        written(copy, out)
    finally:
        os.umask(before)
    return out


def test_outputs_are_for_their_owner_alone(outputs):
    assert len(list(outputs.iterdir())) == len(OUTPUTS) + 2
    assert loose(outputs) == []


def test_outputs_are_encrypted_where_the_settings_say_so(demo, outputs, tmp_path):
    copy, out = tmp_path / "demo", tmp_path / "out"
    shutil.copytree(demo, copy)
    out.mkdir()
    key = pyrage.x25519.Identity.generate()
    (copy / "key").touch(mode=0o600)
    (copy / "key").write_text(f"{key}\n", encoding="ascii")
    with (copy / "claimloop.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[privacy]\nkey_file = "key"\nencrypt_outputs = true\n')
    done = written(copy, out)
    assert {path.name for path in out.iterdir()} == {f"{path.name}.age" for path in outputs.iterdir()}
    assert loose(out) == []
    for path in out.iterdir():
        opened = pyrage.decrypt(path.read_bytes(), [key])
        assert opened[:4] == (outputs / path.stem).read_bytes()[:4]
    assert pyrage.decrypt((out / "0.out.age").read_bytes(), [key]) == (outputs / "0.out").read_bytes()
    assert all("encrypted: " in one.err for one in done)
    assert claimloop("run", "--quiet", "--config", copy / "claimloop.toml").code in (0, 1, 3)
    (manifest,) = (copy / "runs").glob("*.json.age")
    assert pyrage.decrypt(manifest.read_bytes(), [key]).startswith(b"{")
    assert loose(copy) == []
    claimloop(
        "report", "aging", "--config", demo / "claimloop.toml"
    )  # others in this process write plain again
