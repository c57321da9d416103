"""changelog.py VERSION DATE ENTRY: give the changes since the last release its number, and write them to ENTRY, too."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
UNRELEASED = re.compile(r"^## Unreleased$", re.MULTILINE)


def released(text: str, version: str, date: str) -> str:
    """The changelog with its section "Unreleased" named after a version; as it is if the version has a section.

    Raises: ValueError if there is neither section, or there are both.
    """
    has_section = re.search(rf"^## {re.escape(version)}(,|$)", text, re.MULTILINE)
    if bool(has_section) == bool(UNRELEASED.search(text)):
        both = "a section for it and one for unreleased changes: raise the version in pyproject.toml, or join the two"
        raise ValueError(f"version {version}: CHANGELOG.md has {both if has_section else 'no section for it'}")
    return UNRELEASED.sub(f"## {version}, {date}", text)


def entry(text: str, version: str) -> str:
    """The section of one version, without its heading. Raises: ValueError if it is empty."""
    section = re.search(rf"^## {re.escape(version)}(?:,[^\n]*)?$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        raise ValueError(f"CHANGELOG.md says nothing about version {version}")
    return section[1].strip() + "\n"


def main(version: str, date: str, output: str) -> None:
    try:
        text = released(CHANGELOG.read_text(encoding="utf-8"), version, date)
        Path(output).write_text(entry(text, version), encoding="utf-8")
    except ValueError as error:
        sys.exit(str(error))
    CHANGELOG.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
