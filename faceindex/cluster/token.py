"""The token that Ray asks for: in a file for this user only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from faceindex.files.user_folders import user_data
from faceindex.files.writing import make_folder, write_file

_VARIABLES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def token_here(folder: Path) -> dict[str, str]:
    """The variable that says where the token is of a Ray that is started here: the user's, or a file of ours."""
    if any(os.environ.get(name) for name in _VARIABLES):
        return {}
    path = own_token()
    if not path.parent.parent.is_absolute():  # a user without a home
        path = folder / path.name
    if not path.is_file():
        make_folder(path.parent)
        write_file(path, secrets.token_hex(32).encode())
    return {"RAY_AUTH_TOKEN_PATH": str(path)}


def token_of_cluster() -> dict[str, str]:
    """Likewise of a cluster: the user's variables, Ray's own file, or ours."""
    rays_own = Path.home() / ".ray" / "auth_token"
    if any(os.environ.get(name) for name in _VARIABLES) or rays_own.is_file():
        return {}
    return {"RAY_AUTH_TOKEN_PATH": str(own_token())} if own_token().is_file() else {}


def own_token() -> Path:
    """Where the token is of every Ray that this user's faceindex starts; it may not exist yet."""
    return user_data() / "cluster" / "auth_token"
