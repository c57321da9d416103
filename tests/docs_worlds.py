"""Folders of a user, as the documentation takes them for granted, and a shell that types its commands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import forked_program
import make_demo_photos
from docs_blocks import Block, Shown, commands
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = ("Adrien_Brody", "Ann_Veneman", "James_Kelly", "Michael_Jackson")
"""Folders of lfw-dev: the first five photos of each are in the library, others are what is searched with."""

PIP = """\
#!/bin/bash
# Says yes to the extras that the wheel offers.
for word in "$@"; do
    if [[ $word =~ ^faceindex\\[(.*)\\]$ ]]; then
        for extra in ${{BASH_REMATCH[1]//,/ }}; do
            case " {extras} " in *" $extra "*) ;; *) echo "no extra $extra" >&2; exit 1 ;; esac
        done
    fi
done
"""


@dataclass(frozen=True, slots=True)
class World:
    """A home folder, and the programs of its user."""

    home: Path
    programs: Path

    def put_back(self) -> None:
        """Remove what commands made, and make the library again what it was."""
        for entry in self.home.iterdir():
            if entry.name not in KEPT:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if (self.home / ".kept.faces").exists():
            shutil.copytree(self.home / ".kept.faces", self.home / "family.faces")

    def run(self, blocks: list[Block]) -> list[str]:
        """Type the blocks' commands into one shell. Returns: what went otherwise than the page says."""
        typed: list[Shown] = []
        lines = ["exec 2>&1"]
        for block in blocks:
            for shown in self._shown(block, len(typed)):
                lines += [f"printf '\\n\\036%d\\n' {len(typed)}", shown.command, "printf '\\n\\037%d\\n' $?"]
                typed.append(shown)
        said = self.type("\n".join(lines)).stdout.replace(str(self.home), "/home/me")
        answers = re.split(r"\n\036\d+\n", said)[1:]
        assert len(answers) == len(typed), f"no end of: {typed[len(answers) - 1].command}"
        return [wrong for shown, answer in zip(typed, answers, strict=True) for wrong in differences(shown, answer)]

    def type(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script of bash as this user, in the home folder."""
        environment = {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ} | {
            "HOME": str(self.home),
            "PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FACEINDEX_CACHE": str(self.home.parent / "cache"),
            "FACEINDEX_LIBRARY": str(self.home / "family.faces"),
            "FACEINDEX_MODELS": str(self.home / "models"),
            "PYTHONWARNINGS": "error:library.:DeprecationWarning",
        }
        command = ["timeout", "240", "bash", "-c", script]
        return subprocess.run(
            command,
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def _shown(self, block: Block, number: int) -> list[Shown]:
        if block.kind == "console":
            return commands(block)
        named = re.search(r"^# ([\w.-]+\.sh):", block.text, re.MULTILINE)
        if block.kind == "bash" and named:
            (self.home / named[1]).write_text(block.text)
            return []
        if block.kind == "python":
            file = self.home / f".block-{number}.py"
            file.write_text(block.text)
            return [Shown(f"faceindex-block {file}", [])]
        return []


KEPT = {"Pictures", "who.jpg", "a.jpg", "b.jpg", "group.jpg", ".kept.faces"}


def differences(shown: Shown, answer: str) -> Iterator[str]:
    """What a command's exit code and output have that the page does not say, and the other way."""
    output, _, code = answer.rpartition("\n\037")
    if int(code) != 0:
        yield f"$ {shown.command}\nexit code {int(code)}\n{output}"
        return
    printed = [_plain(line) for line in output.splitlines()]
    for line in shown.output:
        if _plain(line) in printed:
            del printed[: printed.index(_plain(line)) + 1]
        else:
            yield f"$ {shown.command}\nprints no line\n{line}\nbut\n{output}"


def _plain(line: str) -> str:
    """A line without what may be another one elsewhere: spaces between columns, seconds, digits of a distance."""
    rounded = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", " ".join(line.split()))
    return re.sub(r"\d+\.\d+ s\b", "N s", rounded)


@contextmanager
def running_programs(folder: Path) -> Iterator[Path]:
    """A folder with programs `faceindex`, `faceindex-block` and `pip`, as long as the server of these runs."""
    programs = folder / "bin"
    programs.mkdir()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    socket = folder / "programs.sock"
    texts = {
        "faceindex": forked_program.client(socket, "command"),
        "faceindex-block": forked_program.client(socket, "block"),
        "pip": PIP.format(extras=" ".join(extras)),
    }
    for name, text in texts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    with forked_program.running(socket):
        yield programs


def demo(home: Path) -> None:
    """Photos of one person, which everybody has who has scikit-image."""
    home.mkdir()
    make_demo_photos.main(home / "Pictures")
    for name, photo in (("who", "astronaut.png"), ("a", "astronaut.png"), ("b", "dark.jpg"), ("group", "collage.jpg")):
        Image.open(home / "Pictures" / photo).convert("RGB").save(home / f"{name}.jpg")


def people(home: Path, lfw: Path) -> None:
    """Photos of four people. a.jpg and b.jpg show one of them, who.jpg and group.jpg another and both."""
    (home / "Pictures").mkdir(parents=True)
    for name in PEOPLE:
        for photo in sorted((lfw / name).iterdir())[:5]:
            shutil.copy(photo, home / "Pictures")
    ann, other = (sorted((lfw / name).iterdir()) for name in PEOPLE[:2])
    shutil.copy(ann[5], home / "a.jpg")
    shutil.copy(ann[6], home / "b.jpg")
    shutil.copy(other[5], home / "who.jpg")
    group = Image.new("RGB", (500, 250))
    group.paste(Image.open(ann[7]), (0, 0))
    group.paste(Image.open(other[6]), (250, 0))
    group.save(home / "group.jpg")
    group.save(home / "Pictures" / "group.jpg")
