"""The versions that scripts/setup installs are those that pyproject.toml allows, each file with its sha256."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


def asked_for(extra: str) -> list[Requirement]:
    """What the extra needs, those that it names included."""
    found = []
    for requirement in map(Requirement, EXTRAS[extra]):
        if requirement.name == "faceindex":
            found += [one for name in requirement.extras for one in asked_for(name)]
        else:
            found.append(requirement)
    return found


def of_the_package(extra: str) -> list[Requirement]:
    return [*map(Requirement, PROJECT["project"]["dependencies"]), *asked_for(extra)]


WANTED = {
    "setup": [*map(Requirement, PROJECT["dependency-groups"]["setup"])],
    "demo": of_the_package("demo"),
    "test": of_the_package("test"),
    "release": [*map(Requirement, PROJECT["dependency-groups"]["release"])],
    "train": [*asked_for("train"), *map(Requirement, PROJECT["dependency-groups"]["oracle"])],
}


def locked(name: str) -> list[str]:
    """The file's entries, each in one line."""
    text = (ROOT / "scripts" / "locked" / f"{name}.txt").read_text().replace("\\\n", "")
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("name", WANTED)
def test_every_package_is_locked_in_a_version_that_is_allowed(name: str) -> None:
    versions: dict[str, list[str]] = {}
    for entry in locked(name):
        requirement = Requirement(entry.partition(" --hash")[0])
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        versions.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    for wanted in WANTED[name]:
        chosen = versions[canonicalize_name(wanted.name)]
        assert all(wanted.specifier.contains(version) for version in chosen), f"{wanted}: run scripts/lock"


@pytest.mark.parametrize("name", WANTED)
def test_every_file_has_its_sha256(name: str) -> None:
    for entry in locked(name):
        assert re.search(r"( +--hash=sha256:[0-9a-f]{64})+$", entry), entry
