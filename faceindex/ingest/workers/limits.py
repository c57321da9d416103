"""What a worker may use before its photo, or the worker itself, is given up."""

from __future__ import annotations

TIME_LIMIT = 60.0
"""A photo that takes more seconds of processor time is given up."""

START_LIMIT = 120.0
"""Seconds of processor time that a worker may take to start."""

IDLE_LIMIT = 600.0
"""A worker that uses no processor time and reads no byte for so many seconds is given up, as on a dead disk."""

MEMORY_LIMIT = 4 << 30
"""Bytes that a worker may use, including its networks (0.6 GB). A PNG of 300 megapixels takes 2.7 GB."""
