"""Floor 7: the questions of a user and their answers: who is this, who else looks like this, are these the same
person. How near vectors are found, and what a distance means, is in search/."""
