"""Care of a library: backup, check, repair, erasing, joining two libraries."""
