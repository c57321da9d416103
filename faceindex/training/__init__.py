"""Floor 9: learning from labelled faces: losses, heads over stored vectors, and what they gain on people held out.

Figures come from `evaluation/`, cards are kept by `models/`, and `library/` applies a head to the vectors of a library.
"""
