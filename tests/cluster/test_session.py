"""A session on Ray: private, on loopback only, behind a token, and gone with the command."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from faceindex.cluster.session import RaySession
from faceindex.errors import MachineError, UsageError

pytest.importorskip("ray", reason="the extra `cluster` is not installed")

PROGRAM = """
import json, os, subprocess, sys
import psutil
from faceindex.cluster.session import RaySession
with RaySession("ray", cpus=1) as session:
    ray = session.module
    folder = session.folder

    @ray.remote
    class Reporter:
        def report(self):
            return os.environ["HOME"]

    home = ray.get(Reporter.remote().report.remote())
    daemons = psutil.Process().children(recursive=True)
    listening = sorted({c.laddr.ip for p in daemons for c in p.net_connections("inet") if c.status == "LISTEN"})
    gcs = ray.get_runtime_context().gcs_address
    join = f"from faceindex.cluster.session import RaySession; RaySession({gcs!r}).close(); print('in')"
    known, stranger = (
        subprocess.run([sys.executable, "-c", join], env=os.environ | token, capture_output=True, text=True)
        for token in ({}, {"RAY_AUTH_TOKEN": "f" * 64})
    )
    print(json.dumps({
        "home": home, "listening": listening, "mode": oct(folder.stat().st_mode & 0o777), "folder": str(folder),
        "token": os.environ["RAY_AUTH_TOKEN_PATH"], "known": known.stdout, "refused": stranger.stderr.splitlines()[-1],
        "daemons": [daemon.pid for daemon in daemons],
    }))
print(sorted(name for name in os.environ if name.startswith("RAY") and name != "RAY_CLIENT_MODE"))
"""


@pytest.mark.long
def test_a_started_ray_is_private_and_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "XDG_"))}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=environment | {"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    report, variables = ran.stdout.splitlines()
    said = json.loads(report)
    assert said["home"] == str(home)
    assert [address.removeprefix("::ffff:") for address in said["listening"]] == ["127.0.0.1"] * len(said["listening"])
    assert said["listening"]
    assert said["mode"] == "0o700"
    token = Path(said["token"])
    assert token.is_relative_to(home)
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert said["known"] == "in\n"
    assert re.fullmatch(r"faceindex.errors.MachineError: Ray at \S+ refuses the token in \S+", said["refused"])
    assert not Path(said["folder"]).exists()
    assert variables == "[]"
    assert not [pid for pid in said["daemons"] if psutil.pid_exists(pid)]


@pytest.mark.parametrize("address", ["rays", "ray://", "ray://host", "host:port", "http://host:80", "ray://h:70000"])
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="give ray, ray://HOST:PORT or HOST:PORT"):
        RaySession(address)


@pytest.mark.parametrize("address", ["ray://127.0.0.1:9", "127.0.0.1:9"])
def test_where_nobody_listens_one_line_says_so(address: str) -> None:
    with pytest.raises(MachineError, match=f"no Ray answers at {address}: Connection refused; is it started"):
        RaySession(address)


def test_without_the_extra_a_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceindex.cluster.session.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs ray: pip install 'faceindex\[cluster\]'"):
        RaySession("ray")
