"""People in the catalog: their names and public ids, who is on which photo, and what suggestions ask."""
