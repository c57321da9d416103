"""Faces as rows of text (JSON lines and CSV), exported and imported."""
