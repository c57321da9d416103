"""Processes that analyse photos, and what the machine allows them."""
