"""Faces as rows of text: JSON lines and CSV, out and in."""
