"""The code blocks of README.md and docs/, as what a reader types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]*?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. why: for what reason it is not run; empty when it is."""

    kind: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A command, and the lines that the page shows as its output."""

    command: str
    output: list[str]


def blocks(page: Path) -> list[Block]:
    """The page's blocks, in their order."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(one["kind"], one["text"], one["why"] or "") for one in found]


def commands(block: Block) -> list[Shown]:
    """What a block of kind console shows: lines that begin with "$ " are commands, the others what they print."""
    shown: list[Shown] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            shown.append(Shown(line[2:], []))
        elif line.strip():
            shown[-1].output.append(line)
    return shown


def world(page: Path) -> str:
    """In which world the page's blocks are run: "demo", or "people" with photos of several people."""
    said = re.search(r"^<!-- world: (\w+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return said[1] if said else ("demo" if page.name == "README.md" else "people")
