"""Floor 7: answers as HTML pages for people, each one file that needs no other. No answer is found here."""
