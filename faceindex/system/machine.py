"""What the system tells of the machine; quick to import, as every command does."""

from __future__ import annotations

import contextlib
from pathlib import Path


def processor_lines() -> list[str]:
    """What Linux tells of the first processor, see proc_cpuinfo(5); empty on other systems."""
    lines = list[str]()
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open() as file:
        for line in file:  # the file may be long
            if not line.strip():
                break
            lines.append(line)
    return lines


def machine_name() -> str:
    """The name of this machine in its network."""
    import platform

    return platform.node()
