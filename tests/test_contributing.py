"""CONTRIBUTING names only what exists, and every room on the floor that import-linter keeps it on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "faceindex"
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
PLACES = sorted(
    {
        place
        for place in re.findall(r"`([\w./-]+)`", PAGE)
        if place.endswith("/") or re.search(r"\.(py|toml|md)$", place)
    }
    - {"docs/NAME.md", "models/NAME.toml", "models/recipes/NAME.toml"}
)
FLOOR = re.compile(r"^\| (\d+) \| `([\w.]+?)(?:/|\.py)` \|", re.MULTILINE)


def test_it_names_many_places() -> None:
    assert len(PLACES) > 60


@pytest.mark.parametrize("place", PLACES)
def test_every_module_and_room_that_it_names_exists(place: str) -> None:
    assert (ROOT / place).exists() or (PACKAGE / place).exists()


def test_every_command_that_it_shows_exists() -> None:
    for script in set(re.findall(r"scripts/\w+(?:\.py)?", PAGE)):
        assert (ROOT / script).exists(), script


def test_rooms_lie_on_the_floors_that_are_kept() -> None:
    told: dict[int, set[str]] = {}
    for floor, room in FLOOR.findall(PAGE):
        told.setdefault(int(floor), set()).add(room)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    kept = [{name.removeprefix("faceindex.") for name in layer.split(" | ")} for layer in contracts[0]["layers"]]
    kept[-1].discard("plurals")  # named beside `types`
    assert [told[floor] for floor in sorted(told, reverse=True)] == kept


def test_every_room_has_a_floor() -> None:
    rooms = {folder.parent.name for folder in PACKAGE.glob("*/__init__.py")}
    assert rooms <= {room for _, room in FLOOR.findall(PAGE)}


def test_there_are_twenty_questions_or_more() -> None:
    section = PAGE.partition("### Where is it?")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\| .*\? \| ", section, re.MULTILINE)) >= 20
