"""`faceindex ingest --on ray`, as a user ends it: by Ctrl-C, and by kill -9."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from contents import contents

import faceindex

pytest.importorskip("ray", reason="the extra `cluster` is not installed")

IN_NAMESPACE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""A network of nothing but the loopback interface."""

AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
"""They first tell the head that their raylet has ended, and wait a minute for it where it has ended, too."""


def namespace() -> list[str]:
    """IN_NAMESPACE where this user may have one."""
    able = shutil.which("unshare") and subprocess.run([*IN_NAMESPACE, "true"], capture_output=True).returncode == 0
    return IN_NAMESPACE if able else []


def started(library: Path, photos: Path, home: Path) -> subprocess.Popen[str]:
    command = ["-m", "faceindex", "ingest", "-L", str(library), "--recipe", "sface", "--on", "ray", "-j", "1", "--json"]
    return subprocess.Popen(
        [*namespace(), sys.executable, *command, str(photos)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"HOME": str(home)},
    )


def at_work(program: subprocess.Popen[str]) -> list[psutil.Process]:
    """All its processes, when a worker analyses photos."""
    while program.poll() is None:
        children = psutil.Process(program.pid).children(recursive=True)
        if any("workers.start" in " ".join(_arguments(child)) for child in children):
            return children
        time.sleep(0.05)
    pytest.fail(str(program.communicate()))


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.long
def test_ctrl_c_and_kill_leave_nothing_running_and_the_next_ingest_resumes(many_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    for number in (signal.SIGINT, signal.SIGKILL):
        program = started(library, many_photos, tmp_path)
        processes = at_work(program)
        if number is signal.SIGINT:
            os.killpg(program.pid, number)  # as a terminal does: Ray's processes get it, too
            out, said = program.communicate(timeout=120)
            assert program.returncode == 130, said
            assert said.splitlines()[-1].startswith("stopped; what was analysed is stored"), said
            assert json.loads(out)["photos"]["failed"] == 0
        else:
            program.kill()
            program.communicate(timeout=120)
        _, alive = psutil.wait_procs(processes, timeout=60)
        late = AGENTS if number is signal.SIGKILL else ()
        assert [process for process in alive if not " ".join(_arguments(process)).startswith(late)] == []
    with faceindex.Library(library) as resumed:
        report = resumed.ingest([many_photos])
        assert report.new + report.unchanged == 22
    with faceindex.Library(tmp_path / "usual.faces", recipe="sface") as usual:
        usual.ingest([many_photos])
    assert contents(library) == contents(tmp_path / "usual.faces")
