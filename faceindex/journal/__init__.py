"""What people decided: acts, and the state of affairs that follows from them. Pure: no database, no file."""
