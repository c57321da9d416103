"""Library: the one object a user holds. It opens, closes and delegates; a module holds the methods of each topic."""

from __future__ import annotations

from faceindex.library.comparing import Comparing
from faceindex.library.deciding import Deciding
from faceindex.library.exchanging import Exchanging
from faceindex.library.grouping import Grouping
from faceindex.library.keeping import Keeping
from faceindex.library.opened import default_library
from faceindex.library.searching import Searching
from faceindex.library.showing import Showing

__all__ = ["Library", "default_library"]


class Library(Exchanging, Searching, Comparing, Grouping, Deciding, Keeping, Showing):
    """A folder that holds every face of a photo collection.

    Reading may be done from many threads and processes beside one writer.
    """
