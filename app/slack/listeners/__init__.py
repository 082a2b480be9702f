"""What the app does with what Slack delivers: verify, write one row, acknowledge, end."""
