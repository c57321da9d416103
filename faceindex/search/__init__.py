"""Floor 6: the index of a library and its calibration: which vectors are near, and what a distance means. Questions
of users, about people and photos, are answered in queries/."""
