"""Loops that numba compiles, when they are first called.

Importing numba takes a third of a second, and loading what it once compiled most of another: commands that run no
such loop must not wait for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from faceindex.user_folders import user_cache

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

FEW = 20
"""Calls of what stands in for a kernel: as many scans of a million faces take as long as numba takes to begin."""


class Kernel(Generic[Arguments, Result]):
    """A function that is compiled at its first call. Other kernels may call it; they see what numba would."""

    def __init__(
        self,
        function: Callable[Arguments, Result],
        fastmath: bool | set[str],
        before: Callable[Arguments, Result] | None,
    ) -> None:
        self._function, self._fastmath, self.before = function, fastmath, before
        self._calls = 0
        update_wrapper(self, function)

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Call it, compiled unless something stands in for it the first times."""
        if self.before and self._calls < FEW and "numba" not in sys.modules:
            self._calls += 1
            return self.before(*args, **kwargs)
        return self.compiled(*args, **kwargs)  # type: ignore[no-any-return]

    @cached_property
    def compiled(self) -> Any:
        """What numba makes of the function."""
        import numba
        from numba.core import config

        former, config.CACHE_DIR = config.CACHE_DIR, config.CACHE_DIR or str(user_cache() / "compiled")
        try:
            return numba.njit(cache=True, nogil=True, fastmath=self._fastmath)(self._function)
        except RuntimeError:  # there is no place where it may be kept
            return numba.njit(nogil=True, fastmath=self._fastmath)(self._function)
        finally:
            config.CACHE_DIR = former  # numba may be the user's, too

    @property
    def _numba_type_(self) -> Any:
        """What numba takes this for, where another kernel calls it (numba.core.typing.typeof)."""
        return self.compiled._numba_type_


def kernel(*, fastmath: bool | set[str] = False) -> Callable[[Callable[Arguments, Result]], Kernel[Arguments, Result]]:
    """Decorator of a function that numba compiles; it runs without the interpreter's lock.

    What was compiled is kept in the user's cache folder, where one can be written.
    fastmath: which liberties with the order and the rules of floating-point arithmetic are taken, see numba.
    """
    return lambda function: Kernel(function, fastmath, None)


def kernel_after(
    before: Callable[Arguments, Result],
) -> Callable[[Callable[Arguments, Result]], Kernel[Arguments, Result]]:
    """As `kernel`, of a function that `before` stands in for the first FEW times, unless numba is there already.

    before: does the same, slower.
    """
    return lambda function: Kernel(function, False, before)
