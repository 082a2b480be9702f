"""The upstream mail server as its client: one door to IMAP, and every call with a time limit."""
