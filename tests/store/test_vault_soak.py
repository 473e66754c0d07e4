"""A vault at size: 200 MB through every kind in flat memory, and a change of keys that is really killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import pytest

from edi.transport.locked import identities_in
from reconcile.store import FolderVault
from reconcile.store.vault.moving import state_of
from tests.command_line import COMMAND, claimloop
from tests.store.vaults import lock

pytestmark = pytest.mark.soak

MEGABYTES = 200
MOST_MORE = 40
"""Megabytes that a process may need beyond what it had before the file."""

LARGE = """
import json, resource, sys
from contextlib import closing
from pathlib import Path
from tests.store.vaults import lock, open_on, with_lock, key

url, folder, kind, sealed, megabytes = sys.argv[1:]
old, new = key(), key()
store = open_on(url, Path(folder), kind, lock(old) if sealed == "encrypted" else None)
block = b"SVC*HC:97110*50*40**1~CAS*CO*45*10~" * 29960
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
kept = store.vault.keep(number.to_bytes(4) + block for number in range(int(megabytes)))
with closing(store.vault.read(kept.sha256)) as blocks:
    size = sum(len(one) for one in blocks)
with store.vault.open(kept.sha256) as stream:
    stream.seek(size // 2)
    middle = len(stream.read(100))
whole = store.vault.intact(kept.sha256)
after = with_lock(store.vault, lock(new, old))
changed = after.seal_anew(kept.sha256)
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store.close()
told = {"size": size, "kept": kept.size, "whole": whole, "middle": middle, "changed": changed}
print(json.dumps({**told, "more": (most - before) >> 10}))
"""


@pytest.mark.parametrize("sealed", ["plain", "encrypted"])
@pytest.mark.parametrize("kind", ["folder", pytest.param("database", marks=pytest.mark.postgres)])
def test_a_large_file_needs_no_more_memory(request, tmp_path, kind, sealed):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    if kind == "database":
        url = request.getfixturevalue("postgres_database")
    done = subprocess.run(
        [sys.executable, "-c", LARGE, url, str(tmp_path / "vault"), kind, sealed, str(MEGABYTES)],
        capture_output=True, check=True, timeout=300,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["size"] == told["kept"] > (MEGABYTES - 5) << 20
    assert (told["whole"], told["middle"], told["changed"]) == (True, 100, True)
    assert told["more"] < MOST_MORE


def test_a_change_of_keys_that_is_killed_again_and_again(tmp_path):
    """kill -9 after ever longer times; every file is whole after each, and the last run finds the rest."""
    folder = tmp_path / "office"
    assert claimloop("init", folder).code == 0
    assert claimloop("vault", "key", folder / "key").code == 0
    with (folder / "claimloop.toml").open("a", encoding="utf-8") as stream:
        stream.write('[privacy]\nkey_file = "key"\n')
    rng = random.Random(11)
    vault = FolderVault(folder / "vault")
    digests = sorted(vault.keep([rng.randbytes(200_000)]).sha256 for _ in range(60))
    command = [COMMAND, "vault", "rekey", "--quiet", "--config", str(folder / "claimloop.toml")]
    began = time.monotonic()
    assert subprocess.run([COMMAND, "vault", "show", *command[4:]], capture_output=True).returncode == 1
    start = time.monotonic() - began
    seen = set()
    for number in range(5):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(start * (0.8 + number / 12))
        running.kill()
        running.wait()
        keys = state_of(vault).keys
        seen.add(keys.get("", 0))
        assert sorted(set(vault.digests())) == digests
    assert len(seen) > 1
    assert subprocess.run(command).returncode == 0
    assert "" not in state_of(vault).keys
    secret = (folder / "key").read_text(encoding="ascii")
    opened = FolderVault(folder / "vault", lock(*identities_in(secret, "the test")))
    assert all(opened.intact(digest) for digest in digests)
