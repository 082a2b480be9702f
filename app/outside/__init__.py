"""HTTP to servers that people name."""
