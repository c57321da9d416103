"""The page of commands and options, from the command line itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from faceindex.cli.app import app

SHARED = ("library", "quiet", "verbose", "log", "help")
"""Options that every command has: described once."""


def commands() -> Iterator[tuple[str, Any]]:
    """Each command that does something, with its whole name after `faceindex`: "people name"."""
    return _below(typer.main.get_command(app), "")


def _below(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for word in group.list_commands(None):
        command = group.commands[word]
        if not hasattr(command, "commands"):
            yield f"{name}{word}", command
            continue
        if command.invoke_without_command:
            yield f"{name}{word}", command
        yield from _below(command, f"{name}{word} ")


def page() -> str:
    """The page, in Markdown."""
    program = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "Every command and option of `faceindex`. `--help` after any of them prints the same in a terminal.",
        "",
        "These options work with every command, before it or after it:",
        "",
        *_table([option for option in _options(program) if option.name != "version"]),
        "",
        "[Exit codes](exit-codes.md), [environment variables](environment.md) and the [JSON](json.md) that `--json` "
        "prints have pages of their own.",
    ]
    group = ""
    for name, command in commands():
        first = name.split()[0]
        if first != group:
            group = first
            lines += ["", f"## {first}", ""]
            described = program.commands[first]  # type: ignore[attr-defined]
            if hasattr(described, "commands"):
                lines += [_text(described.help), ""]
        if name != first:
            lines += ["", f"### {name}", ""]
        lines += [*_section(name, command), ""]
    return "\n".join(lines) + "\n"


def _section(name: str, command: Any) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield _text(command.help)
        yield ""
    yield "```text"
    yield f"faceindex {name} {' '.join(_usage(command))}".rstrip()
    yield "```"
    yield ""
    yield from _table([option for option in _options(command) if option.name not in SHARED])


def _usage(command: Any) -> Iterator[str]:
    options = [one for one in command.params if one.param_type_name == "option" and one.name not in SHARED]
    if any(not one.required for one in options):
        yield "[OPTIONS]"
    yield from (f"{one.opts[-1]} {_value(one)}" for one in options if one.required)
    for one in command.params:
        if one.param_type_name == "argument":
            word = _argument(one)
            yield word if one.required else f"[{word}]"


def _argument(parameter: Any) -> str:
    word = str(parameter.metavar or parameter.name.upper()).strip("[]").removesuffix("...")
    return f"{word}..." if parameter.nargs == -1 else word


def _options(command: Any) -> list[Any]:
    return [one for one in command.params if not getattr(one, "hidden", False)]


def _table(parameters: list[Any]) -> Iterator[str]:
    if not parameters:
        return
    yield "| option | meaning |"
    yield "|---|---|"
    for one in parameters:
        if one.param_type_name == "argument":
            yield f"| `{_argument(one)}` | {_cell(one.help or '')} |"
            continue
        names = ", ".join(f"`{name}`" for name in [*one.opts, *one.secondary_opts])
        value = "" if one.is_flag else f" `{_value(one)}`"
        yield f"| {names}{value} | {_cell(one.help or '')}{_default(one)} |"


def _value(option: Any) -> str:
    if option.metavar:
        return str(option.metavar)
    name = str(option.type.name)
    return {"integer": "N", "integer range": "N", "float": "NUMBER", "float range": "NUMBER"}.get(name, name.upper())


def _default(option: Any) -> str:
    default = option.default
    if option.is_flag or default in (None, (), []) or callable(default) or "Default" in (option.help or ""):
        return ""
    return f" Default: `{getattr(default, 'value', default)}`."


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|").replace("\n", " ")


def _text(text: str | None) -> str:
    """Help as Markdown: what begins with -- outside backticks, and < and *, are shown as they are."""
    parts = re.split(r"(`[^`]*`)", " ".join((text or "").split()))
    return "".join(part if part.startswith("`") else re.sub(r"([*_<>\[\]])", r"\\\1", part) for part in parts)
