"""A process of many threads has few heaps."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import ctypes, sys, threading
from faceindex.system.memory import give_back_memory

if sys.argv[2] == "few":
    give_back_memory()
together = threading.Barrier(16)

def work():
    together.wait()
    kept = [bytes(50_000 + number) for number in range(100)]
    together.wait()

threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def heaps(report: Path, how: str) -> int:
    subprocess.run([sys.executable, "-c", PROGRAM, str(report), how], check=True)
    return len(re.findall(r"<heap nr=", report.read_text()))


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only glibc has heaps of threads"
)
def test_threads_share_two_heaps(tmp_path: Path) -> None:
    assert heaps(tmp_path / "usual.xml", "usual") > 2
    assert heaps(tmp_path / "few.xml", "few") == 2
