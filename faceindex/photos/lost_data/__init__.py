"""Finds missing coded data that decoders do not report, for each file format."""
