"""The local Slack workspace, throw-away mail servers and the demo. Nothing else imports it."""
