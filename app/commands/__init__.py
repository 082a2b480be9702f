"""Wishes: what somebody wants changed, whichever door they came in by, and carrying it out."""
