"""Floor 10: the server: HTTP API, pages, who may use them. Nothing is decided here: all answers are the library's."""
