"""The structure of image files: boxes, chunks, directories, frame headers."""
