"""The documents keep step with what they describe."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main

from cli.app import app

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(command: object, prefix: tuple[str, ...] = ()) -> Iterator[str]:
    """Every visible command's full name: `claims create`, `ingest`."""
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(prefix)
        return
    for name, child in children.items():
        if not child.hidden:
            yield from commands(child, (*prefix, name))


def test_the_readme_names_every_command_and_no_other():
    table = README.split("## Commands", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"^\| `([a-z0-9-]+(?: [a-z0-9][a-z0-9-]*){0,2})", table, re.MULTILINE))
    assert named == set(commands(typer.main.get_command(app)))


def test_every_dependency_has_its_reason():
    text = (ROOT / "docs/decisions.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    extras = [name for extra in PROJECT["optional-dependencies"].values() for name in extra]
    declared = {re.split(r"[<>=!~ ]", item)[0] for item in PROJECT["dependencies"] + extras}
    assert explained == declared | {"hatchling", "pip-tools"}


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[([^\]]+)\]", text, re.MULTILINE)
    assert headings[0] in ("Unreleased", PROJECT["version"])
    assert PROJECT["version"] in headings
    assert version("claimloop") == PROJECT["version"]


def test_the_makefile_says_what_every_documented_target_does():
    helped = set(
        re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {"help", "install", "demo", "test", "check", "soak", "goldens", "bench"} <= helped
    assert set(re.findall(r"`make ([a-z-]+)", README)) <= helped


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    targets = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [target for target in targets if target and not (document.parent / target).exists()] == []


def test_paths_named_in_the_architecture_exist_or_are_announced():
    """Each folder of the layout is there."""
    layout = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```")[1]
    folders = [
        ".".join(name.strip("/").split("/"))
        for name in re.findall(r"^\s*([a-z]+(?:/[a-z]+)*)/\s", layout, re.MULTILINE)
    ]
    assert "edi" in folders
    tree = {
        path.name
        for package in ("edi", "reconcile", "cli")
        for path in (ROOT / package).rglob("*")
        if path.is_dir()
    }
    assert [name for name in folders if name.split(".")[-1] not in tree | {"edi", "reconcile", "cli"}] == []
