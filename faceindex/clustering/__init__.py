"""Floor 4: vectors in, labels out, under constraints. Arrays only: albums, with numbers and names, are in people/."""
