"""The local Slack workspace and the demo. Nothing outside the sandbox and the tests imports it."""
