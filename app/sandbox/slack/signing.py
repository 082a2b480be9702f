"""Slack's signature of a request: `v0=` and an HMAC over version, time and raw body."""

import hashlib
import hmac


def sign(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
