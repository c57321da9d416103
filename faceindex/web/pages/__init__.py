"""The pages: HTML of Jinja2 templates, whose acts go through the API."""

from __future__ import annotations

from faceindex.web.pages.installing import install

__all__ = ["install"]
