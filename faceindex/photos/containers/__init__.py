"""How image files are built: boxes, chunks, directories, frame headers."""
