"""What Python runs first in a process that a test starts with --store postgresql: its stores are on that server too.

Nothing is loaded until the process itself loads the module that opens stores.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

OPENS_STORES = "reconcile.store.engine"
HELPER = Path(__file__).resolve().parents[1] / "on_postgres.py"


class WhenStoresAreLoaded(MetaPathFinder):
    """Puts the stores of the tests in the place of SQLite as soon as the module that opens stores is there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != OPENS_STORES:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        load = spec.loader.exec_module

        def load_and_replace(module: ModuleType) -> None:
            load(module)
            _replace(module)

        spec.loader.exec_module = load_and_replace  # type: ignore[method-assign]
        return spec


def _replace(module: ModuleType) -> None:
    spec = importlib.util.spec_from_file_location("on_postgres", HELPER)
    assert spec is not None
    assert spec.loader is not None
    helper = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helper)
    helper.Stores(helper.Server(Path(os.environ[helper.SERVER])), module).stand_in()


if "STORES_OF_THE_TESTS" in os.environ:
    sys.meta_path.insert(0, WhenStoresAreLoaded())
