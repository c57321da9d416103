"""The package is a house: every room says its floor, and the floors are those that import-linter keeps."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted(path.parent.name for path in (ROOT / "faceindex").glob("*/__init__.py"))


def floors() -> dict[str, int]:
    """The floor of each room, from 0 at the bottom, by the layers that no import may climb."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {
        room.strip().removeprefix("faceindex."): floor
        for floor, rooms in enumerate(reversed(layers))
        for room in re.split("[:|]", rooms)
    }


def docstring(folder: Path) -> str:
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_its_floor_and_what_is_at_home_there(room: str) -> None:
    found = re.match(r"Floor (\d+): \S", docstring(ROOT / "faceindex" / room))
    assert found, f"{room} does not say its floor"
    assert int(found[1]) == floors()[room]


def test_every_room_and_module_is_on_a_floor() -> None:
    modules = {path.stem for path in (ROOT / "faceindex").glob("*.py")} - {"__init__", "__main__"}
    assert {*ROOMS, *modules} == floors().keys()


def test_every_folder_of_modules_says_what_is_in_it() -> None:
    folders = {path.parent for path in (ROOT / "faceindex").rglob("*.py")}
    assert [folder for folder in sorted(folders) if not docstring(folder)] == []
