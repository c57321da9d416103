"""What a program and all its children do outside of the folders it may write to, as strace sees it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_NETWORK = "%network"
_MADE = "open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
_BORN = "fork,vfork,clone,clone3,execve"

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+)(?:<.*>)?(?: .*)?$")
_CONNECTED = re.compile(r'sin6?_port=htons\((\d+)\),.*?inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]+)"')
_UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_PLACE = re.compile(r'(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>, "((?:[^"\\]|\\.)*)"')
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that has returned: the thread that made it, its arguments as strace writes them, the result."""

    thread: int
    name: str
    arguments: str
    result: int


class Trace:
    """The system calls of a program and its children."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self.calls = list(calls)
        self._children = defaultdict[int, list[int]](list)
        for call in self.calls:
            if call.name in ("fork", "vfork", "clone", "clone3") and call.result > 0:
                self._children[call.thread].append(call.result)

    def of(self, program: str) -> Trace:
        """What processes did that were started with `program` among their arguments, and all their children."""
        started = [call.thread for call in self.calls if call.name == "execve" and program in call.arguments]
        threads = set[int]()
        while started:
            threads.add(thread := started.pop())
            started += self._children[thread]
        return Trace(call for call in self.calls if call.thread in threads)

    def without(self, other: Trace) -> Trace:
        """What is not in `other`."""
        theirs = {call.thread for call in other.calls}
        return Trace(call for call in self.calls if call.thread not in theirs)

    def talk(self) -> list[str]:
        """Every call about a socket that is not AF_UNIX: others reach over the network, or ask for its interfaces."""
        return [
            f"{call.name}({call.arguments})"
            for call in self.calls
            if (call.name in ("socket", "socketpair") and not call.arguments.startswith("AF_UNIX"))
            or ("sa_family=" in call.arguments and "sa_family=AF_UNIX" not in call.arguments)
        ]

    def connections(self) -> set[tuple[str, int]]:
        """Host and port of every connection over the network that was begun."""
        found = (_CONNECTED.search(call.arguments) for call in self.calls if call.name in ("connect", "sendto"))
        return {(match[2], int(match[1])) for match in found if match}

    def made(self, *, outside: Sequence[Path]) -> list[str]:
        """Every file or folder that was made, or got a name, under none of the folders `outside`."""
        places = (place for call in self.calls if call.result >= 0 for place in _made(call))
        return sorted({place for place in places if not any(Path(place).is_relative_to(one) for one in outside)})


def _made(call: Call) -> list[str]:
    """Absolute paths of what a call makes. Only the new name of two is new.

    A relative name that strace shows without its folder is taken for one in `/`: seen, not missed.
    """
    if call.name in ("open", "openat", "openat2") and "O_CREAT" not in call.arguments:
        return []
    if call.name not in _MADE.split(","):
        return []
    places = _PLACE.findall(call.arguments)
    if places:
        folder, name = places[-1]
    else:
        folder, name = "/", _NAME.findall(call.arguments)[-1]
    return [os.path.normpath(Path(_plain(folder), _plain(name)))]


def _plain(text: str) -> str:
    """strace escapes bytes as C does."""
    return os.fsdecode(text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1"))


RUN_COMMANDS = """
import shlex, sys
from faceindex.cli import main
for line in sys.argv[1:]:
    sys.argv = ["faceindex", *shlex.split(line)]
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            sys.exit(f"exit code {ended.code} of faceindex {line}")
"""
"""A program that gives the commands of its arguments, one after the other in one process, and ends with the first that
ends badly."""

MUST_TRACE = "FACEINDEX_MUST_TRACE"
"""A variable that is set where strace is known to work: what needs it fails there instead of being skipped."""


def skip_unless_traced() -> None:
    """Skip the test where programs cannot be traced, or fail where they must."""
    why_not = obstacle()
    if why_not and os.environ.get(MUST_TRACE):
        pytest.fail(why_not)
    if why_not:
        pytest.skip(why_not)


def obstacle() -> str | None:
    """Why programs cannot be traced here."""
    if shutil.which("strace") is None:
        return "there is no strace (Debian: apt-get install strace)"
    done = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-e", "trace=execve", "true"], capture_output=True, text=True
    )
    return f"strace cannot trace here: {done.stderr.strip()}" if done.returncode else None


def start(
    command: Sequence[str | Path], trace: Path, environment: Mapping[str, str], *, offline: bool = True, **options: Any
) -> subprocess.Popen[str]:
    """Start a program under strace, which writes to `trace`.

    offline: every socket() of it fails, so that nothing leaves the machine even where the program would talk; pipes
    between processes are socketpair().
    """
    strace = ["strace", "-f", "-y", "--seccomp-bpf", "-s", "4096", "-o", str(trace)]
    calls = ["-e", f"trace={_NETWORK},{_MADE},{_BORN}", "-e", "signal=none"]
    calls += ["-e", "inject=socket:error=EAFNOSUPPORT"] * offline
    return subprocess.Popen([*strace, *calls, "--", *map(str, command)], env=dict(environment), text=True, **options)


def read(trace: Path) -> Trace:
    """What strace wrote."""
    return Trace(_calls(trace.read_text(errors="surrogateescape").splitlines()))


def _calls(lines: Iterable[str]) -> Iterable[Call]:
    begun = dict[str, str]()
    for line in lines:
        if match := _UNFINISHED.match(line):
            begun[match[1]] = match[2]
            continue
        if match := _RESUMED.match(line):
            line = f"{match[1]} {begun.pop(match[1], '')}{match[2]}"
        if match := _CALL.match(line):
            yield Call(int(match[1]), match[2], match[3], int(match[4], 0))
