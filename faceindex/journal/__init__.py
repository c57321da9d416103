"""Floor 3: what users decided, as acts, and the state that these result in. No file: the rows of acts are in store/."""
