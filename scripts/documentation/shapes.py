"""The page of what `--json` prints, from docs/schemas/shapes.json."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "shapes.json"


def page() -> str:
    """The page, in Markdown."""
    return "# JSON\n"
