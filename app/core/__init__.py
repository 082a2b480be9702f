"""What every part may lean on, and which knows nothing of mail, Slack or IMAP."""
