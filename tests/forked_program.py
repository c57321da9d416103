"""A server that runs `faceindex`, and blocks of Python, in forks of a process that has loaded everything.

A command takes a tenth of its time then, which is mostly its start. Each has a process of its own, with the caller's
arguments, folder, environment and standard streams. `client` is the text of a program that asks it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

CLIENT = """\
#!{python} -IS
import json, os, socket, sys
asked = json.dumps([{kind!r}, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    socket.send_fds(server, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(asked)
    answer = server.recv(4)
sys.exit(int.from_bytes(answer, "big") if answer else 99)
"""


def client(path: Path, kind: str) -> str:
    """A program that has the server at `path` run a "command", or a "block" of Python that is read from a file."""
    return CLIENT.format(python=sys.executable, kind=kind, path=str(path))


@contextmanager
def running(path: Path) -> Iterator[None]:
    """A server at the Unix socket `path`."""
    root = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": f"{root / 'tests'}:{root / 'scripts'}"}
    server = subprocess.Popen(
        [sys.executable, "-m", "forked_program", str(path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield
    finally:
        server.terminate()
        server.communicate()


def serve(path: str) -> None:
    """Answer at a Unix socket until the process is terminated."""
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        print("ready", flush=True)
        while True:
            caller, _ = listening.accept()
            with caller:
                if os.fork() == 0:
                    listening.close()
                    os._exit(_attend(caller))


def load() -> None:
    """Import what commands import when they are used."""
    for module in ("faceindex", "faiss", "h5py", "onnxruntime"):  # faceindex first: it turns telemetry off
        import_module(module)
    for _ in import_module("documentation.commands").commands():
        pass


def _attend(caller: socket.socket) -> int:
    """Run what one caller asks for in a child, and send its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(caller, 4, 3)
    asked = b""
    while len(asked) < int.from_bytes(size, "big"):
        asked += caller.recv(1 << 16)
    child = os.fork()
    if child == 0:
        caller.close()
        os._exit(_run(streams, *json.loads(asked)))
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if select.select([caller], [], [], 0.01)[0]:  # the caller was killed
            os.kill(child, signal.SIGKILL)
    status = ended[1]
    code = os.waitstatus_to_exitcode(status)
    caller.sendall((code if code >= 0 else 128 - code).to_bytes(4, "big"))
    return 0


def _run(streams: list[int], kind: str, arguments: list[str], folder: str, environment: dict[str, str]) -> int:
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["faceindex", *arguments]
    code: Any = 0
    try:
        if kind == "block":
            exec(compile(Path(arguments[0]).read_text(), arguments[0], "exec"), {"__name__": "__main__"})
        else:
            import_module("faceindex.cli").main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    serve(sys.argv[1])
