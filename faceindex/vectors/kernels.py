"""Loops that numba compiles, where compiling is worth it.

The first compilation takes a second, and loading what was compiled before half of one. So a kernel that a few faces
need runs as plain Python, the same source, until its calls have taken so many steps that compiling is cheaper.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

from faceindex.files.user_cache import private_folder

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

PLAIN_STEPS = 300_000
"""Steps of a kernel's loop that Python runs, at 0.5 to 2 microseconds each, before the kernel is compiled."""

_FOLDER = "kernels"  # of the user's cache

FastMath = bool | set[str]


class Kernel(Generic[Arguments, Result]):
    """A function that is compiled when that is worth it. Compiled kernels that call it see what numba would."""

    def __init__(
        self, function: Callable[Arguments, Result], steps: Callable[..., int] | None, fastmath: FastMath
    ) -> None:
        self._function, self._steps, self._fastmath = function, steps, fastmath
        self._steps_done = 0
        update_wrapper(self, function)

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Call it, as plain Python while its calls have taken few steps."""
        if self._steps is not None and self._steps_done <= PLAIN_STEPS:
            self._steps_done += self._steps(*args, **kwargs)
            if self._steps_done <= PLAIN_STEPS:
                return self._function(*args, **kwargs)
        return self.compiled(*args, **kwargs)  # type: ignore[no-any-return]

    @property
    def plain(self) -> Callable[Arguments, Result]:
        """The function as it is written."""
        return self._function

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

        from faceindex.vectors.kernel_cache import KernelCache

        made = numba.njit(nogil=True, fastmath=self._fastmath)(self._function)
        made._cache = KernelCache(self._function, repr(self._fastmath), _FOLDER, self._stem)
        return made

    @property
    def _numba_type_(self) -> Any:
        """What numba takes this for, where another kernel calls it (numba.core.typing.typeof)."""
        return self.compiled._numba_type_


def kernel(
    steps: Callable[..., int] | None = None, *, fastmath: FastMath = False
) -> Callable[[Callable[Arguments, Result]], Kernel[Arguments, Result]]:
    """Decorator of a function that numba compiles, with a cache on the disk; it then runs without the interpreter's
    lock.

    steps: from a call's arguments, how often its innermost loop will run, about. The function runs as plain Python up
    to PLAIN_STEPS, and must give the same both ways. None: it is compiled at its first call.
    fastmath: which liberties with the order and the rules of floating-point arithmetic are taken, see numba.
    """
    return lambda function: Kernel(function, steps, fastmath)


def kernel_part(function: Callable[Arguments, Result]) -> Kernel[Arguments, Result]:
    """Decorator of a function that kernels call: it is compiled with them, and plain where Python calls it."""
    return Kernel(function, lambda *_: 0, False)
