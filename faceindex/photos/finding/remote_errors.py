"""Errors of fsspec's file systems as those of a disk: OSErrors with a number, in one line without secrets."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from faceindex.files.unreadable import SHORTAGES
from faceindex.photos.finding.addresses import UNREACHABLE, without_secrets

_MOST_WORDS = 200


class NoFileSystem(OSError):
    """fsspec has no file system for such addresses, or a package for it is not installed."""


@contextmanager
def disk_errors(top: str) -> Iterator[None]:
    """Turn every error of an fsspec file system into an OSError with a number and one line without secrets.

    EPERM: the server refuses the login, for any request. EACCES: it refuses this request. ENODEV: the bucket of a file
    does not exist.
    """
    try:
        yield
    except (GeneratorExit, MemoryError):
        raise
    except Exception as error:
        raise _as_os_error(error, top) from None  # the original text may contain a signed address


_LOGINS = (
    "NoCredentials",
    "Authentication",
    "BadAuthenticationType",
    "Unauthorized",
    "CredentialRetrieval",
    "SSOToken",
)
_LOGIN_CODES = (
    *("ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken", "InvalidClientTokenId"),
    *("SignatureDoesNotMatch", "RequestTimeTooSkewed", "TokenRefreshRequired", "UnrecognizedClientException"),
)
_REFUSALS = ("AccessDenied", "Forbidden")


def _as_os_error(error: Exception, top: str) -> OSError:
    code, number = _code(error), getattr(error, "errno", None)
    words = without_secrets(" ".join(str(error).split())) or type(error).__name__
    if code and code not in words:
        words = f"{code}: {words}"
    if code == "NoSuchBucket":
        return OSError(errno.ENODEV, f"{top} does not exist now: {os.strerror(errno.ENOENT)}")
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if isinstance(number, int) and number in SHORTAGES:
        return OSError(number, os.strerror(number))
    refused = errno.EPERM if _refuses_login(error, code) else errno.EACCES
    if refused == errno.EPERM or isinstance(error, PermissionError) or _refuses(error):
        return PermissionError(refused, f"{os.strerror(errno.EACCES)} by {top} ({words[:_MOST_WORDS]})")
    if isinstance(error, NoFileSystem | IsADirectoryError | NotADirectoryError):
        return OSError(error.errno or errno.EIO, words)
    if isinstance(error, TimeoutError) or "imeout" in type(error).__name__:
        return OSError(errno.ETIMEDOUT, f"{os.strerror(errno.ETIMEDOUT)} by {top}")
    if isinstance(number, int) and number in UNREACHABLE:
        return OSError(number, f"{os.strerror(number)} by {top}")
    return OSError(errno.EIO, f"{os.strerror(errno.EIO)} ({words[:_MOST_WORDS]})")


def _code(error: BaseException | None) -> str:
    """The code that S3 gave for an error, or an empty text."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            code = response.get("Error", {}).get("Code", "")
            return "" if str(code).isdecimal() else str(code)
        error = error.__cause__
    return ""


def _refuses_login(error: Exception, code: str) -> bool:
    """Whether a server refuses the login, or a file system finds none."""
    words = f"{type(error).__name__} {error}"
    unnamed = _status(error) == 401 or str(error).startswith("530")
    return code in _LOGIN_CODES or unnamed or any(word in words for word in _LOGINS)


def _refuses(error: Exception) -> bool:
    return _status(error) == 403 or any(word in f"{type(error).__name__} {error}" for word in _REFUSALS)


def _status(error: Exception) -> object:
    return getattr(error, "status", getattr(error, "status_code", getattr(error, "code", None)))
