"""Floor 7: files of other programs, written and read. Pages for people to look at are in sheets/."""
