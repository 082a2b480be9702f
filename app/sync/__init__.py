"""From the mailbox into the store."""
