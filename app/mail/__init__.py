"""What mail is: bytes in, values out. Nothing here waits, and nothing here trusts the sender."""
