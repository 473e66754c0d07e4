"""The rules of the house that neither ruff, mypy nor the import contracts can state."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("edi", "reconcile", "cli")
LONGEST_MODULE = 450
LONGEST_TEST = 800

# Where a float may stand: never for money. Path (a folder ends in a slash) to reason.
FLOATS_ALLOWED = {
    "edi/testpayer/": "the chances of a scenario",
    "edi/transport/": "seconds between two attempts",
    "reconcile/store/": "seconds to wait for a lock",
}

# Modules of the core that read package data, through importlib.resources.
OUTSIDE_THE_CORE = ("cli/", "edi/transport/", "reconcile/store/")
FILE_METHODS = {"write_text", "write_bytes", "unlink", "mkdir", "touch", "rmdir", "iterdir", "rglob", "chmod"}


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> list[Path]:
    """What is in the repository, or would be with `git add .`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def floats(tree: ast.AST) -> list[int]:
    """The lines that write a float or name the type."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]


def file_calls(tree: ast.AST) -> list[int]:
    """The lines that open a file, print or ask."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.id if isinstance(called, ast.Name) else ""
        method = called.attr if isinstance(called, ast.Attribute) else ""
        if name in {"open", "print", "input", "exec", "eval"} or method in FILE_METHODS:
            found.append(node.lineno)
    return found


def test_money_is_never_a_float():
    wrong = [
        f"{relative(path)}:{line}"
        for path in modules("edi", "reconcile")
        if not relative(path).startswith(tuple(FLOATS_ALLOWED))
        for line in floats(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert wrong == []


@pytest.mark.parametrize("source", ["x = 0.3", "x = float('1')", "def f(x: float): ...", "x = 1e3"])
def test_the_float_check_finds_one(source):
    assert floats(ast.parse(source)) == [1]


def test_the_core_opens_no_file():
    wrong = [
        f"{relative(path)}:{line}"
        for path in modules("edi", "reconcile")
        if not relative(path).startswith(OUTSIDE_THE_CORE)
        for line in file_calls(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert wrong == []


@pytest.mark.parametrize("source", ["open('x')", "print(1)", "path.write_text('x')"])
def test_the_file_check_finds_one(source):
    assert file_calls(ast.parse(source)) == [1]


def test_no_module_is_too_long():
    """One that outgrows 400 lines becomes a folder of the same name with the same front door.

    A migration stays as it was when it ran; tables of cases make tests longer.
    """
    lengths = {
        relative(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(*PACKAGES, "tests", "bench")
        if "migrations" not in path.parts
    }
    limits = {name: LONGEST_TEST if name.startswith("tests/") else LONGEST_MODULE for name in lengths}
    assert {name: length for name, length in lengths.items() if length > limits[name]} == {}


def test_the_packages_have_a_front_door_and_the_tests_have_none():
    """An __init__.py under tests/edi would shadow the real edi."""
    assert [relative(path) for path in (ROOT / "tests").rglob("__init__.py")] == []
    folders = {path.parent for path in modules(*PACKAGES) if "migrations" not in path.parts}
    assert [relative(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def machine_names(text: str) -> list[int]:
    """The lines that name a folder of some machine, or a package registry."""
    # In pieces, so that this file does not hold what it looks for.
    folders = r"(?<![\w.}\])])/(?:work|farm|tmp|root|opt)/|/home/\w"
    registries = ("index" + "-url", "/simple" + "/", "py" + r"pi\.org", "python" + "hosted")
    pattern = re.compile("|".join([folders, *registries]), re.IGNORECASE)
    return [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def test_nothing_tracked_names_a_machine_or_a_registry():
    wrong = [
        f"{relative(path)}:{line}"
        for path in tracked()
        for line in machine_names(path.read_bytes().decode("utf-8", errors="replace"))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["see /" + "work/main", "'/" + "tmp/x'", "--index" + "-url", "https://py" + "pi.org"]
)
def test_the_machine_check_finds_one(text):
    assert machine_names(text) == [1]


def test_every_locked_package_has_a_hash():
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
        pins = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert pins
        assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin or "==" not in pin] == []


def test_the_bench_shares_the_pins_of_the_lock():
    def pins(name: str) -> dict[str, str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))

    dev, bench = pins("dev.txt"), pins("bench.txt")
    assert {
        name: (dev[name], bench[name]) for name in dev.keys() & bench.keys() if dev[name] != bench[name]
    } == {}


def test_the_lock_holds_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    locked = set(
        re.findall(
            r"^([a-z0-9-]+)==", (ROOT / "requirements/dev.txt").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    names = {re.split(r"[\[<>=!~ ]", requirement)[0].lower() for requirement in wanted}
    assert names - locked == set()
