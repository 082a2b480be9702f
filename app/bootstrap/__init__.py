"""Puts the parts together, a module for each kind of process.

The only place that knows which concrete part stands behind which port.
A worker knows nothing of web pages and web nothing of IMAP, so neither takes the time and the
memory that the other's libraries want. What both begin with is in `opening`.
"""
