"""Run the steps of the Dockerfile in a tree of Debian, where no image can be pulled: see that they work, how large the
result is, and that it serves as its user on a read-only root. It takes root, debootstrap and Debian's servers.

    sudo python3 scripts/try_container.py /tmp/container --photos ~/Pictures [--bind FOLDER ...] [--env NAME=VALUE ...]

Not tried by this: the image python:3.13-slim itself (the tree has Debian's Python, called `python` there), Docker's
network and its health check's schedule (the check's command is run).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITE = "bookworm"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIMIT = 1_000_000_000
"""Bytes of an image that is small enough."""


@dataclass
class Stage:
    """tree: its root. environment, user: as ENV and USER set them. last: instructions of which the last one counts."""

    tree: Path
    environment: dict[str, str] = field(
        default_factory=lambda: {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
        }
    )
    user: str = "root"
    last: dict[str, str] = field(default_factory=dict)


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile and what follows each."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(name.upper(), rest) for name, _, rest in (line.strip().partition(" ") for line in lines if line.strip())]


def copied(source: Path, target: Path) -> None:
    """Copy a folder as COPY does, of the repository only what git knows."""
    if source != ROOT:
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        return
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for file in filter(None, files.split("\0")):
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target / file)


def run(
    stage: Stage, command: list[str], binds: list[Path], *, read_only: bool = False, **more: object
) -> subprocess.Popen[str]:
    """Start a command in the tree, in a mount namespace of its own. read_only: but for /data and /tmp."""
    tree = shlex.quote(str(stage.tree))
    steps = ["set -e", "mount --make-rprivate /", f"mount --bind {tree} {tree}"]
    if read_only:
        steps += [f"mkdir -p {tree}/data {tree}/photos", f"mount -o remount,bind,ro {tree}"]
        steps += [
            f"mount -t tmpfs -o mode=1777 tmp {tree}/tmp",
            f"mount -t tmpfs -o uid=10001,mode=700 data {tree}/data",
        ]
    for bind in binds:
        inside = f"{tree}/photos" if read_only else tree + shlex.quote(str(bind))
        steps += [] if read_only else [f"mkdir -p {inside}"]
        steps += [f"mount --bind {shlex.quote(str(bind))} {inside}"]
    steps += [f"mount --bind /dev {tree}/dev", f"mount -t proc proc {tree}/proc"]
    user = [] if stage.user == "root" else [f"--userspec={stage.user}"]
    environment = [f"{name}={value}" for name, value in stage.environment.items()]
    inner = ["chroot", *user, str(stage.tree), "/usr/bin/env", "-i", *environment, *command]
    steps.append("exec " + shlex.join(inner))
    return subprocess.Popen(["unshare", "--mount", "sh", "-c", "\n".join(steps)], text=True, **more)  # type: ignore[call-overload,no-any-return]


def build(folder: Path, binds: list[Path], environment: dict[str, str]) -> Stage:
    """Run the Dockerfile's steps. Returns: its last stage. Raises: CalledProcessError."""
    base = folder / "base"
    if not base.exists():
        packages = "python3,python3-venv,ca-certificates"
        subprocess.run(["debootstrap", "--variant=minbase", f"--include={packages}", SUITE, base], check=True)
        (base / "usr/bin/python").symlink_to("python3")
    named: dict[str, Stage] = {}
    stage = Stage(base)
    for name, rest in instructions((ROOT / "Dockerfile").read_text()):
        words = shlex.split(rest)
        if name == "FROM":
            called = words[2] if words[1:2] == ["AS"] else "final"
            stage = named[called] = Stage(folder / called)
            shutil.rmtree(stage.tree, ignore_errors=True)
            shutil.copytree(
                base, stage.tree, symlinks=True, ignore_dangling_symlinks=True, ignore=shutil.ignore_patterns("dev")
            )
            (stage.tree / "dev").mkdir()
        elif name == "RUN":
            print("RUN", rest[:100], flush=True)
            stage.environment |= environment
            code = run(stage, ["sh", "-c", rest], binds).wait()
            stage.environment = {key: value for key, value in stage.environment.items() if key not in environment}
            if code:
                sys.exit(f"it ended with {code}")
        elif name == "COPY":
            of = next((named[word.removeprefix("--from=")].tree for word in words if word.startswith("--from=")), None)
            source, target = (word for word in words if not word.startswith("--"))
            copied(ROOT if of is None else of / source.strip("/"), stage.tree / target.strip("/"))
        elif name == "ENV":
            for one in words:
                key, _, value = one.partition("=")
                stage.environment[key] = value.replace("$PATH", stage.environment["PATH"])
        elif name == "USER":
            stage.user = rest
        else:
            stage.last[name] = rest
    return stage


def main() -> None:
    """Build it, tell its size, serve from it, and ask its health check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--bind", type=Path, action="append", default=[], help="a folder that building needs")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="for building only")
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    stage = build(given.folder, given.bind, dict(one.split("=", 1) for one in given.env))
    size = sum(path.lstat().st_size for path in stage.tree.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"the last stage: {size / 1e6:.0f} MB")
    stage.environment |= {"HOME": "/data", "TMPDIR": "/tmp"}
    script = f"""set -e
    faceindex ingest /photos --json >/tmp/found.json
    python -c "import json; found = json.load(open('/tmp/found.json')); print(found['faces'], found['photos'])"
    if touch /opt/x 2>/dev/null; then echo 'the root can be written'; exit 1; fi
    id -un
    {shlex.join(json.loads(stage.last["ENTRYPOINT"]))} serve --photos /photos & server=$!
    for second in 1 2 3 4 5 6 7 8 9 10 11 12; do
        sleep 1
        if {shlex.join(json.loads(stage.last["HEALTHCHECK"].partition("CMD")[2]))}; then echo healthy; break; fi
    done
    kill $server; wait $server || true
    """
    began = time.monotonic()
    said = run(stage, ["sh", "-c", script], [given.photos.resolve()], read_only=True, stdout=subprocess.PIPE)
    told = said.communicate(timeout=600)[0]
    print(told, f"{time.monotonic() - began:.0f} s", sep="")
    if said.returncode or "healthy" not in told or size > LIMIT:
        sys.exit("the container does not do what it should")


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("this takes root: it mounts and changes its root")
    main()
