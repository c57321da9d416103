"""Import of vectors that other programs made."""
