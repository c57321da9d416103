"""HDF5 segments: written once, merged, read, salvaged."""
