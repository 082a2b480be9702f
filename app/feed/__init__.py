"""From the store to Slack: cards, the mails in their threads, and keeping both true."""
