"""Linux control groups, versions 1 and 2: their limits for a process, and what was done to it.

A limit may be set at any level between the process's own group and the root. Every function takes the root of the file
system, for tests with their own tree. On other systems there are no groups and no limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

ROOT = Path("/")


def cpu_quota(root: Path = ROOT) -> float | None:
    """Processor time that this process may use, in cores; None without a limit."""
    quotas = [
        *(_quota_v2(group / "cpu.max") for group in groups("cpu", root=root)),
        *(_quota_v1(group) for group in groups("cpu", root=root)),
    ]
    return min((quota for quota in quotas if quota is not None), default=None)


def memory_left(root: Path = ROOT) -> int | None:
    """Bytes that the process's groups may still allocate; None without a limit."""
    left = [
        room
        for group in groups("memory", root=root)
        for limit, usage, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.high", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        )
        if (room := _room(group, limit, usage, cached)) is not None
    ]
    return min(left, default=None)


def oom_kills(root: Path = ROOT) -> int:
    """How many processes the kernel has killed for lack of memory: in our groups, or on the machine without groups."""
    counts = [
        count
        for group in groups("memory", root=root)
        for name in ("memory.events", "memory.oom_control")
        if (count := _value(group / name, "oom_kill")) is not None
    ]
    return sum(counts) if counts else _value(root / "proc/vmstat", "oom_kill") or 0


def frozen(process: int, root: Path = ROOT) -> bool:
    """Whether a group of the process is frozen."""
    return any(
        _value(group / "cgroup.events", "frozen") == 1 or _text(group / "freezer.state") in ("FROZEN", "FREEZING")
        for group in groups("freezer", process, root)
    )


def groups(controller: str, process: int | str = "self", root: Path = ROOT) -> list[Path]:
    """Folders of the process's groups, and of all groups above them that are visible from here: of version 1 for
    `controller` ("cpu", "memory", "freezer"), and of version 2."""
    own = dict(_own_groups(process, root))
    found = []
    for controllers, top, mounted in _mounts(root):
        for name in {"", controller} & controllers & own.keys():
            found += _upwards(root, top, mounted, own[name])
    return list(dict.fromkeys(found))


def _own_groups(process: int | str, root: Path) -> Iterator[tuple[str, PurePosixPath]]:
    """(controller, path of the process's group); for version 2 the controller is ""; see cgroups(7)."""
    for line in _text(root / f"proc/{process}/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, PurePosixPath(path)


def _mounts(root: Path) -> Iterator[tuple[frozenset[str], PurePosixPath, PurePosixPath]]:
    """(controllers, "" for version 2; the group at the top of the mount; the mount point); see
    proc_pid_mountinfo(5)."""
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = [*after.split(" "), "", ""][:3]
        if kind in ("cgroup", "cgroup2"):
            fields = before.split(" ")
            controllers = frozenset([""] if kind == "cgroup2" else options.split(","))
            yield controllers, PurePosixPath(fields[3]), PurePosixPath(fields[4])


def _upwards(root: Path, top: PurePosixPath, mounted: PurePosixPath, path: PurePosixPath) -> list[Path]:
    """The folder of the group and of those above it. A container may see only a part of the tree, and starts at its
    top."""
    inner = path.relative_to(top) if path.is_relative_to(top) and ".." not in path.parts else PurePosixPath()
    folder = root / mounted.relative_to("/")
    return [folder / part for part in (inner, *inner.parents)] if inner.parts else [folder]


def _quota_v2(file: Path) -> float | None:
    quota, _, period = _text(file).partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def _quota_v1(group: Path) -> float | None:
    quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None  # -1: no limit


def _room(group: Path, limit: str, usage: str, cached: str) -> int | None:
    most, used = _text(group / limit), _text(group / usage)
    if not most.isdigit():  # "max"
        return None
    given_back = _value(group / "memory.stat", cached) or 0  # cached files, which the kernel drops when it needs memory
    return max(0, int(most) - max(0, int(used or 0) - given_back))


def _value(file: Path, name: str) -> int | None:
    """The number after `name`, in a file with a name and a number on each line."""
    for line in _text(file).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return None


def _text(file: Path) -> str:
    with suppress(OSError):
        return file.read_text().strip()
    return ""
