"""What is refused, so that no photo takes all memory."""

from __future__ import annotations

DEFAULT_MAX_MEGAPIXELS = 300
"""Photos with more pixels are not decoded unless the user allows more."""
