"""Floor 6: what a distance means: calibration, and the company of a face. Neighbours are found in search/; answers to
users' questions are given in queries/."""
