"""Who hosts a mailbox, and what is special about it: differences as data, in one place."""
