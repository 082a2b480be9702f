"""Postgres and the blob store: the one place where the stages meet, and the one door to SQL."""
