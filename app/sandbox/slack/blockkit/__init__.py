"""Block Kit: what Slack accepts in blocks and views, as tables, and what it says about the rest."""
