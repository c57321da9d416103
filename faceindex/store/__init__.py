"""Floor 3: the library on disk: SQLite catalog, HDF5 segments, one writer."""
