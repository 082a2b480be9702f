"""The background: who owns which account, what is due, and carrying it out."""
