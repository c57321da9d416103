"""Floor 1: files read and written with care, CSV rows, and the folders and caches of a user."""
