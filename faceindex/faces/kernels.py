"""Loops over pixels that numba compiles, for dlib's HOG detector alone; numba comes with the extra `hog`.

The first compilation takes seconds, and loading what was compiled before half of one: see `faceindex.faces.hog_start`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property, update_wrapper
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

from faceindex.files.user_cache import private_folder

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_FOLDER = "kernels"  # of the user's cache

FastMath = bool | set[str]


@cache
def can_compile() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


class Kernel(Generic[Arguments, Result]):
    """A function that is compiled at its first call. Compiled kernels that call it see what numba would."""

    def __init__(self, function: Callable[Arguments, Result], fastmath: FastMath) -> None:
        self._function, self._fastmath = function, fastmath
        update_wrapper(self, function)

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Call it, compiled. Raises: ImportError without numba."""
        return self.compiled(*args, **kwargs)  # type: ignore[no-any-return]

    @property
    def kept(self) -> bool:
        """Whether the user's cache has it compiled, perhaps from other sources or for other types."""
        folder = private_folder(_FOLDER)
        return folder is not None and any(folder.glob(f"{self._stem}-*"))

    @property
    def _stem(self) -> str:
        """How the names of its files begin."""
        return f"{Path(self._function.__code__.co_filename).stem}.{self._function.__name__}"

    @cached_property
    def compiled(self) -> Any:
        """What numba makes of the function."""
        import numba

        from faceindex.faces.kernel_cache import KernelCache

        made = numba.njit(nogil=True, fastmath=self._fastmath)(self._function)
        made._cache = KernelCache(self._function, repr(self._fastmath), _FOLDER, self._stem)
        return made

    @property
    def _numba_type_(self) -> Any:
        """What numba takes this for, where another kernel calls it (numba.core.typing.typeof)."""
        return self.compiled._numba_type_


def kernel(*, fastmath: FastMath = False) -> Callable[[Callable[Arguments, Result]], Kernel[Arguments, Result]]:
    """Decorator of a function that numba compiles, with a cache on the disk; it then runs without the interpreter's
    lock.

    fastmath: which liberties with the order and the rules of floating-point arithmetic are taken, see numba.
    """
    return lambda function: Kernel(function, fastmath)
