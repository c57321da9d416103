"""How long the pages of lists are, in every topic."""

from __future__ import annotations

PAGE = 50
"""Items on a page, unless another number is asked for."""
