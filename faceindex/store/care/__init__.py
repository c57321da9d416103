"""Care of a library: backup, check, repair, erasing, and what comes from another library."""
