"""HTTP: the REST API, Slack's deliveries, health, and the pages."""
