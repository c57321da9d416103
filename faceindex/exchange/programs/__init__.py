"""Names that other programs gave to faces, read from their databases and files and given to faces of the library."""
