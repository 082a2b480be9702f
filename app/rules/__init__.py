"""What happens to mail by itself: what rules are, which of them fit a mail, and what they do."""
