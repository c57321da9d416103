"""Floor 4: faces to clusters, as pure functions: vectors in, labels out. No database, no file."""
