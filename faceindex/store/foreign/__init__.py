"""Databases of other programs, which are only read."""
