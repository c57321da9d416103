"""Every command and option that a message, a help text or the documentation suggests is there, as it is written.

What stands in backticks and begins with `faceindex`, or with a command's name, is a command; what begins with -- is an
option. Words in capitals, and what a message fills in, stand for a value.
"""

from __future__ import annotations

import ast
import html
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.cli.app import app
from faceindex.cli.output import errors

ROOT = Path(__file__).resolve().parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]


def commands(group: Any) -> Iterator[Any]:
    for name in group.list_commands(None):
        command = group.commands[name]
        yield command
        if hasattr(command, "commands"):
            yield from commands(command)


PROGRAM: Any = typer.main.get_command(app)
TOP = set(PROGRAM.list_commands(None))
OPTIONS = {option for one in (PROGRAM, *commands(PROGRAM)) for parameter in one.params for option in parameter.opts} | {
    "--help"
}
VALUES = {"N": "1", "ALBUM": "1", "FACE": "1", "ID": "1", "ACT": "1", "X,Y,W,H": "1,2,3,4", "PERSON": "Ada"}


def filled(word: str) -> str:
    """A word as a user would write it: without what says that it may be left out or come again."""
    word = word.removesuffix("...").strip("[]")
    return VALUES.get(word, word)


def parse(words: list[str]) -> None:
    """Read a command line as the program does, and stop before the work. Raises: what is wrong with it."""
    command, name, context, rest = PROGRAM, "faceindex", None, list(words)
    while True:
        try:
            context = command.make_context(name, list(rest), parent=context)
        except typer.Exit:  # --help, --version
            return
        if not hasattr(command, "commands"):
            return
        rest = [*context._protected_args, *context.args]
        if not rest:  # a group that is a command, too
            return
        name, command, rest = command.resolve_command(context, rest)


def is_only_named(words: list[str]) -> bool:
    """Whether the words are a command and nothing more: a message that says where to look, not what to write."""
    command = PROGRAM
    for word in words:
        if word not in getattr(command, "commands", {}):
            return False
        command = command.commands[word]
    return True


def wrong(line: str) -> str | None:
    """Why a suggested command cannot be given as it is written."""
    words = [filled(word) for word in shlex.split(line)]
    if words[0] != "faceindex":
        return wrong_mention(words)
    if is_only_named(words[1:]):
        return None
    try:
        parse(words[1:])
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return f"{line}: {error.format_message()}"
    return None


def wrong_mention(words: list[str]) -> str | None:
    """Why a command that is talked about, without the program's name and most arguments, is none."""
    command = PROGRAM
    for word in words:
        if hasattr(command, "commands"):
            if word not in command.commands:
                return f"{' '.join(words)}: no command {word}"
            command = command.commands[word]
        elif word.startswith("-") and word not in {option for one in command.params for option in one.opts}:
            return f"{' '.join(words)}: no option {word}"
    return None


def literals(tree: ast.AST) -> Iterator[str]:
    """The texts of a module, with 1 in place of what is filled in."""
    inside = set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in ast.walk(node)}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def suggested(text: str) -> Iterator[str]:
    for quoted in re.findall(r"`([^`\n]+)`", " ".join(text.split())):
        first, *others = quoted.split(" ")
        if first == "faceindex" or (first in TOP and others):
            yield quoted


def sources() -> list[Path]:
    return sorted((ROOT / "faceindex").rglob("*.py"))


@pytest.fixture(autouse=True)
def undone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What options do by themselves is undone, or done where nobody looks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACEINDEX_LIBRARY", "x.faces")
    monkeypatch.setattr(errors, "quiet", False)


def test_commands_in_messages_and_help_texts_are_there() -> None:
    texts = (text for source in sources() for text in literals(ast.parse(source.read_text())))
    found = [line for text in texts for line in suggested(text)]
    assert len(found) > 60
    assert {"faceindex people name ALBUM NAME", "faceindex people list", "check --deep"} <= set(found)
    assert [said for line in sorted(set(found)) if (said := wrong(line))] == []


def test_options_in_messages_and_help_texts_are_there() -> None:
    unknown: dict[str, str] = {}
    for source in sources():
        for text in literals(ast.parse(source.read_text())):
            said = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - OPTIONS
            unknown |= dict.fromkeys(said, source.name)
    assert unknown == {}


def documentation() -> str:
    """README.md and the pages of docs/."""
    return "\n".join(page.read_text() for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))))


def documented_commands() -> Iterator[str]:
    """The lines of code blocks that begin with faceindex, without what a shell does with them."""
    for block in re.findall(r"```[a-z]*\n(.*?)```", documentation(), re.DOTALL):
        for line in block.splitlines():
            if line.removeprefix("$ ").startswith("faceindex "):
                yield shlex.join(until_shell(shlex.split(line.removeprefix("$ "), comments=True)))


def until_shell(words: list[str]) -> list[str]:
    ends = [words.index(sign) for sign in (">", "|", "&&", "||", "2>&1") if sign in words]
    return words[: min(ends, default=len(words))]


def test_commands_of_the_documentation_are_there() -> None:
    lines = list(documented_commands())
    assert len(lines) > 120
    assert [said for line in lines if (said := wrong(line))] == []
    text = re.sub(r"```.*?```", "", documentation(), flags=re.DOTALL)
    assert [said for line in suggested(text) if not line.startswith("scripts") and (said := wrong(line))] == []
    others = {"--parts", "--rounds", "--photos", "--kills", "--seed", "--folds"}  # of scripts
    others |= {"--include-dashboard", "--node-ip-address"}  # of Ray
    others |= {"--prices"}  # of scripts/bench cluster
    prose = {
        option
        for quoted in re.findall(r"`([^`]+)`", text)
        if not re.match(r"(scripts|pip|\.venv|python|systemctl|journalctl|ray|mypy|docker)\b", quoted)
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", quoted)
    }
    assert prose - OPTIONS - others == set()


def test_a_wrong_suggestion_would_be_noticed() -> None:
    assert "No such option" in (wrong("faceindex people name NAME --album N") or "")
    assert "Missing argument" in (wrong("faceindex people forget --yes") or "")
    assert "No such command" in (wrong("faceindex persons list") or "")
    assert "not a valid int" in (wrong("faceindex people split 1 Ada") or "")
    assert "no option --fast" in (wrong("ingest --fast") or "")
    assert "no command lists" in (wrong("people lists") or "")
    assert wrong("faceindex people merge") is None
    assert wrong("faceindex photos remove --erase PATH...") is None


def test_printed_suggestions_can_be_given(command: Command, tmp_path: Path) -> None:
    """Messages and pages as users meet them: what they suggest is read by the program, and ends well where it can."""
    library = tmp_path / "it's.faces"
    store_vectors(library, drawn_people([0, 0, 0, 0, 1, 1, 1, 2, 2, 3]))
    where = ("-L", library)
    nothing = tmp_path / "none.jpg"
    printed = [
        *(command("status", "-L", tmp_path / "none").stderr, command("identify", nothing, *where).stderr),
        *(command("albums", "list", *where).stderr, command("albums", "show", 9, *where).stderr),
        *(command("people", "list", *where).stderr, command("photos", "show", nothing, *where).stderr),
        *(command("forget", *where).stderr, command("people", "forget", "Zoe", *where).stderr),
    ]
    lines = [line for text in printed for line in suggested(text)]
    assert len(lines) >= 8
    assert [said for line in lines if (said := wrong(line))] == []
    with faceindex.Library(library, create=False) as opened:
        opened.sheets.write_albums(tmp_path / "none.html")
    (cluster,) = re.findall("<code>(.*?)</code>", (tmp_path / "none.html").read_text())
    assert given(command, cluster).returncode == 0
    with faceindex.Library(library, create=False) as opened:
        opened.sheets.write_albums(tmp_path / "albums.html")
    for line in re.findall("<code>(.*?)</code>", (tmp_path / "albums.html").read_text()):
        assert given(command, line).returncode == 0, line
    with faceindex.Library(library, create=False) as opened:
        assert next(iter(opened.people)).person == "NAME"


def given(command: Command, line: str) -> subprocess.CompletedProcess[str]:
    program, *words = shlex.split(html.unescape(line))
    assert program == "faceindex"
    return command(*words)
