"""Floor 5: answers as HTML pages, for people to look at. Each page is one file that needs no other."""
