"""What is left out by rules: the same as git leaves out by .gitignore."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faceindex.errors import UsageError
from faceindex.photos.finding.entries import FoundFile, SkippedEntry, UnreadableEntry
from faceindex.photos.finding.find import find_files

TREE = ["a.jpg", "b.png", "raw/a.jpg", "raw/x/a.jpg", "raw/x/b.png", "x/raw/a.jpg", "x/keep.jpg", "x/y/z/a.jpg"]


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def found(*roots: Path, exclude: tuple[str, ...] = ()) -> set[str]:
    """Paths of files that are found, below the first root."""
    return {os.path.relpath(file.path, roots[0]) for file in find_files(roots, exclude=exclude)}


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({"": "*.png"}, {"b.png", "raw/x/b.png"}),
        ({"": "raw/"}, {"raw/a.jpg", "raw/x/a.jpg", "raw/x/b.png", "x/raw/a.jpg"}),
        ({"": "/raw"}, {"raw/a.jpg", "raw/x/a.jpg", "raw/x/b.png"}),
        ({"": "*\n!x/\n!keep.jpg"}, set(TREE) - {"x/keep.jpg"}),
        ({"": "raw/**\n!raw/a.jpg"}, {"raw/x/a.jpg", "raw/x/b.png"}),
        ({"": "raw\n!raw/a.jpg"}, {"raw/a.jpg", "raw/x/a.jpg", "raw/x/b.png", "x/raw/a.jpg"}),  # its folder is out
        ({"": "a.jpg", "x": "!a.jpg"}, {"a.jpg", "raw/a.jpg", "raw/x/a.jpg"}),
        ({"x": "/y\r\n# no rule\n\nraw/\n"}, {"x/y/z/a.jpg", "x/raw/a.jpg"}),
        ({"raw": "!\n\\\n*.png"}, {"raw/x/b.png"}),  # lines that are no patterns say nothing
    ],
)
def test_rules_of_files_hold_for_their_folder(tmp_path: Path, rules: dict[str, str], left: set[str]) -> None:
    make(tmp_path, *TREE)
    for folder, text in rules.items():
        (tmp_path / folder / ".faceindexignore").write_text(text)
    assert found(tmp_path) == set(TREE) - left


def test_rules_of_folders_above_hold_for_a_folder_that_is_given(tmp_path: Path) -> None:
    make(tmp_path, *TREE)
    (tmp_path / ".faceindexignore").write_text("\ufeffraw/\nx/y/", encoding="utf-8")
    assert found(tmp_path / "x") == {"keep.jpg"}
    assert found(tmp_path / "raw") == {"a.jpg", "x/a.jpg", "x/b.png"}  # given itself


def test_exclude_has_priority_over_files_and_applies_to_given_files(tmp_path: Path) -> None:
    make(tmp_path, *TREE)
    (tmp_path / "x" / ".faceindexignore").write_text("!*.jpg")
    assert found(tmp_path, exclude=("*.jpg",)) == {"b.png", "raw/x/b.png"}
    assert found(tmp_path, exclude=("*", "!x/", "!keep.jpg")) == {"x/keep.jpg"}
    assert found(tmp_path, exclude=(f"{tmp_path}/raw",)) == {name for name in TREE if not name.startswith("raw/")}
    given = [tmp_path / name for name in ("a.jpg", "b.png")]
    assert [file.path for file in find_files(given, exclude=["*.png"])] == [str(tmp_path / "a.jpg")]


def test_skipped_entries_are_reported_once_and_a_folder_for_its_content(tmp_path: Path) -> None:
    make(tmp_path, *TREE)
    told: list[SkippedEntry] = []
    list(find_files([tmp_path], exclude=["raw/", "b.png"], on_skip=told.append))
    assert {(os.path.relpath(entry.path, tmp_path), entry.kind, entry.is_folder) for entry in told} == {
        ("b.png", "excluded", False),
        ("raw", "excluded", True),
        ("x/raw", "excluded", True),
    }


def test_an_invalid_pattern_is_a_usage_error(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    with pytest.raises(UsageError, match="pattern"):
        list(find_files([tmp_path], exclude=["!"]))


def test_a_folder_with_rules_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "private/b.jpg", "special/c.jpg")
    (tmp_path / "private" / ".faceindexignore").mkdir()
    os.mkfifo(tmp_path / "special" / ".faceindexignore")
    entries = list(find_files([tmp_path]))
    assert [Path(entry.path).name for entry in entries if isinstance(entry, FoundFile)] == ["a.jpg"]
    wrong = {Path(entry.path).name: entry.reason for entry in entries if isinstance(entry, UnreadableEntry)}
    assert wrong.keys() == {"private", "special"}
    assert all(".faceindexignore cannot be read" in reason for reason in wrong.values())


names = st.sampled_from(["a.jpg", "b.png", "raw", "x", "y", "*", "**", "*.jpg", "?", "[ab]*", "keep.jpg", "z"])
patterns = st.builds(
    lambda negate, anchor, parts, folder: "!" * negate + "/" * anchor + "/".join(parts) + "/" * folder,
    st.booleans(), st.booleans(), st.lists(names, min_size=1, max_size=3), st.booleans(),
)  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
@settings(max_examples=100)
@example({"": ["a.jpg", "*/**/"]})
@example({"": ["raw/**/**/"]})
@given(st.dictionaries(st.sampled_from(["", "x", "raw", "x/y"]), st.lists(patterns, min_size=1, max_size=4)))
def test_rules_are_those_of_git(tmp_path_factory: pytest.TempPathFactory, rules: dict[str, list[str]]) -> None:
    root = tmp_path_factory.mktemp("tree")
    make(root, *TREE)
    for folder, lines in rules.items():
        for name in (".faceindexignore", ".gitignore"):
            (root / folder / name).write_text("\n".join(lines))
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q"], cwd=root, env=environment, check=True)
    asked = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "-z"],
        cwd=root, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    wanted = {name for name in asked.stdout.split("\0") if name in TREE}
    assert found(root) == wanted, rules
