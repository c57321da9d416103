"""People and their albums: what users decide, and what follows from it."""
