"""Libraries become one: photos by content, paths, tombstones, and the acts of all their journals in one order."""
