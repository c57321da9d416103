"""Coded data that are missing and that decoders do not miss, by file format."""
