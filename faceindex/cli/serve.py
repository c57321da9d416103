"""`faceindex serve`: the server, its password, and tokens for programs."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import errors, print_json, print_line, print_table
from faceindex.errors import UsageError
from faceindex.running.lazily import functions

if TYPE_CHECKING:
    from faceindex.web.app import api, openapi
    from faceindex.web.logins import LoginFile
    from faceindex.web.scopes import scope_called
    from faceindex.web.serving import serve as serve_library
    from faceindex.web.settings import Settings
else:
    api, openapi = functions("faceindex.web.app", "api", "openapi")
    LoginFile = functions("faceindex.web.logins", "LoginFile")
    scope_called = functions("faceindex.web.scopes", "scope_called")
    serve_library = functions("faceindex.web.serving", "serve")
    Settings = functions("faceindex.web.settings", "Settings")

_WAIT_FOR_SHARDS = 10.0  # seconds; somebody looks at a page

app = typer.Typer()


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0: any that is free.")] = 8420,
    unix: Annotated[
        Path | None, typer.Option(metavar="SOCKET", help="Listen at a Unix socket instead, for a proxy of this user.")
    ] = None,
    photos: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Folder that may be ingested by a click. Repeatable.")
    ] = None,
    watch: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Folder whose new photos are ingested as they arrive. Repeatable."),
    ] = None,
    backups: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for backups and exports that a click writes."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Host name by which browsers reach it. Repeatable.")
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="A proxy whose forwarded headers are believed. Repeatable."),
    ] = None,
    no_login: Annotated[
        bool,
        typer.Option(
            "--no-login", help="Ask nobody who they are: all users of this machine see and change everything."
        ),
    ] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Change nothing.")] = False,
    tls_cert: Annotated[Path | None, typer.Option(metavar="PEM", help="Certificate, for https.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="Its private key.")] = None,
    on: options.On = None,
    shards: options.Shards = None,
    replicas: options.Replicas = 1,
    show_openapi: Annotated[
        bool, typer.Option("--openapi", help="Print the API's description, OpenAPI 3.1, and end.")
    ] = False,
) -> None:
    """Serve the library's pages and its HTTP API, by default to this user alone.

    It prints an address that signs one browser in. Any other address than 127.0.0.1 needs a password.
    """
    if context.invoked_subcommand is not None:
        return
    _check_installed()
    if show_openapi:
        print_json(openapi(api()))
        return
    if (tls_cert is None) != (tls_key is None):
        raise UsageError("--tls-cert and --tls-key belong together")
    for file in filter(None, (tls_cert, tls_key)):
        if not os.access(file, os.R_OK):
            raise UsageError(f"cannot read {file}: it is missing, or this user may not")
    if watch and read_only:
        raise UsageError("--watch changes the library, and --read-only changes nothing")
    if watch and find_spec("watchfiles") is None:
        raise UsageError("--watch needs watchfiles; `pip install 'faceindex[web]'` installs it")
    if backups is not None and not os.access(backups, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {backups}: it is missing, or this user may not")
    watched = tuple(str(folder.absolute()) for folder in watch or ())
    settings = Settings(
        host=host,
        port=port,
        unix=unix,
        names=tuple(name or ()),
        proxies=tuple(proxy or ()),
        login=not no_login,
        read_only=read_only,
        folders=tuple(dict.fromkeys([*(str(folder.absolute()) for folder in photos or ()), *watched])),
        watched=watched,
        backups=None if backups is None else backups.absolute(),
        certificate=tls_cert,
        key=tls_key,
    )
    if no_login and not settings.is_local:
        raise UsageError(f"--no-login at {host} would show everything to everybody; it is only for this machine")
    with faceindex.Library(create=False, wait=False) as opened:
        if on is not None:
            opened.index.search_on(on, shards=shards, replicas=replicas, wait=_WAIT_FOR_SHARDS)
        serve_library(opened, settings, lambda line: errors.print(line, markup=False))


@app.command()
def passwd(library: options.Library = None) -> None:
    """Set the password with which browsers sign in; asked for on the terminal, or read as a line from stdin."""
    _check_installed()
    with faceindex.Library(library, create=False) as opened:
        if sys.stdin.isatty():
            chosen = str(typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True))
        else:
            chosen = sys.stdin.readline().rstrip("\n")
        LoginFile(opened.path).set_password(chosen)
    errors.print("the password is set")


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    scope: Annotated[str, typer.Option(metavar="read|decide|admin", help="What it allows.")] = "read",
    library: options.Library = None,
) -> None:
    """Make a token for a program, and print it; it cannot be shown again."""
    _check_installed()
    try:
        chosen = scope_called(scope)
    except ValueError as error:
        raise UsageError(str(error)) from error
    with faceindex.Library(library, create=False) as opened:
        print_line(LoginFile(opened.path).add_token(name, chosen))


@app.command()
def tokens(
    library: options.Library = None,
    revoke: Annotated[str | None, typer.Option(metavar="NAME", help="Make this token invalid.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """List the tokens of programs."""
    _check_installed()
    with faceindex.Library(library, create=False) as opened:
        logins = LoginFile(opened.path)
        if revoke is not None:
            logins.remove_token(revoke)
        listed = [(token.name, token.scope, token.made) for token in logins.read().tokens]
    if as_json:
        print_json([dict(zip(("name", "scope", "made"), one, strict=True)) for one in listed])
    else:
        print_table(("name", "scope", "made"), listed)


def _check_installed() -> None:
    missing = [name for name in ("argon2", "fastapi", "python_multipart", "uvicorn") if find_spec(name) is None]
    if missing:
        raise UsageError(f"the server needs {missing[0]}; `pip install 'faceindex[web]'` installs it")
