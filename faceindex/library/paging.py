"""Lists by pages, as every topic has them."""

from __future__ import annotations

PAGE = 50
"""Items on a page, unless another number is asked for."""
