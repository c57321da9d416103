"""Commands whose modules are imported only when the command is used, so that every command starts fast."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup, TyperOption

from faceindex.cli import verbosity

LIBRARY = "FACEINDEX_LIBRARY"
"""Environment variable with the library's folder."""


class Commands(TyperGroup):
    """A group of commands. places: for each command "module:name" in this package, of a function or a Typer app."""

    places: ClassVar[dict[str, str]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loaded(self.places)  # type: ignore[assignment]  # nothing adds to it
        self.params += [_library(), *verbosity.options()]

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands' names, in order; imports nothing."""
        return list(self.places)


class _Loaded(Mapping[str, Any]):
    """The commands by name; each is imported when it is looked up."""

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = self._places[name].partition(":")
        found = getattr(import_module(f"faceindex.cli.{module}"), attribute)
        holder = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name)
        else:
            holder.command(name)(found)
        return _with_shared_options(typer.main.get_group(holder).commands[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _with_shared_options(command: Any) -> Any:
    """Add the shared options, also to the commands of a group: people write them before the command and after it."""
    commands = getattr(command, "commands", {}).values()
    below = [_with_shared_options(one) for one in commands]
    if any(_takes_library(one) for one in below):
        command.params.append(_library())
    command.params += verbosity.options()
    return command


def _takes_library(command: Any) -> bool:
    return any("--library" in parameter.opts for parameter in command.params)


def _library() -> TyperOption:
    """The option -L before a command."""
    return TyperOption(
        param_decls=["--library", "-L"],
        type=str,
        metavar="DIR",
        expose_value=False,
        callback=_choose_library,
        help="The library's folder, for any command.",
    )


def _choose_library(context: Any, _option: Any, chosen: str | None) -> None:
    if chosen is not None and not context.resilient_parsing:
        os.environ[LIBRARY] = chosen  # where the command looks for it
