"""The journal in the catalog: rows of acts, names that follow from them, and acts that came with imports."""
