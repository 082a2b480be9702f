"""Connecting mail accounts, changing and removing them, and telling how they are."""
