"""Floor 3: the mathematics of vectors: nearest neighbours, FAISS files. Arrays only: a library's index is
in search/."""
