"""Floor 2: files read and written with care, CSV rows, and the folders and caches of a user. What they hold is known
above."""
