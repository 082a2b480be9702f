"""From the mail server into the store: what is new, what it is, and what became of every UID."""
