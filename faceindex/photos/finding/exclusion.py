"""Why a file or folder is skipped: by its name, or by the user's rules."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from faceindex.photos.finding.entries import SkippedKind
from faceindex.photos.finding.system_folders import has_photos_of_library, is_system_file, is_system_folder

if TYPE_CHECKING:
    from faceindex.photos.finding.ignore_rules import IgnoreRules


def kind_of(
    name: str, path: str, rules: IgnoreRules | None, *, is_folder: bool, in_library: bool
) -> SkippedKind | None:
    """Why an entry with this name is skipped; None if it is not. in_library: of Photos, iPhoto or Aperture."""
    if is_system_folder(name) if is_folder else is_system_file(name):
        return "system"
    if name.startswith("."):
        return "hidden"
    if in_library and is_folder and not has_photos_of_library(name):
        return "system"
    if rules is not None and rules.exclude(path, is_folder=is_folder):
        return "excluded"
    return None


def given_rules(root: str, exclude: Collection[str]) -> IgnoreRules:
    """The user's exclusions, relative to `root`. Raises: UsageError if one is not a pattern."""
    from faceindex.photos.finding.ignore_rules import IgnoreRules  # takes 30 ms to import; few have rules

    return IgnoreRules.of(root, exclude)
