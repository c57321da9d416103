"""Floor 6: the index of a library: which vectors are near. What a distance means is in judgement/; questions of users,
about people and photos, are answered in queries/."""
