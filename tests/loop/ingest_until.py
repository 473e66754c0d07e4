"""``claimloop ingest`` that kills itself right after the n-th commit: run as a script by `test_kill`.

    python tests/loop/ingest_until.py N FOLDER DATABASE_URL [COUNT_FILE]

With N = 0 nothing is killed, and the number of commits is written to COUNT_FILE.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from cli.app import main
from reconcile.store import Store

commits = 0


def kill_after(last: int) -> None:
    """Make the store end this process, as `kill -9` would, when it has committed that often."""
    write = Store.write

    @contextmanager
    def counted(self: Store) -> Iterator[Connection]:
        global commits
        with write(self) as connection:
            yield connection
        commits += 1
        if commits == last:
            os.kill(os.getpid(), signal.SIGKILL)

    Store.write = counted  # type: ignore[method-assign]


if __name__ == "__main__":
    number, folder, database, *count_file = sys.argv[1:]
    kill_after(int(number))
    sys.argv = ["claimloop", "ingest", folder, "--database", database, "--quiet"]
    try:
        main()
    finally:
        if count_file:
            Path(count_file[0]).write_text(str(commits))
