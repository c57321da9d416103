"""Floor 5: what people ask of a library: who else is this, who is this, in which photos, and all that in bulk."""
