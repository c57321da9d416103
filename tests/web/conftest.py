"""Fixtures of `web_server`."""

from web_server import people, serve

__all__ = ["people", "serve"]
