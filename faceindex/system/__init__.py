"""Floor 0: what differs between Linux, macOS and Windows; every other room is the same on all of them."""
