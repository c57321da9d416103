"""Vectors that other programs made."""
