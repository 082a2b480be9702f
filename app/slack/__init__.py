"""Slack as a front door, and as what the feed writes to."""
