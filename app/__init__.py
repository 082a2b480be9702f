"""SharedBox: a team's mailboxes, worked from Slack. `docs/ARCHITECTURE.md` is the map."""
