"""What control groups allow, of both versions: of this machine where it may be asked, of made trees for all else."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceindex.ingest.workers import machine
from faceindex.ingest.workers.machine import OWN_MEMORY, WORKER_MEMORY, choose_workers
from faceindex.system.cgroups import cpu_quota, frozen, groups, memory_left, oom_kills
from faceindex.system.processes import cores_here

V2_MOUNT = "31 23 0:28 {top} /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1_MOUNT = "32 31 0:29 {top} /sys/fs/cgroup/{names} rw,relatime - cgroup cgroup rw,{names}"
GIGABYTE = 1 << 30


def made(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return root


def version_2(root: Path, files: dict[str, str], *, path: str = "/user/app", top: str = "/") -> Path:
    """A tree of version 2 in which the process is in the group `path`; `top` of it is mounted."""
    proc = {"proc/self/cgroup": f"0::{path}", "proc/self/mountinfo": V2_MOUNT.format(top=top)}
    return made(root, proc | {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def version_1(root: Path, files: dict[str, str], *, path: str = "/user/app", top: str = "/") -> Path:
    """A tree of version 1; `files` begin with cpu, memory or freezer."""
    mounts = [V1_MOUNT.format(top=top, names=names) for names in ("cpu,cpuacct", "memory", "freezer")]
    own = "\n".join([f"4:cpu,cpuacct:{path}", f"3:memory:{path}", f"2:freezer:{path}", "1:name=systemd:/"])
    proc = {"proc/self/cgroup": own, "proc/self/mountinfo": "\n".join(mounts)}
    folders = {f"sys/fs/cgroup/{name.replace('cpu/', 'cpu,cpuacct/', 1)}": text for name, text in files.items()}
    return made(root, proc | folders)


def test_the_smallest_quota_on_the_way_up_counts_in_version_2(tmp_path: Path) -> None:
    files = {"user/app/cpu.max": "max 100000", "user/cpu.max": "150000 100000", "other/cpu.max": "1000 100000"}
    assert cpu_quota(version_2(tmp_path, files)) == 1.5
    (tmp_path / "sys/fs/cgroup/user/app/cpu.max").write_text("15000 100000\n")
    assert cpu_quota(tmp_path) == 0.15


def test_the_smallest_quota_on_the_way_up_counts_in_version_1(tmp_path: Path) -> None:
    files = {
        "cpu/user/app/cpu.cfs_quota_us": "-1",
        "cpu/user/app/cpu.cfs_period_us": "100000",
        "cpu/user/cpu.cfs_quota_us": "50000",
        "cpu/user/cpu.cfs_period_us": "20000",
        "cpu/cpu.cfs_quota_us": "-1",
        "cpu/cpu.cfs_period_us": "100000",
    }
    assert cpu_quota(version_1(tmp_path, files)) == 2.5


def test_a_container_sees_its_own_part_of_the_tree_at_the_mount(tmp_path: Path) -> None:
    old = {"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}
    new = {"cpu.max": "200000 100000"}
    own = "/docker/abc"
    assert cpu_quota(version_1(tmp_path / "1", old, path=own, top=own)) == 2.0
    assert cpu_quota(version_2(tmp_path / "2", new, path=own, top=own)) == 2.0


def test_a_group_outside_of_what_is_mounted_counts_by_the_mounts_top(tmp_path: Path) -> None:
    version_2(tmp_path, {"cpu.max": "300000 100000"}, path="/../../elsewhere")
    assert cpu_quota(tmp_path) == 3.0


def test_memory_that_the_kernel_only_keeps_for_files_counts_as_left(tmp_path: Path) -> None:
    files = {
        "user/app/memory.max": "max",
        "user/memory.max": str(2 * GIGABYTE),
        "user/memory.current": str(GIGABYTE),
        "user/memory.stat": f"anon 5\ninactive_file {GIGABYTE // 2}",
    }
    assert memory_left(version_2(tmp_path, files)) == GIGABYTE * 3 // 2


def test_memory_in_version_1(tmp_path: Path) -> None:
    files = {
        "memory/user/app/memory.limit_in_bytes": str(GIGABYTE),
        "memory/user/app/memory.usage_in_bytes": str(GIGABYTE // 2),
        "memory/user/memory.limit_in_bytes": str(4 * GIGABYTE),
    }
    assert memory_left(version_1(tmp_path, files)) == GIGABYTE // 2


def test_kills_are_counted_by_our_groups_or_by_the_machine(tmp_path: Path) -> None:
    made(tmp_path / "none", {"proc/vmstat": "nr_free_pages 7\noom_kill 4"})
    assert oom_kills(tmp_path / "none") == 4
    assert oom_kills(version_2(tmp_path / "2", {"user/app/memory.events": "oom 3\noom_kill 2"})) == 2
    files = {"memory/user/app/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1"}
    assert oom_kills(version_1(tmp_path / "1", files)) == 1


@pytest.mark.parametrize(
    ("number", "files"),
    [(1, {"freezer/user/app/freezer.state": "FROZEN"}), (2, {"user/app/cgroup.events": "populated 1\nfrozen 1"})],
)
def test_a_frozen_group_is_known(number: int, files: dict[str, str], tmp_path: Path) -> None:
    root = (version_1 if number == 1 else version_2)(tmp_path, files)
    (root / "proc/7").mkdir()
    (root / "proc/7/cgroup").write_text((root / "proc/self/cgroup").read_text())
    assert frozen(7, root)
    for file in files:
        (root / "sys/fs/cgroup" / file).write_text("THAWED" if number == 1 else "populated 1\nfrozen 0")
    assert not frozen(7, root)


def test_where_there_are_no_groups_nothing_is_limited(tmp_path: Path) -> None:
    assert (groups("cpu", root=tmp_path), cpu_quota(tmp_path), memory_left(tmp_path)) == ([], None, None)


def test_a_line_that_no_version_writes_is_passed_over(tmp_path: Path) -> None:
    version_2(tmp_path, {"user/app/cpu.max": "", "user/app/memory.max": "much"})
    assert (cpu_quota(tmp_path), memory_left(tmp_path)) == (None, None)


def test_workers_are_chosen_by_quota_and_memory_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores_here", lambda: 16)
    limit = OWN_MEMORY + 5 * WORKER_MEMORY
    root = version_2(tmp_path, {"user/cpu.max": "200000 100000", "user/app/memory.max": str(limit)})
    assert str(choose_workers(root=root)) == "2 workers (CPU quota 2 of 16 cores; memory for 5)"
    assert choose_workers(3, root=root).number == 3
    (root / "sys/fs/cgroup/user/cpu.max").write_text("max 100000")
    assert choose_workers(root=root).number == 5
    (root / "sys/fs/cgroup/user/app/memory.max").write_text(str(GIGABYTE // 2))
    assert str(choose_workers(root=root)) == "1 worker (16 cores; too little memory for one)"


def test_a_quota_larger_than_the_machine_limits_nothing(tmp_path: Path) -> None:
    root = version_2(tmp_path, {"user/cpu.max": "100000000 100000"})
    assert "quota" not in choose_workers(root=root).reason
    assert choose_workers(root=root).number <= cores_here()
