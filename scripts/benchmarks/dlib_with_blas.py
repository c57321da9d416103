"""dlib built from its source against OpenBLAS, beside the wheel: the fastest dlib that a CPU can have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import dlib

from faceindex.models.cache import cache_folder

NEEDED = "apt install g++ make python3-dev libopenblas-dev"
LOOK = "import _dlib_pybind11 as built; print(built.DLIB_USE_BLAS, built.__version__, built.__file__)"


def default_folder() -> Path:
    """Where the build is kept: one for each version of dlib and of Python."""
    return cache_folder().parent / f"dlib-{dlib.__version__}-openblas-{sys.implementation.cache_tag}"


def build_dlib(folder: Path) -> dict[str, str]:
    """The environment of a process in which `import dlib` takes a build with OpenBLAS, made in `folder` once.

    It is of the version of the dlib that is installed here. Exits with a line when it cannot be built.
    """
    if sys.platform != "linux":
        sys.exit("dlib is built against OpenBLAS on Linux only")
    folder = folder.expanduser().absolute()
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    if blas_of(folder, environment) is None:
        install(folder)
    library = blas_of(folder, environment)
    if library is None:
        sys.exit(f"the dlib {dlib.__version__} that was built in {folder} does not use OpenBLAS; see build.log there")
    print(f"dlib {dlib.__version__} in {folder} uses {library}", flush=True)
    return environment


def blas_of(folder: Path, environment: dict[str, str]) -> str | None:
    """The OpenBLAS that the dlib in `folder` is linked to; None when it has none or is not what is wanted."""
    command = [sys.executable, "-c", LOOK]
    said = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True).stdout.split(maxsplit=2)
    if len(said) < 3 or said[:2] != ["True", dlib.__version__] or not Path(said[2].strip()).is_relative_to(folder):
        return None
    linked = subprocess.run(["ldd", said[2].strip()], capture_output=True, text=True, check=True).stdout
    found = re.search(r"libopenblas\S* => (\S+)", linked)
    return found[1] if found else None


def install(folder: Path) -> None:
    """Like `pip install --no-binary dlib dlib`, into `folder`; CMAKE_BUILD_PARALLEL_LEVEL limits its processes."""
    if missing := missing_tools():
        sys.exit(f"building dlib needs {', '.join(missing)}, not found here; on Debian or Ubuntu: {NEEDED}")
    log = folder / "build.log"
    print(f"building dlib {dlib.__version__} (half an hour on one core, once); {log} tells how far it is", flush=True)
    # No cache: pip keeps what it built, and would take a build from before OpenBLAS was there. CMake comes by pip.
    pip = [sys.executable, "-m", "pip", "install", "--verbose", "--no-cache-dir", "--no-deps", "--upgrade"]
    command = [*pip, "--no-binary", "dlib", "--target", str(folder), f"dlib=={dlib.__version__}"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with log.open("w") as output:
            subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=True)
    except OSError as error:
        sys.exit(f"{folder} cannot be written: {error.strerror}")
    except subprocess.CalledProcessError:
        sys.exit(f"dlib could not be built; {log} says why")


def missing_tools() -> list[str]:
    """What a build needs and this machine has not."""
    missing = []
    compiler = shutil.which("c++")
    if compiler is None:
        missing.append("a C++ compiler")
    if shutil.which("make") is None:
        missing.append("make")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append("Python's headers")
    if (
        compiler
        and subprocess.run(
            [compiler, "-x", "c++", "-", "-lopenblas", "-o", os.devnull],
            input='extern "C" int openblas_get_num_threads(); int main() { return openblas_get_num_threads() == 0; }',
            capture_output=True,
            text=True,
        ).returncode
    ):
        missing.append("OpenBLAS")
    return missing
