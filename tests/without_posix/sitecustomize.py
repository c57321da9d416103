"""Python imports this module when it starts, if its folder is on PYTHONPATH. It takes from faceindex, in this process
and in those that it starts, what only POSIX systems have; other packages keep it. So our own code is tried as it runs
on Windows, as far as that can be done elsewhere: `PYTHONPATH=tests/without_posix scripts/test tests/store`.

msvcrt, which Windows has instead of fcntl, is made of flock(2) here.
"""

import builtins
import errno
import fcntl
import importlib
import os
import sys
from types import FrameType, ModuleType
from typing import Any

MODULES = frozenset(("fcntl", "resource", "pwd", "grp", "termios"))
OF_OS = frozenset(
    (
        *("fork", "forkpty", "fchmod", "fchown", "geteuid", "getuid", "uname", "sched_getaffinity", "mkfifo", "nice"),
        *("pread", "preadv", "pwrite", "pwritev", "posix_fadvise", "posix_fallocate", "set_blocking", "sendfile"),
        *("O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_SYNC", "O_DIRECT"),
    )
)


class _Os(ModuleType):
    """`os` without what POSIX alone has. What tests replace in the real one is replaced here, too."""

    def __getattr__(self, name: str) -> Any:
        if name in OF_OS:
            raise AttributeError(f"module 'os' has no attribute '{name}'")
        return getattr(os, name)


class _Msvcrt(ModuleType):
    LK_NBLCK, LK_UNLCK = 2, 0

    @staticmethod
    def locking(descriptor: int, mode: int, _bytes: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN if mode == _Msvcrt.LK_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


_os, _msvcrt = _Os("os"), _Msvcrt("msvcrt")
_import, _import_module = builtins.__import__, importlib.import_module


def _is_ours(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "faceindex"


def _hidden_import(name: str, names: Any = None, own: Any = None, fromlist: Any = (), level: int = 0) -> ModuleType:
    if level == 0 and (names or {}).get("__name__", "").partition(".")[0] == "faceindex":
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        if name == "os":
            return _os
    return _import(name, names, own, fromlist, level)


def _hidden_import_module(name: str, package: str | None = None) -> ModuleType:
    if _is_ours(sys._getframe(1)):
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        if name == "msvcrt":
            return _msvcrt
    return _import_module(name, package)


def _no_proc(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not isinstance(arguments[0], str) or not arguments[0].startswith("/proc/"):
        return
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "") in ("pathlib", "io", "codecs", __name__):
        frame = frame.f_back
    if _is_ours(frame):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[0])


vars(builtins)["__import__"] = _hidden_import
importlib.import_module = _hidden_import_module
sys.addaudithook(_no_proc)
