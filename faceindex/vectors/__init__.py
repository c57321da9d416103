"""The mathematics of vectors: nearest neighbours, FAISS files, axes and lists. Arrays only: no library, no photo."""
