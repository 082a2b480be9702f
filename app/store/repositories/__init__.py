"""Every SQL statement, one module a subject. A repository sees the rows of one workspace only."""
