"""Floor 4: who looks like this face. `nearest` is mathematics over arrays, `index` keeps FAISS files."""
