"""The kinds of paths: a file on a disk, an address (URL), or the name of a picture that is not a file."""

from __future__ import annotations

import errno
import json
import os
import re
from urllib.parse import unquote

from faceindex.errors import UsageError
from faceindex.system.paths import absolute_path, local_path

HELD = "picture:/"
"""Start of the path of a picture that a program added and that is not a file."""

LOGINS = "FACEINDEX_LOGINS"
"""The environment variable through which only our own processes get the result of `secrets_for_children`."""

UNREACHABLE = frozenset(
    (
        *(errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTUNREACH, errno.ENETUNREACH),
        *(errno.ETIMEDOUT, errno.EPIPE, errno.EIO, errno.EPERM, errno.ENODEV),
    )
)
"""Error numbers which mean that a server does not answer, refuses the login, or has no such bucket: for any request."""

_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):/(?P<second>/?)(?P<rest>.*)", re.DOTALL)  # C:/ is a drive
_URL = re.compile(r"[a-z][a-z0-9+.-]+://")
_WITH_QUERY = ("http", "https")  # with other schemes, "?" and "#" may be part of an object's name
_WITHOUT_LOGIN = ("abfs", "abfss", "wasb", "wasbs")  # there CONTAINER@ACCOUNT is not a login

_logins: dict[str, str] = {}
_queries: dict[str, str] = {}


def absolute(path: str | os.PathLike[str]) -> str:
    """`path` made absolute. A user's `~` is expanded (a name may also begin with it), and symbolic links stay.

    An address loses its user, password and query. These are kept in memory, for this program and the processes that it
    starts to read photos, and are never stored. `file:///x` becomes the local path /x. A path with `picture:/` stays as
    it is.
    """
    given = os.fspath(path)
    if is_held(given):
        return given
    found = _address_in(given)
    if found is None:
        return absolute_path(os.path.expanduser(given))  # noqa: PTH111  (Path's ways follow links, refuse names)
    scheme, rest = found["scheme"].lower(), found["rest"]
    if scheme == "file":
        host, _, below = rest.partition("/") if found["second"] else ("", "", rest)
        return local_path(host, "/" + unquote(below))
    return _without_secrets(scheme, rest)


def is_held(path: str | os.PathLike[str]) -> bool:
    """Whether this is the path of a picture that is not a file, or the start of all such paths."""
    return (os.fspath(path) + "/").startswith(HELD)


def is_url(path: str) -> bool:
    """Whether this path, as returned by `absolute`, is an address."""
    return _URL.match(path) is not None


def is_in(path: str, folder: str) -> bool:
    """Whether `path` is `folder`, or is in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def address_of(path: str | os.PathLike[str]) -> str | None:
    """The address, if the output is at one."""
    found = absolute(path)
    return found if is_url(found) else None


def refuse_address(path: str | os.PathLike[str], what: str) -> None:
    """Raises: UsageError if the output is at an address, where `what` cannot be."""
    if url := address_of(path):
        raise UsageError(f"{url} is an address; {what} can only be on a disk")


def top_of(url: str) -> str:
    """The scheme and the host or bucket of an address."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def login_of(url: str) -> tuple[str | None, str | None]:
    """User and password that were given in an address at this host or bucket."""
    user, colon, password = _logins.get(top_of(url), "").partition(":")
    return unquote(user) or None, unquote(password) if colon else None


def with_query(url: str) -> str:
    """The address as it was given, with its query."""
    return url + _queries.get(url, "")


def secrets_for_children() -> dict[str, str]:
    """Environment variables that let a child process open the same addresses; empty if no address had secrets."""
    return {LOGINS: json.dumps([_logins, _queries])} if _logins or _queries else {}


def take_secrets() -> None:
    """In a child process: take over the parent's secrets, and remove them from the environment."""
    given = os.environ.pop(LOGINS, None)
    if given:
        logins, queries = json.loads(given)
        _logins.update(logins)
        _queries.update(queries)


def without_secrets(text: str) -> str:
    """A text in which every address has lost its user, password and query. Nothing is shown of a database's address,
    where a password may be written in ways that cannot be told from the rest."""
    text = re.sub(r"(postgres(?:ql)?:).*", r"\1...", text, flags=re.DOTALL | re.IGNORECASE)
    return re.sub(r"(:/{1,2})[^/\s]*@", r"\1", re.sub(r"(:/{1,2}[^\s?'\"]*)\?[^\s'\")]*", r"\1", text))


def shown(path: str | os.PathLike[str]) -> str:
    """A path as it was given, for an answer; an address as `absolute` returns it."""
    found = absolute(path)
    return found if is_url(found) else os.fspath(path)


def _address_in(given: str) -> re.Match[str] | None:
    """The address in a text. `Path` turns two slashes into one; that is undone, unless such a folder exists."""
    found = _ADDRESS.fullmatch(given)
    if not found or (not found["second"] and os.path.lexists(found["scheme"] + ":")):
        return None
    return found


def _without_secrets(scheme: str, rest: str) -> str:
    place, slash, name = rest.partition("/")
    login, query = "", ""
    if scheme in _WITH_QUERY:
        cut = re.search(r"[?#]", name)
        if cut:
            name, query = name[: cut.start()], name[cut.start() :].partition("#")[0]
    if "@" in place and scheme not in _WITHOUT_LOGIN:
        login, _, place = place.rpartition("@")
    url = f"{scheme}://{place}{slash}{name}"
    if url.rstrip("/") != f"{scheme}:":
        url = url.rstrip("/")
    if login:
        _logins[top_of(url)] = login
    if query:
        _queries[url] = query
    return url
