"""The process that reads ahead: a file from its input, transaction sets to its output, until nobody takes them."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Final

from cli.jobs.reading.sets import read_sets
from cli.jobs.reading.wire import send_sets

_BLOCK: Final = 1 << 20


def main() -> None:
    """Read to the end. Of an error nobody expected, only its kind and place are told: its message may be PHI."""
    gc.disable()  # values make no cycles
    status = 1
    try:
        send_sets(read_sets(iter(partial(sys.stdin.buffer.read, _BLOCK), b"")), sys.stdout.buffer)
        status = 0
    except BrokenPipeError:
        pass
    except Exception as error:  # noqa: BLE001 - the last line of defence
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        print(f"claimloop: reading ahead: unexpected {type(error).__name__} at {place}", file=sys.stderr)
    os._exit(status)  # without another try to empty a pipe that nobody reads


if __name__ == "__main__":
    main()
